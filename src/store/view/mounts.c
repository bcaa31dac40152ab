#include "store/view/mounts.h"

#include "text/unicode.h"

struct view *view_of(struct store *store)
{
    return CONTAINER_OF(store, struct view, base);
}

const struct mount *view_find(const struct view *view, struct res_path path)
{
    const struct mount *found = NULL;
    for (size_t i = 0; i < view->count; i++) {
        const struct mount *mount = &view->mounts[i];
        if (unicode_within(path, mount->prefix) != SIZE_MAX &&
            (!found || mount->prefix.len > found->prefix.len))
            found = mount;
    }
    return found;
}

bool view_has_within(const struct view *view, struct res_path path)
{
    for (size_t i = 0; i < view->count; i++) {
        if (unicode_within(view->mounts[i].prefix, path) != SIZE_MAX)
            return true;
    }
    return false;
}

bool view_begins_at(const struct view *view, struct res_path path)
{
    const struct mount *mount = view_find(view, path);
    return mount && unicode_within(path, mount->prefix) == path.len;
}

bool mount_is_below(const struct mount *mount, struct res_path path)
{
    return unicode_within(mount->prefix, path) < mount->prefix.len;
}

struct str mount_member_of(const struct mount *mount, struct res_path collection)
{
    size_t len = unicode_within(mount->prefix, collection);
    if (!mount_is_below(mount, collection))
        return STR_NONE;
    struct str rest = str_from(path_str(mount->prefix), len ? len + 1 : 0);
    return str_cut(&rest, '/');
}

bool view_has_member(const struct view *view, struct res_path collection, struct str name,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (unicode_eq(mount_member_of(&view->mounts[i], collection), name))
            return true;
    }
    return false;
}

bool view_has_below(const struct view *view, struct res_path path)
{
    for (size_t i = 0; i < view->count; i++) {
        if (mount_is_below(&view->mounts[i], path))
            return true;
    }
    return false;
}

enum store_rc view_pins(struct res_path path)
{
    return path_is_root(path) ? STORE_DENIED : STORE_MOUNT;
}

struct res_path view_enter(struct arena *arena, const struct mount *mount, struct res_path path)
{
    struct res_path prefix = {path.at, unicode_within(path, mount->prefix)};
    assert(prefix.len <= path.len); /* the mount covers it */
    struct res_path real = path_rebase(arena, path, prefix, mount->base);
    assert(path_is_within(real, mount->base));
    return real;
}

bool view_leave(struct arena *arena, const struct mount *mount, struct res_path real,
                struct res_path *path_out)
{
    if (!path_is_within(real, mount->base))
        return false;
    *path_out = path_rebase(arena, real, mount->base, mount->prefix);
    return true;
}

bool mount_shows(const struct view *view, struct arena *arena, const struct mount *mount,
                 struct res_path real, struct res_path *path_out)
{
    return view_leave(arena, mount, real, path_out) && view_find(view, *path_out) == mount;
}
