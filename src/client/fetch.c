/* One request on a client with a loop of its own. The answer is pushed to the caller as it comes
 * and nothing of it is kept, so an answer of any length takes no memory here.
 *
 * A redirect is followed with the method that was asked for, as RFC 9110 §15.4 wants it of all but
 * POST; what changes something is never sent to another place on the word of the first. Only http
 * and https are spoken: a redirect must not lead to a file.
 *
 * Credentials are answered with what the server asks for, Basic over plain http among them, and
 * never sent to another origin: not by a redirect to another host, port or scheme. The same holds
 * of what a .netrc says of all hosts, and of the fields that a user gives, but for a few. */
#include "client/fetch.h"

#include "base/mem.h"
#include "client/curl.h"
#include "client/solo.h"

enum { REDIRECTS_MAX = 5, CONNECT_MS = 20000, PROGRESS_MS = 60000, PIECE_BYTES = 65536 };

/* --- origins --- */

/* Whom credentials are for, as libcurl sees it. NULL: it is no URL. */
struct origin {
    char *scheme;
    char *host;
    char *port;
};

/* Gives. */
static struct origin origin_of(const char *text)
{
    struct origin origin = {0};
    CURLU *url = curl.url_new();
    if (url && curl.url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK) { /* NULL says that not */
        (void)curl.url_get(url, CURLUPART_SCHEME, &origin.scheme, 0);
        (void)curl.url_get(url, CURLUPART_HOST, &origin.host, 0);
        (void)curl.url_get(url, CURLUPART_PORT, &origin.port, CURLU_DEFAULT_PORT);
    }
    curl.url_cleanup(url);
    return origin;
}

static void origin_done(struct origin *origin)
{
    curl.text_free(origin->scheme);
    curl.text_free(origin->host);
    curl.text_free(origin->port);
}

static bool is_same(const char *a, const char *b)
{
    return a && b && str_eq_nocase(str_of_c(a), str_of_c(b));
}

static bool origin_is(const struct origin *origin, const char *url)
{
    struct origin other = origin_of(url);
    bool is_it = is_same(origin->scheme, other.scheme) && is_same(origin->host, other.host) &&
                 is_same(origin->port, other.port);
    origin_done(&other);
    return is_it;
}

/* --- one request --- */

struct fetching {
    const struct fetch_request *request;
    struct fetch_events *events;
    struct solo *solo;
    struct client_options options;
    struct origin origin; /* of the request's URL */
    struct call call;
    struct http_field_line fields[FETCH_HEADERS_MAX];
    struct source *body;
    struct waker waker;
    struct buf url;   /* of a redirect */
    struct buf piece; /* of the body */
    unsigned redirects;
    bool has_answer;
    bool is_stopped;
    bool is_over;
};

/* --- the answer --- */

static void read_body(struct waker *waker)
{
    struct fetching *fetching = CONTAINER_OF(waker, struct fetching, waker);
    struct err err; /* the call says it, too */
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA && !fetching->is_stopped) {
        buf_clear(&fetching->piece);
        pulled = source_pull(fetching->body, &fetching->piece, PIECE_BYTES, &err);
        if (pulled == PULL_DATA)
            fetching->is_stopped =
                !fetching->events->body(fetching->events, buf_str(&fetching->piece));
    }
    if (pulled != PULL_WAIT)
        source_close(&fetching->body);
}

static bool is_followed(const struct fetching *fetching)
{
    unsigned status = fetching->call.status;
    bool is_redirect = status >= HTTP_MOVED_PERMANENTLY && status <= HTTP_PERMANENT_REDIRECT &&
                       call_field(&fetching->call, STR("Location")).len;
    return fetching->request->follows && is_redirect;
}

static bool tell_line(struct fetching *fetching, struct str line)
{
    fetching->is_stopped = !fetching->events->head_line(fetching->events, line);
    return !fetching->is_stopped;
}

static void tell_head(struct fetching *fetching)
{
    const struct http_fields *answer = &fetching->call.answer;
    struct buf line = {0};
    bool goes_on = tell_line(fetching, fetching->call.status_line);
    for (size_t i = 0; i < answer->count && goes_on; i++) {
        buf_clear(&line);
        buf_addf(&line, "%.*s: %.*s", STR_ARGS(answer->lines[i].name),
                 STR_ARGS(answer->lines[i].value));
        goes_on = tell_line(fetching, buf_str(&line));
    }
    if (goes_on)
        (void)tell_line(fetching, STR("")); /* is_stopped says it */
    buf_done(&line);
}

static void on_head(struct call *call, struct source *body)
{
    struct fetching *fetching = CONTAINER_OF(call, struct fetching, call);
    fetching->has_answer = true;
    tell_head(fetching);
    if (fetching->is_stopped || is_followed(fetching)) {
        source_close(&body);
        return;
    }
    fetching->body = body;
    body->waker = &fetching->waker;
    read_body(&fetching->waker);
}

