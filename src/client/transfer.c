/* A request as libcurl sees it: its options, and the functions that libcurl calls while it is under
 * way. These only note what happened, move bytes, and say WAIT in libcurl's words; what follows is
 * done by the client's task (client.c), outside of libcurl.
 *
 * Both bodies are held back by whoever is slower. The request's is pulled when libcurl has room; a
 * source that says WAIT pauses the sending until it rings. The answer's is kept until it is pulled;
 * beyond READY_BYTES_MAX the receiving is paused, and goes on when half of that has been taken.
 *
 * A deadline runs while bytes should move: not while our own side makes them wait, and after the
 * last byte of the request for as long as an answer may take (answer_ms). Where that is for ever
 * TCP finds out whether the server still lives. The rest of an answer that nobody wants is waited
 * for only briefly, to keep the connection; but what changes something is not broken off for that.
 *
 * An answer's fields are gathered line by line; of a chain of interim answers (1xx) only the last
 * counts. It is complete at its empty line, unless libcurl itself may answer the challenge that it
 * is: then its body shows that it was the last, or its end.
 *
 * libcurl sends a request anew when a connection that was kept turns out to be dead. It asks before
 * it does (before_sending()), and for a request that changes something is told no: nobody can know
 * what the server has made of the first one.
 *
 * Invariants
 *  (1) credentials go to auth_host only (where they are for one origin, to no other scheme or port
 *      of it), compared with what libcurl parsed from the URL; headers go there and to
 *      header_hosts; a token to its origin; those of a .netrc to their host, and not as libcurl
 *      does it, which gives its "default" to whoever is linked to;
 *  (2) what is added to a request is what struct client_options says, and what frames it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/public_address.h"
#include "client/transfer_priv.h"
#include "http/status.h"
#include "io/socket.h"

enum {
    READY_BYTES_MAX = 65536,
    DRAIN_BYTES = 131072,
    HEAD_BYTES_MAX = 65536,
    BUFFER_BYTES = 32768, /* libcurl's own, each way */
    ALIVE_S = 30,         /* how often TCP asks a server that it waits for */
};

/* --- deadlines --- */

void transfer_touch(struct transfer *p)
{
    struct client *client = p->client;
    bool waits_for_answer = p->has_ended && !p->is_within_head && !p->has_head;
    struct deadline_queue *queue =
        waits_for_answer ? &client->answer_deadlines : &client->progress_deadlines;
    if (p->is_closed && deadline_is_armed(&p->deadline))
        return; /* what is not wanted is not waited for any longer */
    deadline_cancel(&p->deadline);
    if (queue->length_ms && !p->is_recv_paused && !p->is_send_paused && !p->is_over)
        deadline_arm(client->loop, queue, &p->deadline);
}

/* --- connections --- */

static void keep_alive(const struct client_options *options, int fd)
{
    int on = 1, after_s = ALIVE_S;
    unsigned stuck_ms = options->progress_ms;
    if (options->answer_ms || options->total_ms)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)); /* all as far as it goes */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &after_s, sizeof(after_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &after_s, sizeof(after_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stuck_ms, sizeof(stuck_ms));
}

static void spare_pacing(int fd, const struct curl_sockaddr *address)
{
    struct socket_address to = {.len = address->addrlen};
    if (address->family != AF_INET && address->family != AF_INET6)
        return;
    memcpy(&to.storage, &address->addr, size_min(to.len, sizeof(to.storage)));
    socket_spare_pacing(fd, &to);
}

/* Asked with the address that will really be connected to, whatever the name resolved to before. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *p = arg;
    const struct client_options *options = p->client->options;
    (void)purpose;
    if (options->is_public_only && !address_is_public(&address->addr)) {
        p->is_refused = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        p->own_errno = errno;
        return CURL_SOCKET_BAD;
    }
    keep_alive(options, fd);
    spare_pacing(fd, address);
    sockets_opened(&p->client->sockets, fd);
    return fd;
}

static int before_sending(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct transfer *p = arg;
    struct call *call = p->call;
    (void)peer, (void)own, (void)peer_port, (void)own_port;
    bool has_answer = p->head_bytes > 0; /* a challenge, which is answered */
    if (call->was_sent && !has_answer && !call->is_safe) {
        p->is_unsafe_again = true;
        return CURL_PREREQFUNC_ABORT;
    }
    call->was_sent = true;
    p->head_bytes = 0;
    transfer_touch(p);
    return CURL_PREREQFUNC_OK;
}

