/* What all probes need: to ask, to say what was seen, and to read two things rightly wherever they
 * come: an answer that is a refusal, and an address.
 *
 * A refusal says little by itself: 403 may be the server's own, or that of a firewall that does not
 * know the method. So the decision is made in one place, from all that was seen before: what
 * OPTIONS allows, whether others of our requests were answered, and whether it is a page for
 * browsers. What these do not decide is not known, and is said to be so.
 *
 * An address is ours when its scheme, host and port are those of the URL that was given (default
 * ports said or not), and its path lies within that of the URL. A path alone has no origin to be
 * wrong. */
#include "doctor/visit.h"

#include <stdarg.h>

#include "http/status.h"

/* --- texts --- */

const char *visit_text(struct visit *visit, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_alloc(visit->arena, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args); /* it was measured */
    va_end(args);
    return text;
}

const char *visit_url(struct visit *visit, const char *name)
{
    struct buf url = {0};
    buf_addf(&url, "%s%s", visit->room, name);
    const char *text = arena_text(visit->arena, buf_str(&url));
    buf_done(&url);
    return text;
}

/* --- what a probe says --- */

void visit_found(struct visit *visit, enum mistake mistake, const char *detail)
{
    struct probe_result *result = visit->result;
    result->outcome = OUTCOME_TROUBLE;
    for (size_t i = 0; i < result->finding_count; i++) {
        if (result->findings[i].mistake == mistake)
            return;
    }
    if (result->finding_count < FINDINGS_MAX)
        result->findings[result->finding_count++] = (struct finding){mistake, detail};
}

void visit_unknown(struct visit *visit, const char *why)
{
    if (visit->result->outcome == OUTCOME_OK)
        visit->result->outcome = OUTCOME_UNKNOWN;
    visit->result->note = why;
}

void visit_note(struct visit *visit, const char *note)
{
    visit->result->note = note;
}

/* --- requests --- */

const struct reply *visit_ask(struct visit *visit, const struct question *question)
{
    const struct reply *reply = ask(visit->asker, question);
    bool is_for_all = question->is_anonymous || strcmp(question->method, "OPTIONS") == 0;
    if (!is_for_all && (http_is_success(reply->status) || reply->status == 404))
        visit->was_answered = true;
    return reply;
}

const struct reply *visit_put(struct visit *visit, const char *url, struct str body)
{
    const struct question question = {.method = "PUT", .url = url, .body = body};
    return visit_ask(visit, &question);
}

const struct reply *visit_get(struct visit *visit, const char *url)
{
    const struct question question = {.method = "GET", .url = url};
    return visit_ask(visit, &question);
}

bool visit_can_put(struct visit *visit, const char *url, struct str body)
{
    const struct reply *reply = visit_put(visit, url, body);
    if (http_is_success(reply->status))
        return true;
    visit_refused(visit, "PUT", reply);
    return false;
}

const struct reply *visit_unlock(struct visit *visit)
{
    const struct question question = {
        .method = "UNLOCK",
        .url = visit->locked,
        .fields = {{.name = STR("Lock-Token"), .value = str_of_c(visit->token)}}};
    const struct reply *reply = visit_ask(visit, &question);
    if (http_is_success(reply->status))
        visit->locked = NULL;
    return reply;
}

/* --- refusals --- */

static bool is_page(const struct reply *reply)
{
    return str_starts_nocase(reply_field(reply, STR("Content-Type")), STR("text/html"));
}

const char *visit_describe(struct visit *visit, const struct reply *reply)
{
    struct str server = reply_field(reply, STR("Server"));
    if (!reply->status)
        return visit_text(visit, "no answer: %s", reply->why);
    return visit_text(visit, "%u %.*s%s%s%.*s%s", reply->status,
                      STR_ARGS(http_reason(reply->status)), is_page(reply) ? ", a page" : "",
                      server.len ? " (Server: " : "", STR_ARGS(server), server.len ? ")" : "");
}

static void no_answer(struct visit *visit, const char *method, const struct reply *reply)
{
    const char *detail = visit_text(visit, "%s: %s", method, reply->why);
    switch (reply->end) {
    case CALL_TIMEOUT:
        visit_found(visit, MISTAKE_NO_ANSWER, detail);
        break;
    case CALL_CUT_OFF:
        visit_found(visit, MISTAKE_CUT_OFF, detail);
        break;
    case CALL_NOT_HTTP:
        visit_found(visit, MISTAKE_NOT_HTTP, detail);
        break;
    default:
        visit_unknown(visit, detail);
    }
}

