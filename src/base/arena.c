#include "base/arena.h"

#include "base/mem.h"

enum { CHUNK_BYTES = 4064, ALIGNMENT = 16 };

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

static void add_chunk(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = mem_resize(NULL, sizeof(*chunk) + size);
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

void *arena_alloc(struct arena *arena, size_t size)
{
    /* At least one byte, so that there is always something to point at. */
    size_t need = (size_max(size, 1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    assert(need >= size);
    if (need > arena->left)
        add_chunk(arena, size_max(need, CHUNK_BYTES));
    void *memory = arena->at;
    arena->at += need;
    arena->left -= need;
    return memset(memory, 0, need);
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

void arena_on_reset(struct arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_hook *hook = ARENA_NEW(arena, struct arena_hook);
    hook->fn = fn;
    hook->arg = arg;
    hook->older = arena->hooks;
    arena->hooks = hook;
}
