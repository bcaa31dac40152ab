#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"

/* RFC 4918 §10.5: a coded URL; old versions of Windows leave the brackets out. */
static struct str read_token(const struct exchange *x)
{
    struct str value = str_trim(exchange_field(x, FIELD_LOCK_TOKEN));
    if (value.len >= 2 && value.at[0] == '<' && value.at[value.len - 1] == '>')
        return str_of(value.at + 1, value.len - 2);
    return value;
}

/* The lock with that token, if it covers the resource. */
static struct dav_result find_lock(struct exchange *x, struct lock *lock_out)
{
    const struct target *target = target_of(x);
    struct lock_list locks;
    struct str token = read_token(x);
    if (token.len == 0)
        return dav_error(HTTP_BAD_REQUEST, "the Lock-Token field is missing");
    enum store_rc rc = store_locks(target->store, x->arena, target->real, LOCKS_COVERING, &locks);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    for (size_t i = 0; i < locks.count; i++) {
        if (!str_eq(locks.items[i].token, token))
            continue;
        *lock_out = locks.items[i];
        return DAV_FINE;
    }
    return dav_condition(CONDITION_LOCK_TOKEN_MATCHES_REQUEST_URI, NULL);
}

static enum stage_end unlock_find(struct exchange *x)
{
    struct lock lock;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = find_lock(x, &lock);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    /* The request URI may be a member's. */
    change_add(&target_of(x)->change, lock.root, CLAIM_SELF, true);
    return STAGE_NEXT;
}

static enum stage_end unlock_run(struct exchange *x)
{
    struct lock lock;
    struct dav_result result = find_lock(x, &lock);
    if (dav_is_fine(result) && !lock_is_own(x, &lock))
        result = dav_error(HTTP_FORBIDDEN, "the lock is held by somebody else");
    if (dav_is_fine(result))
        result = if_header_check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = store_unlock(&target_of(x)->change, &lock);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND) /* NOT_FOUND: it has just expired */
        return target_refused(x, rc);
    return respond_status(x, HTTP_NO_CONTENT);
}

/* RFC 4918 §9.11. */
const struct stage unlock_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"find", unlock_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"unlock", unlock_run, ON_LOCKS},
};
