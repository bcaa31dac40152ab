#include "http/range.h"

enum spec_rc { SPEC_MALFORMED, SPEC_BEYOND, SPEC_NOTHING, SPEC_FINE };

/* One range-spec of §14.1.1: "first-last", "first-" or "-suffix". */
static enum spec_rc parse_spec(struct str spec, uint64_t size, struct byte_range *range_out)
{
    struct str last_text = spec;
    struct str first_text = str_cut(&last_text, '-');
    uint64_t first;
    uint64_t last = UINT64_MAX;
    if (str_index(spec, '-') == spec.len)
        return SPEC_MALFORMED;
    if (first_text.len == 0) {
        uint64_t suffix;
        if (!str_parse_u64(last_text, &suffix))
            return SPEC_MALFORMED;
        if (suffix == 0)
            return SPEC_BEYOND;
        if (size == 0) /* satisfied by nothing (§14.1.2), which no Content-Range can say */
            return SPEC_NOTHING;
        suffix = u64_min(suffix, size);
        *range_out = (struct byte_range){size - suffix, suffix};
        return SPEC_FINE;
    }
    if (!str_parse_u64(first_text, &first))
        return SPEC_MALFORMED;
    if (last_text.len && (!str_parse_u64(last_text, &last) || last < first))
        return SPEC_MALFORMED;
    if (first >= size)
        return SPEC_BEYOND;
    *range_out = (struct byte_range){first, u64_min(last, size - 1) - first + 1};
    return SPEC_FINE;
}

enum range_rc range_parse(struct str field, uint64_t size, struct byte_range *ranges,
                          size_t count_max, size_t *count_out)
{
    struct str set = field;
    struct str unit = str_cut(&set, '=');
    uint64_t total = 0;
    size_t count = 0;
    size_t specs = 0;
    if (!str_eq_nocase(str_trim(unit), STR("bytes")))
        return RANGE_IGNORE;
    while (set.len) {
        struct str spec = str_trim(str_cut(&set, ','));
        struct byte_range range = {0};
        if (spec.len == 0)
            continue;
        enum spec_rc rc = parse_spec(spec, size, &range);
        if (rc == SPEC_MALFORMED || rc == SPEC_NOTHING || ++specs > count_max)
            return RANGE_IGNORE;
        if (rc == SPEC_BEYOND)
            continue;
        if (range.len > size - total)
            return RANGE_IGNORE;
        ranges[count++] = range;
        total += range.len;
    }
    if (specs == 0)
        return RANGE_IGNORE;
    *count_out = count;
    return count ? RANGE_PARTIAL : RANGE_UNSATISFIABLE;
}
