/* What the client is sent: the origin's answer with our URLs, and without what ends here.
 *
 * XML that answers a method of WebDAV goes through the rewriter; what GET and POST answer with is
 * content, and is not looked at. What describes the bytes of a body that is rewritten goes: its
 * length, its tag, its hashes. The tags within it are resources', and stay.
 *
 *     origin -> call's body (-> inflate_source) -> hrefs_source -> struct relay's body -> wire
 *
 * The last of these knows how it ended: what was inside of a 207 is said in the access log, and why
 * a body broke off in the other. A body that fails makes the wire break the framing, so that what
 * was cut off never looks complete. Where the rewriter cannot read the first piece, nothing has
 * been sent yet, and it is a 502; but where it is an error's, the status and the rest of the head
 * say enough, and stay, with a body of ours.
 *
 * Statuses are passed on but for a few. A 401 that asks our own credentials anew, or asks for what
 * cannot be sent through a gateway, is a 502: no client can do anything about it. So is a 407. A
 * GET that is answered with a 207 would be shown to people as XML: it is a 405. A redirect of what
 * is neither GET nor POST is a 307, so that it stays what it is. */
#include "gateway/answer.h"

#include "base/log.h"
#include "exchange/admit.h"
#include "exchange/browser.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "gateway/challenges.h"
#include "gateway/failure.h"
#include "gateway/fields.h"
#include "gateway/origin/aliases.h"
#include "gateway/resource_tags.h"
#include "http/media_type.h"
#include "stream/inflate.h"

/* --- URLs --- */

/* A path of the origin that no mount of ours has: somebody may want to know. */
static void tell_unmapped(struct exchange *x, struct str uri)
{
    const struct gateway *gateway = gateway_of(x);
    struct str outer = gateway->place->outer_text;
    if (uri.len && uri.at[0] == '/' && gateway_loop_tells(x->service->gateways, gateway))
        log_line(LOG_WARN,
                 "%.*s/: its origin names %.*s, which is in no mount of this server, and stays as "
                 "it is. A mount with an origin that covers it would make it reachable",
                 STR_ARGS(outer), STR_ARGS(str_first(uri, 512)));
}

/* An origin that has learned our name from X-Forwarded-Host gives it to its own paths. */
static bool map_ours(struct exchange *x, struct str uri, struct buf *to)
{
    struct uri parsed;
    const struct gateway *gateway = gateway_of(x);
    if (!uri_parse(uri, &parsed) || !parsed.scheme.len ||
        !authority_is_ours(x, parsed.host, parsed.port))
        return false;
    struct str rest = str_from(uri, (size_t)(parsed.host.at - uri.at));
    rest = str_from(rest, str_index(rest, '/'));
    return url_to_outer(&gateway->all->map, gateway->place, rest, to);
}

static bool map_uri(struct exchange *x, struct str uri, struct buf *to)
{
    const struct gateway *gateway = gateway_of(x);
    if (url_to_outer(&gateway->all->map, gateway->place, uri, to) || map_ours(x, uri, to))
        return true;
    tell_unmapped(x, uri);
    return false;
}

struct link_mapper {
    struct tag_mapper base;
    struct exchange *x;
};

static bool map_link(struct tag_mapper *base, struct str uri, struct buf *to)
{
    struct exchange *x = CONTAINER_OF(base, struct link_mapper, base)->x;
    const struct gateway *gateway = gateway_of(x);
    return url_to_outer(&gateway->all->map, gateway->place, uri, to) || map_ours(x, uri, to);
}

/* --- the XML's reader --- */

static struct relay *relay_of_reader(struct href_reader *reader)
{
    return CONTAINER_OF(reader, struct relay, reader);
}

static bool map_href(struct href_reader *reader, struct str uri, struct buf *to)
{
    return map_uri(relay_of_reader(reader)->ask->x, uri, to);
}

/* What is in another mount, which may be a principal's, is judged by the rules there. */
static struct dav_result may_see(const struct exchange *x, struct res_path path)
{
    const struct access_question question = {ACCESS_READ, path, ACCESS_NAMES_BOTH};
    if (handler_find(x->service, path) == x->handler || x->seen.prefix.at)
        return aliases_admit(x, ACCESS_READ, path);
    return admit_result(access_may(x->service->access, &x->signed_in.principal, &question));
}

