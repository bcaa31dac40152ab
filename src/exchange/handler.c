#include "exchange/handler.h"

#include "exchange/service.h"

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
