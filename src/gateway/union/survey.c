/* What origins have at a path: a PROPFIND with Depth 0 for the resourcetype, to all at once. So it
 * takes as long as the slowest that matters, and no body goes to an origin that does not have the
 * name.
 *
 * Not HEAD: what that says of a collection differs (a page, a redirect, 405), and whether it is one
 * must be known. How long an answer may take is what may go by without a byte moving: the hour that
 * a change may take is not for a question. Nothing is remembered between requests: origins change
 * by other ways than through us, and an answer that was true a second ago sends a change to the
 * wrong one.
 *
 * Of what is answered, but for 207: 404 and 410 are nothing; 401 and 403 are somebody who has
 * something to say, and so is a redirect, which may lead to where people sign in; but one to the
 * same with a slash is a collection. All else, and no answer, is not known.
 *
 * Nothing where its own root is to be is not known either: somebody has configured it, and a disk
 * that is not mounted, or a proxy before it that is, must not look as if all had been removed. */
#include "gateway/union/survey.h"

#include "base/clock.h"
#include "gateway/failure.h"
#include "gateway/request.h"
#include "multistatus/facts.h"
#include "multistatus/keep.h"
#include "text/uri.h"
#include "xml/reader.h"

enum { TEXT_BYTES_MAX = 16384, PULL_BYTES = 4096 };

/* --- of which kind is it? --- */

/* The value has no element of its own around it. */
static bool has_collection(const struct davit_ms_element *type)
{
    static const struct xml_limits limits = {
        .depth_max = 32, .attr_count_max = 64, .ns_bytes_max = 8192};
    static const struct xml_name name = {.ns = STR_INIT("DAV:"), .local = STR_INIT("collection")};
    struct buf text = {0};
    buf_addf(&text, "<a>%.*s</a>", STR_ARGS(str_of_text(type->value)));
    bool is_there = xml_has(buf_str(&text), 2, &name, &limits);
    buf_done(&text);
    return is_there;
}

bool survey_is_collection(const struct davit_ms_response *response)
{
    const struct davit_ms_element *type = fact_prop(response, STR("resourcetype"));
    return type && has_collection(type);
}

/* Whatever else is refused: the kind is not told then, and it may be a collection. */
static enum had had_by_response(const struct davit_ms_response *response)
{
    unsigned status = davit_ms_response_status(response);
    if (status == HTTP_NOT_FOUND || status == HTTP_GONE)
        return HAD_NOTHING;
    if (status == HTTP_FORBIDDEN || status == HTTP_UNAUTHORIZED)
        return HAD_REFUSAL;
    if (http_is_error(status))
        return HAD_UNKNOWN;
    return survey_is_collection(response) ? HAD_COLLECTION : HAD_FILE;
}

/* The first response is that of what was asked about. */
static enum had had_by_text(struct str text)
{
    const struct davit_ms_response *response;
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    enum had had = HAD_UNKNOWN;
    bool is_fine = reader && davit_ms_reader_feed(reader, text.at, text.len) == DAVIT_MS_OK;
    if (is_fine && davit_ms_reader_next(reader, &response) == DAVIT_MS_RESPONSE)
        had = had_by_response(response);
    davit_ms_reader_free(reader);
    return had;
}

/* --- one of them --- */

static void say(struct survey *survey, size_t i, enum had had, const char *why)
{
    struct seen *seen = &survey->at[i];
    bool is_lost = survey->is_root && had == HAD_NOTHING;
    survey->had[i] = is_lost ? HAD_UNKNOWN : had;
    seen->why = is_lost ? "its root is not there" : why;
    source_close(&seen->body);
    buf_done(&seen->text);
}

/* Whatever it calls itself. */
static enum had had_by_redirect(const struct call *call)
{
    struct uri from;
    struct uri to;
    bool is_slash = uri_parse(str_of_c(call->url), &from) &&
                    uri_parse(call_field(call, STR("Location")), &to) &&
                    to.path.len == from.path.len + 1 && str_starts(to.path, from.path) &&
                    str_ends(to.path, STR("/"));
    return is_slash ? HAD_COLLECTION : HAD_REFUSAL;
}

