/* What the origin is sent: the client's request with its URLs, and without what ends here.
 *
 * The XML of a request is collected, mapped and sent with its length; content streams (PUT, POST,
 * PATCH). The first pull of it is what lets a client go on that waits for "100 Continue": it is
 * told to when the origin has said so, or no such thing was asked.
 *
 * Destination and the tags of If become absolute URIs of the origin, as RFC 2518 asked for and all
 * origins take. A tag of what is no path of this gateway is made an absolute URI of ours, or the
 * origin would take it for a path of its own. In XML a path stays a path; and what the request
 * would have the origin act on must be a URL of this gateway, or it would reach what the mount does
 * not. */
#include "gateway/request.h"

#include "exchange/destination.h"
#include "gateway/challenges.h"
#include "gateway/fields.h"
#include "gateway/origin/aliases.h"
#include "gateway/resource_tags.h"
#include "gateway/spool.h"
#include "http/media_type.h"
#include "stream/spool.h"

/* What is no method of ours has XML where RFC 3253 or RFC 4437 says so, whatever its sender calls
 * it, and where he does not say what else it is. */
static bool is_xml_of_other(const struct exchange *x)
{
    static const char *const names[] = {"BASELINE-CONTROL", "LABEL",           "MERGE",
                                        "MKACTIVITY",       "MKREDIRECTREF",   "MKWORKSPACE",
                                        "UPDATE",           "VERSION-CONTROL", "UPDATEREDIRECTREF"};
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    bool is_xml = type.len == 0 || media_type_is_xml(type);
    for (size_t i = 0; i < ARRAY_LEN(names) && !is_xml; i++)
        is_xml = str_eq(x->method->name, str_of_c(names[i]));
    return is_xml;
}

bool request_streams(const struct exchange *x)
{
    switch (x->method->id) {
    case METHOD_PUT:
    case METHOD_POST:
    case METHOD_PATCH:
        return true;
    case METHOD_OTHER:
        return !is_xml_of_other(x);
    default:
        return false;
    }
}

/* --- the body --- */

static enum pull upload_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct relay *f = CONTAINER_OF(self, struct relay, upload);
    struct exchange *x = f->ask->x;
    struct source *body = x->stream->body;
    size_t before = into->len;
    if (f->is_cut) {
        (void)err_set(err, 0, "the client has gone"); /* FAIL says it */
        return PULL_FAIL;
    }
    body->waker = self->waker;
    x->stream->ops->proceed(x->stream);
    enum pull pulled = source_pull(body, into, want, err);
    if (pulled == PULL_FAIL)
        f->upload_err = *err;
    if (f->upload_left != LENGTH_UNKNOWN)
        f->upload_left -= u64_min(f->upload_left, into->len - before);
    if (pulled == PULL_END || f->upload_left == 0) {
        f->has_upload = false;
        exchange_wake(x);
    }
    return pulled;
}

/* It may not be at its end: the origin has not wanted it. */
static void upload_close(struct source *self)
{
    struct relay *f = CONTAINER_OF(self, struct relay, upload);
    f->has_upload = false;
    exchange_wake(f->ask->x);
}

static const struct source_ops upload_ops = {
    .name = "upload", .pull = upload_pull, .close = upload_close};

static void add_body(struct exchange *x, struct call *call)
{
    struct relay *f = relay_of(x);
    if (f->text.len) {
        call->text = buf_str(&f->text);
    } else if (f->spool) {
        call->upload = exchange_offload(x, spool_source(f->spool, x->arena));
        call->upload_bytes = spool_upload_bytes(x);
    } else if (request_streams(x) && x->stream->body) {
        f->upload = (struct source){.ops = &upload_ops};
        f->upload_left = spool_upload_bytes(x);
        f->has_upload = f->upload_left != 0;
        call->upload = &f->upload;
        call->upload_bytes = f->upload_left;
    } else if (request_streams(x) || x->body.len) {
        call->text = STR(""); /* so that its length is said (RFC 9110 §8.6) */
    }
}

/* --- URLs --- */

struct mapper {
    struct tag_mapper tags;
    struct href_reader hrefs;
    struct exchange *x;
    bool has_url;   /* one was come across */
    bool has_stray; /* an href of what is not behind this gateway */
};

