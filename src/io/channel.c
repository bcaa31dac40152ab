/* The plain channel is a socket, watched for edges. Two savings come from that:
 *
 *   - a read that gives less than was asked for has drained the socket: the next byte brings a new
 *     edge, so the read that would return EAGAIN is not made. (Not after the peer has closed its
 *     side: that edge has come already, and the end is yet to be read.)
 *   - what could not be sent waits for the edge that says that there is room again.
 */
#include "io/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/metrics/metrics.h"
#include "base/turn.h"

enum { UNSENT_BYTES_MAX = 262144 };

/* --- receiving --- */

/* Interprets what recv(2) returned for a request of `want` bytes. */
static enum channel_rc note_received(struct channel *channel, ssize_t got, size_t want,
                                     size_t *len_out)
{
    if (got > 0) {
        if ((size_t)got < want && !channel->has_ended)
            channel->may_read = false;
        *len_out = (size_t)got;
        return CHANNEL_OK;
    }
    if (got < 0 && errno == EAGAIN) {
        channel->may_read = false;
        return CHANNEL_AGAIN;
    }
    return CHANNEL_END;
}

static ssize_t receive(const struct channel *channel, char *to, size_t want, int flags)
{
    ssize_t got;
    do
        got = recv(channel->watch.fd, to, want, flags);
    while (got < 0 && errno == EINTR);
    return got;
}

static enum channel_rc socket_receive(struct channel *channel, char *to, size_t want,
                                      size_t *len_out)
{
    return note_received(channel, receive(channel, to, want, 0), want, len_out);
}

static enum channel_rc socket_skip(struct channel *channel, size_t want, size_t *len_out)
{
    /* tcp(7): MSG_TRUNC discards in the kernel. */
    return note_received(channel, receive(channel, NULL, want, MSG_TRUNC), want, len_out);
}

/* EAGAIN says the same of a socket that is empty and of a pipe that is full. */
static enum channel_rc socket_splice(struct channel *channel, int pipe_fd, size_t want,
                                     size_t *len_out)
{
    int fd = channel->watch.fd;
    int unread = 0;
    ssize_t got;
    do
        got = splice(fd, NULL, pipe_fd, NULL, want, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    while (got < 0 && errno == EINTR);
    *len_out = got > 0 ? (size_t)got : 0;
    if (got > 0 || (got < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM)))
        return CHANNEL_OK;
    if (got == 0 || errno != EAGAIN)
        return CHANNEL_END;
    if (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0)
        return CHANNEL_OK;
    channel->may_read = false;
    return CHANNEL_AGAIN;
}

/* --- sending --- */

/* Interprets what a sending call returned. */
static enum channel_rc note_sent(struct channel *channel, ssize_t sent, size_t *len_out)
{
    if (sent >= 0) {
        *len_out = (size_t)sent;
        return CHANNEL_OK;
    }
    if (errno != EAGAIN)
        return CHANNEL_FAILED;
    channel->may_write = false;
    return CHANNEL_AGAIN;
}

static enum channel_rc socket_send(struct channel *channel, struct str bytes, bool has_more,
                                   size_t *len_out)
{
    ssize_t sent;
    do
        sent =
            send(channel->watch.fd, bytes.at, bytes.len, MSG_NOSIGNAL | (has_more ? MSG_MORE : 0));
    while (sent < 0 && errno == EINTR);
    return note_sent(channel, sent, len_out);
}

static enum channel_rc socket_send_file(struct channel *channel, int fd, uint64_t offset,
                                        size_t want, size_t *len_out)
{
    off_t at = (off_t)offset;
    ssize_t sent;
    do
        sent = sendfile(channel->watch.fd, fd, &at, want);
    while (sent < 0 && errno == EINTR);
    return note_sent(channel, sent, len_out);
}

/* --- life --- */

static void socket_shut(struct channel *channel)
{
    (void)shutdown(channel->watch.fd, SHUT_WR); /* ENOTCONN: receiving will find the end */
}

