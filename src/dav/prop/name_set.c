#include "dav/prop/name_set.h"

struct entry {
    struct map_entry entry;
    size_t index;
};

size_t name_set_add(struct name_set *set, struct str ns, struct str name, size_t index)
{
    char *key = arena_alloc(set->arena, name.len + 1 + ns.len);
    memcpy(key, name.at, name.len); /* an element has a name */
    key[name.len] = '\0';           /* which no name holds */
    if (ns.len)
        memcpy(key + name.len + 1, ns.at, ns.len);
    struct str text = str_of(key, name.len + 1 + ns.len);
    struct map_entry *found = map_find(&set->names, text);
    if (found)
        return CONTAINER_OF(found, struct entry, entry)->index;
    struct entry *added = ARENA_NEW(set->arena, struct entry);
    added->index = index;
    map_add(&set->names, &added->entry, text);
    return index;
}

void name_set_done(struct name_set *set)
{
    map_done(&set->names);
}