/* The path, if the URI is one of this gateway. */
static bool is_own(struct exchange *x, struct str uri, struct uri *parsed_out)
{
    struct res_path path;
    bool has_slash;
    return uri_parse_lenient(uri, parsed_out) &&
           (parsed_out->scheme.len == 0 ||
            authority_is_ours(x, parsed_out->host, parsed_out->port)) &&
           path_decode(x->arena, parsed_out->path, &path, &has_slash) == PATH_OK &&
           handler_find(x->service, path) == x->handler;
}

static bool map_tag(struct tag_mapper *base, struct str uri, struct buf *to)
{
    struct exchange *x = CONTAINER_OF(base, struct mapper, tags)->x;
    const struct http_request *request = &x->stream->request;
    const struct url_place *place = gateway_of(x)->place;
    struct uri parsed;
    if (is_own(x, uri, &parsed)) {
        url_place_add_authority(place, to);
        return url_to_inner(place, parsed.path, to);
    }
    if (uri.len == 0 || uri.at[0] != '/' || request->host.len == 0)
        return false;
    BUF_ADD(to, "http://");
    uri_add_authority(to, request->host, request->port);
    buf_add(to, uri);
    return true;
}

static bool map_href(struct href_reader *base, struct str uri, struct buf *to)
{
    struct mapper *mapper = CONTAINER_OF(base, struct mapper, hrefs);
    struct exchange *x = mapper->x;
    const struct url_place *place = gateway_of(x)->place;
    struct uri parsed;
    mapper->has_url = true;
    return is_own(x, uri, &parsed) && url_to_inner(place, parsed.path, to);
}

/* Some origins look at the path of a URL alone, whatever its host is: so what is no URL of ours may
 * be one of what they have beside this mount. */
static bool may_act_on(struct href_reader *base, struct str uri)
{
    struct mapper *mapper = CONTAINER_OF(base, struct mapper, hrefs);
    mapper->has_url = true;
    size_t colon = str_index(uri, ':');
    struct str scheme = str_first(uri, colon);
    struct buf inner = {0};
    bool has_scheme = colon < uri.len && str_index(scheme, '/') == colon;
    bool is_http = str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https"));
    bool is_path = uri.len && (uri.at[0] == '/' || uri.at[0] == '\\');
    bool may = is_path || (has_scheme && is_http) ? map_href(base, uri, &inner)
                                                  : has_scheme || url_is_below(uri);
    buf_done(&inner);
    mapper->has_stray |= !may;
    return may;
}

static struct mapper mapper_of(struct exchange *x)
{
    return (struct mapper){
        .tags.map = map_tag, .hrefs = {.map = map_href, .may = may_act_on}, .x = x};
}

bool request_is_about_mount(const struct exchange *x)
{
    return x->stream->request.path.len == 0 ||
           ((x->method->flags & METHOD_IS_OPEN) && x->service->access &&
            !dav_is_fine(aliases_admit(x, ACCESS_READ, x->path)));
}

static struct dav_result make_url(struct exchange *x, bool adds_slash, struct call *call)
{
    const struct url_place *place = gateway_of(x)->place;
    const struct http_request *request = &x->stream->request;
    struct buf url = {0};
    url_place_add_authority(place, &url);
    bool is_fine = true;
    if (request_is_about_mount(x))
        buf_addf(&url, "%.*s/", STR_ARGS(place->inner_text));
    else
        is_fine = url_to_inner(place, request->path, &url);
    if (adds_slash)
        buf_add_char(&url, '/');
    if (request->query.len) {
        buf_add_char(&url, '?');
        buf_add(&url, request->query);
    }
    call->url = arena_text(x->arena, buf_str(&url));
    buf_done(&url);
    return is_fine ? DAV_FINE : dav_error(HTTP_BAD_REQUEST, "the path is malformed");
}

/* --- fields --- */

static void add(struct exchange *x, struct http_fields *to, struct str name, struct str value)
{
    const struct http_field_line line = {FIELD_OTHER, name, arena_str(x->arena, value)};
    http_fields_add(to, x->arena, &line);
}

