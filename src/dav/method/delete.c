#include "dav/failures.h"
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/respond.h"

static enum stage_end delete_find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, CLAIM_TREE, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static struct dav_result check(struct exchange *x)
{
    struct store_stat stat;
    enum depth depth;
    struct dav_result result = target_get(x, &stat);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_INFINITY, &depth);
    if (dav_is_fine(result) && stat.is_collection && depth != DEPTH_INFINITY) /* §9.6.1 */
        result =
            dav_error(HTTP_BAD_REQUEST,
                      "a collection can only be deleted with everything in it (Depth: infinity)");
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, true);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target_of(x)->real, PERMIT_MEMBER);
    return result;
}

static enum stage_end delete_remove(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    struct res_path none = {NULL, 0};
    struct failures *failures = failures_new(x, none, none);
    enum store_rc rc = store_remove(&target->change, target->real, &failures->visitor);
    return failures_answer(failures, rc, HTTP_NO_CONTENT);
}

/* RFC 4918 §9.6. */
const struct stage delete_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"find", delete_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"remove", delete_remove, ON_WORKER},
};