/* --- the request's body --- */

static void upload_rang(struct waker *waker)
{
    struct transfer *p = CONTAINER_OF(waker, struct transfer, upload_waker);
    p->has_rung = true;
    transfer_note(p);
}

static size_t fail_upload(struct transfer *p, const char *why)
{
    p->has_upload_fail = true;
    (void)snprintf(p->call->message, sizeof(p->call->message), "%s", why); /* cut off is fine */
    return CURL_READFUNC_ABORT;
}

static size_t end_upload(struct transfer *p)
{
    uint64_t said = p->call->upload_bytes;
    if (said != LENGTH_UNKNOWN && p->uploaded_bytes != said)
        return fail_upload(p, "the request's body is not as long as was said");
    p->has_ended = true;
    transfer_touch(p);
    return 0;
}

/* The answer is there, and it is not that all is well: the rest of the body is not wanted (RFC 9110
 * §10.1.1), also where it is us who wait for it. */
static bool is_answered_early(const struct transfer *p)
{
    return p->has_head && !p->has_ended && !http_is_success(p->call->status);
}

static size_t on_upload(char *to, size_t size, size_t count, void *arg)
{
    struct transfer *p = arg;
    struct err err;
    size_t room = size_min(size * count, BUFFER_BYTES);
    if (is_answered_early(p))
        return 0;
    if (p->is_send_paused) /* with HTTP/2 it asks all the same; only resuming ends a pause */
        return CURL_READFUNC_PAUSE;
    buf_clear(&p->piece);
    p->has_rung = false;
    switch (source_pull(p->upload, &p->piece, room, &err)) {
    case PULL_DATA:
        break;
    case PULL_WAIT:
        p->is_send_paused = true;
        transfer_touch(p);
        return CURL_READFUNC_PAUSE;
    case PULL_END:
        return end_upload(p);
    case PULL_FAIL:
        return fail_upload(p, err.text);
    }
    memcpy(to, p->piece.at, p->piece.len);
    p->uploaded_bytes += p->piece.len;
    if (p->call->upload_bytes != LENGTH_UNKNOWN && p->uploaded_bytes > p->call->upload_bytes)
        return fail_upload(p, "the request's body is longer than was said");
    p->has_ended = p->uploaded_bytes == p->call->upload_bytes; /* it may not be asked again */
    transfer_touch(p);
    return p->piece.len;
}

void transfer_close_upload(struct transfer *p)
{
    source_close(&p->upload);
}

/* --- the answer --- */

static void begin_head(struct transfer *p, struct str line)
{
    struct call *call = p->call;
    arena_reset(&call->arena);
    call->answer = (struct http_fields){0};
    call->status_line = arena_str(&call->arena, line);
    p->is_within_head = true;
}

/* RFC 9112 §6: how a message is framed is the business of who sends it. */
static bool is_framing(struct str name)
{
    return str_eq_nocase(name, STR("content-length")) ||
           str_eq_nocase(name, STR("transfer-encoding")) || str_eq_nocase(name, STR("connection"));
}

static void add_field(struct call *call, struct str line)
{
    struct str value = line;
    struct str name = str_cut(&value, ':');
    if (name.len == line.len)
        return; /* libcurl has let it pass */
    const struct http_field_line field = {
        .id = http_field_find(name),
        .name = arena_str(&call->arena, name),
        .value = arena_str(&call->arena, str_trim(value)),
    };
    http_fields_add(&call->answer, &call->arena, &field);
}

/* RFC 9112 §5.2: a value that goes on in the next line. Of a length libcurl has read the first line
 * alone. */
static void extend_field(struct transfer *p, struct str more)
{
    struct buf joined = {0};
    struct call *call = p->call;
    if (call->answer.count == 0)
        return;
    struct http_field_line *last = &call->answer.lines[call->answer.count - 1];
    p->is_misframed |= is_framing(last->name);
    buf_add(&joined, last->value);
    buf_add_char(&joined, ' ');
    buf_add(&joined, str_trim(more));
    last->value = arena_str(&call->arena, buf_str(&joined));
    buf_done(&joined);
}

/* Whether libcurl may yet answer it by itself. */
static bool may_go_on(const struct transfer *p, unsigned status)
{
    const struct client_options *o = p->client->options;
    bool has_secret = o->user_password || o->bearer || o->has_netrc || p->proxy.url;
    return status < HTTP_OK ||
           (has_secret && (status == HTTP_UNAUTHORIZED || status == HTTP_PROXY_AUTH_REQUIRED));
}