/* What cannot be told to be his is nobody's: in a listing. In a property it may be of the origin's,
 * and nothing that rules are about; but not where it is relative, and nobody knows to what. */
static unsigned judge(struct href_reader *reader, struct str uri, bool is_value)
{
    struct exchange *x = relay_of_reader(reader)->ask->x;
    struct buf outer = {0};
    struct arena arena = {0}; /* a listing may have any number of members */
    struct res_path path;
    struct dav_result result = dav_not_found();
    bool has_slash;
    bool is_mapped = map_link(&(struct link_mapper){.x = x}.base, uri, &outer);
    struct str outer_path = str_first(buf_str(&outer), str_index(buf_str(&outer), '?'));
    if (is_mapped && path_decode(&arena, outer_path, &path, &has_slash) == PATH_OK)
        result = is_value ? may_see(x, path) : aliases_admit(x, ACCESS_READ, path);
    else if (!is_mapped && is_value && (str_starts(uri, STR("/")) || str_index(uri, ':') < uri.len))
        result = DAV_FINE;
    unsigned status = dav_is_fine(result) ? HTTP_OK : result.status;
    buf_done(&outer);
    arena_done(&arena);
    return status;
}

static void see_status(struct href_reader *reader, struct str text)
{
    struct relay *f = relay_of_reader(reader);
    struct http_status_line line;
    if (http_status_line_parse(text, &line))
        f->member_status =
            f->member_status ? verdict_worse(f->member_status, line.status) : line.status;
}

/* The client is told of no more than he may know. */
static void see_end(struct href_reader *reader, unsigned judged)
{
    struct relay *f = relay_of_reader(reader);
    if (judged != HTTP_NOT_FOUND)
        davit_ms_verdict_add(&f->verdict, judged == HTTP_OK ? f->member_status : judged);
    f->member_status = 0;
}

/* --- the body --- */

static void sum_up(struct relay *f)
{
    struct exchange *x = f->ask->x;
    if (f->ask->call.status != HTTP_MULTI_STATUS)
        return;
    x->stream->response.verdict = &f->verdict;
    origin_count_members(gateway_loop_cells(x->service->gateways, f->ask->gateway), &f->verdict);
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct relay *f = CONTAINER_OF(self, struct relay, body);
    struct str first = buf_str(&f->first);
    if (first.len) {
        struct str part = str_first(first, want);
        buf_add(into, part);
        buf_consume(&f->first, part.len);
        return PULL_DATA;
    }
    if (!f->inner)
        return PULL_END;
    f->inner->waker = self->waker;
    enum pull pulled = source_pull(f->inner, into, want, err);
    if (pulled == PULL_END)
        sum_up(f);
    if (pulled == PULL_FAIL)
        failure_note(f->ask, err->text);
    return pulled;
}

static void body_close(struct source *self)
{
    struct relay *f = CONTAINER_OF(self, struct relay, body);
    source_close(&f->inner);
    buf_done(&f->first);
}

static const struct source_ops body_ops = {
    .name = "answer of an origin", .pull = body_pull, .close = body_close};

void answer_drop(struct exchange *x)
{
    body_close(&relay_of(x)->body);
}

/* --- the head --- */

/* Content is the user's, whatever it looks like. */
static bool is_content(const struct exchange *x, unsigned status)
{
    bool gets = x->method->id == METHOD_GET || x->method->id == METHOD_HEAD ||
                (x->method->id == METHOD_POST && status != HTTP_MULTI_STATUS);
    return gets && !http_is_error(status);
}

static bool is_rewritten(const struct exchange *x, const struct call *call)
{
    return !is_content(x, call->status) && x->method->id != METHOD_HEAD &&
           media_type_is_xml(call_field(call, STR("Content-Type")));
}

