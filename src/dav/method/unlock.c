#include "dav/lock/if_header.h"
#include "dav/precondition.h"
#include "dav/respond.h"

static enum stage_end unlock_claim(struct exchange *x)
{
    struct dav_result result = exchange_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (x->claim.range_count == 0)
        claim_add(&x->claim, x->real, CLAIM_SELF, true);
    return exchange_claim(x);
}

/* RFC 4918 §10.5: a coded URL; old versions of Windows leave the brackets out. */
static struct str read_token(const struct exchange *x)
{
    struct str value = str_trim(exchange_field(x, FIELD_LOCK_TOKEN));
    if (value.len >= 2 && value.at[0] == '<' && value.at[value.len - 1] == '>')
        return str_of(value.at + 1, value.len - 2);
    return value;
}

static enum stage_end unlock_run(struct exchange *x)
{
    struct lock_list locks;
    struct str token = read_token(x);
    if (token.len == 0)
        return respond_error(x, dav_error(HTTP_BAD_REQUEST, "there is no Lock-Token field"));
    struct dav_result result = if_header_check(x);
    if (dav_is_fine(result))
        result = dav_from_store(
            x->store->ops->locks(x->store, x->arena, x->real, LOCKS_COVERING, &locks));
    if (!dav_is_fine(result))
        return respond_error(x, result);
    for (size_t i = 0; i < locks.count; i++) {
        if (!str_eq(locks.items[i].token, token))
            continue;
        enum store_rc rc = x->store->ops->unlock(x->store, token);
        if (rc != STORE_OK && rc != STORE_NOT_FOUND) /* NOT_FOUND: it has just expired */
            return respond_error(x, dav_from_store(rc));
        return respond_status(x, HTTP_NO_CONTENT);
    }
    return respond_error(x, dav_condition(CONDITION_LOCK_TOKEN_MATCHES_REQUEST_URI, NULL));
}

/* RFC 4918 §9.11. */
const struct stage unlock_stages[] = {
    {"claim", unlock_claim, ON_LOOP},
    {"unlock", unlock_run, ON_WORKER},
};
