/* Requests in parallel on one thread: libcurl's multi interface with sockets in an epoll of our
 * own.
 *
 * libcurl says which sockets it wants watched for what, and when it wants to be called again at the
 * latest (socket_changed(), timer_changed()); a turn waits for either and tells it. Handles are
 * kept and used again: making one costs more than a short request.
 *
 * An answer's fields are gathered line by line; of a chain of interim answers (103) only the last
 * counts. Its body is offered when the first byte of it comes, or at the end when there is none, so
 * head() is called once in any case. A body that nobody wants is read over up to DRAIN_BYTES, since
 * closing an HTTP/1.1 connection to get rid of it costs more.
 *
 * Redirects are not followed: each hop is a link of its own for who asks. What a failure means is
 * said once, in end_of(): whether it is the host's or ours decides what may be called broken.
 *
 * Invariants
 *  (1) a call has `priv` from its start until done() is called;
 *  (2) credentials go to auth_host only, compared with the host that libcurl parsed from the URL.
 */
#include "client/pool.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/x509_vfy.h>
#include <resolv.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/curl.h"
#include "client/public_address.h"

enum { NO_NAMES_MS = 2000, EVENTS_PER_TURN = 64, DRAIN_BYTES = 1 << 17, IDLE_HANDLES_MAX = 128 };

struct call_priv {
    struct client_pool *pool;
    struct call *call;
    CURL *easy;
    struct curl_slist *headers;
    struct call_priv *next_idle;
    struct call_priv *next, **link; /* of those under way */
    int64_t started_ms;
    bool was_told; /* head() was called */
    bool wants_body;
    bool is_refused; /* the address is not public */
    int own_errno;   /* why there is no socket */
    bool is_stopped; /* who asks has enough */
    char error[CURL_ERROR_SIZE];
};

struct client_pool {
    const struct client_options *options;
    CURLM *multi;
    CURLSH *share;
    CURL *cookies; /* asks for nothing: reads and writes the file of the shared cookies */
    int epoll_fd;
    int64_t timer_at_ms; /* -1: libcurl waits for nothing but sockets */
    unsigned under_way;
    struct call_priv *idle;
    unsigned idle_count;
    struct call_priv *running;
    int64_t no_names_until_ms; /* the resolver did not answer */
};

/* --- what libcurl asks --- */

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct client_pool *pool = arg;
    (void)easy;
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* closed is as good */
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    int rc = epoll_ctl(pool->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    if (rc < 0 && errno == EEXIST)
        rc = epoll_ctl(pool->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    if (!known)
        (void)curl.multi_assign(pool->multi, fd, pool); /* cannot fail for a known socket */
    return rc < 0 ? -1 : 0;
}

static int timer_changed(CURLM *multi, long timeout_ms, void *arg)
{
    struct client_pool *pool = arg;
    (void)multi;
    pool->timer_at_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
    return 0;
}

/* Asked with the address that will really be connected to, whatever the name resolved to before. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct call_priv *p = arg;
    (void)purpose;
    if (p->pool->options->is_public_only && !address_is_public(&address->addr)) {
        p->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        p->own_errno = errno;
    return fd;
}

/* --- an answer as it comes --- */

static void clear_result(struct call *call)
{
    call->status = 0;
    call->body_bytes = 0;
    call->sets_cookie = false;
    call->message[0] = call->address[0] = '\0';
    buf_clear(&call->type);
    buf_clear(&call->location);
    buf_clear(&call->retry_after);
}

static void note_field(struct call *call, struct str name, struct str value)
{
    struct buf *to = NULL;
    if (str_eq_nocase(name, STR("content-type")))
        to = &call->type;
    else if (str_eq_nocase(name, STR("location")))
        to = &call->location;
    else if (str_eq_nocase(name, STR("retry-after")))
        to = &call->retry_after;
    else if (str_eq_nocase(name, STR("set-cookie")))
        call->sets_cookie = true;
    if (!to)
        return;
    buf_clear(to);
    buf_add(to, value);
}

static size_t on_header(char *at, size_t size, size_t count, void *arg)
{
    struct call_priv *p = arg;
    struct str line = str_of(at, size * count);
    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    if (str_starts(line, STR("HTTP/")))
        clear_result(p->call); /* another answer, after an interim one or a challenge */
    struct str value = line;
    struct str name = str_cut(&value, ':');
    if (name.len < line.len)
        note_field(p->call, name, str_trim(value));
    return size * count;
}

static void tell_head(struct call_priv *p)
{
    long status = 0;
    if (p->was_told)
        return;
    p->was_told = true;
    (void)curl.easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 if it fails */
    p->call->status = status > 0 ? (unsigned)status : 0;
    p->wants_body = p->call->head && p->call->head(p->call);
}

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
    struct call_priv *p = arg;
    struct call *call = p->call;
    size_t len = size * count;
    tell_head(p);
    call->body_bytes += len;
    if (p->wants_body && !call->data(call, str_of(at, len)))
        p->wants_body = false;
    p->is_stopped = !p->wants_body && call->body_bytes > DRAIN_BYTES;
    return p->is_stopped ? 0 : len; /* anything but all of it ends the transfer */
}

