/* server/access_log.h: a line for each request. */
#pragma once

#include "http/message.h"
#include "io/loop.h"

/* Shared by all loops. */
struct access_log {
    const char *file; /* NULL: none; "-": standard output */
    int fd;
};

NODISCARD bool access_log_open(struct access_log *log, const char *file, struct err *err);

/* Opens the file again, for who has moved it away. The old one is kept where that fails. */
void access_log_reopen(struct access_log *log);
void access_log_close(struct access_log *log);

/* The lines of one loop, written together at the end of its turn. */
struct access_lines {
    struct access_log *log;
    struct loop *loop;
    struct task task;
    struct buf lines;
};

void access_lines_init(struct access_lines *lines, struct access_log *log, struct loop *loop);
void access_lines_done(struct access_lines *lines);

/* ADDRESS [TIME] "METHOD TARGET VERSION" STATUS BYTES SECONDS "USER-AGENT"; a 207's status says
 * what was inside: 207(ok=98,423=2). In a gateway ` ORIGIN STATUS SECONDS` follows for each request
 * to an origin: a word where there is no status, and the time to the head of its answer. */
void access_lines_add(struct access_lines *lines, const struct http_stream *stream,
                      uint64_t sent_bytes, bool is_complete);