static void complete_head(struct transfer *p)
{
    if (p->has_head)
        return;
    p->has_head = true;
    p->is_within_head = false;
    transfer_note(p);
}

/* One number, however often it is said. */
static bool is_length(const struct http_fields *fields, struct arena *arena)
{
    struct str said = http_fields_join(fields, FIELD_CONTENT_LENGTH, arena);
    uint64_t first = 0, length;
    bool has_first = false;
    while (said.len) {
        if (!str_parse_u64(str_trim(str_cut(&said, ',')), &length) ||
            (has_first && length != first))
            return false;
        first = length;
        has_first = true;
    }
    return true;
}

/* Whether all who read it see its body end at the same byte (RFC 9112 §6.3): if not, what is behind
 * it could be taken for an answer. No coding but chunks was asked for. */
static bool is_framed(const struct transfer *p)
{
    struct call *call = p->call;
    struct str codings = http_fields_join(&call->answer, FIELD_TRANSFER_ENCODING, &call->arena);
    if (codings.at)
        return p->client->options->decodes || str_eq_nocase(codings, STR("chunked"));
    return is_length(&call->answer, &call->arena);
}

static void end_head(struct transfer *p)
{
    long status = 0;
    (void)curl.easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 if it fails */
    p->call->status = status > 0 ? (unsigned)status : 0;
    p->is_within_head = false;
    if (!may_go_on(p, p->call->status))
        complete_head(p);
}

static size_t on_header(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *p = arg;
    struct str line = str_of(at, size * count);
    if (p->has_head)
        return line.len; /* trailers (RFC 9110 §6.5.1) */
    p->head_bytes += line.len;
    p->is_long = p->head_bytes > HEAD_BYTES_MAX;
    if (p->is_long)
        return 0; /* anything but all of it ends the transfer; likewise below */
    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    p->is_misframed |= line.len == 0 && !is_framed(p);
    if (p->is_misframed)
        return 0;
    if (line.len == 0)
        end_head(p);
    else if (!p->is_within_head)
        begin_head(p, line);
    else if (line.at[0] == ' ' || line.at[0] == '\t')
        extend_field(p, line);
    else
        add_field(p->call, line);
    transfer_touch(p);
    return size * count;
}

static size_t drain(struct transfer *p, size_t len)
{
    p->drained_bytes += len;
    p->is_stopped = p->drained_bytes > DRAIN_BYTES;
    return p->is_stopped ? 0 : len;
}

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
    struct transfer *p = arg;
    size_t len = size * count;
    complete_head(p);
    size_t left = p->ready.len - p->taken;
    if (!p->is_closed && left && left + len > READY_BYTES_MAX) {
        p->is_recv_paused = true;
        transfer_touch(p);
        return CURL_WRITEFUNC_PAUSE;
    }
    p->call->body_bytes += len;
    transfer_touch(p);
    if (p->is_closed)
        return drain(p, len);
    buf_consume(&p->ready, p->taken);
    p->taken = 0;
    buf_add(&p->ready, str_of(at, len));
    if (p->is_awaited)
        transfer_note(p);
    return len;
}

/* Half of what is kept has been taken: the receiving may go on. */
static bool has_room(const struct transfer *p)
{
    return p->ready.len - p->taken <= READY_BYTES_MAX / 2;
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct transfer *p = CONTAINER_OF(self, struct transfer, body);
    struct str left = str_from(buf_str(&p->ready), p->taken);
    if (left.len) {
        left = str_first(left, want);
        buf_add(into, left);
        p->taken += left.len;
        if (p->is_recv_paused && has_room(p))
            transfer_note(p);
        return PULL_DATA;
    }
    if (p->is_over && p->call->end == CALL_ANSWERED)
        return PULL_END;
    if (p->is_over) {
        err_set(err, 0, "%s", p->call->message);
        return PULL_FAIL;
    }
    p->is_awaited = true;
    return PULL_WAIT;
}

static void body_close(struct source *self)
{
    struct transfer *p = CONTAINER_OF(self, struct transfer, body);
    p->is_closed = true;
    p->is_awaited = false;
    buf_done(&p->ready);
    p->taken = 0;
    if (p->call->is_safe && !p->is_over) {
        deadline_cancel(&p->deadline);
        deadline_arm(p->client->loop, &p->client->drain_deadlines, &p->deadline);
    }
    transfer_note(p);
}

static const struct source_ops body_ops = {
    .name = "answer", .pull = body_pull, .close = body_close};

