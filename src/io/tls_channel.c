/* The TLS channel: an SSL on a socket that is watched for edges.
 *
 * OpenSSL reads and writes through a BIO of ours (bio_read, bio_write), which keeps to the rule of
 * io/channel.h: after AGAIN no system call before the next event, and after a short read none that
 * could only say AGAIN. So `may_read` of the channel means: the socket may, or OpenSSL still holds
 * bytes. TLS may want to write in order to read (a KeyUpdate is answered); then room on the socket
 * is what reading waits for.
 *
 * What is sent: one record leaves as it is; if it does not fit, OpenSSL holds it, and the caller,
 * who was told AGAIN, must offer the same bytes again. Longer pieces are encrypted into `out`, up
 * to SEND_BYTES of them, to leave in one system call. What the socket did not take of them is
 * `debt`: encrypted, but not yet reported as sent, so that what a caller knows to be sent has left,
 * as on a plain socket, and closing need not wait for anything.
 *
 * Where the kernel can encrypt, OpenSSL hands the keys over to it at the end of the handshake,
 * through a socket BIO of its own below ours; files then leave by SSL_sendfile(3). Nothing is
 * gathered then.
 *
 * The handshake may run on another thread. Between lend and take back the loop keeps its hands off:
 * it adds up what happened in `missed`, and nothing else.
 *
 * HANDSHAKE --note_shaken()--> OPEN
 *     '--note_failure()-----> BROKEN <--note_failure()-- OPEN
 *
 * The end: a close_notify tells the peer that nothing is missing (RFC 8446 §6.1). It is sent by
 * shut, and by a close that is not a reset, but never behind bytes that are stuck halfway. The
 * peer's is not asked for: requests have lengths, so a cut is found without it; and a peer that
 * only ended its side may still read its answer. */
#include "io/tls_channel.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/fd.h"
#include "base/mem.h"
#include "io/tls_files.h"
#include "io/tls_priv.h"

enum {
    RECORD_BYTES = SSL3_RT_MAX_PLAIN_LENGTH,
    RECORD_EXTRA_BYTES = SSL3_RT_MAX_ENCRYPTED_OVERHEAD + SSL3_RT_HEADER_LENGTH,
    SEND_BYTES = 4 * RECORD_BYTES,
};

enum tls_phase {
    TLS_HANDSHAKE, /* another thread may have the channel (is_lent) */
    TLS_OPEN,      /* bytes pass */
    TLS_BROKEN,    /* a fatal error: OpenSSL must not be called again */
};

enum tls_end {
    TLS_END_NONE,
    TLS_END_WANTED, /* close_notify is to be sent, then the socket's end */
    TLS_END_SENT,   /* both were */
};

struct tls_channel {
    struct channel base;
    enum tls_phase phase;
    enum tls_end end; /* of our side */
    struct tls_server *server;
    SSL *ssl;        /* NULL: the handshake has not begun */
    uint32_t missed; /* events while it was lent */
    bool is_lent;
    bool is_cut;          /* the peer's side ended, whether or not a close_notify came before */
    bool socket_may_read; /* no AGAIN since the last event */
    bool socket_may_write;
    bool read_wants_write; /* reading goes on when there is room to write */
    bool write_wants_read;
    bool has_more;  /* for the system call */
    bool gathers;   /* writes go to `out` */
    struct buf out; /* encrypted, to be sent from out_at on */
    size_t out_at;
    size_t debt;            /* bytes in `out` that were not reported as sent yet, as plain text */
    unsigned char first[4]; /* what came first */
    unsigned first_count;
};

static struct tls_channel *tls_of(struct channel *channel)
{
    return CONTAINER_OF(channel, struct tls_channel, base);
}

static const struct tls_channel *const_tls_of(const struct channel *channel)
{
    return (const struct tls_channel *)(const void *)channel; /* base stands first */
}

/* --- to and from the socket --- */

static ssize_t socket_receive(struct tls_channel *tls, char *to, size_t want)
{
    ssize_t got;
    do
        got = recv(tls->base.watch.fd, to, want, 0);
    while (got < 0 && errno == EINTR);
    if ((got < 0 && errno == EAGAIN) || (got > 0 && (size_t)got < want && !tls->base.has_ended))
        tls->socket_may_read = false;
    for (ssize_t i = 0; i < got && tls->first_count < sizeof(tls->first); i++)
        tls->first[tls->first_count++] = (unsigned char)to[i];
    return got;
}

