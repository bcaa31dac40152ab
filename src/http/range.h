/* http/range.h: byte ranges (RFC 9110 §14). */
#pragma once

#include "base/str.h"

struct byte_range {
    uint64_t offset;
    uint64_t len; /* at least 1 */
};

enum range_rc {
    RANGE_IGNORE,        /* no byte ranges, or more than there may be: send the whole */
    RANGE_PARTIAL,       /* *count_out ranges, in the order asked for */
    RANGE_UNSATISFIABLE, /* 416 */
};

/* Reads a Range field for a representation of `size` bytes. Ranges that overlap so that more than
 * the whole would be sent are ignored too (§14.2's advice against abuse). */
enum range_rc range_parse(struct str field, uint64_t size, struct byte_range *ranges,
                          size_t count_max, size_t *count_out);