static struct dav_result check_status(struct exchange *x, const struct call *call)
{
    const struct gateway *gateway = gateway_of(x);
    struct buf challenges = {0};
    struct dav_result result = DAV_FINE;
    const char *why = NULL;
    struct str asked = http_fields_join(&call->answer, FIELD_WWW_AUTHENTICATE, x->arena);
    bool can_meet = gateway->passes_credentials && challenges_pass(asked, &challenges);
    buf_done(&challenges);
    if (call->status == HTTP_UNAUTHORIZED && gateway->passes_credentials && !can_meet)
        why = "it asks for a way to sign in that leads through no gateway: Basic and Bearer do";
    else if (call->status == HTTP_UNAUTHORIZED && !can_meet && gateway->has_credentials)
        why = "it refuses the gateway's own credentials";
    else if (call->status == HTTP_UNAUTHORIZED && !can_meet)
        why = "it wants to know who asks: give it origin-user or origin-token-file, or "
              "origin-credentials = pass";
    else if (call->status == HTTP_PROXY_AUTH_REQUIRED || call->status > 599 ||
             call->status < HTTP_OK)
        why = "it answers with a status that is none of an origin";
    if (why) {
        failure_note(relay_of(x)->ask, why);
        result = dav_error(HTTP_BAD_GATEWAY, "the server behind this gateway does not let it in");
    }
    if (call->status == HTTP_MULTI_STATUS && is_content(x, call->status))
        result = dav_error(HTTP_METHOD_NOT_ALLOWED, "this is a collection: PROPFIND lists it");
    return result;
}

/* A list without those of its members that `drops` names. */
static struct str without(struct exchange *x, struct str list,
                          bool (*drops)(const struct exchange *x, struct str member))
{
    struct buf left = {0};
    while (list.len) {
        struct str member = str_trim(str_cut(&list, ','));
        if (member.len == 0 || drops(x, member))
            continue;
        if (left.len)
            BUF_ADD(&left, ", ");
        buf_add(&left, member);
    }
    struct str copy = arena_str(x->arena, buf_str(&left));
    buf_done(&left);
    return copy;
}

/* What would be refused here. */
static bool drops_method(const struct exchange *x, struct str name)
{
    const struct method *method = method_find(name);
    const struct stage *stages;
    struct exchange asked = *x;
    asked.method = method ? method : method_other(x->arena, name);
    return !dav_is_fine(x->handler->ops->find(&asked, &stages));
}

/* Whether nobody may lock here, or not he who asks. Who has not signed in may learn that others
 * can. */
static bool has_no_locks(const struct exchange *x)
{
    return gateway_of(x)->is_read_only ||
           (admit_check(x, ACCESS_LOCK, x->path, x->path).status == HTTP_FORBIDDEN &&
            !admit_differs_below(x, x->path));
}

/* Without LOCK there is no class 2 (RFC 4918 §18.2). */
static bool drops_class(const struct exchange *x, struct str class)
{
    return str_eq(class, STR("2")) && has_no_locks(x);
}

struct str answer_abilities(struct exchange *x, enum http_field id, struct str list)
{
    return without(x, list, id == FIELD_ALLOW ? drops_method : drops_class);
}

/* An origin's control characters could end a line for a client that is lenient. */
static void add_value(struct exchange *x, const struct http_field_line *line, struct str value)
{
    if (!http_is_token(line->name) || !http_is_field_value(value))
        return;
    const struct http_field_line copy = {line->id, line->name, value};
    http_fields_add(&x->stream->response.fields, x->arena, &copy);
}

static void add_url(struct exchange *x, const struct http_field_line *line)
{
    struct buf mapped = {0};
    bool is_mapped = map_uri(x, line->value, &mapped);
    add_value(x, line, is_mapped ? arena_str(x->arena, buf_str(&mapped)) : line->value);
    buf_done(&mapped);
}

static void add_links(struct exchange *x, const struct http_field_line *line)
{
    struct link_mapper mapper = {{map_link}, x};
    struct buf mapped = {0};
    resource_tags_map(line->value, &mapper.base, &mapped);
    add_value(x, line, arena_str(x->arena, buf_str(&mapped)));
    buf_done(&mapped);
}

static void add_challenges(struct exchange *x, const struct http_field_line *line)
{
    struct buf challenges = {0};
    if (gateway_of(x)->passes_credentials && challenges_pass(line->value, &challenges))
        add_value(x, line, arena_str(x->arena, buf_str(&challenges)));
    buf_done(&challenges);
}

/* A cookie is for the paths of this gateway alone, and for our host (RFC 6265 §5.2.3, §5.2.4). */
static void add_cookie(struct exchange *x, const struct http_field_line *line)
{
    const struct gateway *gateway = gateway_of(x);
    struct buf value = {0};
    struct str rest = line->value;
    if (!gateway->passes_credentials)
        return;
    for (bool is_first = true; rest.len; is_first = false) {
        struct str part = str_trim(str_cut(&rest, ';'));
        struct str name = str_trim(str_first(part, str_index(part, '=')));
        if (!is_first && (str_eq_nocase(name, STR("Path")) || str_eq_nocase(name, STR("Domain"))))
            continue;
        buf_addf(&value, "%s%.*s", is_first ? "" : "; ", STR_ARGS(part));
    }
    buf_addf(&value, "; Path=%.*s/", STR_ARGS(gateway->place->outer_text));
    add_value(x, line, arena_str(x->arena, buf_str(&value)));
    buf_done(&value);
}

