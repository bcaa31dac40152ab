/* stream/spool.h: an answer, or a part of one, that must be complete before it is sent, and may be
 * long: what is too much for memory goes to a file that has no name. Memory does not grow with it.
 */
#pragma once

#include "stream/source.h"

struct spool {
    struct buf head;     /* the bytes in memory: those after the file's */
    int dir_fd;          /* where the file is made; borrows */
    int fd;              /* -1: nothing has been spilled */
    uint64_t file_bytes; /* in the file */
    uint64_t taken;      /* of those, by spool_take() */
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

/* What has not been taken. */
uint64_t spool_len(const struct spool *spool);

/* Takes at most `want` bytes from the front, and appends them to `into`; there must be some. More
 * may be written between two calls. */
NODISCARD bool spool_take(struct spool *spool, struct buf *into, size_t want, struct err *err);

/* Reads it from the start; the spool must outlive the source. Gives; memory from the arena. */
NODISCARD struct source *spool_source(struct spool *spool, struct arena *arena);
