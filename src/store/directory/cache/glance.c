/* What a thread has found at a few paths in this turn of its loop.
 *
 * A change looks at the same paths again and again: where each end leads, by which name, what is
 * there, and what holds it. Each look is three system calls (open, statx, close), and a MOVE within
 * one collection made eleven of them. Promise 1 lets one look count for the whole turn, as the
 * look at the news does (cache.c), unless this store has changed something since.
 *
 * That also makes it right under a claim. What others may have changed between a look before the
 * claim and the one under it, they have noted (cache_note_change()) before they let their own claim
 * go, and it is only then that this one begins.
 *
 * Only on a loop: a worker is about to change something, and looks each time. */
#include "store/directory/cache/glance.h"

#include "base/turn.h"
#include "store/directory/cache/cache_priv.h"

enum { GLANCES = 4 /* both ends, and what holds each */, PATH_BYTES = 256 };

static _Thread_local struct {
    uint64_t id;
    uint64_t turn;
    uint64_t changes;
    size_t count; /* of those ever made in it */
    struct noted {
        size_t path_len;
        char path[PATH_BYTES];
        struct glance glance;
    } noted[GLANCES];
} glances;

static bool is_of_now(const struct dir_cache *cache)
{
    return glances.id == cache->id && glances.turn == turn_current() &&
           glances.changes == atomic_load(&cache->changes);
}

uint64_t glance_begin(const struct dir_cache *cache)
{
    return cache ? atomic_load(&cache->changes) : 0;
}

void glance_note(const struct dir_cache *cache, struct res_path path, uint64_t begun,
                 const struct glance *glance)
{
    if (!cache || !turn_current() || path.len > PATH_BYTES || begun != glance_begin(cache))
        return;
    if (!is_of_now(cache)) {
        glances.id = cache->id;
        glances.turn = turn_current();
        glances.changes = begun;
        glances.count = 0;
    }
    struct noted *noted = &glances.noted[glances.count++ % GLANCES];
    if (path.len)
        memcpy(noted->path, path.at, path.len);
    noted->path_len = path.len;
    noted->glance = *glance;
}

const struct glance *glance_find(const struct dir_cache *cache, struct res_path path)
{
    if (!cache || !turn_current() || !is_of_now(cache))
        return NULL;
    size_t count = glances.count < GLANCES ? glances.count : GLANCES;
    for (size_t i = 0; i < count; i++) {
        const struct noted *noted = &glances.noted[i];
        if (path_eq((struct res_path){noted->path, noted->path_len}, path))
            return &noted->glance;
    }
    return NULL;
}
