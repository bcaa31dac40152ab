/* Whoever changes a resource must submit the token of a lock that covers it (RFC 4918 §7), and of
 * one that covers its collection where it is a member that comes or goes (§7.4).
 *
 * A token alone is not enough: a lock is of whoever has taken it (§6.4), and who may do everything
 * at its root may break it. Locks are kept under located paths, and it is those that are asked
 * about here: a link is no way round a lock. Where there are no locks at all, which is said without
 * a look at any, nothing is asked. */
#include "dav/lock/permit.h"

#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/if_header.h"

void lock_add_root_href(struct buf *to, struct store *store, const struct lock *lock)
{
    struct store_stat stat;
    bool is_collection = store_stat(store, lock->root, 0, &stat) == STORE_OK && stat.is_collection;
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

bool lock_is_own(const struct exchange *x, const struct lock *lock)
{
    const struct access *access = x->service->access;
    const struct principal *principal = &x->signed_in.principal;
    if (!access || str_eq(lock->principal, principal_holder(principal)))
        return true;
    return !principal->link.len && /* who shares a collection does not hand on how to break locks */
           admit_judge(x, ACCESS_ADMIN, lock->root, lock->root) == ACCESS_GRANTED;
}

/* §6.4: a token alone is not enough, whoever sends it must also be who may use it. */
static bool submits(const struct exchange *x, const struct lock *lock)
{
    return if_header_submits(x->conditions, lock->token) && lock_is_own(x, lock);
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
    const struct target *target = target_of(x);
    struct lock_list locks;
    enum store_rc rc = store_locks(target->store, arena, real, LOCKS_COVERING, &locks);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    if (submits_one_of(x, &locks))
        return DAV_FINE;
    struct dav_result result = dav_condition(CONDITION_LOCK_TOKEN_SUBMITTED, "it is locked");
    struct buf hrefs = {0};
    lock_add_root_hrefs(&hrefs, target->store, &locks);
    result.condition_xml = arena_str(arena, buf_str(&hrefs));
    buf_done(&hrefs);
    return result;
}

struct dav_result lock_permit(const struct exchange *x, struct arena *arena, struct res_path real,
                              enum permit_reach reach)
{
    if (!store_has_locks(target_of(x)->store))
        return DAV_FINE;
    struct dav_result result = permit_one(x, arena, real);
    if (dav_is_fine(result) && reach == PERMIT_MEMBER && !path_is_root(real))
        result = permit_one(x, arena, path_parent(real));
    return result;
}

bool lock_is_held(const struct exchange *x, struct arena *arena, struct res_path real)
{
    const struct target *target = target_of(x);
    struct lock_list locks;
    if (!store_has_locks(target->store) ||
        store_locks(target->store, arena, real, LOCKS_COVERING, &locks) != STORE_OK)
        return false;
    for (size_t i = 0; i < locks.count; i++) {
        if (lock_is_own(x, &locks.items[i]))
            return true;
    }
    return false;
}

bool lock_obstructs_within(const struct exchange *x, struct arena *arena, struct res_path real)
{
    const struct target *target = target_of(x);
    struct lock_list locks;
    if (!store_has_locks(target->store))
        return false;
    if (store_locks(target->store, arena, real, LOCKS_WITHIN, &locks) != STORE_OK)
        return true; /* then member by member: each will be asked about */
    for (size_t i = 0; i < locks.count; i++) {
        if (!submits(x, &locks.items[i]))
            return true;
    }
    return false;
}
