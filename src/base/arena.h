/* base/arena.h: memory that dies together.
 *
 * An arena is named for what it lives with: process, connection, exchange, walk item. What is
 * allocated from it is freed by arena_reset() or arena_done(), never alone. Borrowed by every
 * function that takes it. One thread at a time. */
#pragma once

#include "base/str.h"

struct arena_chunk;
struct arena_hook;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    struct arena_hook *hooks;   /* newest first */
    char *at;                   /* the free room of the newest chunk */
    size_t left;
};

/* A zeroed struct arena is an empty one. */
void arena_done(struct arena *arena);

/* Runs the hooks and forgets all memory, but keeps one chunk for the next user. */
void arena_reset(struct arena *arena);

/* Zeroed, aligned for any object; never NULL. */
NODISCARD void *arena_alloc(struct arena *arena, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* For what a client makes large: NULL when there is no memory. */
NODISCARD void *arena_try_alloc(struct arena *arena, size_t size);

/* A copy with a NUL behind it. */
NODISCARD char *arena_text(struct arena *arena, struct str text);
NODISCARD struct str arena_str(struct arena *arena, struct str text);
/* False: there is no memory. */
NODISCARD bool arena_try_str(struct arena *arena, struct str text, struct str *copy_out);

/* Calls fn(arg) when the arena is reset or done, newest first: closes what its objects hold. */
void arena_on_reset(struct arena *arena, void (*fn)(void *arg), void *arg);
