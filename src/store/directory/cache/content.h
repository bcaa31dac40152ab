/* store/directory/cache/content.h: the content of a file, kept for whoever reads it next: a small
 * one's bytes, or a larger one that is open. */
#pragma once

#include <stdatomic.h>

#include "base/limits.h"
#include "base/list.h"

struct cache_content {
    atomic_uint refs;
    int fd; /* -1: these bytes */
    size_t len;
    char bytes[];
};

/* NULL is fine. */
void content_drop(struct cache_content *content);

/* All `len` bytes of what is open. NULL: they cannot be read. Gives. */
NODISCARD struct cache_content *content_read(int fd, size_t len);

/* The files that are kept open for one store, and no longer than they are used; guarded by whoever
 * has them. */
struct open_files {
    struct list holders; /* of those that are open; the longest unused first */
    size_t count_max;
};

/* Who holds a content. Embedded; `content` is NULL where there is none, or it was closed. */
struct content_holder {
    struct list link;
    int64_t used_ms;
    struct cache_content *content;
};

void open_files_init(struct open_files *files, const struct limits *limits);

/* What is behind fd, of which this is the only descriptor, opened for good. NULL: it is not. Gives.
 */
NODISCARD struct cache_content *open_files_keep(struct open_files *files, int fd, size_t len);

/* Takes the content, or none. */
void content_hold(struct content_holder *holder, struct cache_content *content);
void content_release(struct content_holder *holder);

/* It is being read; where it is open, it stays so. True: there was none to be closed before. */
bool open_files_use(struct open_files *files, struct content_holder *holder);

/* Closes what nobody has read of late. When there will be more to close, by clock_mono_ms();
 * INT64_MAX: never. */
int64_t open_files_close_unused(struct open_files *files);