/* --- what an end means --- */

static enum call_end tls_end(CURL *easy)
{
    long verified = X509_V_OK;
    (void)curl.easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified); /* OK if it fails */
    switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CALL_TLS_EXPIRED;
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED: /* libcurl's own look at the name comes before it asks OpenSSL */
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return CALL_TLS_NAME;
    default:
        return CALL_TLS_UNTRUSTED;
    }
}

/* A host without a connection: is it the host, or are we out of descriptors? */
static enum call_end connect_end(const struct call_priv *p)
{
    long code = 0;
    if (p->is_refused)
        return CALL_PRIVATE;
    if (p->pool->options->proxy)
        return CALL_PROXY;
    if (p->own_errno == EAFNOSUPPORT || p->own_errno == 0)
        (void)curl.easy_getinfo(p->easy, CURLINFO_OS_ERRNO, &code); /* 0 if it fails */
    else
        code = p->own_errno;
    switch (code) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case ENETDOWN:
    case ENETUNREACH:
        return CALL_OWN;
    case ETIMEDOUT:
        return CALL_TIMEOUT;
    default:
        return CALL_REFUSED;
    }
}

/* A name without an address: does it not exist, or does nobody answer for names at all? Asked once
 * more for that; the answer no is quick. When nobody answers it is not: so it is waited for a
 * second only (requests under way must not time out because of it), and that holds for the next
 * names as well. */
static enum call_end resolve_end(const struct call_priv *p)
{
    if (clock_mono_ms() < p->pool->no_names_until_ms)
        return CALL_OWN;
    CURLU *url = curl.url_new();
    char *host = NULL;
    enum call_end end = CALL_DNS;
    struct addrinfo *found = NULL;
    if (res_init() == 0) /* this thread's: libcurl resolves in others */
        _res.retrans = _res.retry = 1;
    if (url && curl.url_set(url, CURLUPART_URL, p->call->url, 0) == CURLUE_OK &&
        curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        int rc = getaddrinfo(host, NULL, NULL, &found);
        bool is_ours = rc == EAI_AGAIN || rc == EAI_MEMORY || rc == EAI_SYSTEM || rc == EAI_FAIL;
        end = is_ours ? CALL_OWN : CALL_DNS;
        if (is_ours)
            p->pool->no_names_until_ms = clock_mono_ms() + NO_NAMES_MS;
        if (rc == 0)
            freeaddrinfo(found);
    }
    curl.text_free(host);
    curl.url_cleanup(url);
    return end;
}

static enum call_end end_of(const struct call_priv *p, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return CALL_ANSWERED;
    case CURLE_WRITE_ERROR:
        return p->is_stopped ? CALL_ANSWERED : CALL_OWN;
    case CURLE_COULDNT_RESOLVE_HOST:
        return resolve_end(p);
    case CURLE_COULDNT_CONNECT:
        return connect_end(p);
    case CURLE_OPERATION_TIMEDOUT:
        return CALL_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        return tls_end(p->easy);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
        return CALL_TLS_PROTOCOL;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2_STREAM:
        return CALL_CUT_OFF;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return CALL_PROXY;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
        return CALL_OWN;
    default:
        return CALL_NOT_HTTP;
    }
}

/* --- making a request --- */

static void set_auth(struct call_priv *p)
{
    const struct client_options *o = p->pool->options;
    CURL *easy = p->easy;
    CURLU *url = curl.url_new();
    char *host = NULL;
    bool is_ours = url && o->auth_host &&
                   curl.url_set(url, CURLUPART_URL, p->call->url, 0) == CURLUE_OK &&
                   curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                   str_eq_nocase(str_of_c(host), str_of_c(o->auth_host));
    curl.text_free(host);
    curl.url_cleanup(url);
    if (!is_ours)
        return;
    if (o->user_password) {
        curl.easy_setopt(easy, CURLOPT_USERPWD, o->user_password);
        curl.easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST);
    }
    if (o->bearer) {
        curl.easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, o->bearer);
        curl.easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    }
}

