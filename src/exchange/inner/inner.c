/* Several requests in one body are each what a single one is: its rules, its locks, its conditions,
 * its quota, its changes. So each is an exchange, run by the one loop that runs exchanges, over a
 * stream that no wire has: it has an arena of its own, so that memory does not grow with their
 * number, and its respond() notes that the answer is there.
 *
 * What it takes over from the request around it is who asks and by what way: address, TLS, host,
 * and the fields in `inherited`. A page of another origin, a request of a server's own transfer, a
 * client with a quirk: each is known for what it is. Nothing that says what is to be done is taken
 * over; that is for who makes it.
 *
 * Who asks is known. To sign in once more would count one wrong password many times, and a Digest
 * is about the outer request's method and target.
 *
 * The outer stream is held until the inner one is over: what it points at is the outer one's. */
#include "exchange/inner/inner.h"

#include "base/mem.h"
#include "exchange/if_header.h"
#include "exchange/run.h"

/* Who asks; Via says through whom, and that it is a part of a transfer that we make. */
static const enum http_field inherited[] = {
    FIELD_AUTHORIZATION,   FIELD_FORWARDED,        FIELD_ORIGIN,
    FIELD_SEC_FETCH_SITE,  FIELD_USER_AGENT,       FIELD_VIA,
    FIELD_X_FORWARDED_FOR, FIELD_X_FORWARDED_HOST, FIELD_X_FORWARDED_PROTO,
};

static void proceed(struct http_stream *stream)
{
    (void)stream; /* its body is there */
}

static void inner_free(struct refs *refs)
{
    struct inner *inner = CONTAINER_OF(refs, struct inner, stream.refs);
    struct http_stream *outer = inner->outer->stream;
    arena_done(&inner->arena);
    mem_free(inner);
    refs_drop(&outer->refs);
}

/* Sources go before what they were made of. */
static void inner_close(struct inner *inner)
{
    source_close(&inner->stream.response.body);
    source_close(&inner->stream.body);
    refs_drop(&inner->stream.refs);
}

static void respond(struct http_stream *stream)
{
    struct inner *inner = CONTAINER_OF(stream, struct inner, stream);
    inner->has_answered = true;
    if (inner->is_left)
        inner_close(inner);
    else
        inner->answered(inner);
}

static const struct http_stream_ops ops = {.proceed = proceed, .respond = respond};

static bool is_inherited(enum http_field id)
{
    for (size_t i = 0; i < ARRAY_LEN(inherited); i++) {
        if (inherited[i] == id)
            return true;
    }
    return false;
}

struct inner *inner_new(struct exchange *outer, struct str method, struct res_path path,
                        bool has_slash)
{
    struct inner *inner = MEM_NEW(struct inner);
    const struct http_stream *around = outer->stream;
    const struct http_fields *fields = &around->request.fields;
    struct http_request *request = &inner->stream.request;
    struct buf target = {0};
    refs_take(&outer->stream->refs);
    inner->outer = outer;
    inner->stream = (struct http_stream){.ops = &ops,
                                         .arena = &inner->arena,
                                         .executor = around->executor,
                                         .memory = around->memory,
                                         .sockets = around->sockets,
                                         .started_us = around->started_us,
                                         .request = around->request};
    refs_init(&inner->stream.refs, inner_free);
    path_encode(&target, path, has_slash);
    request->method = method;
    request->target = request->path = arena_str(&inner->arena, buf_str(&target));
    buf_done(&target);
    request->query = STR_NONE;
    request->version = HTTP_1_1; /* what an old client could not have said is said here */
    request->has_body = false;
    request->body_bytes = 0;
    request->fields = (struct http_fields){0};
    for (size_t i = 0; i < fields->count; i++) {
        if (is_inherited(fields->lines[i].id))
            http_fields_add(&request->fields, &inner->arena, &fields->lines[i]);
    }
    return inner;
}

void inner_set_body(struct inner *inner, struct source *body, uint64_t body_bytes)
{
    inner->stream.body = body;
    inner->stream.request.has_body = body != NULL;
    inner->stream.request.body_bytes = body_bytes;
}

void inner_add_field(struct inner *inner, enum http_field id, struct str value)
{
    const struct http_field_line line = {id, http_field_name(id), value};
    http_fields_add(&inner->stream.request.fields, &inner->arena, &line);
}

struct str inner_tokens(const struct exchange *outer)
{
    struct buf text = {0};
    for (size_t i = 0; outer->conditions && i < outer->conditions->list_count; i++) {
        const struct if_list *list = &outer->conditions->lists[i];
        for (size_t k = 0; k < list->condition_count; k++) {
            const struct if_condition *condition = &list->conditions[k];
            if (condition->kind == IF_STATE_TOKEN && !condition->is_not)
                buf_addf(&text, "(<%.*s>) ", STR_ARGS(condition->value));
        }
    }
    if (text.len)
        BUF_ADD(&text, "(Not <DAV:no-lock>)");
    struct str tokens = text.len ? arena_str(outer->arena, buf_str(&text)) : STR_NONE;
    buf_done(&text);
    return tokens;
}

void inner_begin(struct inner *inner)
{
    assert(!inner->x);
    inner->x = exchange_handle_within(inner->outer, &inner->stream);
}

void inner_leave(struct inner **inner_taken)
{
    struct inner *inner = *inner_taken;
    *inner_taken = NULL;
    if (!inner)
        return;
    inner->is_left = true;
    if (inner->has_answered || !inner->x)
        inner_close(inner);
}
