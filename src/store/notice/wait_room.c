#include "store/notice/wait_room.h"

static void post(struct executor *executor, struct job *job)
{
    struct wait_room *room = CONTAINER_OF(executor, struct wait_room, executor);
    pthread_mutex_lock(&room->mutex);
    list_append(&room->posted, &job->link);
    pthread_cond_signal(&room->has_posted);
    pthread_mutex_unlock(&room->mutex);
}

static const struct executor_ops room_ops = {.post = post};

void wait_room_init(struct wait_room *room)
{
    *room = (struct wait_room){.executor.ops = &room_ops};
    pthread_mutex_init(&room->mutex, NULL);
    pthread_cond_init(&room->has_posted, NULL);
    list_init(&room->posted);
}

void wait_room_done(struct wait_room *room)
{
    pthread_cond_destroy(&room->has_posted);
    pthread_mutex_destroy(&room->mutex);
}

void wait_room_run(struct wait_room *room)
{
    pthread_mutex_lock(&room->mutex);
    while (list_is_empty(&room->posted))
        pthread_cond_wait(&room->has_posted, &room->mutex);
    struct job *job = CONTAINER_OF(room->posted.next, struct job, link);
    list_remove(&job->link);
    pthread_mutex_unlock(&room->mutex);
    job->done(job);
}
