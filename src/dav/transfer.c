/* COPY and MOVE differ in little: what the source may be asked for, and what becomes of it. Up to
 * the store's own call they are one method, which stands here.
 *
 * What can refuse the request is asked in the order in which its answers help: first what the
 * request itself says (Destination, Overwrite, Depth), without a look at the store; then where both
 * ends really are, since a tree must not be put into itself by another name (§9.8.5); then, under
 * a change of both trees, and of the collections that win or lose a member, what is there, whether
 * the client meant to replace it, and whose locks are in the way. Overwrite: F comes before the
 * locks: a client that did not mean to replace a resource has no token of it.
 *
 * Locks on members are not asked here: the store's walk asks about each one when it gets there
 * (dav/failures.c), so that the others are still copied or moved. */
#include "dav/transfer.h"

#include "base/random.h"
#include "dav/lock/permit.h"
#include "dav/precondition.h"
#include "dav/prop/request.h"
#include "dav/service.h"
#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/admit.h"
#include "exchange/body.h"
#include "exchange/browser.h"
#include "exchange/destination.h"
#include "exchange/respond.h"

enum { INLINE_BODY_BYTES = 8192, MARK_BYTES = 16 }; /* what is longer is parsed on a worker */

/* RFC 4918 §8.4: a body that would be ignored is refused. One that is known is not ignored: what
 * RFC 2518 §12.12 could ask for is so in any case (docs/decisions/0036-propertybehavior.md). */
enum stage_end transfer_check_body(struct exchange *x)
{
    if (!x->body.len)
        return STAGE_NEXT;
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct dav_result result = propertybehavior_check(buf_str(&x->body), x->service->limits);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* What a MOVE leads to may be the source itself, by another spelling of its name that the store
 * takes for the same: another form of Unicode, or of case. That is a renaming as any other. */
static bool is_respelling(const struct exchange *x, const struct transfer *transfer)
{
    struct res_path from = target_of(x)->real;
    return !path_is_root(from) && path_eq(from, transfer->to_real) &&
           !str_eq(path_name(transfer->to), path_name(from));
}

/* RFC 4918 §9.8.5 and §9.9.4: source and destination must differ, and neither may lie in the other:
 * a tree cannot move into itself, and replacing an ancestor would remove the source. What counts is
 * where both really are. */
static struct dav_result check_overlap(struct exchange *x, const struct transfer *transfer,
                                       bool is_move)
{
    const struct target *target = target_of(x);
    struct res_path from = target->leads_to;
    struct res_path to;
    enum store_rc rc = store_locate(target->store, x->arena, transfer->to, LOCATE_RESOURCE, &to);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    if (path_eq(to, from))
        return dav_error(HTTP_FORBIDDEN, "source and destination are the same");
    if (path_is_within(from, to))
        return dav_error(HTTP_FORBIDDEN, "the destination contains the source");
    if (path_is_within(to, from) && (is_move || transfer->is_deep))
        return dav_error(HTTP_FORBIDDEN, "the source contains the destination");
    return DAV_FINE;
}

static struct dav_result prepare(struct exchange *x, bool is_move)
{
    const struct target *target = target_of(x);
    struct transfer *transfer = ARENA_NEW(x->arena, struct transfer);
    x->state = transfer;
    struct dav_result result = destination_read(x, &transfer->to);
    if (dav_is_fine(result) && x->handler->ops->lands)
        result = x->handler->ops->lands(x, &transfer->to);
    if (dav_is_fine(result))
        result = upload_check_destination(x);
    if (dav_is_fine(result))
        result = browser_check_reach(x, transfer->to);
    if (dav_is_fine(result) && !handler_reaches(x, transfer->to))
        result = dav_error(HTTP_FORBIDDEN, "what is mounted there takes no copies");
    if (dav_is_fine(result) && store_is_read_only(target->store, transfer->to))
        result = dav_error(HTTP_FORBIDDEN, "nothing can be changed at the destination");
    if (dav_is_fine(result) && store_is_aside(target->store, transfer->to))
        result = dav_kept_only();
    if (dav_is_fine(result))
        result = overwrite_read(x, &transfer->overwrites);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_INFINITY, &transfer->depth);
    if (!dav_is_fine(result))
        return result;
    transfer->is_deep = transfer->depth == DEPTH_INFINITY;
    result = target_locate(x); /* of a link, MOVE takes the link and COPY what it leads to */
    enum store_rc named =
        store_locate(target->store, x->arena, transfer->to, LOCATE_NAME, &transfer->to_real);
    transfer->is_respelling =
        dav_is_fine(result) && is_move && named == STORE_OK && is_respelling(x, transfer);
    if (transfer->is_respelling)
        transfer->to_real = path_join(x->arena, path_parent(target->real), path_name(transfer->to));
    else if (dav_is_fine(result))
        result = check_overlap(x, transfer, is_move);
    if (dav_is_fine(result))
        result = dav_from_store(named);
    if (dav_is_fine(result))
        result = admit_check(x, ACCESS_WRITE, transfer->to, transfer->to_real);
    if (dav_is_fine(result) && is_move) /* what is moved can be read where it comes to */
        result = admit_check(x, ACCESS_READ, x->path, target->real);
    return result;
}