static void set_headers(struct call_priv *p)
{
    const struct client_options *o = p->pool->options;
    struct buf line = {0};
    for (size_t i = 0; o->headers && o->headers[i]; i++)
        p->headers = curl.slist_append(p->headers, o->headers[i]);
    if (p->call->depth) {
        buf_addf(&line, "Depth: %s", p->call->depth);
        p->headers = curl.slist_append(p->headers, buf_c(&line));
        p->headers = curl.slist_append(p->headers, "Content-Type: application/xml");
    }
    buf_done(&line);
    curl.easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
}

static void set_method(struct call_priv *p)
{
    const struct call *call = p->call;
    CURL *easy = p->easy;
    bool is_head = strcmp(call->method, "HEAD") == 0;
    bool is_get = strcmp(call->method, "GET") == 0;
    if (is_head) {
        curl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (!is_get) {
        curl.easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.at);
        curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)call->body.len);
        curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

/* What is the same for all requests of a handle. */
static void set_common(struct call_priv *p)
{
    const struct client_options *o = p->pool->options;
    CURL *easy = p->easy;
    curl.easy_setopt(easy, CURLOPT_PRIVATE, p);
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, p->error);
    curl.easy_setopt(easy, CURLOPT_SHARE, p->pool->share);
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl.easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    curl.easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     o->is_http1_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, p);
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, p);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, p);
    if (o->proxy)
        curl.easy_setopt(easy, CURLOPT_PROXY, o->proxy);
    else if (o->is_public_only)
        curl.easy_setopt(easy, CURLOPT_PROXY, ""); /* nor one that the environment names */
    if (o->has_netrc)
        curl.easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    if (o->cookie_file)
        curl.easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* takes part in the shared ones */
    if (o->ca_file)
        curl.easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
    if (o->is_insecure) {
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static struct call_priv *take_handle(struct client_pool *pool)
{
    struct call_priv *p = pool->idle;
    if (p) {
        pool->idle = p->next_idle;
        pool->idle_count--;
        return p;
    }
    p = MEM_NEW(struct call_priv);
    p->pool = pool;
    p->easy = curl.easy_init();
    if (!p->easy) {
        mem_free(p);
        return NULL;
    }
    return p;
}

static void free_handle(struct call_priv *p)
{
    curl.easy_setopt(p->easy, CURLOPT_COOKIEFILE, NULL);
    curl.slist_free_all(p->headers);
    curl.easy_cleanup(p->easy);
    mem_free(p);
}

/* Takes it off the list of those under way. */
static void leave(struct call_priv *p)
{
    (void)curl.multi_remove_handle(p->pool->multi, p->easy); /* it was added */
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->pool->under_way--;
    p->call->priv = NULL;
}

static void give_back(struct call_priv *p)
{
    struct client_pool *pool = p->pool;
    curl.slist_free_all(p->headers);
    p->headers = NULL;
    if (pool->idle_count >= IDLE_HANDLES_MAX) {
        free_handle(p);
        return;
    }
    curl.easy_setopt(p->easy, CURLOPT_COOKIEFILE, NULL); /* a reset would only forget it */
    curl.easy_reset(p->easy);
    p->next_idle = pool->idle;
    pool->idle = p;
    pool->idle_count++;
}

void client_pool_start(struct client_pool *pool, struct call *call)
{
    struct call_priv *p = take_handle(pool);
    clear_result(call);
    call->priv = p;
    if (!p) {
        call->end = CALL_OWN;
        call->done(call);
        return;
    }
    p->call = call;
    p->was_told = p->wants_body = p->is_refused = p->is_stopped = false;
    p->own_errno = 0;
    p->error[0] = '\0';
    p->started_ms = clock_mono_ms();
    set_common(p);
    curl.easy_setopt(p->easy, CURLOPT_URL, call->url);
    set_method(p);
    set_headers(p);
    set_auth(p);
    curl.easy_setopt(p->easy, CURLOPT_FRESH_CONNECT, call->is_alone ? 1L : 0L);
    p->next = pool->running;
    p->link = &pool->running;
    if (p->next)
        p->next->link = &p->next;
    pool->running = p;
    pool->under_way++;
    (void)curl.multi_add_handle(pool->multi, p->easy); /* fails only when used wrongly */
}

/* --- turns --- */

static void finish(struct call_priv *p, CURLcode code)
{
    struct call *call = p->call;
    char *address = NULL;
    if (code == CURLE_OK)
        tell_head(p);
    call->end = end_of(p, code);
    if (call->end != CALL_ANSWERED)
        (void)snprintf(call->message, sizeof(call->message), "%s",
                       p->error[0] ? p->error : curl.easy_strerror(code)); /* cut off is fine */
    if (curl.easy_getinfo(p->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
        (void)snprintf(call->address, sizeof(call->address), "%s", address); /* fits */
    call->time_ms = (uint32_t)(clock_mono_ms() - p->started_ms);
    leave(p);
    give_back(p);
    call->done(call);
}

static void tell_ends(struct client_pool *pool)
{
    int left;
    CURLMsg *message;
    while ((message = curl.multi_info_read(pool->multi, &left))) {
        char *priv = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &priv); /* was set */
        finish((struct call_priv *)(void *)priv, code);
    }
}

static void run_socket(struct client_pool *pool, const struct epoll_event *event)
{
    int running, what = 0;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & EPOLLERR)
        what |= CURL_CSELECT_ERR;
    (void)curl.multi_socket_action(pool->multi, event->data.fd, what, &running); /* see ends */
}

void client_pool_turn(struct client_pool *pool, int64_t wait_ms)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int running;
    if (pool->timer_at_ms >= 0) {
        int64_t left_ms = pool->timer_at_ms - clock_mono_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
        if (wait_ms < 0 || left_ms < wait_ms)
            wait_ms = left_ms;
    }
    if (wait_ms > INT32_MAX)
        wait_ms = INT32_MAX;
    int count = epoll_wait(pool->epoll_fd, events, EVENTS_PER_TURN, (int)wait_ms);
    for (int i = 0; i < count; i++)
        run_socket(pool, &events[i]);
    if (pool->timer_at_ms >= 0 && pool->timer_at_ms <= clock_mono_ms()) {
        pool->timer_at_ms = -1;
        (void)curl.multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0,
                                       &running); /* as above */
    }
    tell_ends(pool);
}