static void add_line(struct exchange *x, const struct call *call,
                     const struct http_field_line *line)
{
    if (field_is_named(&call->answer, line))
        return;
    switch (field_way(line->name, TO_CLIENT)) {
    case WAY_URL:
        add_url(x, line);
        break;
    case WAY_LINKS:
        add_links(x, line);
        break;
    case WAY_CHALLENGE:
        add_challenges(x, line);
        break;
    case WAY_COOKIE:
        add_cookie(x, line);
        break;
    case WAY_ABILITIES:
        add_value(x, line, answer_abilities(x, line->id, line->value));
        break;
    case WAY_BODY:
        if (!is_rewritten(x, call))
            add_value(x, line, line->value);
        break;
    case WAY_VALIDATOR:
        if (!is_rewritten(x, call) || !(x->method->flags & METHOD_IS_SAFE))
            add_value(x, line, line->value);
        break;
    case WAY_CONFINES:
        if (!is_content(x, call->status) || gateway_of(x)->is_active)
            add_value(x, line, line->value);
        break;
    case WAY_PASSES:
        add_value(x, line, line->value);
        break;
    default:
        break;
    }
}

static void add_fields(struct exchange *x, const struct call *call)
{
    const struct http_fields *from = &call->answer;
    for (size_t i = 0; i < from->count; i++)
        add_line(x, call, &from->lines[i]);
    struct str via = http_fields_join(from, FIELD_VIA, x->arena);
    via = forwarded_via(x->arena, &gateway_of(x)->all->name, call->status_line, via);
    const struct http_field_line line = {FIELD_VIA, http_field_name(FIELD_VIA), via};
    add_value(x, &line, via);
    if (is_content(x, call->status))
        browser_confine(x, call_field(call, STR("Content-Type")));
    else if (http_is_error(call->status))
        browser_confine_error(x);
    bool may_be_kept = call_field(call, STR("Cache-Control")).at || is_content(x, call->status);
    if (!may_be_kept &&
        (x->method->flags & METHOD_IS_SAFE)) /* of what is not GET: RFC 9110 §9.2.3 */
        respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    if (http_is_success(call->status) &&
        (relay_of(x)->has_retried || path_eq(x->path, gateway_of(x)->place->outer))) /* §5.2 */
        respond_location(x, true);
}

/* With a Transfer-Encoding it does not count (RFC 9112 §6.3). */
static uint64_t length_of(const struct call *call)
{
    uint64_t length;
    if (call_field(call, STR("Transfer-Encoding")).at)
        return LENGTH_UNKNOWN;
    return str_parse_u64(call_field(call, STR("Content-Length")), &length) ? length
                                                                           : LENGTH_UNKNOWN;
}

/* An origin is asked for none; some pack all the same (RFC 9110 §8.4.1). */
enum coding { CODING_NONE, CODING_PACKED, CODING_OTHER };

static enum coding coding_of(const struct call *call)
{
    struct str name = call_field(call, STR("Content-Encoding"));
    if (!name.len || str_eq_nocase(name, STR("identity")))
        return CODING_NONE;
    bool is_known = str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")) ||
                    str_eq_nocase(name, STR("deflate"));
    return is_known ? CODING_PACKED : CODING_OTHER;
}

/* Clients take 301 and 302 for a reason to ask by GET (RFC 9110 §15.4.2, §15.4.3), and some know
 * no 308. Where a page has posted something, to ask by GET is what is meant. */
static unsigned status_of(const struct exchange *x, const struct call *call)
{
    bool is_redirect = call->status == HTTP_MOVED_PERMANENTLY || call->status == HTTP_FOUND;
    bool may_become_get =
        x->method->id == METHOD_GET || x->method->id == METHOD_HEAD || x->method->id == METHOD_POST;
    return is_redirect && !may_become_get ? HTTP_TEMPORARY_REDIRECT : call->status;
}

