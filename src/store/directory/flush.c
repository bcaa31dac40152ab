/* One fsync(2) for each upload would let the disk's latency bound the rate of all uploads together.
 * Instead, whoever comes first leads: it takes all that are waiting at that moment as its batch and
 * flushes once for the batch; those who come meanwhile form the next one. A batch of one is an
 * fsync(2) of its file; a larger one is a syncfs(2) of the file system, which costs one journal
 * commit however many files changed.
 *
 * A new file is flushed once, after it was given its name. So that a loss of power in between
 * leaves no name with nothing behind it, the content is written before that (flush_content): what a
 * file system then has to flush is metadata, which it keeps in order. What replaces a file is
 * flushed before it does so all the same: there is something to lose.
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
    dev_t root_dev;
    enum store_durability durability;
    pthread_mutex_t mutex;
    pthread_cond_t batch_over;
    struct list waiting; /* tickets of the batch that newcomers join */
    bool has_leader;
};

/* On the stack of who waits. */
struct ticket {
    struct list link;
    bool is_done;
    int code;
};

struct flush *flush_new(int root_fd, enum store_durability durability)
{
    struct flush *flush = MEM_NEW(struct flush);
    struct stat st;
    flush->root_fd = root_fd;
    flush->durability = durability;
    list_init(&flush->waiting);
    if (fstat(root_fd, &st) == 0)
        flush->root_dev = st.st_dev;
    pthread_mutex_init(&flush->mutex, NULL);
    pthread_cond_init(&flush->batch_over, NULL);
    return flush;
}

void flush_free(struct flush *flush)
{
    if (!flush)
        return;
    pthread_cond_destroy(&flush->batch_over);
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

static int sync_both(const struct flush *flush, int fd, int dir_fd)
{
    int code = sync_one(flush, fd);
    return code || dir_fd < 0 ? code : sync_one(flush, dir_fd);
}

/* The descriptors are the leader's own, whose ticket is among those that wait. */
static void lead(struct flush *flush, int fd, int dir_fd)
{
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &flush->waiting);
    bool is_alone = batch.next->next == &batch;
    flush->has_leader = true;
    pthread_mutex_unlock(&flush->mutex);
    int code = is_alone ? sync_both(flush, fd, dir_fd) : syncfs(flush->root_fd) < 0 ? errno : 0;
    pthread_mutex_lock(&flush->mutex);
    flush->has_leader = false;
    LIST_EACH (&batch, link) {
        struct ticket *ticket = CONTAINER_OF(link, struct ticket, link);
        ticket->is_done = true;
        ticket->code = code;
    }
    pthread_cond_broadcast(&flush->batch_over);
}

/* dir_fd: -1 where there is none. */
static int wait_for(struct flush *flush, int fd, int dir_fd)
{
    struct ticket ticket = {0};
    struct stat st;
    if (flush->durability == DURABILITY_LAZY)
        return 0;
    if (fstat(fd, &st) < 0 || st.st_dev != flush->root_dev)
        return sync_both(flush, fd, dir_fd);
    pthread_mutex_lock(&flush->mutex);
    list_append(&flush->waiting, &ticket.link);
    while (!ticket.is_done) {
        if (flush->has_leader)
            pthread_cond_wait(&flush->batch_over, &flush->mutex);
        else
            lead(flush, fd, dir_fd);
    }
    pthread_mutex_unlock(&flush->mutex);
    return ticket.code;
}

int flush_wait(struct flush *flush, int fd)
{
    return wait_for(flush, fd, -1);
}

int flush_content(struct flush *flush, int fd)
{
    const unsigned flags =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (flush->durability == DURABILITY_LAZY || sync_file_range(fd, 0, 0, flags) == 0)
        return 0;
    return errno == EIO || errno == ENOSPC || errno == EDQUOT ? errno : sync_one(flush, fd);
}

int flush_named(struct flush *flush, int fd, int dir_fd)
{
    return wait_for(flush, fd, dir_fd);
}

int flush_tree(struct flush *flush, int fd)
{
    if (flush->durability == DURABILITY_LAZY || syncfs(fd) == 0)
        return 0;
    return errno == EBADF && syncfs(flush->root_fd) == 0 ? 0 : errno; /* as above */
}
