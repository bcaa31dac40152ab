#include "store/gather.h"

struct prop_gatherer {
    struct store_prop_visitor visitor;
    struct arena *arena;
    struct store_props *props;
    size_t cap;
};

static enum store_rc gather_prop(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct prop_gatherer *gatherer = CONTAINER_OF(visitor, struct prop_gatherer, visitor);
    struct store_props *props = gatherer->props;
    struct arena *arena = gatherer->arena;
    if (props->count == gatherer->cap) {
        gatherer->cap = gatherer->cap ? gatherer->cap * 2 : 8;
        struct store_prop *items = arena_alloc(arena, gatherer->cap * sizeof(*items));
        if (props->count)
            memcpy(items, props->items, props->count * sizeof(*items));
        props->items = items;
    }
    struct store_prop *copy = &props->items[props->count++];
    *copy = (struct store_prop){arena_str(arena, prop->ns), arena_str(arena, prop->name)};
    return arena_try_str(arena, prop->xml, &copy->xml) ? STORE_OK : STORE_BUSY;
}

enum store_rc store_gather_props(struct store *store, struct arena *arena, struct res_path path,
                                 struct store_props *props_out)
{
    struct prop_gatherer gatherer = {
        .visitor.show = gather_prop, .arena = arena, .props = props_out};
    *props_out = (struct store_props){0};
    return store_props(store, path, &gatherer.visitor);
}

struct prop_counter {
    struct store_prop_visitor visitor;
    const struct store_patch *patch;
    uint64_t bytes;
};

static bool is_patched(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    const struct store_patch *patch = CONTAINER_OF(visitor, struct prop_counter, visitor)->patch;
    for (size_t i = 0; i < patch->prop_count; i++) {
        if (str_eq(patch->props[i].name, name) && str_eq(patch->props[i].ns, ns))
            return true;
    }
    return false;
}

static enum store_rc count_prop(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    CONTAINER_OF(visitor, struct prop_counter, visitor)->bytes += prop_bytes(prop);
    return STORE_OK;
}

uint64_t store_prop_bytes(struct store *store, struct res_path path,
                          const struct store_patch *patch)
{
    struct prop_counter counter = {.visitor = {patch ? is_patched : NULL, count_prop},
                                   .patch = patch};
    bool is_fine =
        store_may_have_props(store, path) && store_props(store, path, &counter.visitor) == STORE_OK;
    return is_fine ? counter.bytes : 0;
}