/* Not all that is inside is for him, and this answer cannot be looked through. */
static bool is_opaque(const struct exchange *x, const struct call *call)
{
    return relay_of(x)->filters && x->method->id != METHOD_OPTIONS &&
           x->method->id != METHOD_HEAD && http_is_success(call->status) &&
           !http_is_bodiless(call->status) && length_of(call) != 0 &&
           !is_content(x, call->status) && !is_rewritten(x, call);
}

/* Nothing of the origin's is passed on where the status is not. */
static struct dav_result refuse(struct exchange *x, struct dav_result result)
{
    struct source *body = ask_take_body(relay_of(x)->ask);
    source_close(&body);
    return result;
}

struct dav_result answer_begin(struct exchange *x)
{
    struct relay *f = relay_of(x);
    const struct call *call = &f->ask->call;
    struct dav_result result = check_status(x, call);
    enum coding coding = coding_of(call);
    bool is_packed = is_rewritten(x, call) && coding == CODING_OTHER;
    if (dav_is_fine(result) && is_packed) {
        failure_note(f->ask, "it packs its XML in a way that was not asked for, nor is known");
        if (!http_is_error(call->status))
            result = dav_error(HTTP_BAD_GATEWAY, "the server behind this gateway packs its answer");
    }
    if (dav_is_fine(result) && is_opaque(x, call)) {
        failure_note(f->ask, "it answers with what is no XML, of which not all may be seen");
        result = dav_error(HTTP_BAD_GATEWAY,
                           "not all that is inside may be seen, and the server behind this gateway "
                           "answers with what is no XML");
    }
    if (!dav_is_fine(result))
        return refuse(x, result);
    f->inner = ask_take_body(f->ask);
    f->body = (struct source){.ops = &body_ops};
    if (!is_rewritten(x, call) || !f->inner || (is_packed && answer_replace(x)))
        return DAV_FINE;
    if (coding == CODING_PACKED)
        f->inner = inflate_source(x->arena, f->inner);
    f->reader = (struct href_reader){.map = map_href,
                                     .judge = f->filters ? judge : NULL,
                                     .expands = x->method->id == METHOD_REPORT,
                                     .hides_locks = has_no_locks(x),
                                     .status = see_status,
                                     .response_end = see_end};
    f->inner = hrefs_source(x->arena, f->inner, HREFS_OF_ANSWER, &f->reader);
    return DAV_FINE;
}

bool answer_replace(struct exchange *x)
{
    struct relay *f = relay_of(x);
    unsigned status = f->ask->call.status;
    struct str reason = http_reason(status);
    if (!http_is_error(status))
        return false;
    source_close(&f->inner);
    buf_clear(&f->first);
    buf_addf(&f->first,
             "%u %.*s: the server behind this gateway refuses it, and says why in XML that cannot "
             "be read\n",
             status, STR_ARGS(reason));
    f->is_replaced = true;
    return true;
}

enum stage_end answer_end(struct exchange *x, enum pull looked)
{
    struct relay *f = relay_of(x);
    const struct call *call = &f->ask->call;
    struct http_response *response = &x->stream->response;
    bool has_body = x->method->id != METHOD_HEAD && !http_is_bodiless(call->status);
    uint64_t length = is_rewritten(x, call) ? LENGTH_UNKNOWN : length_of(call);
    if (looked == PULL_END)
        length = f->first.len;
    add_fields(x, call);
    if (f->is_replaced)
        respond_field(x, FIELD_CONTENT_TYPE, STR("text/plain; charset=utf-8"));
    response->status = status_of(x, call);
    response->body_bytes = length;
    if (has_body && length != 0) {
        response->body = &f->body;
    } else {
        answer_drop(x);
    }
    return STAGE_DONE;
}

enum stage_end answer_made(struct exchange *x)
{
    static const char *const names[] = {"ETag", "Last-Modified", "OC-ETag", "OC-FileId"};
    const struct call *call = &relay_of(x)->ask->call;
    bool overwrites = true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct http_field_line line = {FIELD_OTHER, str_of_c(names[i]),
                                             call_field(call, str_of_c(names[i]))};
        if (line.value.at)
            add_value(x, &line, line.value);
    }
    failure_note(relay_of(x)->ask, "a MOVE that was made again had been done the first time");
    if (!dav_is_fine(overwrite_read(x, &overwrites)))
        overwrites = true;
    return respond_status(x, overwrites ? HTTP_NO_CONTENT : HTTP_CREATED);
}