void transfer_resume(struct transfer *p)
{
    bool may_recv = p->is_recv_paused && has_room(p);
    bool may_send = p->is_send_paused && (p->has_rung || is_answered_early(p));
    if (p->is_over || (!may_recv && !may_send))
        return;
    p->is_recv_paused &= !may_recv;
    p->is_send_paused &= !may_send;
    transfer_touch(p);
    (void)curl.easy_pause(p->easy, (p->is_recv_paused ? CURLPAUSE_RECV : 0) |
                                       (p->is_send_paused ? CURLPAUSE_SEND : 0)); /* it ends then */
}

/* --- making a request --- */

static void add_header(struct transfer *p, const char *line)
{
    p->headers = curl.slist_append(p->headers, line);
}

/* libcurl's own way to say that a field has no value: a semicolon for the colon. */
static void add_headers(struct transfer *p)
{
    struct buf line = {0};
    for (size_t i = 0; i < p->call->field_count; i++) {
        const struct http_field_line *field = &p->call->fields[i];
        buf_clear(&line);
        buf_add(&line, field->name);
        buf_add(&line, field->value.len ? STR(": ") : STR(";"));
        buf_add(&line, field->value);
        if (!is_framing(field->name))
            add_header(p, buf_c(&line));
    }
    buf_done(&line);
}

static bool has_field(const struct call *call, struct str name)
{
    for (size_t i = 0; i < call->field_count; i++) {
        if (str_eq_nocase(call->fields[i].name, name))
            return true;
    }
    return false;
}

static bool has_line(const char *const *lines, const char *beginning)
{
    for (size_t i = 0; lines && lines[i]; i++) {
        if (str_starts_nocase(str_of_c(lines[i]), str_of_c(beginning)))
            return true;
    }
    return false;
}

/* Whether a part of the URL is that; `wanted` NULL: it may be any. */
static bool url_part_is(CURLU *url, CURLUPart part, const char *wanted)
{
    char *value = NULL;
    bool is_it = !wanted || (curl.url_get(url, part, &value, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                             str_eq_nocase(str_of_c(value), str_of_c(wanted)));
    curl.text_free(value);
    return is_it;
}

static bool url_has_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    bool has = curl.url_get(url, part, &value, 0) == CURLUE_OK;
    curl.text_free(value);
    return has;
}

/* "scheme://host:port"; empty: it has none. */
static void add_origin(struct buf *to, CURLU *url)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    if (curl.url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl.url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        buf_addf(to, "%s://%s:%s", scheme, host, port);
    curl.text_free(scheme);
    curl.text_free(host);
    curl.text_free(port);
}

/* --- proxies --- */

static struct proxy proxy_for(const struct transfer *p)
{
    const struct proxies *proxies = &p->client->proxies;
    bool is_https = str_starts_nocase(str_of_c(p->call->url), STR("https:"));
    struct proxy proxy = is_https ? proxies->https : proxies->http;
    char *host = NULL, *port = NULL;
    if (p->client->options->is_public_only || !proxy.url)
        return (struct proxy){NULL, NULL}; /* a proxy would hide where a connection goes */
    CURLU *url = curl.url_new();
    bool is_spared = url && curl.url_set(url, CURLUPART_URL, p->call->url, 0) == CURLUE_OK &&
                     curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                     curl.url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                     proxy_is_spared(proxies->except, str_of_c(host), str_of_c(port));
    curl.text_free(host);
    curl.text_free(port);
    curl.url_cleanup(url);
    return is_spared ? (struct proxy){NULL, NULL} : proxy;
}

/* --- secrets --- */

/* Whom a call goes to, of those that are told more than others. */
struct trust {
    bool has_auth;                   /* credentials are meant for it */
    bool has_headers;                /* so are the headers */
    const struct netrc_entry *entry; /* what a netrc has for it; NULL: nothing */
    const char *token;               /* for its origin; NULL: there is none */
};

/* A netrc names hosts, and no ports: what it says of one is for its usual port by https, where
 * nobody else can listen, and for the servers that the user has named himself. */
static bool is_named_origin(const struct client_options *o, CURLU *url)
{
    struct buf origin = {0};
    bool is_it = !o->origins || (url_part_is(url, CURLUPART_SCHEME, "https") &&
                                 url_part_is(url, CURLUPART_PORT, "443"));
    if (!is_it)
        add_origin(&origin, url);
    for (size_t i = 0; origin.len && o->origins[i] && !is_it; i++)
        is_it = str_eq_nocase(buf_str(&origin), str_of_c(o->origins[i]));
    buf_done(&origin);
    return is_it;
}

