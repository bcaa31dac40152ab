/* DELETE in a view. A mount is no part of the tree that it shows in: it is neither removed with it,
 * nor is what is in it touched (promise 14 says the same of the kernel's mounts). So what holds no
 * mount is one call of the store; a collection that leads to one is emptied member by member, and
 * stays with its properties, because something in it does.
 *
 *     /a           stays      removed from the store of "/": /a/b, /a/c/d
 *     /a/b         goes       reported: /a/c/nas, with MOUNT
 *     /a/c         stays
 *     /a/c/d       goes
 *     /a/c/nas     a mount, whatever is in it and wherever that is
 *
 * Invariants
 *  (1) who asks is asked about each collection before anything in it is changed, as a store does;
 *  (2) each mount that begins below is reported, once, unless what leads to it was: nobody may
 *      take what stays for what is gone;
 *  (3) nothing of a mount's store is asked or changed, so it makes no difference whether that is
 *      within reach. */
#include "store/view/remove.h"

#include "store/store.h"
#include "store/view/change.h"
#include "store/view/guide.h"
#include "store/view/quota.h"

struct removal {
    struct view *view;
    const struct mount *mount; /* of all that goes; NULL: the collection is made up, and empty */
    struct store_change *change;
    struct store_visitor *visitor;
    struct steps steps;
    bool is_again; /* the first call was answered AGAIN */
};

static void fail(const struct removal *removal, struct res_path path, enum store_rc rc,
                 unsigned reason)
{
    removal->visitor->failed(removal->visitor, path, true, rc, reason);
}

/* Where no mount is within. */
static enum store_rc remove_tree(struct removal *removal, struct res_path path)
{
    struct arena arena = {0};
    struct guide guide = guide_for(removal->visitor);
    guide.from = path;
    guide.from_real = view_enter(&arena, removal->mount, path); /* a link's name */
    struct store_change *inner = view_change(removal->change, removal->mount);
    struct view_budget budget = {.store = inner->store, .from = removal->mount};
    budget_remove(&budget, guide.from_real);
    enum store_rc rc = store_remove(inner, guide.from_real, &guide.base);
    budget_settle(&budget, rc);
    guide_done(&guide);
    arena_done(&arena);
    return rc;
}

/* What came of the call but by what it has reported itself. */
static void remove_member(struct removal *removal, struct res_path path,
                          const struct store_member *member)
{
    enum store_rc rc = remove_tree(removal, path);
    while (steps_repeat_at(&removal->steps, removal->change->store, path, &rc))
        rc = remove_tree(removal, path);
    if (rc == STORE_AGAIN)
        removal->is_again = true;
    else if (rc != STORE_OK && rc != STORE_PARTIAL && rc != STORE_NOT_FOUND)
        removal->visitor->failed(removal->visitor, path, member->stat.is_collection, rc, 0);
}

/* But for those that lead to mounts. */
static void remove_members(struct removal *removal, struct res_path path)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    struct arena arena = {0};
    if (!removal->mount)
        return;
    enum store_rc rc = store_list(view_store(removal->view, removal->mount),
                                  view_enter(&arena, removal->mount, path), 0, &cursor);
    if (rc == STORE_NOT_FOUND || rc == STORE_NO_PARENT) { /* made up: it is there for the mount */
        arena_done(&arena);
        return;
    }
    while (rc == STORE_OK && !removal->is_again &&
           (rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        struct arena one = {0};
        struct res_path inner = path_join(&one, path, member.name);
        if (!view_has_within(removal->view, inner))
            remove_member(removal, inner, &member);
        arena_done(&one);
    }
    store_cursor_close(&cursor);
    arena_done(&arena);
    if (rc != STORE_OK && rc != STORE_END)
        fail(removal, path, rc, 0);
}

static bool is_refused(const struct removal *removal, struct res_path path)
{
    unsigned reason = removal->visitor->refuse(removal->visitor, path);
    if (reason)
        fail(removal, path, STORE_REFUSED, reason);
    return reason != 0;
}

/* A collection that leads to mounts. As deep as their prefixes are long. */
static void empty(struct removal *removal, struct res_path path)
{
    const struct view *view = removal->view;
    if (is_refused(removal, path))
        return;
    remove_members(removal, path);
    for (size_t i = 0; i < view->count && !removal->is_again; i++) {
        struct str name = mount_member_of(&view->mounts[i], path);
        if (name.len == 0 || view_has_member(view, path, name, i))
            continue;
        struct arena arena = {0};
        struct res_path inner = path_join(&arena, path, name);
        if (!view_begins_at(view, inner))
            empty(removal, inner);
        else if (!is_refused(removal, inner))
            fail(removal, inner, STORE_MOUNT, 0);
        arena_done(&arena);
    }
}

enum store_rc view_remove(struct store_change *change, struct res_path path,
                          struct store_visitor *visitor)
{
    struct view *view = view_of(change->store);
    struct removal removal = {view, view_find(view, path), change, visitor, {0}, false};
    if (path_is_root(path) || view_begins_at(view, path))
        return view_pins(path);
    if (removal.mount && removal.mount->is_read_only)
        return STORE_DENIED;
    if (view_has_below(view, path)) {
        empty(&removal, path);
        return removal.is_again ? STORE_AGAIN : STORE_PARTIAL;
    }
    return removal.mount ? remove_tree(&removal, path) : STORE_NOT_FOUND;
}
