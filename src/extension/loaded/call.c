/* What a shared object is called for, and what davit does for it then (davit/extension.h).
 *
 * A request goes through three stages: the resource is located, looked at and held to the
 * conditions of the request, as for any method; the body is collected, within the bound of XML's;
 * and then its function runs on a worker, where it may block. A report comes when the first two
 * are done (dav/method/report.c). What it writes is collected, on the account of all bodies, and
 * becomes the answer when it returns: so a status that it sets late counts, and one that fails
 * midway has sent nothing.
 *
 * A property is asked for while a listing is written: the value goes into it as it is, or is taken
 * back where there turns out to be none. */
#include "dav/lock/if_check.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "extension/loaded/loaded.h"
#include "xml/writer.h"

struct davit_ext {
    const struct exchange *x;
    struct exchange *answers; /* the same; NULL: it is for a property */
    struct arena *arena;
    struct store *store;
    struct walk_item item;
    bool exists;
    struct buf *out; /* the body, or the value */
    unsigned status; /* 0: none was set */
    struct str type; /* of the body */
};

static struct davit_ms_text given(struct str text)
{
    return (struct davit_ms_text){text.at, text.len};
}

/* --- the request --- */

static struct davit_ms_text call_method(const struct davit_ext *call)
{
    return given(call->x->stream->request.method);
}

static struct davit_ms_text call_query(const struct davit_ext *call)
{
    return given(call->x->stream->request.query);
}

static struct davit_ms_text call_field(const struct davit_ext *call, const char *name)
{
    const struct http_fields *fields = &call->x->stream->request.fields;
    for (size_t i = 0; i < fields->count; i++) {
        if (str_eq_nocase(fields->lines[i].name, str_of_c(name)))
            return given(fields->lines[i].value);
    }
    return given(STR_NONE);
}

static struct davit_ms_text call_body(const struct davit_ext *call)
{
    return given(buf_str(&call->x->body));
}

static struct davit_ms_text call_user(const struct davit_ext *call)
{
    return given(call->x->signed_in.principal.name);
}

/* --- the resource --- */

static struct davit_ms_text call_path(const struct davit_ext *call)
{
    return given(path_str(call->item.path));
}

static struct davit_ms_text call_href(const struct davit_ext *call)
{
    struct buf text = {0};
    path_encode(&text, call->item.path, call->item.stat.is_collection);
    struct str copy = arena_str(call->arena, buf_str(&text));
    buf_done(&text);
    return given(copy);
}

static struct davit_ext_resource call_resource(const struct davit_ext *call)
{
    const struct store_stat *stat = &call->item.stat;
    if (!call->exists)
        return (struct davit_ext_resource){0};
    return (struct davit_ext_resource){true, stat->is_collection, stat->size_bytes,
                                       stat->modified_s};
}

struct wanted {
    struct store_prop_visitor visitor;
    struct str ns;
    struct str name;
    struct arena *arena;
    struct str xml; /* at == NULL: it is not there */
};

static bool is_wanted(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    const struct wanted *wanted = CONTAINER_OF(visitor, struct wanted, visitor);
    return str_eq(wanted->name, name) && str_eq(wanted->ns, ns);
}

static enum store_rc take(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct wanted *wanted = CONTAINER_OF(visitor, struct wanted, visitor);
    if (!arena_try_str(wanted->arena, prop->xml, &wanted->xml))
        return STORE_BUSY;
    return STORE_END;
}

static bool call_dead(const struct davit_ext *call, const char *ns, const char *name,
                      struct davit_ms_text *xml_out)
{
    struct wanted wanted = {.visitor = {.wants = is_wanted, .show = take},
                            .ns = str_of_c(ns),
                            .name = str_of_c(name),
                            .arena = call->arena};
    if (!call->exists || call->item.is_part || !store_shows_props(call->store, call->item.real))
        return false;
    enum store_rc rc = store_props(call->store, call->item.real, &wanted.visitor);
    bool is_there = (rc == STORE_OK || rc == STORE_END) && wanted.xml.at;
    if (is_there)
        *xml_out = given(wanted.xml);
    return is_there;
}

/* --- the answer --- */

static bool call_write(struct davit_ext *call, const char *bytes, size_t len)
{
    size_t before = call->out->cap;
    if (!buf_try_reserve(call->out, len) ||
        (call->answers && !exchange_hold(call->answers, call->out->cap - before)))
        return false;
    buf_add(call->out, str_of(bytes, len));
    return true;
}

static bool call_write_text(struct davit_ext *call, const char *bytes, size_t len)
{
    struct buf escaped = {0};
    xml_add_text(&escaped, str_of(bytes, len));
    bool is_fine = call_write(call, escaped.at, escaped.len);
    buf_done(&escaped);
    return is_fine;
}

static bool call_status(struct davit_ext *call, unsigned status)
{
    bool is_known = status >= 200 && http_status_index(status) < STATUS_INDEX_CLASS;
    if (call->answers && is_known)
        call->status = status;
    return call->answers && is_known;
}

