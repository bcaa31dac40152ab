/* libcurl says which sockets it wants watched for what, and takes that back when a request is over,
 * although the connection is kept for the next one. To follow it to the letter would be two
 * epoll_ctl(2) for each request. So one that was opened for libcurl, and has been waited for an
 * answer, stays watched until it is closed: while it is idle nothing comes, or the server closes
 * it, and then it is not watched any longer, for it would be ready for ever. libcurl looks at it
 * before it is used again.
 *
 * A ready socket is only noted: libcurl is called by the client's task (client.c).
 *
 * Nobody is told when others are closed: of those that are still connecting (libcurl calls
 * CURLOPT_CLOSESOCKETFUNCTION only when they have), and of the pairs by which its threads wake it
 * that look up names. These are not watched any longer when libcurl does not wait for them.
 *
 * Invariants
 *  (1) what is watched is in `known`, and is not closed: a number may be another's by then;
 *  (2) one is in `ready` only while libcurl waits for it. */
#include "client/sockets.h"

#include <sys/epoll.h>

#include "base/fd.h"
#include "base/mem.h"

struct known_socket {
    struct map_entry entry; /* its key is the watch's fd */
    struct watch watch;
    struct sockets *sockets;
    struct list link;    /* in sockets->ready */
    uint32_t watched;    /* for these events; 0: not at all */
    uint32_t events;     /* that have come */
    bool is_awaited;     /* libcurl waits for it */
    bool is_told_of_end; /* it will be closed by sockets_close() */
};

static struct str key_of(const int *fd)
{
    return str_of((const char *)fd, sizeof(*fd));
}

static struct known_socket *find(const struct sockets *sockets, int fd)
{
    struct map_entry *entry = map_find(&sockets->known, key_of(&fd));
    return entry ? CONTAINER_OF(entry, struct known_socket, entry) : NULL;
}

static void unwatch(struct known_socket *known)
{
    if (known->watched)
        loop_forget(known->sockets->loop, &known->watch);
    known->watched = 0;
    list_remove(&known->link);
}

static void socket_ready(struct watch *watch, uint32_t events)
{
    struct known_socket *known = CONTAINER_OF(watch, struct known_socket, watch);
    if (!known->is_awaited) {
        unwatch(known);
        return;
    }
    known->events = events;
    list_remove(&known->link);
    list_append(&known->sockets->ready, &known->link);
    loop_queue(known->sockets->loop, known->sockets->task);
}

/* Whether it may stay watched: it is connected, and readable only when something comes. */
static bool may_be_idle(const struct known_socket *known)
{
    return known->is_told_of_end && known->watched == EPOLLIN;
}

static struct known_socket *add(struct sockets *sockets, int fd)
{
    struct known_socket *known = MEM_NEW(struct known_socket);
    known->sockets = sockets;
    known->watch = (struct watch){socket_ready, fd};
    list_init(&known->link);
    map_add(&sockets->known, &known->entry, key_of(&known->watch.fd));
    return known;
}

static void forget(struct known_socket *known)
{
    unwatch(known);
    map_remove(&known->sockets->known, &known->entry);
    mem_free(known);
}

static bool watch(struct known_socket *known, uint32_t events)
{
    struct err err;
    struct loop *loop = known->sockets->loop;
    known->is_awaited = true;
    if (known->watched == events)
        return true;
    bool is_done = known->watched ? loop_watch_change(loop, &known->watch, events, &err)
                                  : loop_watch_level(loop, &known->watch, events, &err);
    if (is_done)
        known->watched = events;
    return is_done;
}

int sockets_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct sockets *sockets = arg;
    struct known_socket *known = find(sockets, fd);
    (void)easy, (void)unused;
    if (what != CURL_POLL_REMOVE) {
        uint32_t events =
            (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
        return watch(known ? known : add(sockets, fd), events) ? 0 : -1;
    }
    if (known && may_be_idle(known)) {
        known->is_awaited = false;
        list_remove(&known->link);
    } else if (known && known->is_told_of_end) {
        unwatch(known);
    } else if (known) {
        forget(known);
    }
    return 0;
}

void sockets_opened(struct sockets *sockets, int fd)
{
    struct known_socket *stale = find(sockets, fd); /* closed without a word */
    if (stale)
        forget(stale);
    add(sockets, fd)->is_told_of_end = true;
}

int sockets_close(void *arg, curl_socket_t fd)
{
    struct known_socket *known = find(arg, fd);
    if (known)
        forget(known);
    fd_close(fd);
    return 0;
}

bool sockets_take(struct sockets *sockets, curl_socket_t *fd_out, int *what_out)
{
    if (list_is_empty(&sockets->ready))
        return false;
    struct known_socket *known = CONTAINER_OF(sockets->ready.next, struct known_socket, link);
    list_remove(&known->link);
    *fd_out = known->watch.fd;
    *what_out = (known->events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                (known->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (known->events & EPOLLERR ? CURL_CSELECT_ERR : 0);
    return true;
}

void sockets_init(struct sockets *sockets, struct loop *loop, struct task *task)
{
    *sockets = (struct sockets){.loop = loop, .task = task};
    list_init(&sockets->ready);
}

void sockets_done(struct sockets *sockets)
{
    struct map_entry *entry;
    while ((entry = map_next(&sockets->known, NULL))) {
        struct known_socket *known = CONTAINER_OF(entry, struct known_socket, entry);
        map_remove(&sockets->known, entry);
        known->watch.fd = -1; /* it is closed */
        unwatch(known);
        mem_free(known);
    }
    map_done(&sockets->known);
}
