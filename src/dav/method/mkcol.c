#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/synced.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"

static enum stage_end mkcol_find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static enum stage_end mkcol_check(struct exchange *x)
{
    struct target *target = target_of(x);
    struct store_stat stat;
    bool exists;
    struct dav_result result = target_stat(x, &stat, &exists);
    if (dav_is_fine(result) && exists)
        result = dav_error(HTTP_METHOD_NOT_ALLOWED, "the resource already exists");
    if (dav_is_fine(result))
        result = parent_check(x, target->real);
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, exists);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target->real, PERMIT_MEMBER);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* Whether anything has come there since, the store sees in the same step. */
static enum stage_end mkcol_make(struct exchange *x)
{
    struct target *target = target_of(x);
    struct store_stat stat;
    enum store_rc rc = store_mkcol(&target->change, target->real);
    if (rc == STORE_EXISTS) /* a thing that is no resource, or one that has just come */
        return respond_error(x, dav_error(HTTP_CONFLICT, "something else already has this name"));
    if (rc != STORE_OK)
        return target_refused(x, rc);
    if (synced_is_told(x) && store_stat(target->store, target->real, WANTS_ID, &stat) == STORE_OK)
        synced_tell(x, target->real, &stat);
    respond_location(x, true);
    return respond_status(x, HTTP_CREATED);
}

/* RFC 4918 §9.3. */
const struct stage mkcol_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"find", mkcol_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"check", mkcol_check, ON_READ},
    {"make", mkcol_make, ON_WORKER},
};