/* Those by which messages are told apart. */
static bool is_ours(struct str name)
{
    static const char *const ours[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive",
        "Upgrade",        "Trailer",           "Date",       "Server"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (str_eq_nocase(name, str_of_c(ours[i])))
            return true;
    }
    return false;
}

static bool call_add_field(struct davit_ext *call, const char *name, const char *value)
{
    struct str own_name = str_of_c(name);
    struct str own_value = str_of_c(value);
    if (!call->answers || !http_is_token(own_name) || !http_is_field_value(own_value) ||
        is_ours(own_name))
        return false;
    const struct http_field_line line = {http_field_find(own_name),
                                         arena_str(call->arena, own_name),
                                         arena_str(call->arena, own_value)};
    if (line.id == FIELD_CONTENT_TYPE)
        call->type = line.value;
    else
        http_fields_add(&call->answers->stream->response.fields, call->arena, &line);
    return true;
}

static const struct davit_ext_calls calls = {
    .version = DAVIT_EXTENSION_VERSION,
    .method = call_method,
    .query = call_query,
    .field = call_field,
    .body = call_body,
    .user = call_user,
    .path = call_path,
    .href = call_href,
    .resource = call_resource,
    .dead = call_dead,
    .write = call_write,
    .write_text = call_write_text,
    .status = call_status,
    .add_field = call_add_field,
};

/* --- stages --- */

/* Whose stage runs. */
static const struct loaded_answerer *answerer_of(const struct exchange *x, size_t stage)
{
    const char *first = (const char *)(x->stage - stage);
    return (const void *)(first - offsetof(struct loaded_answerer, stages));
}

/* What is known of the resource when the function runs; of a report it is the item alone. */
struct found {
    struct walk_item item;
    bool exists;
};

static struct dav_result look(struct exchange *x, unsigned flags, struct found *found)
{
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = target_stat(x, &found->item.stat, &found->exists);
    if (!dav_is_fine(result))
        return result;
    unsigned flag = !found->exists                   ? METHOD_ON_UNMAPPED
                    : found->item.stat.is_collection ? METHOD_ON_COLLECTION
                                                     : METHOD_ON_FILE;
    found->item.path = x->path;
    found->item.real = target_of(x)->leads_to;
    if (!(flags & flag))
        return found->exists ? dav_error(HTTP_METHOD_NOT_ALLOWED, "this is not possible here")
                             : dav_not_found();
    return if_header_check(x);
}

static enum stage_end loaded_find(struct exchange *x)
{
    const struct loaded_answerer *answerer = answerer_of(x, LOADED_FIND);
    struct found *found = ARENA_NEW(x->arena, struct found);
    x->state = found;
    struct dav_result result = look(x, answerer->flags, found);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static void free_out(void *arg)
{
    buf_done(arg);
}

/* A report has no state of `found`, and its resource is there. */
static struct davit_ext begin(struct exchange *x)
{
    const struct walk_item *item = x->state; /* the first of `found`, too */
    struct buf *out = ARENA_NEW(x->arena, struct buf);
    bool is_report = x->method->id == METHOD_REPORT;
    arena_on_reset(x->arena, free_out, out);
    return (struct davit_ext){.x = x,
                              .answers = x,
                              .arena = x->arena,
                              .store = target_of(x)->store,
                              .item = *item,
                              .exists = is_report || ((const struct found *)x->state)->exists,
                              .out = out,
                              .type = STR("text/plain; charset=utf-8")};
}

static enum stage_end loaded_run(struct exchange *x)
{
    const struct loaded_answerer *answerer = answerer_of(x, LOADED_RUN);
    struct davit_ext call = begin(x);
    answerer->run(&calls, &call);
    unsigned status = call.status;
    if (!status)
        status = call.out->len ? HTTP_OK : HTTP_NO_CONTENT;
    if (!call.out->len)
        return respond_status(x, (enum http_status)status);
    return respond_text(x, (enum http_status)status, call.type, buf_str(call.out));
}

void loaded_answerer_init(struct loaded_answerer *answerer, davit_ext_run_fn *run, unsigned flags)
{
    *answerer = (struct loaded_answerer){
        .stages = {[LOADED_FIND] = {"find", loaded_find, ON_READ},
                   [LOADED_BODY] = {"body", exchange_read_xml, ON_LOOP},
                   [LOADED_RUN] = {"run", loaded_run, ON_WORKER}},
        .run = run,
        .flags = flags,
    };
}

bool loaded_prop_get(const struct prop_target *target, struct buf *to)
{
    const struct davit_ext_property *property = target->asked->of;
    struct davit_ext call = {
        .x = target->x,
        .arena = target->arena,
        .store = target->store,
        .item = {.path = target->path,
                 .real = target->real,
                 .stat = target->stat,
                 .is_part = target->is_part},
        .exists = true,
        .out = to,
    };
    return property->get(&calls, &call);
}
