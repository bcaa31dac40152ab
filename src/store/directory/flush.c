/* Whoever has changed something waits until it is on the disk, each on a worker of his own, so that
 * the kernel has many flushes before it at a time: it writes what is to be written for all of them
 * together, and file systems with a journal commit once for all that wait.
 *
 * What many wait for at a time is the collection in which they have given, taken or changed names.
 * Those share: whoever comes first leads, takes all that wait for it at that moment as his batch,
 * and flushes once for the batch; those who come meanwhile form the next one.
 *
 * Rejected: a syncfs(2) of the file system for a batch, whatever is in it. It waits for all that
 * others have written there as well, a download or a backup of some gigabytes, too.
 *
 * A new file is flushed once, after it was given its name. So that a loss of power in between
 * leaves no name with nothing behind it, the content is written before that (flush_content), and
 * what the file system then has to flush is metadata: with a journal it keeps that in order itself,
 * without one the file is flushed before its collection. What replaces a file is flushed before it
 * does so all the same: there is something to lose.
 *
 * Each who waits has a ticket of its own for the result. The kernel reports a failed write once: a
 * later flush that succeeds says nothing about the batch before it. */
#include "store/directory/flush.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

struct flush {
    int root_fd;
    enum store_durability durability;
    pthread_mutex_t mutex; /* guards what follows, and all tickets */
    struct list waiting;   /* tickets that no leader has taken yet */
    struct list leading;   /* of leaders whose batch is being flushed */
};

/* On the stack of who waits. */
struct ticket {
    struct list link;
    dev_t dev; /* what he waits for */
    ino_t ino;
    pthread_cond_t woken;
    bool is_done;
    int code;
};

struct flush *flush_new(int root_fd, enum store_durability durability)
{
    struct flush *flush = MEM_NEW(struct flush);
    flush->root_fd = root_fd;
    flush->durability = durability;
    list_init(&flush->waiting);
    list_init(&flush->leading);
    pthread_mutex_init(&flush->mutex, NULL);
    return flush;
}

void flush_free(struct flush *flush)
{
    if (!flush)
        return;
    pthread_mutex_destroy(&flush->mutex);
    mem_free(flush);
}

static int sync_one(const struct flush *flush, int fd)
{
    if (fsync(fd) == 0)
        return 0;
    /* EBADF: a directory that may not be read, opened as a mere place (O_PATH). */
    return errno == EBADF && syncfs(flush->root_fd) == 0 ? 0 : errno;
}

static struct ticket *ticket_of(struct list *link)
{
    return CONTAINER_OF(link, struct ticket, link);
}

/* The first in the list that is for the same as `ticket`, beginning with itself where it is there;
 * NULL: none. */
static struct ticket *find_same(struct list *tickets, const struct ticket *ticket)
{
    LIST_EACH (tickets, link) {
        struct ticket *other = ticket_of(link);
        if (other->ino == ticket->ino && other->dev == ticket->dev)
            return other;
    }
    return NULL;
}

/* Flushes for all that wait for the same. */
static void lead(struct flush *flush, struct ticket *ticket, int fd)
{
    struct list batch;
    struct ticket *other;
    list_init(&batch);
    list_remove(&ticket->link);
    while ((other = find_same(&flush->waiting, ticket))) {
        list_remove(&other->link);
        list_append(&batch, &other->link);
    }
    list_append(&flush->leading, &ticket->link);
    pthread_mutex_unlock(&flush->mutex);
    int code = sync_one(flush, fd);
    pthread_mutex_lock(&flush->mutex);
    list_remove(&ticket->link);
    ticket->is_done = true;
    ticket->code = code;
    LIST_EACH (&batch, link) {
        other = ticket_of(link);
        other->is_done = true;
        other->code = code;
        pthread_cond_signal(&other->woken); /* he still has to get the mutex */
    }
    other = find_same(&flush->waiting, ticket); /* who leads next */
    if (other)
        pthread_cond_signal(&other->woken);
}

int flush_wait(struct flush *flush, int fd)
{
    struct ticket ticket = {.woken = PTHREAD_COND_INITIALIZER};
    struct stat st;
    if (flush->durability == DURABILITY_LAZY)
        return 0;
    if (fstat(fd, &st) < 0)
        return errno;
    ticket.dev = st.st_dev;
    ticket.ino = st.st_ino;
    pthread_mutex_lock(&flush->mutex);
    list_append(&flush->waiting, &ticket.link);
    while (!ticket.is_done) {
        if (find_same(&flush->leading, &ticket))
            pthread_cond_wait(&ticket.woken, &flush->mutex);
        else
            lead(flush, &ticket, fd);
    }
    pthread_mutex_unlock(&flush->mutex);
    pthread_cond_destroy(&ticket.woken);
    return ticket.code;
}

int flush_content(struct flush *flush, int fd)
{
    const unsigned flags =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (flush->durability == DURABILITY_LAZY || sync_file_range(fd, 0, 0, flags) == 0)
        return 0;
    return errno == EIO || errno == ENOSPC || errno == EDQUOT ? errno : sync_one(flush, fd);
}

/* The file first: without a journal, nothing but this order keeps a name from leading to nothing.
 * Nobody else waits for a new file, so it has no ticket. */
int flush_named(struct flush *flush, int fd, int dir_fd)
{
    int code = flush->durability == DURABILITY_LAZY ? 0 : sync_one(flush, fd);
    return code ? code : flush_wait(flush, dir_fd);
}

int flush_tree(struct flush *flush, int fd)
{
    if (flush->durability == DURABILITY_LAZY || syncfs(fd) == 0)
        return 0;
    return errno == EBADF && syncfs(flush->root_fd) == 0 ? 0 : errno; /* as above */
}
