/* An answer that must wait: in memory up to a bound, beyond that in a file without a name.
 *
 * What is written goes to `head` first, and from there to the end of the file when there is too
 * much of it; so the file's bytes come before those in memory, and what is taken is taken from the
 * file as long as there is some. When the file has been read to its end it begins anew.
 *
 * Rejected: to map the file. A full disk would end the process, and not the answer. */
#include "stream/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

void spool_init(struct spool *spool, int dir_fd, size_t memory_bytes_max)
{
    *spool = (struct spool){.dir_fd = dir_fd, .fd = -1, .memory_bytes_max = memory_bytes_max};
}

void spool_done(struct spool *spool)
{
    fd_close(spool->fd);
    spool->fd = -1;
    buf_done(&spool->head);
}

bool spool_settle(struct spool *spool, struct err *err)
{
    if (spool->head.len <= spool->memory_bytes_max)
        return true;
    if (spool->fd < 0) {
        spool->fd = openat(spool->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (spool->fd < 0)
            return err_sys(err, errno, "cannot open a temporary file");
    }
    while (spool->head.len) {
        ssize_t done = pwrite(spool->fd, spool->head.at, spool->head.len, (off_t)spool->file_bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_sys(err, errno, "cannot write a temporary file");
        spool->file_bytes += (uint64_t)done;
        buf_consume(&spool->head, (size_t)done);
    }
    if (spool->head.cap / 2 > spool->memory_bytes_max) /* one long value must not keep it */
        buf_done(&spool->head);
    return true;
}

uint64_t spool_len(const struct spool *spool)
{
    return spool->file_bytes - spool->taken + spool->head.len;
}

/* Of what is in the file. */
static bool take_from_file(struct spool *spool, struct buf *into, size_t want, struct err *err)
{
    ssize_t got;
    char *to = buf_reserve(into, want);
    do {
        got = pread(spool->fd, to, want, (off_t)spool->taken);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return err_sys(err, got < 0 ? errno : EIO, "cannot read a temporary file");
    into->len += (size_t)got;
    spool->taken += (uint64_t)got;
    if (spool->taken < spool->file_bytes)
        return true;
    spool->taken = spool->file_bytes = 0; /* it begins anew */
    return ftruncate(spool->fd, 0) == 0 || err_sys(err, errno, "cannot empty a temporary file");
}

/* Where most of it goes to a buffer that is empty, the memory itself does, and only what is left is
 * copied: a listing is half a megabyte for each thousand members. */
static void hand_over(struct buf *to, struct buf *from, size_t want)
{
    size_t len = size_min(want, from->len);
    if (to->len || len < from->len - len) {
        buf_add(to, str_first(buf_str(from), len));
        buf_consume(from, len);
        return;
    }
    struct buf empty = *to;
    *to = *from;
    *from = empty;
    buf_add(from, str_from(buf_str(to), len));
    to->len = len;
}

bool spool_take(struct spool *spool, struct buf *into, size_t want, struct err *err)
{
    uint64_t in_file = spool->file_bytes - spool->taken;
    assert(spool_len(spool) > 0);
    if (in_file)
        return take_from_file(spool, into, (size_t)u64_min(want, in_file), err);
    hand_over(into, &spool->head, want);
    return true;
}

struct source *spool_source(struct spool *spool, struct arena *arena)
{
    struct source *memory = source_of_text(arena, buf_str(&spool->head));
    if (spool->file_bytes == 0)
        return memory;
    struct source **parts = arena_alloc(arena, 2 * sizeof(*parts));
    struct file_range range = {spool->fd, 0, spool->file_bytes};
    parts[0] = source_of_file(arena, &range);
    parts[1] = memory;
    return source_of_parts(arena, parts, 2);
}
