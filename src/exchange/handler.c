#include "exchange/handler.h"

#include "exchange/destination.h"

const struct handler *handler_find(const struct service *service, struct res_path path)
{
    const struct handler_mount *best = NULL;
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct handler_mount *mount = &service->mounts[i];
        if (path_is_within(path, mount->prefix) && (!best || mount->prefix.len > best->prefix.len))
            best = mount;
    }
    return best ? best->handler : NULL;
}

/* Whether a mount that is meant begins below the path. */
static bool holds(const struct service *service, struct res_path tree,
                  bool (*is_meant)(const struct handler *handler))
{
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct handler_mount *mount = &service->mounts[i];
        if (is_meant(mount->handler) && path_is_within(mount->prefix, tree) &&
            mount->prefix.len > tree.len)
            return true;
    }
    return false;
}

static bool is_real(const struct handler *handler)
{
    return !handler->ops->is_made_up && !handler->is_over;
}

/* In no view of all: what goes around it is not all. */
static bool is_unseen(const struct handler *handler)
{
    return !handler->ops->transfers && is_real(handler);
}

/* No store knows of it. */
static bool is_looked_at(const struct handler *handler)
{
    return handler->ops->look;
}

bool handler_holds_others(const struct service *service, struct res_path tree)
{
    return holds(service, tree, is_real);
}

static bool transfers_to(const struct exchange *x, const struct handler *from, struct res_path to)
{
    const struct handler *other = handler_find(x->service, to);
    return x->service->between && other && other != from && from->ops->transfers &&
           other->ops->transfers && !holds(x->service, x->path, is_unseen) &&
           !holds(x->service, to, is_unseen);
}

/* Whether what is asked about is not for one alone to tell. An origin knows nothing of the mounts
 * that begin below its own. What lies in a store's collection that finds out by itself
 * (exchange/look.h), as long as nobody asks for what is in there. */
static bool asks_across(const struct exchange *x, const struct handler *handler)
{
    enum depth depth;
    bool is_noroot;
    if (x->method->id != METHOD_PROPFIND || !x->service->between || !handler->ops->transfers ||
        !dav_is_fine(depth_read_noroot(x, DEPTH_INFINITY, &depth, &is_noroot)) || depth == DEPTH_0)
        return false;
    return handler->ops->look ? handler_holds_others(x->service, x->path)
                              : depth == DEPTH_INFINITY && holds(x->service, x->path, is_looked_at);
}

/* A Destination that cannot be read is for the first to refuse. */
const struct handler *handler_of_request(struct exchange *x)
{
    const struct handler *handler = handler_find(x->service, x->path);
    bool is_transfer = x->method->id == METHOD_COPY || x->method->id == METHOD_MOVE;
    struct str value = exchange_field(x, FIELD_DESTINATION);
    struct res_path to;
    if (handler && asks_across(x, handler))
        return x->service->between;
    if (!handler || !is_transfer || !value.at || !dav_is_fine(destination_parse(x, value, &to)))
        return handler;
    return transfers_to(x, handler, to) ? x->service->between : handler;
}

bool handler_reaches(const struct exchange *x, struct res_path to)
{
    const struct handler *other = handler_find(x->service, to);
    return other == x->handler ||
           (x->handler == x->service->between && other && other->ops->transfers);
}