static ssize_t socket_send(struct tls_channel *tls, struct str bytes)
{
    int flags = MSG_NOSIGNAL | (tls->has_more ? MSG_MORE : 0);
    ssize_t sent;
    do
        sent = send(tls->base.watch.fd, bytes.at, bytes.len, flags);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN)
        tls->socket_may_write = false;
    return sent;
}

/* Sends what stands in `out`. OK: all of it has left. */
static enum channel_rc flush(struct tls_channel *tls)
{
    while (tls->out_at < tls->out.len) {
        if (!tls->socket_may_write)
            return CHANNEL_AGAIN;
        ssize_t sent = socket_send(tls, str_from(buf_str(&tls->out), tls->out_at));
        if (sent < 0 && errno != EAGAIN)
            return CHANNEL_FAILED;
        tls->out_at += sent > 0 ? (size_t)sent : 0;
    }
    buf_done(&tls->out); /* an idle connection holds no buffers */
    tls->out_at = 0;
    return CHANNEL_OK;
}

static int retry_read(BIO *bio)
{
    BIO_set_retry_read(bio);
    return -1;
}

static int retry_write(BIO *bio)
{
    BIO_set_retry_write(bio);
    return -1;
}

static int bio_read(BIO *bio, char *to, int want)
{
    struct tls_channel *tls = BIO_get_data(bio);
    BIO *below = BIO_next(bio);
    BIO_clear_retry_flags(bio);
    if (!tls->socket_may_read)
        return retry_read(bio);
    if (below && BIO_get_ktls_recv(below)) { /* whole records, so a short one says nothing */
        int got = BIO_read(below, to, want);
        if (got > 0)
            return got;
        tls->is_cut = !BIO_should_retry(below);
        tls->socket_may_read = false;
        return retry_read(bio);
    }
    ssize_t got = socket_receive(tls, to, (size_t)want);
    if (got > 0)
        return (int)got;
    tls->is_cut = got == 0 || errno != EAGAIN;
    return retry_read(bio); /* of a cut, OpenSSL would tell the peer, who has gone */
}

static int bio_write(BIO *bio, const char *from, int len)
{
    struct tls_channel *tls = BIO_get_data(bio);
    BIO *below = BIO_next(bio);
    BIO_clear_retry_flags(bio);
    if (tls->gathers) {
        buf_add(&tls->out, str_of(from, (size_t)len));
        return len;
    }
    enum channel_rc rc = flush(tls);
    if (rc == CHANNEL_FAILED)
        return -1;
    if (rc == CHANNEL_AGAIN || !tls->socket_may_write)
        return retry_write(bio);
    if (below && BIO_get_ktls_send(below)) {
        int sent = BIO_write(below, from, len);
        tls->socket_may_write = sent > 0 || !BIO_should_retry(below);
        return sent > 0 || !BIO_should_retry(below) ? sent : retry_write(bio);
    }
    ssize_t sent = socket_send(tls, str_of(from, (size_t)len));
    return sent < 0 && errno == EAGAIN ? retry_write(bio) : (int)sent;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct tls_channel *tls = BIO_get_data(bio);
    BIO *below = BIO_next(bio);
    switch (command) {
    case BIO_CTRL_FLUSH: /* bio_write() keeps nothing back but what was gathered */
        return tls->out.len == 0;
    case BIO_CTRL_PUSH:
    case BIO_CTRL_POP:
        return 0;
    default: /* what concerns the kernel's TLS is for the socket BIO */
        return below ? BIO_ctrl(below, command, number, pointer) : 0;
    }
}

static BIO_METHOD *bio_method;

static void make_bio_method(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "davit channel");
    if (!bio_method || BIO_meth_set_read(bio_method, bio_read) != 1 ||
        BIO_meth_set_write(bio_method, bio_write) != 1 ||
        BIO_meth_set_ctrl(bio_method, bio_ctrl) != 1)
        BUG("a BIO method of constants cannot fail");
}

static BIO *make_bio(struct tls_channel *tls)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_bio_method);
    BIO *bio = BIO_new(bio_method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    BIO *below = tls_server_has_kernel_tls(tls->server)
                     ? BIO_new_socket(tls->base.watch.fd, BIO_NOCLOSE)
                     : NULL;
    if (below)
        (void)BIO_push(bio, below); /* gives `bio` back */
    return bio;
}

