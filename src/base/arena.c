/* Memory is cut from chunks, of which the newest is in use; what is larger than a chunk gets one of
 * its own. Nothing is freed alone, so there is nothing to keep of what was given but the chunks.
 * Hooks live in the arena themselves: what they close may still look at all of its memory.
 *
 * A chunk holds what a request takes, with some to spare; a PROPFIND takes 4,200 bytes. Where each
 * needs a second one, that is a tenth of what a small answer costs.
 *
 * arena_try_alloc() is for what a client makes large: a value, a list of names. All else is small,
 * and ends the process when there is no memory (base/mem.h says why). */
#include "base/arena.h"

#include "base/mem.h"

enum { CHUNK_BYTES = 8160, ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of bytes[] */
    _Alignas(ALIGNMENT) char bytes[];
};

struct arena_hook {
    struct arena_hook *older;
    void (*fn)(void *arg);
    void *arg;
};

static void add_chunk(struct arena *arena, struct arena_chunk *chunk, size_t size)
{
    chunk->older = arena->chunks;
    chunk->size = size;
    arena->chunks = chunk;
    arena->at = chunk->bytes;
    arena->left = size;
}

static void run_hooks(struct arena *arena)
{
    while (arena->hooks) {
        struct arena_hook *hook = arena->hooks;
        arena->hooks = hook->older;
        hook->fn(hook->arg);
    }
}

void arena_done(struct arena *arena)
{
    run_hooks(arena);
    while (arena->chunks) {
        struct arena_chunk *older = arena->chunks->older;
        mem_free(arena->chunks);
        arena->chunks = older;
    }
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    run_hooks(arena);
    while (arena->chunks && arena->chunks->older) {
        struct arena_chunk *older = arena->chunks->older;
        mem_free(arena->chunks);
        arena->chunks = older;
    }
    if (!arena->chunks)
        return;
    arena->at = arena->chunks->bytes;
    arena->left = arena->chunks->size;
}

/* At least one byte, so that there is always something to point at. */
static size_t aligned(size_t size)
{
    size_t need = (size_max(size, 1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    assert(need >= size);
    return need;
}

static void *arena_take(struct arena *arena, size_t need)
{
    void *memory = arena->at;
    arena->at += need;
    arena->left -= need;
    return memset(memory, 0, need);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t need = aligned(size);
    size_t chunk_bytes = size_max(need, CHUNK_BYTES);
    if (need > arena->left)
        add_chunk(arena, mem_resize(NULL, sizeof(struct arena_chunk) + chunk_bytes), chunk_bytes);
    return arena_take(arena, need);
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    size_t need = aligned(size);
    size_t chunk_bytes = size_max(need, CHUNK_BYTES);
    if (need > arena->left) {
        struct arena_chunk *chunk = mem_try_resize(NULL, sizeof(*chunk) + chunk_bytes);
        if (!chunk)
            return NULL;
        add_chunk(arena, chunk, chunk_bytes);
    }
    return arena_take(arena, need);
}

char *arena_text(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.at, text.len);
    return copy;
}

struct str arena_str(struct arena *arena, struct str text)
{
    return str_of(arena_text(arena, text), text.len);
}

bool arena_try_str(struct arena *arena, struct str text, struct str *copy_out)
{
    char *copy = arena_try_alloc(arena, text.len + 1);
    if (copy && text.len)
        memcpy(copy, text.at, text.len);
    *copy_out = str_of(copy, text.len);
    return copy;
}

void arena_on_reset(struct arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_hook *hook = ARENA_NEW(arena, struct arena_hook);
    hook->fn = fn;
    hook->arg = arg;
    hook->older = arena->hooks;
    arena->hooks = hook;
}