static const struct netrc_entry *entry_for(const struct transfer *p, CURLU *url, bool has_auth)
{
    const struct client_options *o = p->client->options;
    const struct netrc_entry *entry = NULL;
    char *host = NULL, *user = NULL;
    bool is_asked = o->has_netrc && !url_has_part(url, CURLUPART_PASSWORD) &&
                    is_named_origin(o, url) &&
                    curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    (void)curl.url_get(url, CURLUPART_USER, &user, CURLU_URLDECODE); /* NULL: any will do */
    struct str machine = host ? str_of_c(host) : STR_NONE;
    if (machine.len > 2 && machine.at[0] == '[')
        machine = str_of(machine.at + 1, machine.len - 2);
    if (is_asked)
        entry = netrc_find(&p->client->netrc, machine, user ? str_of_c(user) : STR_NONE,
                           o->takes_netrc_default && has_auth);
    curl.text_free(host);
    curl.text_free(user);
    return entry;
}

static const char *token_for(const struct client_options *o, CURLU *url)
{
    const char *token = NULL;
    struct buf origin = {0};
    if (o->token_count && !o->is_insecure)
        add_origin(&origin, url);
    for (size_t i = 0; origin.len && i < o->token_count && !token; i++) {
        if (str_eq_nocase(buf_str(&origin), str_of_c(o->tokens[i].origin)))
            token = o->tokens[i].bearer;
    }
    buf_done(&origin);
    return token;
}

static struct trust trust_of(const struct transfer *p)
{
    const struct client_options *o = p->client->options;
    struct trust trust = {0};
    bool has_any = o->user_password || o->bearer || o->headers || o->has_netrc || o->token_count;
    if (!has_any || p->call->is_anonymous || p->call->is_unverified)
        return trust;
    CURLU *url = curl.url_new();
    if (url && curl.url_set(url, CURLUPART_URL, p->call->url, 0) == CURLUE_OK) {
        trust.has_auth = o->auth_host && url_part_is(url, CURLUPART_HOST, o->auth_host) &&
                         url_part_is(url, CURLUPART_SCHEME, o->auth_scheme) &&
                         url_part_is(url, CURLUPART_PORT, o->auth_port);
        trust.has_headers = trust.has_auth;
        for (size_t i = 0; o->header_hosts && o->header_hosts[i] && !trust.has_headers; i++)
            trust.has_headers = url_part_is(url, CURLUPART_HOST, o->header_hosts[i]);
        bool is_told = trust.has_auth && (o->user_password || o->bearer);
        trust.entry = is_told ? NULL : entry_for(p, url, trust.has_auth);
        trust.token = is_told || trust.entry ? NULL : token_for(o, url);
    }
    curl.url_cleanup(url);
    return trust;
}

/* What libcurl would add by itself is taken back by a name without a value. */
static void set_headers(struct transfer *p, struct trust trust)
{
    const struct client_options *o = p->client->options;
    const char *const *headers = trust.has_headers ? o->headers : NULL;
    struct buf accept = {0};
    buf_addf(&accept, "Accept:%s%s", o->accept ? " " : "", o->accept ? o->accept : "");
    for (size_t i = 0; headers && headers[i]; i++)
        add_header(p, headers[i]);
    add_headers(p);
    if (!has_field(p->call, STR("accept")) && !has_line(headers, "accept:"))
        add_header(p, buf_c(&accept));
    if (!has_field(p->call, STR("content-type")) && !has_line(headers, "content-type:"))
        add_header(p, "Content-Type:");
    if (!has_field(p->call, STR("expect")) && !has_line(headers, "expect:"))
        add_header(p, "Expect:");
    buf_done(&accept);
    curl.easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
}

static void set_auth(struct transfer *p, struct trust trust)
{
    const struct client_options *o = p->client->options;
    CURL *easy = p->easy;
    if (trust.entry) {
        const struct netrc_entry *entry = trust.entry;
        curl.easy_setopt(easy, CURLOPT_USERNAME, entry->login.at ? entry->login.at : "");
        curl.easy_setopt(easy, CURLOPT_PASSWORD, entry->password.at ? entry->password.at : "");
    }
    p->call->had_token = trust.token;
    if (trust.token) {
        curl.easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, trust.token);
        curl.easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    }
    if (!trust.has_auth)
        return;
    if (o->user_password) {
        unsigned long schemes = o->is_basic           ? CURLAUTH_BASIC
                                : o->takes_any_scheme ? CURLAUTH_ANY
                                                      : CURLAUTH_BASIC | CURLAUTH_DIGEST;
        curl.easy_setopt(easy, CURLOPT_USERPWD, o->user_password);
        /* What cannot be sent twice is not sent without a word to see what is asked for. */
        curl.easy_setopt(easy, CURLOPT_HTTPAUTH, (long)(p->upload ? CURLAUTH_BASIC : schemes));
    }
    if (o->bearer) {
        curl.easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, o->bearer);
        curl.easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    }
}