static void socket_close(struct channel *channel, bool is_reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (is_reset)
        (void)setsockopt(channel->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    loop_forget(channel->loop, &channel->watch);
    fd_close(channel->watch.fd); /* what was lost, TCP would not tell us here either */
    mem_free(channel);
}

static const struct channel_ops socket_ops = {
    .receive = socket_receive,
    .skip = socket_skip,
    .send = socket_send,
    .send_file = socket_send_file,
    .splice = socket_splice,
    .shut = socket_shut,
    .close = socket_close,
};

static void socket_ready(struct watch *watch, uint32_t events)
{
    struct channel *channel = CONTAINER_OF(watch, struct channel, watch);
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        channel->may_read = true;
    if (events & EPOLLOUT)
        channel->may_write = true;
    if (events & EPOLLRDHUP)
        channel->has_ended = true;
    if (events & (EPOLLHUP | EPOLLERR))
        channel->has_failed = true;
    loop_queue(channel->loop, channel->ready);
}

struct channel *channel_of_socket(struct loop *loop, int fd, struct task *ready, struct err *err)
{
    struct channel *channel = MEM_NEW(struct channel);
    channel->ops = &socket_ops;
    channel->loop = loop;
    channel->watch = (struct watch){.ready = socket_ready, .fd = fd};
    channel->ready = ready;
    channel->may_write = true;
    if (!loop_watch(loop, &channel->watch, err))
        channel_close(&channel, false);
    return channel;
}

/* --- what callers use --- */

/* What metrics say has come and gone. Gives back `rc`. */
static enum channel_rc count(enum channel_rc rc, enum metric metric, const size_t *len)
{
    if (rc == CHANNEL_OK)
        metric_add(metric, 0, *len);
    return rc;
}

enum channel_rc channel_receive(struct channel *channel, char *to, size_t want, size_t *len_out)
{
    if (!channel->may_read)
        return CHANNEL_AGAIN;
    enum channel_rc rc = channel->ops->receive(channel, to, want, len_out);
    turn_next(); /* what came may have been sent after a change that nobody has looked for yet */
    return count(rc, METRIC_RECEIVED_BYTES, len_out);
}

enum channel_rc channel_skip(struct channel *channel, size_t want, size_t *len_out)
{
    if (!channel->may_read)
        return CHANNEL_AGAIN;
    enum channel_rc rc = channel->ops->skip(channel, want, len_out);
    return count(rc, METRIC_RECEIVED_BYTES, len_out);
}

enum channel_rc channel_splice(struct channel *channel, int pipe_fd, size_t want, size_t *len_out)
{
    *len_out = 0;
    if (!channel->ops->splice)
        return CHANNEL_OK;
    if (!channel->may_read)
        return CHANNEL_AGAIN;
    enum channel_rc rc = channel->ops->splice(channel, pipe_fd, want, len_out);
    turn_next(); /* as above */
    return count(rc, METRIC_RECEIVED_BYTES, len_out);
}

enum channel_rc channel_send(struct channel *channel, struct str bytes, bool has_more,
                             size_t *len_out)
{
    if (!channel->may_write)
        return CHANNEL_AGAIN;
    enum channel_rc rc = channel->ops->send(channel, bytes, has_more, len_out);
    return count(rc, METRIC_SENT_BYTES, len_out);
}

enum channel_rc channel_send_file(struct channel *channel, int fd, uint64_t offset, size_t want,
                                  size_t *len_out)
{
    if (!channel->may_write)
        return CHANNEL_AGAIN;
    enum channel_rc rc = channel->ops->send_file(channel, fd, offset, want, len_out);
    return count(rc, METRIC_SENT_BYTES, len_out);
}

bool channel_sends_files(const struct channel *channel)
{
    return channel->ops->send_file != NULL;
}

void channel_keep_prompt(struct channel *channel)
{
    int unsent_max = UNSENT_BYTES_MAX;
    /* tcp(7). Without it things are only later. */
    (void)setsockopt(channel->watch.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max,
                     sizeof(unsent_max));
}

void channel_acknowledge(struct channel *channel)
{
    int on = 1;
    /* tcp(7): it does not last, so it is asked for each time. Without it things are only later. */
    (void)setsockopt(channel->watch.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

void channel_shut(struct channel *channel)
{
    channel->ops->shut(channel);
}

void channel_close(struct channel **channel, bool is_reset)
{
    struct channel *closed = *channel;
    *channel = NULL;
    if (!closed)
        return;
    if (closed->share)
        budget_give(&closed->share->connections, 1);
    closed->ops->close(closed, is_reset);
}
