/* One fsync(2) for each upload would let the disk's latency bound the rate of all uploads together.
 * Instead, whoever comes first leads: it takes all that are waiting at that moment as its batch and
 * flushes once for the batch; those who come meanwhile form the next one. A batch of one is an
 * fsync(2) of its file; a larger one is a syncfs(2) of the file system, which costs one journal
 * commit however many files changed.
 *
 *   ticket(n) <= finished  means: the flush that covers n has ended, with the result in `code`. */
#include "store/directory/flush.h"

#include <errno.h>
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
    uint64_t waiting; /* the batch that newcomers join */
    uint64_t finished;
    unsigned waiting_count;
    bool has_leader;
    int code; /* of the last batch */
};

struct flush *flush_new(int root_fd, enum store_durability durability)
{
    struct flush *flush = MEM_NEW(struct flush);
    struct stat st;
    flush->root_fd = root_fd;
    flush->durability = durability;
    flush->waiting = 1;
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

static void lead(struct flush *flush, int fd)
{
    uint64_t batch = flush->waiting++;
    unsigned count = flush->waiting_count;
    flush->waiting_count = 0;
    flush->has_leader = true;
    pthread_mutex_unlock(&flush->mutex);
    int code = count == 1 ? sync_one(flush, fd) : syncfs(flush->root_fd) < 0 ? errno : 0;
    pthread_mutex_lock(&flush->mutex);
    flush->has_leader = false;
    flush->finished = batch;
    flush->code = code;
    pthread_cond_broadcast(&flush->batch_over);
}

int flush_wait(struct flush *flush, int fd)
{
    struct stat st;
    if (flush->durability == DURABILITY_LAZY)
        return 0;
    if (fstat(fd, &st) < 0 || st.st_dev != flush->root_dev)
        return sync_one(flush, fd);
    pthread_mutex_lock(&flush->mutex);
    uint64_t ticket = flush->waiting;
    flush->waiting_count++;
    while (flush->finished < ticket) {
        if (flush->has_leader || flush->waiting != ticket)
            pthread_cond_wait(&flush->batch_over, &flush->mutex);
        else
            lead(flush, fd);
    }
    /* A failed batch may have been followed by a good one before we woke: then syncfs(2) has
     * written what it could not, or reported it again. */
    int code = flush->code;
    pthread_mutex_unlock(&flush->mutex);
    return code;
}

int flush_tree(struct flush *flush, int fd)
{
    if (flush->durability == DURABILITY_LAZY)
        return 0;
    return syncfs(fd) < 0 ? errno : 0;
}
