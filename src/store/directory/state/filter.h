/* store/directory/state/filter.h: which paths may have dead properties, known without a look at the
 * database. Any thread, but for filter_learn(), which one at a time may call. */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "store/directory/state/db.h"

enum { FILTER_BITS = 1 << 21, FILTER_WORD_BITS = 32 };

struct filter {
    atomic_bool has_any;  /* path at all */
    atomic_bool is_whole; /* a clear bit says something */
    atomic_uint words[FILTER_BITS / FILTER_WORD_BITS];
    struct filter_place *place; /* how far the database has been read; NULL: to its end */
};

/* Makes it a filter of which nothing is known, also a second time. */
void filter_begin(struct filter *filter);
void filter_done(struct filter *filter);

/* Reads on through the database, some thousand rows at most. OK: there are more; END: all of them
 * can be read, and the filter is whole; otherwise db_code() says whether it is damaged. */
NODISCARD enum store_rc filter_learn(struct filter *filter, struct state_db *db);
bool filter_is_learned(const struct filter *filter);

void filter_note(struct filter *filter, struct res_path path);
/* False: it has none. */
bool filter_may_have(const struct filter *filter, struct res_path path);
/* False: neither has any path below it. */
bool filter_may_have_within(const struct filter *filter, struct res_path tree);
bool filter_has_any(const struct filter *filter);
