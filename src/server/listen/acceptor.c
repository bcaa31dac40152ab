/* Who comes is given a place or a short word.
 *
 *   accept_ready(): accept -> take_place() -> begin_conn() -> this loop, or another (handover.c)
 *                       |            '-------> refuse()
 *                       '-- out of descriptors -> pause_accepting()
 *
 * All loops watch the same sockets (EPOLLEXCLUSIVE). The kernel wakes the same one over and over
 * where several connections come at once: who has accepted one gives it to a loop that has fewer.
 *
 * A place is taken before a loop is chosen, and given back when the connection has gone, whoever
 * had it. Where there is none, the client is told to come again: it costs nothing, and silence
 * would be a timeout. Where descriptors have run out there is not even a socket to say so on: one
 * is kept for that. Then nothing is accepted for a while, since it would fail at full speed. */
#include "server/listen/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/metrics/metrics.h"
#include "wire/accept.h"

enum {
    WATCHERS = 16, /* places more than for others, for who watches what goes on then */
    ACCEPTS_PER_EVENT = 16,
    ACCEPT_PAUSE_MS = 200,
    REFUSALS_MS = 10000, /* from one line about them to the next */
};

void acceptors_init(struct acceptors *all)
{
    ports_init(&all->ports);
    crowd_init(&all->crowd);
    list_init(&all->handovers);
}

size_t acceptor_conn_count_max(const struct limits *limits)
{
    struct rlimit descriptors;
    uint64_t max = limits->connections;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur != RLIM_INFINITY)
        max = u64_min(max, descriptors.rlim_cur / 2);
    if (max < limits->connections)
        log_line(
            LOG_WARN,
            "at most %llu connections at a time, not %llu: a process may have %llu descriptors "
            "(ulimit -n), and half of them are for files",
            (unsigned long long)max, (unsigned long long)limits->connections,
            (unsigned long long)descriptors.rlim_cur);
    return (size_t)max;
}

/* --- refusing --- */

static void refuse(int fd, bool has_tls)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
                                 "Content-Length: 0\r\nConnection: close\r\n\r\n";
    if (!has_tls)
        (void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT); /* a courtesy */
    fd_close(fd);
}

/* Clients come again and again while there is no place: one line for many. */
static void tell_refusal(struct acceptor *acceptor, enum metric_refusal refusal, const char *why)
{
    int64_t now_ms = loop_now_ms(acceptor->loop);
    metric_add(METRIC_CONNECTIONS_REFUSED, refusal, 1);
    acceptor->refusals++;
    if (acceptor->refusal_told_ms && now_ms - acceptor->refusal_told_ms < REFUSALS_MS)
        return;
    log_line(LOG_WARN, "connections refused: %s (%u)", why, acceptor->refusals);
    acceptor->refusal_told_ms = now_ms;
    acceptor->refusals = 0;
}

static void set_accepting(struct acceptor *acceptor, bool is_accepting)
{
    struct err err;
    if (acceptor->is_accepting == is_accepting)
        return;
    acceptor->is_accepting = is_accepting;
    for (size_t i = 0; i < acceptor->all->ports.count; i++) {
        struct watch *watch = &acceptor->listeners[i].watch;
        if (!is_accepting)
            loop_forget(acceptor->loop, watch);
        else if (!loop_watch_shared(acceptor->loop, watch, &err))
            log_line(LOG_ERROR, "%s", err.text);
    }
}

static void pause_over(struct deadline *deadline)
{
    struct acceptor *acceptor = CONTAINER_OF(deadline, struct acceptor, pause);
    if (!acceptor->is_over)
        set_accepting(acceptor, true);
}

/* Descriptors are used up, by files or by another program's sockets: a client that waits is told,
 * by one that was kept for that. False: nobody waited, or there is none. */
