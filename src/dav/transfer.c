#include "dav/transfer.h"

#include "dav/lock/permit.h"
#include "dav/precondition.h"
#include "dav/respond.h"

static struct dav_result prepare(struct exchange *x, bool is_move)
{
    struct transfer *transfer = ARENA_NEW(x->arena, struct transfer);
    enum depth depth;
    x->state = transfer;
    struct dav_result result = destination_read(x, &transfer->to);
    if (dav_is_fine(result))
        result = overwrite_read(x, &transfer->overwrites);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_INFINITY, &depth);
    if (!dav_is_fine(result))
        return result;
    transfer->is_deep = depth == DEPTH_INFINITY;
    if (depth == DEPTH_1 || (is_move && depth != DEPTH_INFINITY)) /* RFC 4918 §9.8.3, §9.9.2 */
        return dav_error(HTTP_BAD_REQUEST, "that Depth means nothing here");
    result = exchange_locate(x);
    if (!dav_is_fine(result))
        return result;
    enum store_rc rc = x->store->ops->locate(x->store, x->arena, transfer->to, &transfer->to_real);
    return rc == STORE_NO_PARENT ? dav_from_store(STORE_NO_PARENT) : dav_from_store(rc);
}

/* RFC 4918 §9.8.5 and §9.9.4: source and destination must differ, and neither may lie in the other:
 * a tree cannot move into itself, and replacing an ancestor would remove the source. */
static struct dav_result check_overlap(const struct exchange *x, const struct transfer *transfer,
                                       bool is_move)
{
    bool holds_target = path_is_within(transfer->to_real, x->real);
    bool is_same = path_eq(transfer->to_real, x->real);
    if (is_same)
        return dav_error(HTTP_FORBIDDEN, "source and destination are the same");
    if (path_is_within(x->real, transfer->to_real))
        return dav_error(HTTP_FORBIDDEN, "the destination holds the source");
    if (holds_target && (is_move || transfer->is_deep))
        return dav_error(HTTP_FORBIDDEN, "the source holds the destination");
    return DAV_FINE;
}

enum stage_end transfer_claim(struct exchange *x, bool is_move)
{
    if (!x->state) {
        struct dav_result result = prepare(x, is_move);
        const struct transfer *transfer = x->state;
        if (dav_is_fine(result))
            result = check_overlap(x, transfer, is_move);
        if (!dav_is_fine(result))
            return respond_error(x, result);
        claim_add(&x->claim, x->real, transfer->is_deep ? CLAIM_TREE : CLAIM_SELF, is_move);
        claim_add(&x->claim, transfer->to_real, CLAIM_TREE, true);
        claim_add(&x->claim, path_parent(transfer->to_real), CLAIM_SELF, false);
        if (is_move)
            claim_add(&x->claim, path_parent(x->real), CLAIM_SELF, false);
    }
    return exchange_claim(x);
}

static struct dav_result check_destination(struct exchange *x, struct transfer *transfer)
{
    struct store_stat stat;
    enum store_rc rc = x->store->ops->stat(x->store, transfer->to_real, &stat);
    transfer->is_replacement = rc == STORE_OK;
    if (rc == STORE_NAME_TOO_LONG) /* 414 would speak of the request's own URI */
        return dav_error(HTTP_BAD_REQUEST, "a name in the destination is too long");
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return dav_from_store(rc);
    if (transfer->is_replacement && !transfer->overwrites)
        return dav_error(HTTP_PRECONDITION_FAILED, "the destination exists, and Overwrite is F");
    struct dav_result result = parent_check(x, transfer->to_real);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, transfer->to_real, PERMIT_MEMBER);
    return result;
}

struct dav_result transfer_check(struct exchange *x, bool is_move)
{
    struct transfer *transfer = x->state;
    struct store_stat stat;
    bool exists;
    struct dav_result result = target_stat(x, &stat, &exists);
    if (dav_is_fine(result) && (!exists || (x->has_slash && !stat.is_collection)))
        result = dav_from_store(STORE_NOT_FOUND);
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, exists);
    if (dav_is_fine(result) && is_move)
        result = lock_permit(x, x->arena, x->real, PERMIT_MEMBER);
    if (dav_is_fine(result))
        result = check_destination(x, transfer);
    return result;
}

enum stage_end transfer_answer(struct exchange *x, struct failures *failures, enum store_rc rc)
{
    const struct transfer *transfer = x->state;
    if (rc == STORE_NAME_TOO_LONG)
        return respond_error(x,
                             dav_error(HTTP_BAD_REQUEST, "a name in the destination is too long"));
    return failures_answer(failures, rc, transfer->is_replacement ? HTTP_NO_CONTENT : HTTP_CREATED);
}
