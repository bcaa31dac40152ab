/* stream/spool.h: an answer that must be complete before it is sent, and may be long: the first
 * bytes stay in memory, the rest goes to a file that has no name. Memory does not grow with it. */
#pragma once

#include "stream/source.h"

struct spool {
    struct buf head;     /* the bytes in memory: those after the file's */
    int dir_fd;          /* where the file is made; borrows */
    int fd;              /* -1: nothing has been spilled */
    uint64_t file_bytes; /* in the file */
    size_t memory_bytes_max;
};

void spool_init(struct spool *spool, int dir_fd, size_t memory_bytes_max);
void spool_done(struct spool *spool);

/* The buffer to write to; call spool_settle() now and then, when it may have grown. */
static inline struct buf *spool_buf(struct spool *spool)
{
    return &spool->head;
}

/* Moves what stands in memory to the file where it is more than it should be. */
NODISCARD bool spool_settle(struct spool *spool, struct err *err);

uint64_t spool_len(const struct spool *spool);

/* Reads it from the start; the spool must outlive the source. Gives; memory from the arena. */
NODISCARD struct source *spool_source(struct spool *spool, struct arena *arena);