static void see_status(struct survey *survey, size_t i)
{
    const struct call *call = &survey->at[i].ask->call;
    bool is_redirect = call->status >= HTTP_MULTIPLE_CHOICES && call->status < HTTP_BAD_REQUEST;
    if (call->status == HTTP_NOT_FOUND || call->status == HTTP_GONE)
        say(survey, i, HAD_NOTHING, NULL);
    else if (is_redirect)
        say(survey, i, had_by_redirect(call), NULL);
    else if (call->status == HTTP_UNAUTHORIZED && survey->at[i].ask->gateway->passes_credentials)
        say(survey, i, HAD_CHALLENGE, NULL);
    else if (call->status == HTTP_UNAUTHORIZED || call->status == HTTP_FORBIDDEN)
        say(survey, i, HAD_REFUSAL, NULL);
    else
        say(survey, i, HAD_UNKNOWN, "it answers a PROPFIND with what says nothing");
}

static void take_text(struct survey *survey, size_t i)
{
    struct seen *seen = &survey->at[i];
    struct err err;
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA && seen->text.len <= TEXT_BYTES_MAX) {
        seen->body->waker = &survey->x->waker;
        pulled = source_pull(seen->body, &seen->text, PULL_BYTES, &err);
    }
    if (pulled == PULL_WAIT)
        return;
    enum had had = pulled == PULL_END ? had_by_text(buf_str(&seen->text)) : HAD_UNKNOWN;
    say(survey, i, had, "its answer to a PROPFIND cannot be read");
}

static void go_on(struct survey *survey, size_t i)
{
    struct seen *seen = &survey->at[i];
    struct ask *ask = seen->ask;
    if (survey->had[i] != HAD_PENDING || ask_is_pending(ask))
        return;
    if (!ask->has_head) {
        say(survey, i, HAD_UNKNOWN, ask->call.message);
        return;
    }
    if (!seen->body)
        seen->body = ask_take_body(ask);
    if (ask->call.status == HTTP_MULTI_STATUS && seen->body)
        take_text(survey, i);
    else
        see_status(survey, i);
}

/* --- all --- */

/* As long as it may be without a byte moving: this is quickly answered, or by nobody. */
static bool is_late(const struct ask *ask)
{
    int64_t limit_ms = ask->gateway->client.progress_ms;
    return limit_ms && !ask->has_head && clock_mono_us() - ask->started_us > limit_ms * 1000;
}

static void tick(struct deadline *deadline)
{
    struct survey *survey = CONTAINER_OF(deadline, struct survey, tick);
    bool is_pending = false;
    for (size_t i = 0; i < survey->count; i++) {
        if (survey->had[i] != HAD_PENDING)
            continue;
        if (is_late(survey->at[i].ask)) {
            ask_give_up(survey->at[i].ask);
            say(survey, i, HAD_UNKNOWN, survey->at[i].ask->call.message);
            exchange_wake(survey->x);
        }
        is_pending |= survey->had[i] == HAD_PENDING;
    }
    if (is_pending)
        gateway_loop_tick(survey->x->service->gateways, &survey->tick);
}

struct survey *survey_new(struct exchange *x, struct str path)
{
    struct relay *f = relay_of(x);
    struct survey *survey = ARENA_NEW(x->arena, struct survey);
    survey->x = x;
    survey->mates = x->handler->shared;
    survey->count = survey->mates->mate_count;
    for (size_t i = 0; i < survey->count; i++) {
        f->gateway = &survey->mates[i];
        request_build_kind(x, path);
        survey->at[i].ask = f->ask;
        f->ask->is_aside = true;
        struct dav_result result = ask_start(f->ask);
        if (!dav_is_fine(result))
            say(survey, i, HAD_UNKNOWN, result.text);
    }
    f->gateway = NULL;
    f->ask = NULL;
    deadline_init(&survey->tick, tick);
    gateway_loop_tick(x->service->gateways, &survey->tick);
    return survey;
}

void survey_go_on(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++)
        go_on(survey, i);
}

void survey_end(struct survey *survey)
{
    if (survey)
        deadline_cancel(&survey->tick);
    for (size_t i = 0; survey && i < survey->count; i++) {
        struct seen *seen = &survey->at[i];
        source_close(&seen->body);
        buf_done(&seen->text);
        ask_let_go(seen->ask);
    }
}

struct dav_result survey_unknown(const struct survey *survey, size_t index)
{
    const struct seen *seen = &survey->at[index];
    failure_note(seen->ask, seen->why ? seen->why : "it does not say what it has");
    return dav_error(HTTP_SERVICE_UNAVAILABLE,
                     "one of the servers whose trees are one here cannot be asked, and what it has "
                     "must be known");
}
