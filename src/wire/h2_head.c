/* HPACK and the rules that RFC 9113 §8 adds to those of HTTP are nghttp2's: which pseudo-header
 * fields there are, that they come first and once, that names are lower case, that there is no
 * connection-specific field, that Content-Length is what the DATA frames add up to. A request that
 * breaks one of them never gets here.
 *
 * Here are the rules of request.c, and davit's limits. Each is answered with the same status as
 * over HTTP/1.1. A head over a limit must still be decoded to its end, since the compression
 * context is the connection's; but nothing of it is kept from then on. */
#include "wire/h2_head.h"

#include "text/uri.h"

enum { FIELD_OVERHEAD_BYTES = 32 }; /* RFC 9113 §6.5.2 */

static void add_pseudo(struct h2_head *head, const struct limits *limits,
                       struct http_stream *stream, struct str name, struct str value)
{
    struct http_request *request = &stream->request;
    if (str_eq(name, STR(":method")))
        request->method = arena_str(stream->arena, value);
    else if (str_eq(name, STR(":scheme")))
        head->scheme = arena_str(stream->arena, value);
    else if (str_eq(name, STR(":authority")))
        head->authority = arena_str(stream->arena, value);
    else if (str_eq(name, STR(":path")) && value.len <= limits->target_bytes)
        request->target = arena_str(stream->arena, value);
    else if (str_eq(name, STR(":path")))
        (void)refuse(&head->refusal, HTTP_URI_TOO_LONG, "the request target is too long");
}

void h2_head_add(struct h2_head *head, const struct limits *limits, struct http_stream *stream,
                 struct str name, struct str value)
{
    head->fields++;
    head->bytes += name.len + value.len + FIELD_OVERHEAD_BYTES;
    if (head->refusal.status)
        return;
    if (name.len && name.at[0] == ':')
        add_pseudo(head, limits, stream, name, value);
    if (head->refusal.status)
        return;
    if (head->bytes > limits->head_bytes) {
        (void)refuse(&head->refusal, HTTP_FIELDS_TOO_LARGE, "the request head is too large");
    } else if (name.len && name.at[0] != ':') {
        struct http_field_line line = {http_field_find(name), arena_str(stream->arena, name),
                                       arena_str(stream->arena, value)};
        bool is_fine =
            request_add_field(&stream->request, limits, stream->arena, &line, &head->refusal);
        (void)is_fine; /* the refusal says it */
    }
}

static bool check_scheme(const struct h2_head *head, struct refusal *refusal_out)
{
    if (str_eq_nocase(head->scheme, STR("http")) || str_eq_nocase(head->scheme, STR("https")))
        return true;
    return refuse(refusal_out, HTTP_BAD_REQUEST, "the request target's scheme is not http");
}

/* RFC 9113 §8.3.1: Host may stand beside :authority when both say the same. */
static bool check_authority(const struct h2_head *head, struct http_request *request,
                            struct refusal *refusal_out)
{
    struct str host = http_fields_get(&request->fields, FIELD_HOST);
    if (!head->authority.at)
        return true;
    if (host.at && !str_eq_nocase(host, head->authority))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "Host and :authority differ");
    if (!uri_parse_authority(head->authority, &request->host, &request->port))
        return refuse(refusal_out, HTTP_BAD_REQUEST, ":authority is malformed");
    return true;
}

bool h2_head_finish(struct h2_head *head, const struct limits *limits, struct http_stream *stream,
                    bool has_body)
{
    struct http_request *request = &stream->request;
    struct refusal *refusal = &head->refusal;
    bool is_connect = str_eq(request->method, STR("CONNECT"));
    request->version = HTTP_2;
    request->has_body = has_body;
    request->body_bytes = has_body ? LENGTH_UNKNOWN : 0;
    if (refusal->status)
        return false;
    if (!http_is_token(request->method))
        return refuse(refusal, HTTP_BAD_REQUEST, "the method is malformed");
    if (is_connect) /* RFC 9113 §8.5: neither :scheme nor :path */
        request->target = head->authority;
    else if (!check_scheme(head, refusal))
        return false;
    if (!request_split_target(request, limits, refusal) ||
        !check_authority(head, request, refusal) || !request_check_host(request, refusal) ||
        !request_check_length(request, refusal))
        return false;
    request->has_body = has_body; /* "0" as well is a promise that only its end keeps */
    return request_check_expectation(request, &head->expects_continue, refusal);
}
