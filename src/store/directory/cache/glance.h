/* store/directory/cache/glance.h: what a loop's thread has found at a path holds for its turn. All
 * work with NULL: no cache. */
#pragma once

#include <sys/stat.h>

#include "store/directory/cache/cache.h"

struct glance {
    int code;         /* 0, or ENOENT */
    struct statx stx; /* of what is there; not through links */
};

/* Before the look: what glance_note() is told. */
NODISCARD uint64_t glance_begin(const struct dir_cache *cache);
/* After it. Copies. */
void glance_note(const struct dir_cache *cache, struct res_path path, uint64_t begun,
                 const struct glance *glance);

/* NULL: it has not been looked at in this turn, or this store has changed something since. Valid
 * until the next note. */
const struct glance *glance_find(const struct dir_cache *cache, struct res_path path);
