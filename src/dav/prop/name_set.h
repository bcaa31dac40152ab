/* dav/prop/name_set.h: which property names have come before in a request body. */
#pragma once

#include "base/arena.h"
#include "base/map.h"

/* Zeroed but for the arena: empty. */
struct name_set {
    struct map names;
    struct arena *arena; /* borrows until done */
};

/* Where the name was first: the `index` of that call; this one's when it is new. */
size_t name_set_add(struct name_set *set, struct str ns, struct str name, size_t index);

void name_set_done(struct name_set *set);
