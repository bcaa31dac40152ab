/* stream/source.h: a body that is pulled.
 *
 * DATA: at least one byte was appended to `into`, at most `want`.
 * WAIT: nothing now; the source's waker rings once when a pull can progress.
 * END:  no more bytes, now or ever.
 * FAIL: `err` says why; only close is legal after it. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum pull { PULL_DATA, PULL_WAIT, PULL_END, PULL_FAIL };

/* Told, on the consumer's thread, that something may go on. Embedded in who wants to know. */
struct waker {
    void (*ring)(struct waker *waker);
};

struct source {
    const struct source_ops *ops;
    struct waker *waker; /* set by the consumer before the first pull; NULL: never waits */
};

/* The bytes that come next, as a part of an open file: what sendfile(2) wants. */
struct file_range {
    int fd;
    uint64_t offset;
    uint64_t len; /* at least 1 */
};

struct source_ops {
    const char *name;

    /* May it block on a disk or a database, who makes the source has it pulled on a worker
     * (stream/offload.h). */
    enum pull (*pull)(struct source *self, struct buf *into, size_t want, struct err *err);

    /* Optional, both or none. peek_file: false when what comes next is not in a file. */
    bool (*peek_file)(const struct source *self, struct file_range *range_out);
    void (*skip)(struct source *self, uint64_t len); /* bytes of that range that were sent */

    /* Optional. What comes next goes into a pipe without passing through the process: DATA with
     * *len_out bytes, at most `want`, or 0 where that is not possible just now, or not at all: then
     * the pipe has no room, or pull() has the bytes. All else as of pull(). */
    enum pull (*splice)(struct source *self, int pipe_fd, size_t want, size_t *len_out,
                        struct err *err);

    /* Optional. Releases what the source holds; its memory belongs to who made it. */
    void (*close)(struct source *self);
};

NODISCARD enum pull source_pull(struct source *source, struct buf *into, size_t want,
                                struct err *err);

/* Only where there is such an op. */
NODISCARD enum pull source_splice(struct source *source, int pipe_fd, size_t want, size_t *len_out,
                                  struct err *err);

/* Takes; NULL is fine. */
void source_close(struct source **source);

void source_wake(struct source *source);

/* A source of `bytes`, which must outlive it. Gives; memory from the arena. */
NODISCARD struct source *source_of_text(struct arena *arena, struct str bytes);

/* A source of `len` bytes of an open file from `offset` on. Borrows fd until closed. A file that
 * has become too short makes it FAIL. Gives; memory from the arena. */
NODISCARD struct source *source_of_file(struct arena *arena, const struct file_range *range);

/* One source after the other. Takes the sources; borrows the array until closed. */
NODISCARD struct source *source_of_parts(struct arena *arena, struct source **parts, size_t count);