static bool refuse_by_spare(struct acceptor *acceptor, const struct listener *listener)
{
    struct socket_address peer;
    if (acceptor->spare_fd < 0)
        return false;
    fd_close(acceptor->spare_fd);
    int fd = socket_accept(listener->watch.fd, &peer);
    if (fd >= 0)
        refuse(fd, listener->port->endpoint.tls != NULL);
    acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

static void pause_accepting(struct acceptor *acceptor, const struct listener *listener)
{
    tell_refusal(acceptor, REFUSAL_DESCRIPTORS, strerrordesc_np(errno));
    for (int i = 0; i < ACCEPTS_PER_EVENT && refuse_by_spare(acceptor, listener); i++)
        continue;
    set_accepting(acceptor, false);
    deadline_arm(acceptor->loop, &acceptor->pause_queue, &acceptor->pause);
}

/* --- accepting --- */

static void give_place_back(struct acceptor *acceptor)
{
    crowd_leave(&acceptor->all->crowd, loop_executor(acceptor->loop));
}

static bool take_place(struct acceptor *acceptor, const struct port *port,
                       const struct socket_address *peer, struct share **share_out)
{
    struct acceptors *all = acceptor->all;
    char text[ADDRESS_TEXT_BYTES];
    bool is_watcher = port->kind == LISTEN_METRICS;
    *share_out = NULL;
    if (crowd_enter(&all->crowd) < all->conn_count_max + (is_watcher ? WATCHERS : 0)) {
        size_t len = address_format(peer, text);
        if (is_watcher || proxy_is_trusted(acceptor->proxies, str_of(text, len)))
            return true;
        *share_out = shares_of(all->shares, peer);
        if (budget_take(&(*share_out)->connections, 1))
            return true;
        tell_refusal(acceptor, REFUSAL_ADDRESS,
                     "too many of one address (limit address_connections)");
    } else {
        tell_refusal(acceptor, REFUSAL_LIMIT,
                     "too many are open (limit connections, or the descriptors that ulimit -n "
                     "allows)");
    }
    give_place_back(acceptor);
    return false;
}

/* From another loop. */
static void arrived(struct handover *handover, const struct handed *handed)
{
    struct acceptor *acceptor = CONTAINER_OF(handover, struct acceptor, handover);
    if (!acceptor->is_over) {
        wire_accept(acceptor->wire, handed->fd, &handed->peer, handed->endpoint, handed->share);
        return;
    }
    refuse(handed->fd, handed->endpoint->tls != NULL);
    if (handed->share)
        budget_give(&handed->share->connections, 1);
    acceptor_gone(acceptor);
}

/* Takes fd. */
static void begin_conn(struct acceptor *own, const struct handed *handed)
{
    struct handover *to = handover_choose(&own->handover);
    if (to == &own->handover)
        wire_accept(own->wire, handed->fd, &handed->peer, handed->endpoint, handed->share);
    else
        handover_give(to, handed);
}

static void accept_ready(struct watch *watch, uint32_t events)
{
    (void)events; /* a listening socket has only one kind */
    const struct listener *listener = CONTAINER_OF(watch, struct listener, watch);
    struct acceptor *acceptor = listener->acceptor;
    struct handed handed = {.endpoint = &listener->port->endpoint};
    for (int i = 0; i < ACCEPTS_PER_EVENT; i++) {
        handed.fd = socket_accept(watch->fd, &handed.peer);
        if (handed.fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
            pause_accepting(acceptor, listener);
        if (handed.fd < 0)
            return;
        if (take_place(acceptor, listener->port, &handed.peer, &handed.share))
            begin_conn(acceptor, &handed);
        else
            refuse(handed.fd, handed.endpoint->tls != NULL);
    }
}

/* --- from start to end --- */

void acceptor_init(struct acceptor *acceptor, struct acceptors *all, struct loop *loop,
                   struct wire *wire)
{
    *acceptor = (struct acceptor){.all = all, .loop = loop, .wire = wire};
    acceptor->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* it goes without */
    handover_init(&acceptor->handover, &all->handovers, loop, arrived);
    loop_add_deadlines(loop, &acceptor->pause_queue, ACCEPT_PAUSE_MS);
    deadline_init(&acceptor->pause, pause_over);
    for (size_t i = 0; i < all->ports.count; i++) {
        struct port *port = &all->ports.at[i];
        acceptor->listeners[i] =
            (struct listener){{.ready = accept_ready, .fd = port->fd}, acceptor, port};
    }
}

void acceptor_done(struct acceptor *acceptor)
{
    handover_done(&acceptor->handover);
    fd_close(acceptor->spare_fd);
}

void acceptor_start(struct acceptor *acceptor)
{
    set_accepting(acceptor, true);
}

void acceptor_stop(struct acceptor *acceptor)
{
    acceptor->is_over = true;
    set_accepting(acceptor, false);
}

void acceptor_gone(struct acceptor *acceptor)
{
    give_place_back(acceptor);
    handover_gone(&acceptor->handover);
}
