/* The listener for who watches. It has no sign-in, so it tells nothing of files or people: numbers,
 * and the names and states of origins. It is in the clear, and on this machine only unless it is
 * told otherwise.
 *
 * What a browser asks it for in the name of another site is refused (names_have()): a page whose
 * name comes to mean this address would read it otherwise. Requests here are neither counted nor in
 * the access log, as those of a monitor would be most of what there is. They are answered by any
 * loop from what all have counted, at once and without waiting for anything.
 *
 * So an answer means that a loop turns (/livez). The loops begin when all is open, and when they
 * end nobody is let in any more: so it also means that requests are taken (/readyz). It is no
 * statement about origins or disks, since a server that is taken out of use because one of ten
 * mounts is gone takes the others along.
 *
 * - Rejected: paths of the served tree. Rules and names there are the administrator's.
 * - Rejected: a thread of its own. It would answer while the loops hang. */
#include "server/monitor/monitor.h"

#include "base/clock.h"
#include "base/metrics/metrics.h"
#include "http/accept.h"
#include "multistatus/verdict.h"
#include "server/monitor/labels.h"
#include "server/monitor/origins.h"
#include "server/monitor/page.h"

#define TEXT_TYPE     "text/plain; charset=utf-8"
#define METRICS_TYPE  "text/plain; version=0.0.4; charset=utf-8"
#define OPEN_TYPE     "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define ORIGINS_FIELD "Davit-Origins-Down"

/* --- counting --- */

static void count_members(size_t method, const struct davit_ms_verdict *verdict)
{
    metric_add(METRIC_MEMBERS, metric_at(method, STATUS_INDEX_SUCCESSES), verdict->success_count);
    for (size_t i = 0; i < verdict->failure_count; i++) {
        size_t status = http_status_index(verdict->failures[i].status);
        metric_add(METRIC_MEMBERS, metric_at(method, status), verdict->failures[i].count);
    }
}

void monitor_count(const struct http_stream *stream, bool is_complete)
{
    const struct http_response *response = &stream->response;
    size_t method = label_of_method(stream->request.method);
    metric_add(METRIC_REQUESTS, metric_at(method, http_status_index(response->status)), 1);
    metric_observe(METRIC_REQUEST_SECONDS, method, clock_mono_us() - stream->started_us);
    if (!is_complete)
        metric_add(METRIC_REQUESTS_CUT_OFF, method, 1);
    if (response->verdict)
        count_members(method, response->verdict);
}

/* --- pages --- */

struct answer {
    const struct monitor *monitor;
    struct http_stream *stream;
    struct buf text;
    enum http_status status;
    struct str type;
};

/* Prometheus names it among others, all of which it can read. */
static bool accepts_openmetrics(const struct http_stream *stream)
{
    struct str list = http_fields_join(&stream->request.fields, FIELD_ACCEPT, stream->arena);
    return accept_weight_of_type(list, STR("application/openmetrics-text"));
}

static void add_metrics(struct answer *answer)
{
    const struct monitor *monitor = answer->monitor;
    bool is_open = accepts_openmetrics(answer->stream);
    page_add(&answer->text, is_open ? PAGE_OPENMETRICS : PAGE_PROMETHEUS, monitor->gateways,
             monitor->started_s);
    answer->type = is_open ? STR(OPEN_TYPE) : STR(METRICS_TYPE);
}

static void say_origins_down(const struct answer *answer)
{
    char count[24];
    str_print(count, sizeof(count), "%zu", origins_down(answer->monitor->gateways));
    const struct http_field_line line = {FIELD_OTHER, STR(ORIGINS_FIELD),
                                         arena_str(answer->stream->arena, str_of_c(count))};
    http_fields_add(&answer->stream->response.fields, answer->stream->arena, &line);
}

static void add_origins(struct answer *answer)
{
    origins_add_text(&answer->text, answer->monitor->gateways);
    say_origins_down(answer);
}

static void add_origins_json(struct answer *answer)
{
    origins_add_json(&answer->text, answer->monitor->gateways);
    answer->type = STR("application/json");
    say_origins_down(answer);
}

static void add_well(struct answer *answer)
{
    BUF_ADD(&answer->text, "ok\n");
}

static const struct {
    const char *path;
    void (*add)(struct answer *answer);
    const char *what;
} pages[] = {
    {"/metrics", add_metrics, "what is counted, for Prometheus"},
    {"/origins", add_origins, "how the origins of gateways are"},
    {"/origins.json", add_origins_json, "the same for programs"},
    {"/livez", add_well, "answers while davit runs"},
    {"/readyz", add_well, "answers while it takes requests"},
};

/* At "/", too: which there are. */
static void add_not_found(struct answer *answer)
{
    bool is_root = str_eq(answer->stream->request.path, STR("/"));
    answer->status = is_root ? HTTP_OK : HTTP_NOT_FOUND;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++)
        buf_addf(&answer->text, "%-14s %s\n", pages[i].path, pages[i].what);
}

static void add_page(struct answer *answer)
{
    size_t i = 0;
    while (i < ARRAY_LEN(pages) && !str_eq(answer->stream->request.path, str_of_c(pages[i].path)))
        i++;
    if (i < ARRAY_LEN(pages))
        pages[i].add(answer);
    else
        add_not_found(answer);
}

static void refuse_method(struct answer *answer)
{
    answer->status = HTTP_METHOD_NOT_ALLOWED;
    http_response_set(answer->stream, FIELD_ALLOW, STR("GET, HEAD"));
    BUF_ADD(&answer->text, "only GET and HEAD are known here\n");
}

void monitor_answer(const struct monitor *monitor, struct http_stream *stream)
{
    const struct http_request *request = &stream->request;
    struct answer answer = {
        .monitor = monitor, .stream = stream, .status = HTTP_OK, .type = STR(TEXT_TYPE)};
    bool is_read = str_eq(request->method, STR("GET")) || str_eq(request->method, STR("HEAD"));
    if (request->host.len && !names_have(monitor->names, request->host)) {
        names_misdirect(stream, request->host);
        return;
    }
    if (is_read)
        add_page(&answer);
    else
        refuse_method(&answer);
    struct str text = arena_str(stream->arena, buf_str(&answer.text));
    buf_done(&answer.text);
    stream->response.status = answer.status;
    stream->response.body = source_of_text(stream->arena, text);
    stream->response.body_bytes = text.len;
    http_response_set(stream, FIELD_CONTENT_TYPE, answer.type);
    http_response_set(stream, FIELD_CACHE_CONTROL, STR("no-store"));
    stream->ops->respond(stream);
}
