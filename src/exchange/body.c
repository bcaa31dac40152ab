/* Request bodies that are collected whole: XML and forms, which are parsed when all is there.
 *
 * What is collected is bounded (the limits xml_bytes, login_form_bytes), and taken from the budget
 * of all bodies before it is pulled, so that a pull cannot fail for want of memory. A body that is
 * a resource's content is not collected but pumped (dav/method/put.c); what both say to one that
 * breaks off is here. */
#include "exchange/body.h"

#include <errno.h>

#include "exchange/respond.h"

struct dav_result exchange_check_coding(struct exchange *x)
{
    struct str codings =
        http_fields_join(&x->stream->request.fields, FIELD_CONTENT_ENCODING, x->arena);
    while (codings.len) {
        if (str_eq_nocase(str_trim(str_cut(&codings, ',')), STR("identity")))
            continue;
        respond_field(x, FIELD_ACCEPT_ENCODING, STR("identity")); /* RFC 9110 §15.5.16 */
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not supported");
    }
    return DAV_FINE;
}

struct dav_result exchange_announced(struct exchange *x, enum announced_of of,
                                     struct content_check **check_out)
{
    struct content_hashes hashes;
    *check_out = NULL;
    switch (announced_read(&x->stream->request.fields, of, x->arena, &hashes)) {
    case ANNOUNCED_NOTHING:
        return DAV_FINE;
    case ANNOUNCED_HASHES:
        *check_out = content_check_new(x->arena, &hashes);
        return DAV_FINE;
    case ANNOUNCED_NONSENSE:
        return dav_error(HTTP_BAD_REQUEST,
                         "the hash that the request announces of its content is none");
    }
    BUG("no such announcement");
}

struct dav_result exchange_is_not_announced(void)
{
    return dav_error(HTTP_BAD_REQUEST,
                     "the content does not have the hash that the request announces: it was "
                     "changed on its way, or while it was read");
}

struct dav_result exchange_body_failure(const struct err *err)
{
    if (err->code == ENOMEM)
        return dav_busy();
    if (err->code == ETIMEDOUT)
        return dav_error(HTTP_REQUEST_TIMEOUT, "the request body stalled for too long");
    return dav_error(HTTP_BAD_REQUEST, "the request body is malformed or incomplete");
}

struct xml_limits exchange_xml_bounds(const struct limits *limits)
{
    return (struct xml_limits){
        .depth_max = (unsigned)limits->xml_depth,
        .element_count_max = (unsigned)limits->xml_elements,
        .attr_count_max = (unsigned)limits->xml_attributes,
        .ns_bytes_max = (unsigned)limits->xml_namespace_bytes,
        .names_bytes_max = (size_t)limits->xml_names_bytes,
    };
}

struct dav_result exchange_xml_result(enum xml_rc rc, struct dav_result stopped)
{
    switch (rc) {
    case XML_OK:
        return DAV_FINE;
    case XML_MALFORMED:
        return dav_error(HTTP_BAD_REQUEST, "the XML of the request body is not well-formed");
    case XML_FORBIDDEN:
        return dav_condition(CONDITION_NO_EXTERNAL_ENTITIES, "document types are refused");
    case XML_LIMIT:
        return dav_error(HTTP_CONTENT_TOO_LARGE, "the XML of the request body is too complex");
    case XML_STOPPED:
        return stopped;
    case XML_NO_MEMORY:
        return dav_busy();
    case XML_PAUSED:
        break;
    }
    BUG("no such XML result");
}

void exchange_drop_body(struct exchange *x)
{
    exchange_release(x, x->body.cap);
    buf_done(&x->body);
}

static void free_body(void *arg)
{
    buf_done(arg);
}

/* Before the first pull of a body that is to be collected in x->body. */
static void begin_body(struct exchange *x)
{
    struct http_stream *stream = x->stream;
    if (stream->body->waker)
        return;
    stream->body->waker = &x->waker;
    arena_on_reset(x->arena, free_body, &x->body);
    stream->ops->proceed(stream);
}

enum stage_end exchange_expect_no_body(struct exchange *x)
{
    struct http_stream *stream = x->stream;
    struct err err;
    enum pull pulled = PULL_DATA;
    if (!stream->body)
        return STAGE_NEXT;
    if (stream->request.body_bytes == LENGTH_UNKNOWN) { /* it may yet have no bytes */
        begin_body(x);
        pulled = source_pull(stream->body, &x->body, 1, &err);
    }
    if (pulled == PULL_END)
        return STAGE_NEXT;
    if (pulled == PULL_WAIT)
        return STAGE_WAIT;
    if (pulled == PULL_FAIL)
        return respond_error(x, exchange_body_failure(&err));
    return respond_error(x, dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "this method takes no body"));
}

/* The body is complete. */
static enum stage_end end_body(struct exchange *x)
{
    struct content_check *check;
    struct dav_result result = exchange_announced(x, ANNOUNCED_OF_EITHER, &check);
    if (check) {
        content_check_add(check, buf_str(&x->body));
        if (!content_check_holds(check))
            result = exchange_is_not_announced();
    }
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* Room for the next pull, which then cannot fail for want of memory. False: there is none. */
static bool make_room(struct exchange *x, size_t room)
{
    size_t before = x->body.cap;
    if (buf_try_reserve(&x->body, room) && exchange_hold(x, x->body.cap - before))
        return true;
    buf_done(&x->body);
    exchange_release(x, before);
    return false;
}

/* How much to pull next: a body of known length is not given more room than it needs. */
static size_t next_step(const struct exchange *x)
{
    enum { STEP_BYTES = 16384 };
    uint64_t announced = x->stream->request.body_bytes; /* it may be LENGTH_UNKNOWN */
    uint64_t left = announced > x->body.len ? announced - x->body.len : 1; /* 1: to see the end */
    return (size_t)u64_min(left, STEP_BYTES);
}

static enum stage_end read_body(struct exchange *x, uint64_t max)
{
    struct http_stream *stream = x->stream;
    struct err err;
    if (!stream->body)
        return STAGE_NEXT;
    struct dav_result result = exchange_check_coding(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (stream->request.body_bytes != LENGTH_UNKNOWN && stream->request.body_bytes > max)
        return respond_error(x, dav_error(HTTP_CONTENT_TOO_LARGE, "the request body is too long"));
    begin_body(x);
    for (;;) {
        size_t want = next_step(x);
        if (!make_room(x, want))
            return respond_error(x, dav_busy());
        switch (source_pull(stream->body, &x->body, want, &err)) {
        case PULL_DATA:
            if (x->body.len > max)
                return respond_error(
                    x, dav_error(HTTP_CONTENT_TOO_LARGE, "the request body is too long"));
            break;
        case PULL_WAIT:
            return STAGE_WAIT;
        case PULL_END:
            return end_body(x);
        case PULL_FAIL:
            return respond_error(x, exchange_body_failure(&err));
        }
    }
}

enum stage_end exchange_read_xml(struct exchange *x)
{
    return read_body(x, x->service->limits->xml_bytes);
}

enum stage_end exchange_read_form(struct exchange *x)
{
    return read_body(x, x->service->limits->login_form_bytes);
}
