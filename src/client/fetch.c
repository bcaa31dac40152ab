/* libcurl, used for one transfer. The answer is pushed to the caller as it comes and nothing of it
 * is kept, so an answer of any length takes no memory here.
 *
 * A redirect is followed with the method that was asked for, as RFC 9110 §15.4 wants it of all but
 * POST; what changes something is never sent to another place on the word of the first. Only http
 * and https are spoken, whatever else this libcurl can: a redirect must not lead to a file.
 *
 * Credentials are answered with what the server asks for, Basic over plain http among them, and
 * never sent to another host. */
#include "client/fetch.h"

#include "client/curl.h"

enum { REDIRECTS_MAX = 5, CONNECT_S = 20, PROGRESS_S = 60 };

struct transfer {
    struct fetch_events *events;
    struct curl_slist *headers;
    bool has_answer; /* a status line has come */
    bool is_stopped;
};

/* --- libcurl's callbacks: fewer bytes than were given stop the transfer --- */

static size_t on_head(char *at, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    struct str line = str_of(at, size * count);
    while (line.len && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    transfer->has_answer = true;
    if (transfer->events->head_line(transfer->events, line))
        return size * count;
    transfer->is_stopped = true;
    return 0;
}

static size_t on_body(char *at, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    if (transfer->events->body(transfer->events, str_of(at, size * count)))
        return size * count;
    transfer->is_stopped = true;
    return 0;
}

/* --- setting up --- */

static long version_of(const struct fetch_request *request)
{
    bool is_tls = str_starts_nocase(str_of_c(request->url), STR("https:"));
    switch (request->version) {
    case FETCH_1_1:
        return CURL_HTTP_VERSION_1_1;
    case FETCH_2: /* over plain TCP both sides must know: RFC 9113 §3.3 */
        return is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    case FETCH_ANY:
        break;
    }
    return CURL_HTTP_VERSION_2TLS;
}

/* libcurl copies strings; a failure of one is a failure of the whole. */
static bool set_request(CURL *handle, const struct fetch_request *request)
{
    unsigned timeout = request->timeout_s ? request->timeout_s : PROGRESS_S;
    bool is_head = strcmp(request->method, "HEAD") == 0;
    return curl.easy_setopt(handle, CURLOPT_URL, request->url) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_HTTP_VERSION, version_of(request)) == CURLE_OK &&
           (!is_head || curl.easy_setopt(handle, CURLOPT_NOBODY, 1L) == CURLE_OK) &&
           curl.easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request->follows ? 1L : 0L) ==
               CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, (long)timeout) == CURLE_OK;
}

static bool set_secrets(CURL *handle, const struct fetch_request *request)
{
    if (request->is_insecure && (curl.easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L) != CURLE_OK ||
                                 curl.easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L) != CURLE_OK))
        return false;
    return !request->user ||
           (curl.easy_setopt(handle, CURLOPT_USERPWD, request->user) == CURLE_OK &&
            curl.easy_setopt(handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_ANY) == CURLE_OK);
}

static bool set_body(CURL *handle, const struct fetch_request *request)
{
    if (!request->body.at)
        return true;
    return curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
               CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_POSTFIELDS, request->body.at) == CURLE_OK;
}

static bool set_events(CURL *handle, struct transfer *transfer)
{
    return curl.easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_head) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_HEADERDATA, (void *)transfer) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_WRITEDATA, (void *)transfer) == CURLE_OK &&
           curl.easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static bool add_headers(struct transfer *transfer, const struct fetch_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        struct curl_slist *longer = curl.slist_append(transfer->headers, request->headers[i]);
        if (!longer)
            return false;
        transfer->headers = longer;
    }
    return true;
}

/* --- the transfer --- */

static enum fetch_rc result_of(const struct transfer *transfer, CURLcode code, const char *detail,
                               struct err *err)
{
    if (code == CURLE_OK)
        return FETCH_OK;
    if (transfer->is_stopped)
        return FETCH_STOPPED;
    (void)err_set(err, 0, "%s", detail[0] ? detail : curl.easy_strerror(code));
    return transfer->has_answer ? FETCH_BROKEN : FETCH_FAILED;
}

enum fetch_rc fetch(const struct fetch_request *request, struct fetch_events *events,
                    struct err *err)
{
    struct transfer transfer = {.events = events};
    char detail[CURL_ERROR_SIZE] = "";
    enum fetch_rc rc = FETCH_FAILED;
    if (!curl_load(err))
        return FETCH_FAILED;
    CURL *handle = curl.easy_init();
    if (handle && add_headers(&transfer, request) && set_request(handle, request) &&
        set_secrets(handle, request) && set_body(handle, request) &&
        set_events(handle, &transfer) &&
        curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, detail) == CURLE_OK)
        rc = result_of(&transfer, curl.easy_perform(handle), detail, err);
    else
        (void)err_set(err, 0, "the request could not be set up: %s is no URL?", request->url);
    curl.easy_cleanup(handle);
    curl.slist_free_all(transfer.headers);
    return rc;
}
