/* A small file is kept as its bytes. To do so with larger ones costs more than it saves:
 * sendfile(2) lends the socket the pages of the file, and bytes that are kept are copied. What a
 * file that is not much larger costs besides is that it is opened, and so it is kept open: for 64
 * KiB that is a fifth of the whole. What was known of such a file did not last, either, as long as
 * it was opened for each request: an opening is an event for its own watch.
 *
 * An open file is not free: it holds the space of what is deleted, keeps a file system from being
 * unmounted, and takes a descriptor. So it is open for as long as it is asked for, and a second
 * longer; whoever has the files sees to it that open_files_close_unused() is called then. There is
 * a limit to how many there are in all stores, and no more than a sixteenth of the descriptors goes
 * to them. What is deleted is closed when the event is taken, or after that second.
 *
 * A file of more than 1 MiB is opened for each request: that is not seen in what sending it costs,
 * and what is freed with it, if it has been deleted, would keep the thread that closes it last.
 *
 * What makes it right is what makes all right that the cache knows: an opening for writing is an
 * event, and who has it open so already is found out by the lease that is asked for at first. The
 * lease is given back, or others would have to wait for it.
 *
 * Rejected: to keep 128 KiB in memory (twice the CPU of an open file, docs/decisions/0011); to keep
 * files open until there are too many (then they hold what they hold for days). */
#include "store/directory/cache/content.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

enum { OPEN_BYTES_MAX = 1 << 20, UNUSED_MS = 1000, DESCRIPTORS_EACH = 16 };

static atomic_size_t open_count; /* in all stores */

/* --- contents --- */

static struct cache_content *new_content(int fd, size_t len, size_t room)
{
    struct cache_content *content = mem_resize(NULL, sizeof(*content) + room);
    atomic_init(&content->refs, 1);
    content->fd = fd;
    content->len = len;
    return content;
}

void content_drop(struct cache_content *content)
{
    if (!content || atomic_fetch_sub(&content->refs, 1) != 1)
        return;
    if (content->fd >= 0)
        atomic_fetch_sub(&open_count, 1);
    fd_close(content->fd);
    mem_free(content);
}

struct cache_content *content_read(int fd, size_t len)
{
    struct cache_content *text = new_content(-1, len, len);
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(fd, text->bytes + done, len - done, (off_t)done);
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    if (done == len)
        return text;
    mem_free(text);
    return NULL;
}

void content_hold(struct content_holder *holder, struct cache_content *content)
{
    list_init(&holder->link);
    holder->content = content;
}

void content_release(struct content_holder *holder)
{
    list_remove(&holder->link);
    content_drop(holder->content);
    holder->content = NULL;
}

/* --- open files --- */

void open_files_init(struct open_files *files, const struct limits *limits)
{
    struct rlimit descriptors;
    bool is_known = getrlimit(RLIMIT_NOFILE, &descriptors) == 0;
    uint64_t share = is_known ? descriptors.rlim_cur / DESCRIPTORS_EACH : 0;
    list_init(&files->holders);
    files->count_max = (size_t)u64_min(limits->open_files, share);
}

static struct content_holder *first_of(const struct open_files *files)
{
    return CONTAINER_OF(files->holders.next, struct content_holder, link);
}

struct cache_content *open_files_keep(struct open_files *files, int fd, size_t len)
{
    if (len > OPEN_BYTES_MAX)
        return NULL;
    if (atomic_load(&open_count) >= files->count_max && !list_is_empty(&files->holders))
        content_release(first_of(files));
    if (atomic_load(&open_count) >= files->count_max || fcntl(fd, F_SETLEASE, F_UNLCK) < 0)
        return NULL;
    int kept_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (kept_fd < 0)
        return NULL;
    atomic_fetch_add(&open_count, 1);
    return new_content(kept_fd, len, 0);
}

bool open_files_use(struct open_files *files, struct content_holder *holder)
{
    bool is_first = list_is_empty(&files->holders);
    if (!holder->content || holder->content->fd < 0)
        return false;
    holder->used_ms = clock_mono_ms();
    list_remove(&holder->link);
    list_append(&files->holders, &holder->link);
    return is_first;
}

int64_t open_files_close_unused(struct open_files *files)
{
    int64_t unused_ms = clock_mono_ms() - UNUSED_MS;
    while (!list_is_empty(&files->holders) && first_of(files)->used_ms <= unused_ms)
        content_release(first_of(files));
    return list_is_empty(&files->holders) ? INT64_MAX : first_of(files)->used_ms + UNUSED_MS;
}
