#include "multistatus/keep.h"

#include "base/mem.h"

enum { CHUNK_BYTES = 8192, ITEMS_MIN = 16 };

struct keep_chunk {
    struct keep_chunk *older;
    size_t size; /* of bytes[] */
    char bytes[];
};

static void free_from(struct keep_chunk *chunk)
{
    while (chunk) {
        struct keep_chunk *older = chunk->older;
        mem_free(chunk);
        chunk = older;
    }
}

void keep_done(struct keep *keep)
{
    free_from(keep->chunks);
    *keep = (struct keep){0};
}

void keep_reset(struct keep *keep)
{
    if (keep->chunks) {
        free_from(keep->chunks->older);
        keep->chunks->older = NULL;
    }
    keep->used = 0;
    keep->bytes = 0;
}

static bool add_chunk(struct keep *keep, size_t need)
{
    size_t size = keep->chunks ? keep->chunks->size * 2 : CHUNK_BYTES;
    size = size_max(size, need);
    struct keep_chunk *chunk = mem_try_resize(NULL, sizeof(*chunk) + size);
    if (!chunk)
        return false;
    chunk->older = keep->chunks;
    chunk->size = size;
    keep->chunks = chunk;
    keep->used = 0;
    return true;
}

struct davit_ms_text keep_text(struct keep *keep, struct str text)
{
    if (text.len == 0)
        return (struct davit_ms_text){"", 0};
    if (!keep->chunks || text.len >= keep->chunks->size - keep->used) {
        if (!add_chunk(keep, text.len + 1))
            return (struct davit_ms_text){NULL, 0};
    }
    char *at = keep->chunks->bytes + keep->used;
    memcpy(at, text.at, text.len);
    at[text.len] = '\0';
    keep->used += text.len + 1;
    keep->bytes += text.len;
    return (struct davit_ms_text){at, text.len};
}

void *keep_list_add(struct keep_list *list, size_t item_bytes)
{
    if (list->count == list->cap) {
        size_t cap = size_max(ITEMS_MIN, list->cap * 2);
        void *items = mem_try_resize(list->items, cap * item_bytes);
        if (!items)
            return NULL;
        list->items = items;
        list->cap = cap;
    }
    return (char *)list->items + list->count++ * item_bytes;
}
