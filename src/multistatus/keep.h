/* multistatus/keep.h: text that is kept until it is forgotten all at once, and lists that grow. As
 * base/arena.h, but without memory they say so: this is part of libdavit. */
#pragma once

#include "base/str.h"
#include "davit/multistatus.h"

struct keep_chunk;

struct keep {
    struct keep_chunk *chunks; /* newest first */
    size_t used;               /* of the newest */
    size_t bytes;              /* kept since the last reset */
};

/* A zeroed struct keep is an empty one. */
void keep_done(struct keep *keep);

/* Forgets all text, and keeps the newest chunk, which is the largest. */
void keep_reset(struct keep *keep);

/* A copy with a NUL behind it; at == NULL: there is no memory. */
NODISCARD struct davit_ms_text keep_text(struct keep *keep, struct str text);

/* Items of one size. A zeroed one is empty; free `items` with mem_free(). */
struct keep_list {
    void *items;
    size_t count;
    size_t cap;
};

/* Another item at the end, to be filled by the caller; NULL: there is no memory. Moves the items.
 */
NODISCARD void *keep_list_add(struct keep_list *list, size_t item_bytes);

static inline struct str str_of_text(struct davit_ms_text text)
{
    return str_of(text.at, text.len);
}
