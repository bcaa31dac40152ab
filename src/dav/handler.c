/* Two handlers: of stores, which answer for every path, and of principals, which are made up (RFC
 * 3744 §2) and have a place of their own among the paths where there are users. The first is there
 * twice, where there is more than stores: who stands between it and others sees those as stores.
 *
 * What stands before a method: what is seen is put together for who asks, from the mounts' stores;
 * his homes are made where they are missing; and where there are rules, the path is located, so
 * that they can be asked about where it leads. */
#include "dav/acl/kept.h"
#include "dav/allow.h"
#include "dav/home.h"
#include "dav/method.h"
#include "dav/principal.h"
#include "dav/target.h"
#include "exchange/respond.h"

const struct dav_service *dav_service_of(const struct exchange *x)
{
    return x->handler->shared;
}

/* --- before the method --- */

/* Of a shared link what is in its collection, otherwise what is for who asks. What is listed is
 * seen without the stores of others until those have been looked at (target_see_reached()). */
enum stage_end dav_see(struct exchange *x)
{
    const struct dav_service *dav = dav_service_of(x);
    const struct principal *principal = &x->signed_in.principal;
    struct target *target = target_of(x);
    if (x->seen.prefix.at)
        target->seen = dav->view_seen(dav, x, &target->homes);
    else if (dav->view_between && x->method->id != METHOD_PROPFIND)
        target->seen = dav->view_between(dav, x, &target->homes);
    else if (dav->view)
        target->seen = dav->view(dav, principal, x->arena, &target->homes);
    else
        target->seen = dav->store;
    if (!target->seen)
        return respond_error(x, dav_busy());
    target->store = target->seen;
    homes_find_missing(&target->homes);
    struct dav_result result = dav_read_fields(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

enum stage_end dav_locate(struct exchange *x)
{
    if (x->service->access && !(x->method->flags & METHOD_IS_OPEN))
        target_of(x)->located = target_locate(x);
    return STAGE_NEXT;
}

static const struct stage store_enter[] = {
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {"locate", dav_locate, ON_READ},
    {0},
};

static const struct stage principal_enter[] = {
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {0},
};

/* --- the method --- */

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    struct dav_method method = dav_method_find(x);
    bool is_write = (!(x->method->flags & METHOD_IS_SAFE) || (method.flags & METHOD_WRITES)) &&
                    !(method.flags & METHOD_READS);
    if (!method.stages)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this server does not support this method");
    if (is_write && x->service->is_read_only)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this server is read-only");
    if (is_write && path_is_root(x->path) && !(method.flags & METHOD_ON_ROOT))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this is not possible on the root");
    if (is_write && !(method.flags & METHOD_ON_KEPT) &&
        store_is_aside(target_of(x)->store, x->path))
        return dav_kept_only();
    *stages_out = method.stages;
    return target_of(x)->located;
}

static enum stage_end set_allow(struct exchange *x)
{
    struct buf allow = {0};
    allow_add(x, &allow);
    respond_field(x, FIELD_ALLOW, buf_str(&allow));
    buf_done(&allow);
    return STAGE_DONE;
}

static const struct stage allow_stage = {"allow", set_allow, ON_READ};

/* --- questions --- */

static bool blocks(const struct exchange *x, unsigned thread)
{
    const struct store_traits *traits = &dav_service_of(x)->traits;
    return traits->reads_block || (thread == ON_LOCKS && traits->locks_block);
}

static enum access_names names(const struct exchange *x, struct res_path path)
{
    static const enum access_names of_store[] = {
        [STORE_FOLDS_NOTHING] = ACCESS_NAMES_EXACT,
        [STORE_FOLDS_SOMEWHERE] = ACCESS_NAMES_BOTH,
        [STORE_FOLDS_ALL] = ACCESS_NAMES_FOLDED,
    };
    return of_store[store_folds(target_of(x)->store, path)];
}

const struct handler_ops dav_store_ops = {
    .name = "store",
    .part_bytes = sizeof(struct target),
    .enter = store_enter,
    .names = names,
    .stems_from = target_stems_from,
    .acls = dav_acls,
    .acls_differ_below = dav_acls_differ_below,
    .acls_mark = dav_acls_mark,
    .may = target_may,
    .transfers = true,
    .find = find,
    .allow = &allow_stage,
    .blocks = blocks,
    .again = target_forget,
    .end = target_end,
};

static const struct handler_ops principal_ops = {
    .name = "principals",
    .part_bytes = sizeof(struct target),
    .enter = principal_enter,
    .names = names,
    .may = principal_may,
    .is_made_up = true,
    .find = find,
    .allow = &allow_stage,
    .blocks = blocks,
    .again = target_forget,
    .end = target_end,
};

void dav_stand_between(struct dav_service *dav)
{
    dav->between = (struct handler){&dav_store_ops, dav};
}

size_t dav_mount(struct dav_service *dav, const struct access *access,
                 struct handler_mount rows_out[DAV_MOUNTS_MAX])
{
    dav->stores = (struct handler){&dav_store_ops, dav};
    dav->principals = (struct handler){&principal_ops, dav};
    rows_out[0] = (struct handler_mount){PATH_ROOT, &dav->stores};
    rows_out[1] = (struct handler_mount){PRINCIPAL_PATH, &dav->principals};
    return access ? 2 : 1;
}