/* --- what OpenSSL says --- */

/* After a call that did not succeed: what it waits for, or that it is over. */
static enum channel_rc note_failure(struct tls_channel *tls, int rc, bool is_reading)
{
    switch (SSL_get_error(tls->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        if (tls->is_cut)
            return is_reading ? CHANNEL_END : CHANNEL_FAILED;
        tls->write_wants_read = !is_reading;
        break;
    case SSL_ERROR_WANT_WRITE:
        tls->read_wants_write = is_reading;
        break;
    case SSL_ERROR_ZERO_RETURN: /* close_notify; our side may go on */
        return CHANNEL_END;
    default:
        tls->phase = TLS_BROKEN;
        tls->base.has_failed = true;
        return is_reading ? CHANNEL_END : CHANNEL_FAILED;
    }
    if (is_reading)
        tls->base.may_read = false;
    else
        tls->base.may_write = false;
    return CHANNEL_AGAIN;
}

/* --- receiving --- */

static enum channel_rc tls_receive(struct channel *channel, char *to, size_t want, size_t *len_out)
{
    struct tls_channel *tls = tls_of(channel);
    size_t len = 0;
    int rc = 1;
    if (tls->phase == TLS_BROKEN)
        return CHANNEL_END;
    ERR_clear_error();
    while (rc == 1 && len < want && (len == 0 || SSL_has_pending(tls->ssl))) {
        size_t got;
        rc = SSL_read_ex(tls->ssl, to + len, want - len, &got);
        len += rc == 1 ? got : 0;
    }
    channel->may_read = tls->socket_may_read || SSL_has_pending(tls->ssl);
    enum channel_rc result = rc == 1 ? CHANNEL_OK : note_failure(tls, rc, true);
    if (len == 0)
        return result;
    channel->may_read |= result == CHANNEL_END; /* the next call says so */
    *len_out = len;
    return CHANNEL_OK;
}

static enum channel_rc tls_skip(struct channel *channel, size_t want, size_t *len_out)
{
    char unwanted[RECORD_BYTES];
    return tls_receive(channel, unwanted, size_min(want, sizeof(unwanted)), len_out);
}

/* --- sending --- */

/* Sends on what was encrypted before, and reports of it what has left. What is left over in `out`
 * holds no more bytes of plain text than it has itself. */
static enum channel_rc pay_debt(struct tls_channel *tls, size_t *len_out)
{
    enum channel_rc rc = flush(tls);
    size_t debt = size_min(tls->debt, tls->out.len - tls->out_at);
    size_t paid = tls->debt - debt;
    if (rc == CHANNEL_FAILED)
        return rc;
    tls->debt = debt;
    if (paid == 0) {
        tls->base.may_write = false;
        return CHANNEL_AGAIN;
    }
    *len_out = paid;
    return CHANNEL_OK;
}

static enum channel_rc tls_send(struct channel *channel, struct str bytes, bool has_more,
                                size_t *len_out)
{
    struct tls_channel *tls = tls_of(channel);
    size_t want = size_min(bytes.len, SEND_BYTES);
    size_t done = 0;
    int rc = 1;
    if (tls->phase == TLS_BROKEN)
        return CHANNEL_FAILED;
    assert(bytes.len >= tls->debt);
    tls->has_more = has_more;
    if (tls->debt)
        return pay_debt(tls, len_out);
    tls->gathers = want > RECORD_BYTES && !channel_sends_files(channel);
    if (tls->gathers)
        (void)buf_reserve(&tls->out, want + SEND_BYTES / RECORD_BYTES * RECORD_EXTRA_BYTES);
    ERR_clear_error();
    while (rc == 1 && done < want) {
        size_t len;
        rc = SSL_write_ex(tls->ssl, bytes.at + done, want - done, &len);
        done += rc == 1 ? len : 0;
    }
    bool has_gathered = tls->gathers;
    tls->gathers = false;
    enum channel_rc result = rc == 1 ? CHANNEL_OK : note_failure(tls, rc, false);
    if (has_gathered && result == CHANNEL_OK) {
        tls->debt = done;
        return pay_debt(tls, len_out);
    }
    if (done == 0 || result == CHANNEL_FAILED)
        return result;
    channel->may_write = true; /* the next call says AGAIN, as a socket does */
    *len_out = done;
    return CHANNEL_OK;
}

/* Only where the kernel encrypts. */
static enum channel_rc tls_send_file(struct channel *channel, int fd, uint64_t offset, size_t want,
                                     size_t *len_out)
{
    struct tls_channel *tls = tls_of(channel);
    if (tls->phase == TLS_BROKEN)
        return CHANNEL_FAILED;
    ERR_clear_error();
    ssize_t sent = SSL_sendfile(tls->ssl, fd, (off_t)offset, want, 0);
    if (sent < 0)
        return note_failure(tls, (int)sent, false);
    *len_out = (size_t)sent;
    return CHANNEL_OK;
}

/* --- the end --- */

/* True when it has left, or never can. */
static bool send_close_notify(struct tls_channel *tls)
{
    if (tls->phase != TLS_OPEN || tls->debt)
        return true;
    ERR_clear_error();
    int rc = SSL_shutdown(tls->ssl); /* 0: the peer's has not come, which we do not ask for */
    return rc >= 0 || SSL_get_error(tls->ssl, rc) != SSL_ERROR_WANT_WRITE;
}

static void shut_if_wanted(struct tls_channel *tls)
{
    if (tls->end != TLS_END_WANTED || !send_close_notify(tls))
        return;
    tls->end = TLS_END_SENT;
    (void)shutdown(tls->base.watch.fd, SHUT_WR); /* ENOTCONN: receiving will find the end */
}

static void tls_shut(struct channel *channel)
{
    struct tls_channel *tls = tls_of(channel);
    if (tls->end == TLS_END_NONE)
        tls->end = TLS_END_WANTED;
    shut_if_wanted(tls);
}

static void tls_close(struct channel *channel, bool is_reset)
{
    struct tls_channel *tls = tls_of(channel);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert(!tls->is_lent);
    if (is_reset)
        (void)setsockopt(channel->watch.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    else if (tls->end != TLS_END_SENT)
        (void)send_close_notify(tls); /* a full socket: then its end says it, less surely */
    loop_forget(channel->loop, &channel->watch);
    SSL_free(tls->ssl);
    ERR_clear_error();
    fd_close(channel->watch.fd); /* what was lost, TCP would not tell us here either */
    buf_done(&tls->out);
    mem_free(channel->client);
    mem_free(tls);
}

static const struct channel_ops tls_ops = {
    .receive = tls_receive,
    .skip = tls_skip,
    .send = tls_send,
    .shut = tls_shut,
    .close = tls_close,
};

static const struct channel_ops kernel_tls_ops = {
    .receive = tls_receive,
    .skip = tls_skip,
    .send = tls_send,
    .send_file = tls_send_file,
    .shut = tls_shut,
    .close = tls_close,
};

/* --- events --- */

static void note_events(struct tls_channel *tls, uint32_t events)
{
    struct channel *channel = &tls->base;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        tls->socket_may_read = channel->may_read = true;
        channel->may_write |= tls->write_wants_read;
    }
    if (events & EPOLLOUT) {
        tls->socket_may_write = channel->may_write = true;
        channel->may_read |= tls->read_wants_write;
        shut_if_wanted(tls);
    }
    if (events & EPOLLRDHUP)
        channel->has_ended = true;
    if (events & (EPOLLHUP | EPOLLERR))
        channel->has_failed = true;
    loop_queue(channel->loop, channel->ready);
}

static void tls_ready(struct watch *watch, uint32_t events)
{
    struct tls_channel *tls = tls_of(CONTAINER_OF(watch, struct channel, watch));
    if (tls->is_lent)
        tls->missed |= events;
    else
        note_events(tls, events);
}

struct channel *channel_of_tls(struct tls_server *server, struct loop *loop, int fd,
                               struct err *err)
{
    struct tls_channel *tls = MEM_NEW(struct tls_channel);
    tls->base = (struct channel){
        .ops = &tls_ops, .loop = loop, .watch = {.ready = tls_ready, .fd = fd}, .is_secure = true};
    tls->server = server;
    tls->socket_may_write = true;
    if (loop_watch(loop, &tls->base.watch, err))
        return &tls->base;
    struct channel *failed = &tls->base;
    channel_close(&failed, false);
    return NULL;
}

/* --- the handshake --- */

bool tls_channel_can_handshake(const struct channel *channel)
{
    const struct tls_channel *tls = const_tls_of(channel);
    return !tls->is_lent &&
           (tls->socket_may_read || (tls->read_wants_write && tls->socket_may_write));
}

void tls_channel_lend(struct channel *channel)
{
    struct tls_channel *tls = tls_of(channel);
    assert(tls->phase == TLS_HANDSHAKE && !tls->is_lent);
    tls->is_lent = true;
}

void tls_channel_take_back(struct channel *channel)
{
    struct tls_channel *tls = tls_of(channel);
    uint32_t missed = tls->missed;
    assert(tls->is_lent);
    tls->is_lent = false;
    tls->missed = 0;
    if (missed)
        note_events(tls, missed);
}

static bool tls_channel_begin(struct tls_channel *tls, struct err *err)
{
    ERR_clear_error();
    SSL_CTX *context = tls_server_context(tls->server);
    tls->ssl = SSL_new(context);
    SSL_CTX_free(context); /* the connection has a reference of its own */
    BIO *bio = tls->ssl ? make_bio(tls) : NULL;
    if (!bio)
        return tls_fail(err, "cannot begin a TLS connection");
    SSL_set_bio(tls->ssl, bio, bio); /* takes */
    SSL_set_accept_state(tls->ssl);
    return true;
}

/* RFC 4514: the name as people write it, most specific part first. Gives; NULL: there is none. */
static char *client_of(SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
        return NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    char *name = NULL;
    if (bio &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(bio, &text);
        name = mem_copy_text(text, (size_t)len);
    }
    BIO_free(bio);
    return name;
}

static void note_shaken(struct tls_channel *tls)
{
    struct channel *channel = &tls->base;
    tls->phase = TLS_OPEN;
    tls->read_wants_write = false;
    channel->client = client_of(tls->ssl);
    channel->may_read = tls->socket_may_read || SSL_has_pending(tls->ssl);
    channel->may_write = tls->socket_may_write;
    if (BIO_get_ktls_send(SSL_get_wbio(tls->ssl)))
        channel->ops = &kernel_tls_ops;
}

enum channel_rc tls_channel_handshake(struct channel *channel, struct err *err)
{
    struct tls_channel *tls = tls_of(channel);
    assert(tls->phase != TLS_OPEN);
    if (tls->phase == TLS_BROKEN || (!tls->ssl && !tls_channel_begin(tls, err)))
        return CHANNEL_FAILED;
    ERR_clear_error();
    int rc = SSL_do_handshake(tls->ssl);
    if (rc == 1) {
        note_shaken(tls);
        return CHANNEL_OK;
    }
    if (note_failure(tls, rc, true) == CHANNEL_AGAIN)
        return CHANNEL_AGAIN;
    tls->phase = TLS_BROKEN;
    long verdict = SSL_get_verify_result(tls->ssl);
    (void)tls_fail(err, "the TLS handshake failed"); /* FAILED says it */
    if (verdict == X509_V_ERR_CRL_HAS_EXPIRED || verdict == X509_V_ERR_UNABLE_TO_GET_CRL)
        err_set(err, EKEYEXPIRED, "clients' certificates are refused: %s",
                X509_verify_cert_error_string(verdict));
    return CHANNEL_FAILED;
}

enum tls_protocol tls_channel_protocol(const struct channel *channel)
{
    const unsigned char *chosen;
    unsigned len;
    SSL_get0_alpn_selected(const_tls_of(channel)->ssl, &chosen, &len);
    return len == 2 && memcmp(chosen, "h2", 2) == 0 ? TLS_HTTP_2 : TLS_HTTP_1;
}

int tls_channel_give_socket(struct channel **channel)
{
    struct tls_channel *tls = tls_of(*channel);
    int fd = tls->base.watch.fd;
    *channel = NULL;
    assert(!tls->is_lent && tls->phase != TLS_OPEN);
    loop_forget(tls->base.loop, &tls->base.watch);
    SSL_free(tls->ssl);
    mem_free(tls);
    return fd;
}

bool tls_channel_got_http(const struct channel *channel)
{
    const struct tls_channel *tls = const_tls_of(channel);
    for (size_t i = 0; i < sizeof(tls->first); i++) { /* a method of at least three letters */
        bool is_letter = tls->first[i] >= 'A' && tls->first[i] <= 'Z';
        if (!is_letter && !(i == 3 && tls->first[i] == ' '))
            return false;
    }
    return true;
}
