#include "dav/acl/kept.h"

#include "dav/target.h"
#include "store/acl/table.h"

const struct kept_acl *dav_acl_find(struct store *store, struct arena *arena, struct res_path path)
{
    struct acl_place place = store_acls(store, arena, path);
    return place.table ? acl_table_find(place.table, arena, place.path) : NULL;
}

const struct acl *dav_acls_of(const struct kept_acl *kept, struct arena *arena)
{
    const struct acl *acls = NULL;
    for (; kept; kept = kept->next) {
        struct acl *acl = ARENA_NEW(arena, struct acl);
        *acl = (struct acl){kept->text, acls};
        acls = acl;
    }
    return acls;
}

const struct acl *dav_acls(const struct exchange *x, struct arena *arena, struct res_path path)
{
    struct store *store = target_of(x)->store;
    return store ? dav_acls_of(dav_acl_find(store, arena, path), arena) : NULL;
}

/* Elsewhere below it there may be some that this does not look for. */
bool dav_acls_differ_below(const struct exchange *x, struct res_path path)
{
    struct store *store = target_of(x)->store;
    struct arena arena = {0};
    if (!store || !store->traits.has_acls)
        return false;
    struct acl_place place = store_acls(store, &arena, path);
    bool differ =
        place.has_others_below || (place.table && acl_table_differs_below(place.table, place.path));
    arena_done(&arena);
    return differ;
}

uint64_t dav_acls_mark(const struct exchange *x, struct res_path path)
{
    struct store *store = target_of(x)->store;
    struct arena arena = {0};
    if (!store)
        return 0;
    struct acl_place place = store_acls(store, &arena, path);
    uint64_t mark = place.table ? acl_table_mark(place.table) : 0;
    arena_done(&arena);
    return mark;
}

bool dav_keeps_acl(struct store *store, struct res_path path)
{
    struct arena arena = {0};
    bool keeps = store_acls(store, &arena, path).table;
    arena_done(&arena);
    return keeps;
}
