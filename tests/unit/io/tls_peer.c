#include "tls_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/mem.h"
#include "io/self_signed.h"
#include "support/test.h"

enum { ROUNDS_MAX = 200000 };

/* --- files --- */

static char *texts[256]; /* the paths that tests were given */
static size_t text_count;

void files_init(struct tls_files *files)
{
    *files = (struct tls_files){.dir = "/tmp/davit-unit-XXXXXX"};
    assert_non_null(mkdtemp(files->dir));
}

void files_done(struct tls_files *files)
{
    while (text_count) {
        (void)unlink(texts[--text_count]); /* it may have been removed already */
        mem_free(texts[text_count]);
    }
    assert_int_equal(rmdir(files->dir), 0);
    buf_done(&files->path);
}

const char *file_of(struct tls_files *files, const char *name, struct str content)
{
    buf_clear(&files->path);
    buf_addf(&files->path, "%s/%s", files->dir, name);
    assert_true(text_count < ARRAY_LEN(texts));
    char *path = mem_copy_text(files->path.at, files->path.len);
    texts[text_count++] = path;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.len ? content.at : "", content.len), (ssize_t)content.len);
    close(fd);
    return path;
}

void pair_of(struct tls_files *files, const char *name, const char *host, unsigned days,
             struct tls_pair_files *pair_out)
{
    struct self_signed_wish wish = {&host, 1, days};
    struct self_signed made;
    struct err err;
    struct buf text = {0};
    assert_true(self_signed_make(&wish, &made, &err));
    buf_addf(&text, "%s.crt", name);
    pair_out->certificate = file_of(files, buf_c(&text), buf_str(&made.certificate));
    buf_clear(&text);
    buf_addf(&text, "%s.key", name);
    pair_out->key = file_of(files, buf_c(&text), buf_str(&made.key));
    buf_done(&text);
    self_signed_done(&made);
}

/* --- both sides --- */

static void note_ready(struct task *task)
{
    (void)task; /* the loop does not run */
}

static void not_blocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

void peer_init(struct peer *peer, struct tls_server *server)
{
    int fds[2];
    struct err err;
    *peer = (struct peer){.ready.run = note_ready};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    not_blocking(fds[0]);
    not_blocking(fds[1]);
    peer->loop = loop_new(NULL, &err);
    assert_non_null(peer->loop);
    peer->channel = channel_of_tls(server, peer->loop, fds[0], &err);
    assert_non_null(peer->channel);
    peer->channel->ready = &peer->ready;
    peer->client_fd = fds[1];
    peer->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(peer->context,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    peer->client = SSL_new(peer->context);
    SSL_set_connect_state(peer->client);
    assert_int_equal(SSL_set_fd(peer->client, fds[1]), 1);
}

void peer_done(struct peer *peer)
{
    channel_close(&peer->channel, false);
    SSL_free(peer->client);
    SSL_CTX_free(peer->context);
    ERR_clear_error();
    if (peer->client_fd >= 0)
        close(peer->client_fd);
    loop_unqueue(&peer->ready);
    loop_free(peer->loop);
}

void meet(struct peer *peer)
{
    struct channel *channel = peer->channel;
    struct pollfd poll_fd = {channel->watch.fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    assert_true(poll(&poll_fd, 1, 0) >= 0);
    if (poll_fd.revents) /* the numbers are the same */
        channel->watch.ready(&channel->watch, (uint32_t)poll_fd.revents);
}

bool shake_hands(struct peer *peer)
{
    bool is_client_done = false;
    enum channel_rc rc = CHANNEL_AGAIN;
    for (int round = 0; round < 100; round++) {
        ERR_clear_error();
        int client = is_client_done ? 1 : SSL_do_handshake(peer->client);
        is_client_done = client == 1;
        bool has_failed = !is_client_done &&
                          SSL_get_error(peer->client, client) != SSL_ERROR_WANT_READ &&
                          SSL_get_error(peer->client, client) != SSL_ERROR_WANT_WRITE;
        meet(peer);
        if (rc == CHANNEL_AGAIN && tls_channel_can_handshake(peer->channel))
            rc = tls_channel_handshake(peer->channel, &peer->err);
        if (rc != CHANNEL_OK && rc != CHANNEL_AGAIN)
            return false;
        if (is_client_done && rc == CHANNEL_OK)
            return true;
        if (has_failed)
            return false;
    }
    return false;
}

/* --- bytes --- */

/* False: the client has seen the end, or an error. */
static bool client_try(struct peer *peer, struct buf *into)
{
    size_t len;
    ERR_clear_error();
    int rc = SSL_read_ex(peer->client, buf_reserve(into, 65536), 65536, &len);
    if (rc == 1)
        into->len += len;
    return rc == 1 || SSL_get_error(peer->client, rc) == SSL_ERROR_WANT_READ ||
           SSL_get_error(peer->client, rc) == SSL_ERROR_WANT_WRITE;
}

static bool channel_try(struct peer *peer, struct buf *into, size_t want)
{
    size_t len;
    meet(peer);
    enum channel_rc rc = channel_receive(peer->channel, buf_reserve(into, want), want, &len);
    if (rc == CHANNEL_OK)
        into->len += len;
    return rc != CHANNEL_END;
}

void client_read(struct peer *peer, size_t want, struct buf *into)
{
    for (int round = 0; into->len < want && client_try(peer, into); round++)
        assert_true(round < ROUNDS_MAX);
}

void client_take(struct peer *peer, struct buf *into)
{
    (void)client_try(peer, into); /* the end is seen by who asks for more */
}

void channel_read(struct peer *peer, size_t want, struct buf *into)
{
    for (int round = 0; into->len < want && channel_try(peer, into, 65536); round++)
        assert_true(round < ROUNDS_MAX);
}

void client_to_channel(struct peer *peer, struct str bytes, struct buf *into)
{
    size_t want = into->len + bytes.len;
    for (int round = 0; into->len < want; round++) {
        size_t sent;
        assert_true(round < ROUNDS_MAX);
        ERR_clear_error();
        if (bytes.len && SSL_write_ex(peer->client, bytes.at, bytes.len, &sent) == 1)
            bytes = str_from(bytes, sent);
        assert_true(channel_try(peer, into, 1 + (size_t)round % 40000));
    }
}

void channel_to_client(struct peer *peer, struct str bytes, size_t step, struct buf *into)
{
    size_t want = into->len + bytes.len;
    for (int round = 0; into->len < want; round++) {
        size_t sent = 0;
        assert_true(round < ROUNDS_MAX);
        meet(peer);
        struct str piece = str_first(bytes, step);
        enum channel_rc rc =
            piece.len ? channel_send(peer->channel, piece, round % 2, &sent) : CHANNEL_AGAIN;
        assert_int_not_equal(rc, CHANNEL_FAILED);
        if (rc == CHANNEL_OK)
            bytes = str_from(bytes, sent);
        if (rc == CHANNEL_AGAIN || round % 3 == 0)
            assert_true(client_try(peer, into));
    }
}

struct str client_sees(struct peer *peer, char to[128])
{
    X509 *certificate = SSL_get0_peer_certificate(peer->client);
    assert_non_null(certificate);
    int len =
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, to, 128);
    return str_of(to, len > 0 ? (size_t)len : 0);
}