/* RFC 4918 §10.3; the place was looked up before. */
static void add_destination(struct exchange *x, struct http_fields *to)
{
    struct buf value = {0};
    struct relay *f = relay_of(x);
    const struct url_place *place = gateway_of(x)->place;
    url_place_add_authority(place, &value);
    if (f->to.at && url_to_inner(place, f->destination, &value))
        add(x, to, STR("Destination"), buf_str(&value));
    buf_done(&value);
}

/* All lines as one, since some origins look at one only (RFC 4918 §10.4: lists follow lists). */
static void add_tags(struct exchange *x, struct http_fields *to)
{
    const struct http_fields *from = &x->stream->request.fields;
    struct mapper mapper = mapper_of(x);
    struct buf value = {0};
    for (size_t i = 0; i < from->count; i++) {
        if (from->lines[i].id != FIELD_IF)
            continue;
        if (value.len)
            buf_add_char(&value, ' ');
        resource_tags_map(from->lines[i].value, &mapper.tags, &value);
    }
    if (value.len)
        add(x, to, STR("If"), buf_str(&value));
    buf_done(&value);
}

/* Digest and SCRAM are about our URL and our nonce. */
static bool passes(const struct gateway *gateway, const struct http_field_line *line)
{
    struct buf scheme = {0};
    bool passes = gateway->passes_credentials &&
                  (line->id != FIELD_AUTHORIZATION || challenges_pass(line->value, &scheme));
    buf_done(&scheme);
    return passes;
}

/* Whether the answer is content, which is passed on as it is. */
static bool gets_content(const struct exchange *x)
{
    return x->method->id == METHOD_GET || x->method->id == METHOD_HEAD ||
           x->method->id == METHOD_POST;
}

/* RFC 9110 §7.6.2; what is no number is for nobody. */
static void add_hops(struct exchange *x, struct http_fields *to, const struct http_field_line *line)
{
    struct buf value = {0};
    uint64_t hops;
    if (str_parse_u64(line->value, &hops) && hops > 0) {
        buf_add_u64(&value, hops - 1);
        add(x, to, line->name, buf_str(&value));
    }
    buf_done(&value);
}

/* RFC 9110 §13.1, RFC 4918 §10.4; a lock token is told to who gave it alone (§10.5). */
static bool is_condition(enum http_field id)
{
    return id == FIELD_IF || id == FIELD_LOCK_TOKEN || id == FIELD_IF_MATCH ||
           id == FIELD_IF_NONE_MATCH || id == FIELD_IF_MODIFIED_SINCE ||
           id == FIELD_IF_UNMODIFIED_SINCE || id == FIELD_IF_RANGE;
}

static void add_line(struct exchange *x, struct http_fields *to, const struct http_field_line *line)
{
    if (relay_of(x)->is_unconditional && is_condition(line->id))
        return;
    if (field_is_named(&x->stream->request.fields, line))
        return;
    if (line->id == FIELD_EXPECT && (!request_streams(x) || relay_of(x)->spool))
        return; /* what is collected has come */
    switch (field_way(line->name, TO_ORIGIN)) {
    case WAY_CREDENTIAL:
        if (passes(gateway_of(x), line))
            http_fields_add(to, x->arena, line);
        break;
    case WAY_CODING:
        if (gets_content(x))
            http_fields_add(to, x->arena, line);
        break;
    case WAY_HOPS:
        add_hops(x, to, line);
        break;
    case WAY_PASSES:
        http_fields_add(to, x->arena, line);
        break;
    default: /* ends here, or is added by itself */
        break;
    }
}

static void add_fields(struct exchange *x, struct call *call)
{
    const struct http_fields *from = &x->stream->request.fields;
    struct http_fields to = {0};
    for (size_t i = 0; i < from->count; i++)
        add_line(x, &to, &from->lines[i]);
    if (!gets_content(x))
        add(x, &to, STR("Accept-Encoding"), STR("identity"));
    add_destination(x, &to);
    if (!relay_of(x)->is_unconditional)
        add_tags(x, &to);
    forwarded_add(x, &gateway_of(x)->all->name, &to);
    call->fields = to.lines;
    call->field_count = to.count;
}

