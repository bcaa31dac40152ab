#include "dav/mounted/looks.h"

#include "exchange/admit.h"
#include "exchange/handler.h"
#include "text/unicode.h"

static bool is_member(struct res_path path, struct res_path collection, bool is_deep)
{
    size_t len = unicode_within(path, collection);
    if (len == SIZE_MAX || len == path.len)
        return false;
    struct str rest = str_from(path_str(path), len ? len + 1 : 0);
    return is_deep || str_index(rest, '/') == rest.len;
}

/* A shared link shows no mounts of others. */
static bool is_looked_at(const struct exchange *x, const struct handler_mount *mount,
                         struct res_path collection, bool is_deep)
{
    return mount->handler->ops->look && !x->seen.prefix.at &&
           is_member(mount->prefix, collection, is_deep) &&
           admit_judge(x, ACCESS_READ, mount->prefix, mount->prefix) == ACCESS_GRANTED;
}

bool looks_are_wanted(const struct exchange *x, struct res_path collection, bool is_deep)
{
    for (size_t i = 0; i < x->service->mount_count; i++) {
        if (is_looked_at(x, &x->service->mounts[i], collection, is_deep))
            return true;
    }
    return false;
}

static void begin(struct exchange *x, struct looks *looks, struct res_path collection, bool is_deep,
                  const struct look_wish *wish)
{
    const struct service *service = x->service;
    looks->has_begun = true;
    looks->at = arena_alloc(x->arena, service->mount_count * sizeof(struct look *));
    x->stream->waker = &x->waker; /* the client may go */
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct handler_mount *mount = &service->mounts[i];
        if (is_looked_at(x, mount, collection, is_deep))
            looks->at[looks->count++] = mount->handler->ops->look(x, mount, wish);
    }
}

enum stage_end looks_take(struct exchange *x, struct looks *looks, struct res_path collection,
                          bool is_deep, const struct look_wish *wish)
{
    size_t waited_count = 0;
    if (!looks->has_begun)
        begin(x, looks, collection, is_deep, wish);
    for (size_t i = 0; i < looks->count; i++) {
        struct look *look = looks->at[i];
        if (x->stream->has_gone)
            look->ops->end(look);
        waited_count += !look->ops->is_done(look);
    }
    return waited_count ? STAGE_WAIT : STAGE_NEXT;
}

const struct look *looks_find(const struct looks *looks, struct res_path path)
{
    for (size_t i = 0; i < looks->count; i++) {
        if (unicode_within(looks->at[i]->path, path) == looks->at[i]->path.len)
            return looks->at[i];
    }
    return NULL;
}
