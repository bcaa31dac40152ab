/* Calls about one upload come one after the other, and wait for nobody else's. Each upload that a
 * call is about has a lock of its own, as long as there is one: to prepare a commit may be to read
 * 20 GiB, and that is nobody's affair but its client's. An owner has one, too: his uploads are made
 * one at a time, so that limits hold.
 *
 * Who comes again and again, since nothing has been answered yet, would have all threads wait for
 * one upload; so that many calls are let in and no more, but for what a client has sent already.
 *
 * Rejected: a fixed number of locks, each for all uploads with a hash (a sixteenth of them waited
 * for one that was read); a lock in each record (flock), which is for other processes, and between
 * threads would be two system calls more. */
#include "store/resumable/queues.h"

#include "base/mem.h"

/* More than a client sends pieces of one upload at a time, fewer than there are workers. */
enum { CALLS_MAX = 6 };

struct queue {
    struct map_entry entry;
    char key[16 + 1 + RESUMABLE_ID_BYTES_MAX + 1]; /* the mark, the id */
    unsigned calls;                                /* one of which has its turn */
    pthread_mutex_t turn;
};

void queues_init(struct queues *queues)
{
    pthread_mutex_init(&queues->mutex, NULL);
}

void queues_done(struct queues *queues)
{
    assert(queues->map.count == 0);
    map_done(&queues->map);
    pthread_mutex_destroy(&queues->mutex);
}

static struct queue *queue_of(struct map_entry *entry)
{
    return entry ? CONTAINER_OF(entry, struct queue, entry) : NULL;
}

static struct queue *new_queue(struct queues *queues, const char *key)
{
    struct queue *queue = MEM_NEW(struct queue);
    memcpy(queue->key, key, strlen(key));
    pthread_mutex_init(&queue->turn, NULL);
    map_add(&queues->map, &queue->entry, str_of_c(queue->key));
    return queue;
}

struct queue *queue_enter(struct queues *queues, uint64_t mark, struct str id,
                          enum patience patience)
{
    char key[sizeof(((struct queue *)0)->key)];
    str_print(key, sizeof(key), "%016llx/%.*s", (unsigned long long)mark, STR_ARGS(id));
    pthread_mutex_lock(&queues->mutex);
    struct queue *queue = queue_of(map_find(&queues->map, str_of_c(key)));
    bool is_full = queue && patience == ENTERS_WITH_ROOM && queue->calls >= CALLS_MAX;
    if (!queue)
        queue = new_queue(queues, key);
    queue->calls += !is_full;
    pthread_mutex_unlock(&queues->mutex);
    if (is_full)
        return NULL;
    pthread_mutex_lock(&queue->turn);
    return queue;
}

void queue_leave(struct queues *queues, struct queue *queue)
{
    pthread_mutex_unlock(&queue->turn);
    pthread_mutex_lock(&queues->mutex);
    bool is_last = --queue->calls == 0;
    if (is_last)
        map_remove(&queues->map, &queue->entry);
    pthread_mutex_unlock(&queues->mutex);
    if (!is_last)
        return;
    pthread_mutex_destroy(&queue->turn);
    mem_free(queue);
}
