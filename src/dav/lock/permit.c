#include "dav/lock/permit.h"

#include "exchange/admit.h"
#include "exchange/if_header.h"

void lock_add_root_href(struct buf *to, struct store *store, const struct lock *lock)
{
    struct store_stat stat;
    bool is_collection = store_stat(store, lock->root, &stat) == STORE_OK && stat.is_collection;
    BUF_ADD(to, "<D:href>");
    path_encode(to, lock->root, is_collection);
    BUF_ADD(to, "</D:href>");
}

void lock_add_root_hrefs(struct buf *to, struct store *store, const struct lock_list *locks)
{
    for (size_t i = 0; i < locks->count; i++) { /* sorted by their roots */
        if (i == 0 || !path_eq(locks->items[i].root, locks->items[i - 1].root))
            lock_add_root_href(to, store, &locks->items[i]);
    }
}

/* §6.4: a token alone is not enough, whoever sends it must also be who may use it. */
static bool submits(const struct exchange *x, const struct lock *lock)
{
    return if_header_submits(x->conditions, lock->token) && admit_holds(x, lock);
}

/* Locks that cover one resource are either a single exclusive one or all shared; of shared ones the
 * token of any will do (§7.5). */
static bool submits_one_of(const struct exchange *x, const struct lock_list *locks)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (submits(x, &locks->items[i]))
            return true;
    }
    return locks->count == 0;
}

static struct dav_result permit_one(const struct exchange *x, struct arena *arena,
                                    struct res_path real)
{
    struct lock_list locks;
    enum store_rc rc = store_locks(x->store, arena, real, LOCKS_COVERING, &locks);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    if (submits_one_of(x, &locks))
        return DAV_FINE;
    struct dav_result result = dav_condition(CONDITION_LOCK_TOKEN_SUBMITTED, "it is locked");
    struct buf hrefs = {0};
    lock_add_root_hrefs(&hrefs, x->store, &locks);
    result.condition_xml = arena_str(arena, buf_str(&hrefs));
    buf_done(&hrefs);
    return result;
}

struct dav_result lock_permit(const struct exchange *x, struct arena *arena, struct res_path real,
                              enum permit_reach reach)
{
    if (!store_has_locks(x->store))
        return DAV_FINE;
    struct dav_result result = permit_one(x, arena, real);
    if (dav_is_fine(result) && reach == PERMIT_MEMBER && !path_is_root(real))
        result = permit_one(x, arena, path_parent(real));
    return result;
}

bool lock_is_held(const struct exchange *x, struct arena *arena, struct res_path real)
{
    struct lock_list locks;
    if (!store_has_locks(x->store) ||
        store_locks(x->store, arena, real, LOCKS_COVERING, &locks) != STORE_OK)
        return false;
    for (size_t i = 0; i < locks.count; i++) {
        if (admit_holds(x, &locks.items[i]))
            return true;
    }
    return false;
}

bool lock_obstructs_within(const struct exchange *x, struct arena *arena, struct res_path real)
{
    struct lock_list locks;
    if (!store_has_locks(x->store))
        return false;
    if (store_locks(x->store, arena, real, LOCKS_WITHIN, &locks) != STORE_OK)
        return true; /* then member by member: each will be asked about */
    for (size_t i = 0; i < locks.count; i++) {
        if (!submits(x, &locks.items[i]))
            return true;
    }
    return false;
}