void request_add_asker(struct exchange *x, const struct gateway *gateway, struct http_fields *to)
{
    const struct http_fields *from = &x->stream->request.fields;
    for (size_t i = 0; i < from->count; i++) {
        bool is_secret = field_way(from->lines[i].name, TO_ORIGIN) == WAY_CREDENTIAL;
        if (is_secret && passes(gateway, &from->lines[i]))
            http_fields_add(to, x->arena, &from->lines[i]);
    }
    forwarded_add(x, &gateway->all->name, to);
}

/* --- questions of ours --- */

static void ask_about(struct exchange *x, struct str path, const char *method,
                      struct http_fields *fields)
{
    struct relay *f = relay_of(x);
    const struct url_place *place = gateway_of(x)->place;
    struct buf url = {0};
    f->ask = ask_new(x, gateway_of(x));
    url_place_add_authority(place, &url);
    if (!url_to_inner(place, path, &url))
        BUG("a path that was mapped has no place any more");
    f->ask->call.url = arena_text(x->arena, buf_str(&url));
    f->ask->call.method = method;
    f->ask->call.is_safe = true;
    request_add_asker(x, gateway_of(x), fields);
    f->ask->call.fields = fields->lines;
    f->ask->call.field_count = fields->count;
    buf_done(&url);
}

void request_build_look(struct exchange *x, struct str path)
{
    struct http_fields fields = {0};
    ask_about(x, path, "HEAD", &fields);
}

void request_build_kind(struct exchange *x, struct str path)
{
    struct http_fields fields = {0};
    add(x, &fields, STR("Depth"), STR("0"));
    add(x, &fields, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    add(x, &fields, STR("Accept-Encoding"), STR("identity"));
    ask_about(x, path, "PROPFIND", &fields);
    relay_of(x)->ask->call.text =
        STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:propfind xmlns:D=\"DAV:\"><D:prop>"
            "<D:resourcetype/></D:prop></D:propfind>\n");
}

/* --- all of it --- */

static void free_text(void *arg)
{
    buf_done(arg);
}

/* Whether somebody may read it as XML: a document begins with "<", in whatever coding. EBCDIC,
 * which cannot be read here, is found out by its "<?xm" (XML 1.0, appendix F). */
static bool may_be_xml(struct str body)
{
    size_t blank = 0;
    while (blank < body.len &&
           (body.at[blank] == 0 || strchr(" \t\r\n\xef\xbb\xbf\xfe\xff", body.at[blank])))
        blank++;
    return (blank < body.len && body.at[blank] == '<') || str_starts(body, STR("\x4c\x6f\xa7\x94"));
}

/* Not everything that may be sent is XML: what is none is the origin's to refuse. */
static struct dav_result map_text(struct exchange *x)
{
    struct relay *f = relay_of(x);
    struct mapper mapper = mapper_of(x);
    struct str body = buf_str(&x->body);
    struct err err;
    if (f->text.len || body.len == 0)
        return DAV_FINE;
    arena_on_reset(x->arena, free_text, &f->text);
    if (!may_be_xml(body) || gateway_loop_knows_plain(x->service->gateways, body))
        buf_add(&f->text, body);
    else if (!hrefs_map(body, HREFS_OF_REQUEST, &mapper.hrefs, &f->text, &err))
        return mapper.has_stray
                   ? dav_error(HTTP_FORBIDDEN, "the request body names what is not behind the same "
                                               "gateway as the request")
                   : dav_error(HTTP_BAD_REQUEST, "the request body is not well-formed XML");
    else if (!mapper.has_url && (x->method->flags & METHOD_IS_SAFE))
        gateway_loop_keep_plain(x->service->gateways, body);
    return DAV_FINE;
}

struct dav_result request_build(struct exchange *x, bool adds_slash)
{
    struct relay *f = relay_of(x);
    struct ask *ask = ask_new(x, gateway_of(x));
    struct dav_result result = map_text(x);
    f->ask = ask;
    if (dav_is_fine(result))
        result = make_url(x, adds_slash, &ask->call);
    if (!dav_is_fine(result))
        return result;
    ask->call.method = arena_text(x->arena, x->method->name);
    ask->call.is_safe = x->method->flags & METHOD_IS_SAFE;
    add_fields(x, &ask->call);
    add_body(x, &ask->call);
    return DAV_FINE;
}