/* What is made beside the destination to find out whether the source is there, too (store/view/
 * apart.c). */
static void add_mark(struct exchange *x, struct transfer *transfer)
{
    unsigned char bytes[MARK_BYTES];
    struct buf name = {0};
    if (!dav_service_of(x)->view_between)
        return;
    random_name_bytes(bytes, sizeof(bytes));
    BUF_ADD(&name, "davit-transfer-");
    for (size_t i = 0; i < sizeof(bytes); i++)
        buf_add_hex(&name, bytes[i], 2);
    transfer->mark = arena_str(x->arena, buf_str(&name));
    buf_done(&name);
    change_add(&target_of(x)->change,
               path_join(x->arena, path_parent(transfer->to_real), transfer->mark), CLAIM_TREE,
               true);
}

enum stage_end transfer_find(struct exchange *x, bool is_move)
{
    struct target *target = target_of(x);
    struct dav_result result = prepare(x, is_move);
    struct transfer *transfer = x->state;
    if (!dav_is_fine(result))
        return respond_error(x, result);
    bool is_tree = is_move || transfer->is_deep;
    change_add(&target->change, target->real, is_tree ? CLAIM_TREE : CLAIM_SELF, is_move);
    change_add(&target->change, transfer->to_real, CLAIM_TREE, true);
    change_add(&target->change, path_parent(transfer->to_real), CLAIM_SELF, false);
    add_mark(x, transfer);
    if (is_move)
        change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static struct dav_result destination_exists(void)
{
    return dav_error(HTTP_PRECONDITION_FAILED, "the destination exists, and Overwrite is F");
}

static struct dav_result check_destination(struct exchange *x, struct transfer *transfer)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(target_of(x)->store, transfer->to_real, 0, &stat);
    bool is_there = rc == STORE_OK || rc == STORE_ALIAS;
    transfer->is_replacement = is_there && !transfer->is_respelling;
    if (rc == STORE_NAME_TOO_LONG) /* 414 would speak of the request's own URI */
        return dav_error(HTTP_BAD_REQUEST, "a name in the destination is too long");
    if (!is_there && rc != STORE_NOT_FOUND)
        return dav_from_store(rc);
    if (transfer->is_replacement && !transfer->overwrites)
        return destination_exists();
    struct dav_result result = parent_check(x, transfer->to_real);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, transfer->to_real, PERMIT_MEMBER);
    return result;
}

enum stage_end transfer_check(struct exchange *x, bool is_move)
{
    struct transfer *transfer = x->state;
    struct store_stat stat;
    struct dav_result result = target_get(x, &stat);
    bool is_half = transfer->depth == DEPTH_1 || (is_move && transfer->depth != DEPTH_INFINITY);
    if (dav_is_fine(result) && stat.is_collection && is_half) /* RFC 4918 §9.8.3, §9.9.2 */
        result = dav_error(HTTP_BAD_REQUEST, "this Depth is not allowed for a collection");
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, true);
    if (dav_is_fine(result) && is_move)
        result = lock_permit(x, x->arena, target_of(x)->real, PERMIT_MEMBER);
    if (dav_is_fine(result))
        result = check_destination(x, transfer);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* That nothing is replaced is for the store to see to: only it can do so in one step with the
 * change, whatever another program makes meanwhile. */
struct store_transfer transfer_of(const struct exchange *x)
{
    const struct transfer *transfer = x->state;
    return (struct store_transfer){.from = target_of(x)->real,
                                   .to = transfer->to_real,
                                   .is_deep = transfer->is_deep,
                                   .expects_absent = !transfer->overwrites,
                                   .mark = transfer->mark};
}

enum stage_end transfer_answer(struct exchange *x, struct failures *failures, enum store_rc rc)
{
    const struct transfer *transfer = x->state;
    if (rc == STORE_NAME_TOO_LONG)
        return respond_error(x,
                             dav_error(HTTP_BAD_REQUEST, "a name in the destination is too long"));
    if (rc == STORE_EXISTS && !transfer->overwrites)
        return respond_error(x, destination_exists());
    bool is_always_new = failures->is_move && x->dialect == MULTISTATUS_SYNC; /* they know no 204 */
    return failures_answer(
        failures, rc, transfer->is_replacement && !is_always_new ? HTTP_NO_CONTENT : HTTP_CREATED);
}