unsigned client_pool_under_way(const struct client_pool *pool)
{
    return pool->under_way;
}

void client_pool_cancel(struct client_pool *pool, struct call *call)
{
    (void)pool;
    struct call_priv *p = call->priv;
    if (!p)
        return;
    leave(p);
    give_back(p);
}

/* --- life --- */

/* One handle has the file, all have the cookies. */
static bool begin_cookies(struct client_pool *pool)
{
    const char *file = pool->options->cookie_file;
    if (!file)
        return true;
    curl.share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    pool->cookies = curl.easy_init();
    if (!pool->cookies)
        return false;
    curl.easy_setopt(pool->cookies, CURLOPT_SHARE, pool->share);
    curl.easy_setopt(pool->cookies, CURLOPT_COOKIEFILE, file);
    if (file[0])
        curl.easy_setopt(pool->cookies, CURLOPT_COOKIEJAR, file); /* written when it is closed */
    return curl.easy_setopt(pool->cookies, CURLOPT_COOKIELIST, "RELOAD") == CURLE_OK;
}

struct client_pool *client_pool_new(const struct client_options *options, struct err *err)
{
    if (!curl_load(err))
        return NULL;
    struct client_pool *pool = MEM_NEW(struct client_pool);
    pool->options = options;
    pool->timer_at_ms = -1;
    pool->multi = curl.multi_init();
    pool->share = curl.share_init();
    pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!pool->multi || !pool->share || pool->epoll_fd < 0 || !begin_cookies(pool)) {
        (void)err_sys(err, errno, "making a client");
        client_pool_free(pool);
        return NULL;
    }
    curl.share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl.share_setopt(pool->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl.multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl.multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl.multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl.multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    curl.multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)options->connections_max);
    return pool;
}

void client_pool_free(struct client_pool *pool)
{
    if (!pool)
        return;
    while (pool->running)
        client_pool_cancel(pool, pool->running->call);
    for (struct call_priv *p = pool->idle, *next; p; p = next) {
        next = p->next_idle;
        free_handle(p);
    }
    (void)curl.multi_cleanup(pool->multi); /* nothing is left in it */
    curl.easy_cleanup(pool->cookies);
    (void)curl.share_cleanup(pool->share); /* nobody uses it now */
    if (pool->epoll_fd >= 0)
        (void)close(pool->epoll_fd); /* nothing is written through it */
    mem_free(pool);
}

void call_free(struct call *call)
{
    assert(!call->priv);
    buf_done(&call->type);
    buf_done(&call->location);
    buf_done(&call->retry_after);
}
