#include "store/upload.h"

#include <pthread.h>

/* Where a thread waits until a sink rings: an executor of its own, to which nothing can be
 * submitted, for as long as one call takes. A sink rings once for each WAIT, and that is waited
 * for; so nobody knows of it any more when it goes. */
struct wait_room {
    struct executor executor;
    struct waker waker;
    pthread_mutex_t mutex; /* guards posted */
    pthread_cond_t has_posted;
    struct list posted;
    bool is_rung;
};

static void post(struct executor *executor, struct job *job)
{
    struct wait_room *room = CONTAINER_OF(executor, struct wait_room, executor);
    pthread_mutex_lock(&room->mutex);
    list_append(&room->posted, &job->link);
    pthread_cond_signal(&room->has_posted);
    pthread_mutex_unlock(&room->mutex);
}

static const struct executor_ops room_ops = {.post = post};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct wait_room, waker)->is_rung = true;
}

static void enter(struct wait_room *room, struct sink *sink)
{
    *room = (struct wait_room){.executor.ops = &room_ops, .waker.ring = ring};
    pthread_mutex_init(&room->mutex, NULL);
    pthread_cond_init(&room->has_posted, NULL);
    list_init(&room->posted);
    sink->waker = &room->waker;
    sink->executor = &room->executor;
}

static void leave(struct wait_room *room)
{
    pthread_cond_destroy(&room->has_posted);
    pthread_mutex_destroy(&room->mutex);
}

static void wait_for_ring(struct wait_room *room)
{
    while (!room->is_rung) {
        pthread_mutex_lock(&room->mutex);
        while (list_is_empty(&room->posted))
            pthread_cond_wait(&room->has_posted, &room->mutex);
        struct job *job = CONTAINER_OF(room->posted.next, struct job, link);
        list_remove(&job->link);
        pthread_mutex_unlock(&room->mutex);
        job->done(job);
    }
    room->is_rung = false;
}

/* bytes == NULL: ends it. */
static enum store_rc push_all(struct sink *sink, struct str *bytes)
{
    struct wait_room room;
    enum push pushed;
    unsigned code = STORE_OK;
    enter(&room, sink);
    while ((pushed = bytes ? sink_push(sink, bytes, &code) : sink_end(sink, &code)) == PUSH_WAIT)
        wait_for_ring(&room);
    leave(&room);
    return pushed == PUSH_FAIL ? (enum store_rc)code : STORE_OK;
}

enum store_rc store_upload_write(struct store_upload *upload, struct str bytes)
{
    struct sink *sink = &upload->sink;
    return sink->waits ? push_all(sink, &bytes) : (enum store_rc)sink_write(sink, bytes);
}

enum store_rc store_upload_end(struct store_upload *upload)
{
    return upload->sink.waits ? push_all(&upload->sink, NULL) : STORE_OK;
}
