#include "peer.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"

static void nap(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL); /* shorter is as good */
}

static void send_all(struct peer *peer, struct str text, size_t piece)
{
    while (text.len && peer->fd >= 0) {
        ssize_t sent = send(peer->fd, text.at, size_min(piece, text.len), MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        text = str_from(text, (size_t)sent);
    }
}

static void send_many(struct peer *peer, size_t count)
{
    char piece[4096];
    memset(piece, 'x', sizeof(piece));
    for (; count > 0; count -= size_min(count, sizeof(piece)))
        send_all(peer, str_of(piece, size_min(count, sizeof(piece))), sizeof(piece));
}

static bool read_byte(struct peer *peer)
{
    char byte;
    if (peer->fd < 0 || recv(peer->fd, &byte, 1, 0) <= 0)
        return false;
    buf_add_char(&peer->got, byte);
    return true;
}

static void read_head(struct peer *peer)
{
    size_t begin = peer->got.len;
    while (read_byte(peer)) {
        if (peer->got.len - begin > 4 && str_ends(buf_str(&peer->got), STR("\r\n\r\n")))
            return;
    }
}

static void read_count(struct peer *peer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!read_byte(peer))
            return;
}

static void hang_up(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
}

/* One that is given up before it was used does not count. */
static void take_connection(struct peer *peer)
{
    int on = 1;
    char first;
    struct timeval patience = {.tv_sec = 20};
    do {
        hang_up(peer);
        peer->fd = accept(peer->listen_fd, NULL, NULL);
        (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void)setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    } while (peer->fd >= 0 && recv(peer->fd, &first, 1, MSG_PEEK) == 0);
}

static void wait_for_go(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    while (peer->goes == 0)
        pthread_cond_wait(&peer->has_changed, &peer->mutex);
    peer->goes--;
    pthread_mutex_unlock(&peer->mutex);
}

static void run_line(struct peer *peer, const char *line)
{
    const char *rest = line[0] && line[1] ? line + 2 : "";
    switch (line[0]) {
    case 'a':
        take_connection(peer);
        break;
    case 'h':
        read_head(peer);
        break;
    case 'r':
        read_count(peer, strtoul(rest, NULL, 10));
        break;
    case 's':
        send_all(peer, str_of_c(rest), SIZE_MAX);
        break;
    case 'd':
        send_all(peer, str_of_c(rest), 1);
        break;
    case 'x':
        send_many(peer, strtoul(rest, NULL, 10));
        break;
    case 'w':
        nap(strtol(rest, NULL, 10));
        break;
    case 'g':
        wait_for_go(peer);
        break;
    case 'c':
        hang_up(peer);
        break;
    default:
        BUG("no such line");
    }
}

static void *run(void *arg)
{
    struct peer *peer = arg;
    for (const char *const *line = peer->script; *line; line++)
        run_line(peer, *line);
    hang_up(peer);
    return NULL;
}

void peer_begin(struct peer *peer, const char *const *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof(address);
    *peer = (struct peer){.script = script, .fd = -1};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_mutex_init(&peer->mutex, NULL);
    pthread_cond_init(&peer->has_changed, NULL);
    peer->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listen_fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(peer->listen_fd, 16), 0);
    assert_int_equal(getsockname(peer->listen_fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%u",
                   ntohs(address.sin_port)); /* fits */
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void peer_go(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    peer->goes++;
    pthread_cond_signal(&peer->has_changed);
    pthread_mutex_unlock(&peer->mutex);
}

void peer_end(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
}

void peer_free(struct peer *peer)
{
    close(peer->listen_fd);
    pthread_cond_destroy(&peer->has_changed);
    pthread_mutex_destroy(&peer->mutex);
    buf_done(&peer->got);
}
