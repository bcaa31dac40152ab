#include "server/listen/handover.h"

#include "base/fd.h"
#include "base/mem.h"
#include "io/loop.h"

struct parcel {
    struct list link;
    struct handed handed;
};

static void take_all(struct job *job)
{
    struct handover *handover = CONTAINER_OF(job, struct handover, job);
    struct list parcels;
    list_init(&parcels);
    pthread_mutex_lock(&handover->mutex);
    list_splice(&parcels, &handover->waiting);
    handover->is_posted = false;
    pthread_mutex_unlock(&handover->mutex);
    while (!list_is_empty(&parcels)) {
        struct parcel *parcel = CONTAINER_OF(parcels.next, struct parcel, link);
        list_remove(&parcel->link);
        handover->arrived(handover, &parcel->handed);
        mem_free(parcel);
    }
}

void handover_init(struct handover *handover, struct list *all, struct loop *loop,
                   void (*arrived)(struct handover *handover, const struct handed *handed))
{
    list_append(all, &handover->link);
    handover->all = all;
    handover->loop = loop;
    handover->arrived = arrived;
    handover->job.done = take_all;
    list_init(&handover->waiting);
    pthread_mutex_init(&handover->mutex, NULL);
}

static size_t count_of(const struct handover *handover)
{
    return atomic_load_explicit(&handover->count, memory_order_relaxed);
}

struct handover *handover_choose(struct handover *own)
{
    struct handover *least = own;
    LIST_EACH (own->all, link) {
        struct handover *other = CONTAINER_OF(link, struct handover, link);
        if (count_of(other) < count_of(least))
            least = other;
    }
    atomic_fetch_add_explicit(&least->count, 1, memory_order_relaxed);
    return least;
}

void handover_gone(struct handover *handover)
{
    atomic_fetch_sub_explicit(&handover->count, 1, memory_order_relaxed);
}

void handover_give(struct handover *handover, const struct handed *handed)
{
    struct parcel *parcel = MEM_NEW(struct parcel);
    parcel->handed = *handed;
    pthread_mutex_lock(&handover->mutex);
    list_append(&handover->waiting, &parcel->link);
    bool is_first = !handover->is_posted;
    handover->is_posted = true;
    pthread_mutex_unlock(&handover->mutex);
    if (is_first)
        executor_post(loop_executor(handover->loop), &handover->job);
}

void handover_done(struct handover *handover)
{
    while (!list_is_empty(&handover->waiting)) {
        struct parcel *parcel = CONTAINER_OF(handover->waiting.next, struct parcel, link);
        list_remove(&parcel->link);
        fd_close(parcel->handed.fd);
        mem_free(parcel);
    }
    pthread_mutex_destroy(&handover->mutex);
}
