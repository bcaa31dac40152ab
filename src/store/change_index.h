/* store/change_index.h: what has changed since when, in memory. One thread at a time. */
#pragma once

#include "store/change_row.h"
#include "store/types.h"

struct change_index;

/* Knows the last `max` changes, and of collections how far they had come when they changed last:
 * of about as many. Gives. */
NODISCARD struct change_index *change_index_new(size_t max);
void change_index_free(struct change_index *index); /* NULL is fine */

/* The number of the last change; 0: there was none. */
uint64_t change_index_head(const struct change_index *index);

/* The next change. Copies. */
void change_index_add(struct change_index *index, const struct change_row *row);

/* Forgets all. No number comes again. */
void change_index_forget(struct change_index *index);

/* The newest change of a collection or of anything below it: another whenever there was one, and
 * perhaps when there was none. */
uint64_t change_index_tag(const struct change_index *index, struct res_path path);

/* Whether all is known that has changed in the collection since that number; `is_deep`: and below
 * its members. */
bool change_index_knows(const struct change_index *index, struct res_path path, uint64_t since,
                        bool is_deep);

/* The newest row that tells of the resource: its own, or that of a collection above it that came
 * with all that is in it; 0: none is known. */
uint64_t change_index_told(const struct change_index *index, struct res_path path);

/* The same of what is below `top`, a collection above the resource: that one's row, and those of
 * what it is in, do not count. */
uint64_t change_index_told_below(const struct change_index *index, struct res_path path,
                                 struct res_path top);

/* Whether a collection is known to have been there, and no change since that says all of it. */
bool change_index_had_members(const struct change_index *index, struct res_path path);

/* Which changes are asked for. */
struct change_query {
    struct res_path path; /* of a collection */
    bool is_deep;
    uint64_t since;
    uint64_t until;
    uint64_t after;    /* what has been looked at; moves on, from `since` */
    uint64_t begun;    /* the newest change when it was */
    bool is_overtaken; /* what has changed may have done so again since then, and is to be asked for
                          from `until` on */
};

struct change_found {
    uint64_t seq;
    struct res_path path;
    bool is_whole; /* and what is below it is other than before */
    bool is_gone;  /* it was, and has not come again since */
    bool is_seen;  /* LEFT_SEEN; not after a restart */
};

/* The next member that has changed, in the order of the changes, each once; of a collection that
 * has come, first that. OK: gives memory from the arena; END: there is none; AGAIN: not among those
 * that were looked at; go on; UNAVAILABLE: they are not known any more. */
NODISCARD enum store_rc change_index_next(const struct change_index *index, struct arena *arena,
                                          struct change_query *query,
                                          struct change_found *found_out);

/* --- for who keeps it --- */

/* What is not known any more. */
struct change_bounds {
    uint64_t head;
    uint64_t horizon; /* changes up to this one */
    uint64_t floor;   /* up to which collections changed that are known no more */
};
struct change_bounds change_index_bounds(const struct change_index *index);

/* Shows all, in the order in which it is to be restored. */
void change_index_each(const struct change_index *index,
                       void (*fn)(const struct change_state *state, void *arg), void *arg);

/* Into an empty one: each state, and the bounds at last. */
void change_index_restore(struct change_index *index, const struct change_state *state);
void change_index_restored(struct change_index *index, const struct change_bounds *bounds);
