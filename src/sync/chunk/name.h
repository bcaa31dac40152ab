/* sync/chunk/name.h: what the names of chunks say of their order. */
#pragma once

#include "base/str.h"

/* What is known of a chunk that comes. */
struct chunk_said {
    struct str name;
    struct str offset;   /* the field OC-Chunk-Offset; empty: it is not there */
    uint64_t size_bytes; /* UINT64_MAX: not known yet */
};

/* Where it has its place among the others. */
struct chunk_place {
    uint64_t key;       /* they are joined in the order of these */
    uint64_t next;      /* the key of the one that follows at once; UINT64_MAX: not known */
    bool is_first;      /* nothing comes before it */
    bool key_is_offset; /* keys are where they begin, and must meet */
};

/* False: the name, or the field, says nothing that has an order. */
NODISCARD bool chunk_place(const struct chunk_said *said, struct chunk_place *place_out);
