/* What the end of a request means: whether it is the host's or ours decides what may be called
 * broken, and what a client of ours may be told. It is said once, here.
 *
 * A name without an address: does it not exist, or does nobody answer for names at all? libcurl
 * does not tell. So the name is asked for once more, on a worker; the answer no is quick. When
 * nobody answers it is not: so it is waited for a second only, and that holds for the next names as
 * well. A name check outlives its request, and its client: what is asked of a worker comes back. */
#include <errno.h>
#include <netdb.h>
#include <openssl/x509_vfy.h>
#include <resolv.h>

#include "base/clock.h"
#include "base/mem.h"
#include "client/transfer_priv.h"
#include "http/status.h"

enum { NO_NAMES_MS = 2000 };

struct name_check {
    struct list link; /* in client->name_checks; alone when that has gone */
    struct job job;
    struct client *client;     /* NULL: it has gone */
    struct transfer *transfer; /* NULL: nobody wants to know */
    enum call_end end;
    char host[256];
};

/* --- libcurl's codes --- */

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
static enum call_end connect_end(const struct transfer *p)
{
    long code = 0;
    if (p->is_refused)
        return CALL_PRIVATE;
    if (p->proxy.url)
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

/* A proxy says what happened behind it; one that says nothing has failed itself. What was sent
 * through a tunnel it does not see. */
static bool is_fault_of_proxy(const struct transfer *p, CURLcode code)
{
    bool is_tunnel = str_starts_nocase(str_of_c(p->call->url), STR("https:"));
    if (!p->proxy.url || p->has_head)
        return false;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return !p->call->was_sent;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return !p->call->was_sent || !is_tunnel;
    default:
        return false;
    }
}

static enum call_end end_of(const struct transfer *p, CURLcode code)
{
    if (is_fault_of_proxy(p, code))
        return CALL_PROXY;
    switch (code) {
    case CURLE_OK:
        return CALL_ANSWERED;
    case CURLE_WRITE_ERROR:
        if (p->is_stopped)
            return CALL_ANSWERED;
        return p->is_long || p->is_misframed ? CALL_NOT_HTTP : CALL_OWN;
    case CURLE_COULDNT_RESOLVE_HOST:
        return CALL_DNS;
    case CURLE_ABORTED_BY_CALLBACK:
        return p->is_unsafe_again ? CALL_CUT_OFF : CALL_UPLOAD;
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
    case CURLE_SEND_FAIL_REWIND: /* a kept connection was dead, and some of the body has gone */
        return CALL_CUT_OFF;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return CALL_PROXY;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
        return CALL_OWN;
    default:
        return CALL_NOT_HTTP;
    }
}

/* --- the result --- */

void transfer_over(struct transfer *p)
{
    struct call *call = p->call;
    char *text = NULL;
    if (call->end == CALL_ANSWERED && call->status)
        p->has_head = true;
    if (!p->has_head)
        call->status = 0;
    if (curl.easy_getinfo(p->easy, CURLINFO_PRIMARY_IP, &text) == CURLE_OK && text)
        (void)snprintf(call->address, sizeof(call->address), "%s", text); /* fits */
    if (call->status >= HTTP_MULTIPLE_CHOICES && call->status < HTTP_BAD_REQUEST &&
        curl.easy_getinfo(p->easy, CURLINFO_REDIRECT_URL, &text) == CURLE_OK && text)
        call->redirect_url = arena_text(&call->arena, str_of_c(text));
    call->time_ms = (uint32_t)(clock_mono_ms() - p->started_ms);
    p->is_over = true;
    transfer_note(p);
}

/* --- names --- */

static void ask_again(struct job *job)
{
    struct name_check *check = CONTAINER_OF(job, struct name_check, job);
    struct addrinfo *found = NULL;
    if (res_init() == 0) /* this thread's: libcurl resolves in others */
        _res.retrans = _res.retry = 1;
    int rc = getaddrinfo(check->host, NULL, NULL, &found);
    bool is_ours = rc == EAI_AGAIN || rc == EAI_MEMORY || rc == EAI_SYSTEM || rc == EAI_FAIL;
    check->end = is_ours ? CALL_OWN : CALL_DNS;
    if (rc == 0)
        freeaddrinfo(found);
}