/* What asks for something, and is no secret. Any other field that a user gives may be one. */
static bool is_for_anybody(struct str name)
{
    static const struct str names[] = {STR_INIT("Accept"),       STR_INIT("Accept-Encoding"),
                                       STR_INIT("Brief"),        STR_INIT("Accept-Language"),
                                       STR_INIT("Content-Type"), STR_INIT("Depth"),
                                       STR_INIT("Prefer"),       STR_INIT("User-Agent")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(name, names[i]))
            return true;
    }
    return false;
}

/* What signs in, or may do so, stays behind, also for who is led back from there. */
static void leave_origin(struct fetching *fetching)
{
    struct call *call = &fetching->call;
    size_t kept = 0;
    for (size_t i = 0; i < call->field_count; i++) {
        if (is_for_anybody(fetching->fields[i].name))
            fetching->fields[kept++] = fetching->fields[i];
    }
    call->field_count = kept;
    fetching->options.has_netrc = false; /* it is for whom the user names */
}

static void on_done(struct call *call)
{
    struct fetching *fetching = CONTAINER_OF(call, struct fetching, call);
    bool goes_on = call->end == CALL_ANSWERED && !fetching->is_stopped && is_followed(fetching) &&
                   call->redirect_url;
    if (goes_on && fetching->redirects++ == REDIRECTS_MAX) {
        (void)snprintf(call->message, sizeof(call->message), "it is redirected too often");
        call->end = CALL_NOT_HTTP;
        goes_on = false;
    }
    fetching->is_over = !goes_on;
    if (!goes_on)
        return;
    buf_clear(&fetching->url);
    buf_add(&fetching->url, str_of_c(call->redirect_url));
    call->url = buf_c(&fetching->url);
    if (!origin_is(&fetching->origin, call->url))
        leave_origin(fetching);
    client_start(solo_client(fetching->solo), call);
}

/* --- the request --- */

static void set_up(struct fetching *fetching)
{
    const struct fetch_request *request = fetching->request;
    struct call *call = &fetching->call;
    for (size_t i = 0; i < request->header_count; i++) {
        struct str value = str_of_c(request->headers[i]);
        struct str name = str_cut(&value, ':');
        fetching->fields[i] =
            (struct http_field_line){http_field_find(name), name, str_trim(value)};
    }
    call->url = request->url;
    call->method = request->method;
    call->fields = fetching->fields;
    call->field_count = request->header_count;
    call->text = request->body;
    call->is_safe = request->follows;
    call->head = on_head;
    call->done = on_done;
    fetching->waker.ring = read_body;
}

static enum fetch_rc result_of(const struct fetching *fetching, struct err *err)
{
    if (fetching->is_stopped)
        return FETCH_STOPPED;
    if (fetching->call.end == CALL_ANSWERED)
        return FETCH_OK;
    err_set(err, 0, "%s", fetching->call.message);
    return fetching->has_answer ? FETCH_BROKEN : FETCH_FAILED;
}

static enum fetch_rc fetch_run(struct fetching *fetching, struct err *err)
{
    fetching->solo = solo_new(&fetching->options, err);
    if (!fetching->solo)
        return FETCH_FAILED;
    set_up(fetching);
    client_start(solo_client(fetching->solo), &fetching->call);
    while (!fetching->is_over)
        solo_turn(fetching->solo, -1);
    return result_of(fetching, err);
}

enum fetch_rc fetch(const struct fetch_request *request, struct fetch_events *events,
                    struct err *err)
{
    struct fetching fetching = {.request = request, .events = events};
    unsigned progress_ms = request->timeout_s ? request->timeout_s * 1000 : PROGRESS_MS;
    if (!curl_load(err))
        return FETCH_FAILED;
    fetching.origin = origin_of(request->url);
    fetching.options = (struct client_options){
        .is_insecure = request->is_insecure,
        .proxy = request->is_direct ? "" : NULL,
        .is_http1_only = request->version == FETCH_1_1,
        .is_http2_only = request->version == FETCH_2,
        .connect_ms = CONNECT_MS,
        .progress_ms = progress_ms,
        .answer_ms = progress_ms,
        .accept = "*/*",
        .decodes = true,
        .user_password = request->user,
        .bearer = request->bearer,
        .has_netrc = request->has_netrc && !request->user && !request->bearer,
        .takes_netrc_default = true, /* the user has named the server */
        .netrc_file = request->netrc_file,
        .ca_file = request->ca_file,
        .auth_scheme = fetching.origin.scheme,
        .auth_host = fetching.origin.host,
        .auth_port = fetching.origin.port,
        .takes_any_scheme = true,
    };
    enum fetch_rc rc = fetch_run(&fetching, err);
    solo_free(fetching.solo);
    call_free(&fetching.call);
    buf_done(&fetching.url);
    buf_done(&fetching.piece);
    origin_done(&fetching.origin);
    return rc;
}
