/* One server has several names (localhost and 127.0.0.1, two hosts, two ways), and what a directory
 * is here another server may serve there. Then what is replaced by a transfer may be what it is
 * brought from, or hold it: to make room is to lose it. Names cannot tell, nor can tags, dates or
 * bytes: they are equal where a copy is. So a mark is made in the one place, an empty collection
 * of a name that nobody can guess, and looked for in the other: where it is seen, both are one.
 *
 *     place                 where the mark is made             where it is looked for
 *     a collection          in it: it will go                  in the source, and all above it
 *     a file                beside it                          beside the source
 *     what is being made    in it, where the source has a      in that collection
 *                           collection of its name
 *
 * It is removed before anything else is done. Who dies in between leaves an empty collection, and
 * nothing has been changed. Rejected: to set aside what is replaced, and to look whether the source
 * is still there; who dies then has taken it away, and its locks are lost whatever comes of it.
 *
 * Where no mark can be made (a calendar holds no collections) nobody knows: that is refused, but
 * for files of different sizes. */
#include "store/view/apart.h"

#include "store/silent.h"
#include "store/store.h"

/* Why it has failed; DENIED: for good. */
static enum store_rc why(enum store_rc rc)
{
    switch (rc) {
    case STORE_AGAIN:
    case STORE_UNAVAILABLE:
    case STORE_NO_ANSWER:
    case STORE_BUSY:
    case STORE_LOCKED:
    case STORE_NO_SPACE:
    case STORE_OVER_QUOTA:
    case STORE_UNKNOWN:
    case STORE_FAILED:
        return rc;
    default:
        return STORE_DENIED;
    }
}

static enum store_rc make_mark(struct store_change *change, struct res_path mark,
                               struct steps *steps)
{
    enum store_rc rc;
    do {
        rc = store_mkcol(change, mark);
    } while (steps_repeat_at(steps, change->store, mark, &rc));
    return rc;
}

static enum store_rc remove_mark(struct store_change *change, struct res_path mark,
                                 struct steps *steps)
{
    struct store_visitor silent = silent_visitor();
    enum store_rc rc;
    do {
        rc = store_remove(change, mark, &silent);
    } while (steps_repeat_at(steps, change->store, mark, &rc));
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* NOT_FOUND: it is not there. */
static enum store_rc look(const struct apart *apart, struct res_path collection)
{
    struct arena arena = {0};
    struct store_stat stat;
    struct res_path mark = path_join(&arena, collection, apart->mark);
    enum store_rc rc = store_stat(apart->change->store, mark, 0, &stat);
    arena_done(&arena);
    return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
}

static enum store_rc look_up(const struct apart *apart, struct res_path inner,
                             struct res_path outer)
{
    enum store_rc rc = look(apart, inner);
    while (rc == STORE_NOT_FOUND && !path_eq(inner, outer)) {
        inner = path_parent(inner);
        rc = look(apart, inner);
    }
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    return rc == STORE_OK ? STORE_SAME : why(rc);
}

enum store_rc apart_check(const struct apart *apart, struct res_path place, struct res_path inner,
                          struct res_path outer)
{
    struct arena arena = {0};
    struct steps steps = apart->steps;
    struct res_path mark = path_join(&arena, place, apart->mark);
    enum store_rc rc = make_mark(apart->change, mark, &steps);
    bool may_be_there = rc == STORE_OK || rc == STORE_NO_ANSWER || rc == STORE_UNKNOWN;
    rc = rc == STORE_OK ? look_up(apart, inner, outer) : why(rc);
    if (may_be_there) {
        enum store_rc removed = remove_mark(apart->change, mark, &steps);
        if (rc == STORE_OK && removed != STORE_OK)
            rc = why(removed) == STORE_DENIED ? STORE_SAME : removed;
    }
    arena_done(&arena);
    return rc;
}

static bool is_like(const struct store_stat *a, const struct store_stat *b)
{
    return a->is_collection == b->is_collection &&
           (a->is_collection || a->size_bytes == b->size_bytes);
}

enum store_rc apart_check_base(const struct apart *apart, struct res_path place,
                               const struct mount *mount, struct res_path from,
                               const struct store_stat *from_stat)
{
    struct arena arena = {0};
    struct store_stat stat;
    struct res_path real = view_enter(&arena, mount, from);
    enum store_rc rc = STORE_OK;
    for (struct res_path at = mount->base; rc == STORE_OK && !path_is_root(at);) {
        at = path_parent(at);
        rc = store_stat(apart->change->store, path_rebase(&arena, real, at, place), 0, &stat);
        if (rc == STORE_OK)
            rc = is_like(&stat, from_stat) ? STORE_SAME : STORE_OK;
        else if (rc == STORE_NOT_FOUND || rc == STORE_NO_PARENT)
            rc = STORE_OK;
        else
            rc = why(rc);
    }
    arena_done(&arena);
    return rc;
}

/* Not all of what stores take for one is known here: of what is not ASCII anything may be. */
bool apart_may_be_one(struct str name, struct str other)
{
    bool is_plain = true;
    for (size_t i = 0; i < name.len; i++)
        is_plain &= (unsigned char)name.at[i] < 0x80;
    return !is_plain || str_eq_nocase(name, other);
}