static void set_method(struct transfer *p)
{
    const struct call *call = p->call;
    CURL *easy = p->easy;
    bool is_head = strcmp(call->method, "HEAD") == 0;
    bool has_body = call->text.at || p->upload;
    if (is_head)
        curl.easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (call->text.at) {
        curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->text.len);
        curl.easy_setopt(easy, CURLOPT_POSTFIELDS, call->text.at);
    } else if (p->upload) {
        curl.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl.easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl.easy_setopt(easy, CURLOPT_READDATA, p);
        curl.easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
        if (call->upload_bytes != LENGTH_UNKNOWN)
            curl.easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->upload_bytes);
        p->upload_waker.ring = upload_rang;
        p->upload->waker = &p->upload_waker;
    }
    if (!is_head && (has_body || strcmp(call->method, "GET") != 0))
        curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    p->has_ended = !p->upload;
}

static long version_of(const struct client_options *o, const char *url)
{
    if (o->is_http1_only)
        return CURL_HTTP_VERSION_1_1;
    if (o->is_http2_only && !str_starts_nocase(str_of_c(url), STR("https:")))
        return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    return CURL_HTTP_VERSION_2TLS;
}

/* Before version 8 libcurl began HTTP/2 anew on a connection of that kind that it used again. */
static bool needs_connection(const struct call *call, long version)
{
    enum { VERSION_8 = 0x080000 };
    return call->is_alone || (version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE &&
                              curl.version_info(CURLVERSION_NOW)->version_num < VERSION_8);
}

static void set_connection(struct transfer *p)
{
    const struct client_options *o = p->client->options;
    CURL *easy = p->easy;
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    long version = version_of(o, p->call->url);
    curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl.easy_setopt(easy, CURLOPT_FRESH_CONNECT, needs_connection(p->call, version) ? 1L : 0L);
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, p);
    curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close);
    curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &p->client->sockets);
    curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
    curl.easy_setopt(easy, CURLOPT_PREREQDATA, p);
    if (p->call->idle_s_max)
        curl.easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)p->call->idle_s_max);
    if (o->expect_ms)
        curl.easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)o->expect_ms);
    curl.easy_setopt(easy, CURLOPT_PROXY, p->proxy.url ? p->proxy.url : "");
    curl.easy_setopt(easy, CURLOPT_NOPROXY, ""); /* it was looked at */
    if (o->ca_file)
        curl.easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
    if (o->certificate_file)
        curl.easy_setopt(easy, CURLOPT_SSLCERT, o->certificate_file);
    if (o->key_file)
        curl.easy_setopt(easy, CURLOPT_SSLKEY, o->key_file);
    if (o->is_insecure || p->call->is_unverified) {
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

static void set_answer(struct transfer *p)
{
    const struct client_options *o = p->client->options;
    CURL *easy = p->easy;
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, p);
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, p);
    curl.easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    if (o->decodes)
        curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    else
        curl.easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    p->body = (struct source){.ops = &body_ops};
}

void transfer_setup(struct transfer *p)
{
    const struct client_options *o = p->client->options;
    CURL *easy = p->easy;
    curl.easy_setopt(easy, CURLOPT_PRIVATE, p);
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, p->error);
    /* Nobody else's cookies and sessions for what is not verified, and none from there. */
    curl.easy_setopt(easy, CURLOPT_SHARE, p->call->is_unverified ? NULL : p->client->share);
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl.easy_setopt(easy, CURLOPT_URL, p->call->url);
    curl.easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
    if (o->cookie_file && !p->call->is_unverified)
        curl.easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* takes part in the shared ones */
    p->proxy = proxy_for(p);
    set_connection(p);
    set_answer(p);
    set_method(p);
    struct trust trust = trust_of(p);
    set_headers(p, trust);
    set_auth(p, trust);
}