static void asked_again(struct job *job)
{
    struct name_check *check = CONTAINER_OF(job, struct name_check, job);
    if (check->client && check->end == CALL_OWN)
        check->client->no_names_until_ms = clock_mono_ms() + NO_NAMES_MS;
    if (check->transfer) {
        check->transfer->name_check = NULL;
        check->transfer->call->end = check->end;
        transfer_over(check->transfer);
    }
    list_remove(&check->link);
    mem_free(check);
}

/* False: the URL has no host that could be asked for. */
static bool host_of(const char *text, char host_out[256])
{
    CURLU *url = curl.url_new();
    char *host = NULL;
    bool is_found = url && curl.url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                    curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                    snprintf(host_out, 256, "%s", host) < 256;
    curl.text_free(host);
    curl.url_cleanup(url);
    return is_found;
}

static bool check_name(struct transfer *p)
{
    struct client *client = p->client;
    if (clock_mono_ms() < client->no_names_until_ms) {
        p->call->end = CALL_OWN;
        return false;
    }
    struct name_check *check = MEM_NEW(struct name_check);
    if (!host_of(p->call->url, check->host)) {
        mem_free(check);
        return false;
    }
    check->client = client;
    check->transfer = p;
    check->job.work = ask_again;
    check->job.done = asked_again;
    p->name_check = check;
    list_append(&client->name_checks, &check->link);
    executor_submit(loop_executor(client->loop), &check->job);
    return true;
}

void name_check_forget(struct transfer *p)
{
    if (p->name_check)
        p->name_check->transfer = NULL;
    p->name_check = NULL;
}

void name_checks_forget(struct client *client)
{
    LIST_EACH (&client->name_checks, link) {
        CONTAINER_OF(link, struct name_check, link)->client = NULL;
        list_remove(link);
    }
}

/* --- all of it --- */

/* It wants a sign-in. */
static bool is_refused_by_proxy(const struct transfer *p)
{
    return p->proxy.url && p->call->end == CALL_ANSWERED &&
           p->call->status == HTTP_PROXY_AUTH_REQUIRED;
}

static void say_proxy(struct transfer *p, const char *why)
{
    struct buf text = {0};
    buf_addf(&text, "the proxy %.*s", STR_ARGS(proxy_place(&p->proxy)));
    if (p->proxy.name)
        buf_addf(&text, " (%s)", p->proxy.name);
    buf_addf(&text, ": %s", why);
    (void)snprintf(p->call->message, sizeof(p->call->message), "%s", buf_c(&text)); /* likewise */
    buf_done(&text);
}

static const char *message_of(const struct transfer *p, CURLcode code)
{
    if (code == CURLE_OK)
        return "the head of the answer is not complete";
    if (p->is_long)
        return "the head of the answer is too long";
    if (p->is_misframed)
        return "the head of the answer leaves open where its body ends";
    if (p->is_unsafe_again)
        return "the connection was closed, and the request is not one that may be sent twice";
    return p->error[0] ? p->error : curl.easy_strerror(code);
}

void transfer_end(struct transfer *p, CURLcode code)
{
    struct call *call = p->call;
    call->end = end_of(p, code);
    if (code == CURLE_OK && p->is_within_head) /* libcurl takes what it has got of it */
        call->end = CALL_CUT_OFF;
    if (call->end != CALL_ANSWERED && !p->has_upload_fail)
        (void)snprintf(call->message, sizeof(call->message), "%s",
                       message_of(p, code)); /* cut off is fine */
    if (is_refused_by_proxy(p)) {
        call->end = CALL_PROXY;
        call->status = 0;
        say_proxy(p, "it wants a sign-in");
    } else if (call->end == CALL_PROXY) {
        say_proxy(p, message_of(p, code));
    }
    if (call->end != CALL_DNS || !check_name(p))
        transfer_over(p);
}
