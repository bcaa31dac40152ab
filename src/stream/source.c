/* The sources that need nothing but bytes, a file, or other sources, and the rules that all keep.
 * source_pull() checks what a source promises at each pull: DATA means that something was appended
 * and at most what was asked for, any other answer that nothing was. A source that breaks this is
 * caught in the first test that pulls it, not in a corrupted download.
 *
 *   text    a view; what it views must live on.
 *   file    a part of an open file, read with pread(2), so that several sources can share one
 *           descriptor. Its length was announced before: a file that has become shorter fails, one
 *           that has become longer is sent as far as announced.
 *   parts   one after the other; each is closed as soon as it has ended. It shows the file range of
 *           the part it is at, so that an answer made of text and file still leaves by sendfile(2).
 *
 * Memory is the arena's; closing releases only what a source holds besides. */
#include "stream/source.h"

#include <errno.h>
#include <unistd.h>

enum pull source_pull(struct source *source, struct buf *into, size_t want, struct err *err)
{
    assert(want > 0);
    size_t before = into->len;
    enum pull result = source->ops->pull(source, into, want, err);
    assert((result == PULL_DATA) == (into->len > before) || result == PULL_FAIL);
    assert(into->len - before <= want);
    return result;
}

enum pull source_splice(struct source *source, int pipe_fd, size_t want, size_t *len_out,
                        struct err *err)
{
    assert(want > 0);
    *len_out = 0;
    enum pull result = source->ops->splice(source, pipe_fd, want, len_out, err);
    assert(result == PULL_DATA || *len_out == 0);
    assert(*len_out <= want);
    return result;
}

void source_close(struct source **source)
{
    struct source *closing = *source;
    *source = NULL;
    if (closing && closing->ops->close)
        closing->ops->close(closing);
}

void source_wake(struct source *source)
{
    if (source->waker)
        source->waker->ring(source->waker);
}

/* --- text --- */

struct text_source {
    struct source base;
    struct str rest;
};

static enum pull text_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    (void)err; /* memory does not fail */
    struct text_source *text = CONTAINER_OF(self, struct text_source, base);
    if (text->rest.len == 0)
        return PULL_END;
    struct str part = str_first(text->rest, want);
    buf_add(into, part);
    text->rest = str_from(text->rest, part.len);
    return PULL_DATA;
}

static const struct source_ops text_ops = {.name = "text", .pull = text_pull};

struct source *source_of_text(struct arena *arena, struct str bytes)
{
    struct text_source *text = ARENA_NEW(arena, struct text_source);
    text->base.ops = &text_ops;
    text->rest = bytes;
    return &text->base;
}

/* --- file --- */

struct file_source {
    struct source base;
    struct file_range rest; /* len may be 0 */
};

static enum pull file_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct file_source *file = CONTAINER_OF(self, struct file_source, base);
    if (file->rest.len == 0)
        return PULL_END;
    size_t len = (size_t)u64_min(want, file->rest.len);
    char *to = buf_reserve(into, len);
    ssize_t got;
    do {
        got = pread(file->rest.fd, to, len, (off_t)file->rest.offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        err_sys(err, errno, "cannot read a file");
        return PULL_FAIL;
    }
    if (got == 0) {
        err_set(err, 0, "a file became shorter while it was sent");
        return PULL_FAIL;
    }
    into->len += (size_t)got;
    file->rest.offset += (uint64_t)got;
    file->rest.len -= (uint64_t)got;
    return PULL_DATA;
}

static bool file_peek(const struct source *self, struct file_range *range_out)
{
    const struct file_source *file = (const struct file_source *)(const void *)self;
    if (file->rest.len == 0)
        return false;
    *range_out = file->rest;
    return true;
}

static void file_skip(struct source *self, uint64_t len)
{
    struct file_source *file = CONTAINER_OF(self, struct file_source, base);
    assert(len <= file->rest.len);
    file->rest.offset += len;
    file->rest.len -= len;
}

static const struct source_ops file_ops = {
    .name = "file",
    .pull = file_pull,
    .peek_file = file_peek,
    .skip = file_skip,
};

struct source *source_of_file(struct arena *arena, const struct file_range *range)
{
    struct file_source *file = ARENA_NEW(arena, struct file_source);
    file->base.ops = &file_ops;
    file->rest = *range;
    return &file->base;
}

/* --- parts --- */

struct parts_source {
    struct source base;
    struct source **parts;
    size_t count;
    size_t current;
};

static enum pull parts_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct parts_source *all = CONTAINER_OF(self, struct parts_source, base);
    while (all->current < all->count) {
        struct source *part = all->parts[all->current];
        part->waker = self->waker;
        enum pull result = source_pull(part, into, want, err);
        if (result != PULL_END)
            return result;
        source_close(&all->parts[all->current++]);
    }
    return PULL_END;
}

static bool parts_peek(const struct source *self, struct file_range *range_out)
{
    const struct parts_source *all = (const struct parts_source *)(const void *)self;
    if (all->current == all->count)
        return false;
    const struct source *part = all->parts[all->current];
    return part->ops->peek_file && part->ops->peek_file(part, range_out);
}

static void parts_skip(struct source *self, uint64_t len)
{
    struct parts_source *all = CONTAINER_OF(self, struct parts_source, base);
    struct source *part = all->parts[all->current];
    part->ops->skip(part, len);
}

static void parts_close(struct source *self)
{
    struct parts_source *all = CONTAINER_OF(self, struct parts_source, base);
    for (; all->current < all->count; all->current++)
        source_close(&all->parts[all->current]);
}

static const struct source_ops parts_ops = {
    .name = "parts",
    .pull = parts_pull,
    .peek_file = parts_peek,
    .skip = parts_skip,
    .close = parts_close,
};

struct source *source_of_parts(struct arena *arena, struct source **parts, size_t count)
{
    struct parts_source *all = ARENA_NEW(arena, struct parts_source);
    all->base.ops = &parts_ops;
    all->parts = parts;
    all->count = count;
    return &all->base;
}
