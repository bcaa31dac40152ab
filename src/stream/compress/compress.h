/* stream/compress/compress.h: a body that is packed while it is pulled. */
#pragma once

#include "stream/source.h"

enum compression {
    COMPRESSION_GZIP,   /* RFC 1952 */
    COMPRESSION_BROTLI, /* RFC 7932 */
    COMPRESSION_ZSTD,   /* RFC 8878, with a window that RFC 9659 §3 allows */
    COMPRESSION_COUNT,
};

/* What the packing of one body takes of memory, at most. */
uint64_t compression_memory_bytes(enum compression compression);

/* `inner`, packed. `is_live`: who reads it is to see at once what there is, also when the rest
 * takes its time; otherwise the same content is always packed into the same bytes. Takes inner;
 * gives; memory from the arena. */
NODISCARD struct source *source_compressed(struct arena *arena, struct source *inner,
                                           enum compression compression, bool is_live);
