/* store/change_expected.h: the collections in which changes are expected: said on the disk once,
 * so that not each change there has to be. One thread at a time. */
#pragma once

#include "base/buf.h"
#include "store/change_row.h"

enum { MOUNTING_BYTES = 96 };

struct expected {
    char mounting[MOUNTING_BYTES]; /* that what has been written is in until it is on the disk */
    size_t mounting_len;           /* 0: it cannot be told from others, and nothing is expected */
    struct buf collections;        /* their paths, as texts of a frame */
    size_t count;
    int64_t since_ms;
};

/* `dir_fd`: where what is said is kept. */
void expected_init(struct expected *expected, int dir_fd);
void expected_done(struct expected *expected);

/* Whether a change of each of the rows is. */
bool expected_is(const struct expected *expected, const struct change_row *rows, size_t count);

/* From now on it is, and what was long ago is no more: what is expected has to be said anew. */
void expected_add(struct expected *expected, const struct change_row *rows, size_t count);

/* The body of a record that says it, and back. */
void expected_write(const struct expected *expected, struct buf *to);
NODISCARD bool expected_read(struct str record, struct str *mounting_out,
                             struct str *collections_out);

/* Whether what is said to have been expected at that mounting may have been changed, and nothing
 * else that is on the disk may tell of it. */
bool expected_is_lost(const struct expected *expected, struct str mounting);