static void unauthorized(struct visit *visit, const char *detail, const struct reply *reply)
{
    if (!reply_field(reply, STR("WWW-Authenticate")).len)
        visit_found(visit, MISTAKE_NO_CHALLENGE, detail);
    if (visit->was_answered && visit->has_credentials)
        visit_found(visit, MISTAKE_AUTH_BY_METHOD, detail);
    else if (visit->result->outcome == OUTCOME_OK)
        visit_unknown(visit, detail);
}

/* A refusal of the method: by whom? A page with a 403 may be all that a server has to say of rights
 * that are missing; not where we have made the collection, or only look. */
static void forbidden(struct visit *visit, const char *method, const char *detail,
                      const struct reply *reply)
{
    bool is_allowed = http_list_has(visit->allow, str_of_c(method));
    bool is_of_method = reply->status != HTTP_FORBIDDEN;
    bool is_of_rights = !is_of_method && !visit->room && strcmp(method, "MKCOL") == 0;
    if ((is_page(reply) && !is_of_rights) || (is_of_method && is_allowed))
        visit_found(visit, MISTAKE_METHOD_BLOCKED, detail);
    else
        visit_unknown(visit, detail);
}

void visit_refused(struct visit *visit, const char *method, const struct reply *reply)
{
    if (reply->is_interrupted) {
        visit_unknown(visit, reply->why);
        return;
    }
    if (!reply->status) {
        no_answer(visit, method, reply);
        return;
    }
    const char *detail =
        visit_text(visit, "%s is answered %s", method, visit_describe(visit, reply));
    switch (reply->status) {
    case HTTP_UNAUTHORIZED:
        unauthorized(visit, detail, reply);
        break;
    case HTTP_FORBIDDEN:
    case HTTP_METHOD_NOT_ALLOWED:
    case HTTP_NOT_IMPLEMENTED:
        forbidden(visit, method, detail, reply);
        break;
    case HTTP_CONTENT_TOO_LARGE:
        visit_found(visit, MISTAKE_BODY_LIMIT, detail);
        break;
    case HTTP_BAD_GATEWAY:
    case HTTP_GATEWAY_TIMEOUT:
        visit_found(visit, MISTAKE_BAD_GATEWAY, detail);
        break;
    default:
        visit_unknown(visit, detail);
    }
}

/* --- addresses --- */

static bool is_same_origin(const struct uri *a, const struct uri *b)
{
    return str_eq_nocase(a->scheme, b->scheme) && str_eq_nocase(a->host, b->host) &&
           str_eq(uri_port_of(a->scheme, a->port), uri_port_of(b->scheme, b->port));
}

/* From http to https, and the port goes with it. */
static bool is_upgrade(const struct uri *from, const struct uri *to)
{
    return str_eq_nocase(from->scheme, STR("http")) && str_eq_nocase(to->scheme, STR("https")) &&
           str_eq_nocase(from->host, to->host);
}

static bool has_double_slash(struct str path)
{
    for (size_t i = 1; i < path.len; i++) {
        if (path.at[i - 1] == '/' && path.at[i] == '/')
            return true;
    }
    return false;
}

/* RFC 3986 §4.2: to the path that was asked for; it can lead to no other place that is not. */
static bool is_relative(struct str address)
{
    size_t colon = str_index(address, ':');
    return address.len && address.at[0] != '/' && str_index(address, '/') < colon + 1;
}

bool visit_address(struct visit *visit, struct str address, const struct address_mistakes *kind)
{
    struct uri uri;
    struct res_path path;
    bool has_slash;
    size_t before = visit->result->finding_count;
    const char *detail = visit_text(visit, "%s: %.*s", kind->where, STR_ARGS(address));
    if (kind->may_be_relative && is_relative(address))
        return true;
    if (str_starts(address, STR("//"))) {
        visit_found(visit, MISTAKE_HREF_SLASHES, detail);
        return false;
    }
    if (!uri_parse(address, &uri) ||
        path_decode(visit->arena, uri.path, &path, &has_slash) != PATH_OK) {
        visit_found(visit, MISTAKE_HREF_UNREADABLE, detail);
        return false;
    }
    if (uri.host.len && !is_same_origin(&uri, &visit->url) &&
        !(kind->may_be_upgraded && is_upgrade(&visit->url, &uri)))
        visit_found(visit, kind->origin, detail);
    if (kind->path != MISTAKE_COUNT && !path_is_within(path, visit->path))
        visit_found(visit, kind->path, detail);
    if (has_double_slash(uri.path) && !has_double_slash(visit->url.path))
        visit_found(visit, MISTAKE_HREF_SLASHES, detail);
    return visit->result->finding_count == before;
}
