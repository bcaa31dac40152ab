/* The rules for a request that are the same over HTTP/1.1 and HTTP/2: which targets there are, what
 * a field line may hold, where the host is named, how long a body is declared to be, what may be
 * expected. They are written once, so that a request is refused with the same words on every wire.
 *
 * How bytes become a method, a target and field lines is the business of h1_head.c and h2_head.c;
 * so is what each of them asks for beyond these rules.
 *
 * Every refusal is a row of text beside its status. */
#include "wire/request.h"

#include "text/uri.h"

bool refuse(struct refusal *refusal_out, unsigned status, const char *text)
{
    refusal_out->status = status;
    refusal_out->text = text;
    return false;
}

void refusal_answer(const struct refusal *refusal, struct http_stream *stream)
{
    struct buf text = {0};
    buf_addf(&text, "%u %.*s: %s\n", refusal->status, STR_ARGS(http_reason(refusal->status)),
             refusal->text);
    struct str body = arena_str(stream->arena, buf_str(&text));
    buf_done(&text);
    stream->response.status = refusal->status;
    stream->response.body = source_of_text(stream->arena, body);
    stream->response.body_bytes = body.len;
    http_response_set(stream, FIELD_CONTENT_TYPE, STR("text/plain; charset=utf-8"));
}

/* --- the target, RFC 9110 §7.1 --- */

static bool is_target_char(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte > 0x20 && byte != 0x7f && byte != '#';
}

static bool split_uri(struct http_request *request, struct refusal *refusal_out)
{
    struct uri uri;
    if (!uri_parse(request->target, &uri))
        return refuse(refusal_out, HTTP_BAD_REQUEST,
                      "the request target is neither a path nor a URI");
    if (!str_eq_nocase(uri.scheme, STR("http")) && !str_eq_nocase(uri.scheme, STR("https")))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request target's scheme is not http");
    request->path = uri.path;
    request->query = uri.query;
    request->host = uri.host;
    request->port = uri.port;
    return true;
}

/* RFC 9112 §3.2: origin-form, absolute-form; '*' for OPTIONS, an authority for CONNECT. */
bool request_split_target(struct http_request *request, const struct limits *limits,
                          struct refusal *refusal_out)
{
    struct str target = request->target;
    if (target.len > limits->target_bytes)
        return refuse(refusal_out, HTTP_URI_TOO_LONG, "the request target is too long");
    for (size_t i = 0; i < target.len; i++) {
        if (!is_target_char(target.at[i]))
            return refuse(refusal_out, HTTP_BAD_REQUEST,
                          "the request target contains a character that is not allowed in a URI");
    }
    if (str_eq(target, STR("*"))) {
        if (!str_eq(request->method, STR("OPTIONS")))
            return refuse(refusal_out, HTTP_BAD_REQUEST, "'*' is a target for OPTIONS only");
        return true;
    }
    if (target.len && target.at[0] == '/') {
        request->query = target;
        request->path = str_cut(&request->query, '?');
        return true;
    }
    if (str_eq(request->method, STR("CONNECT")) &&
        uri_parse_authority(target, &request->host, &request->port))
        return true; /* no path: not served, and 405 can say so */
    return split_uri(request, refusal_out);
}

/* --- field lines, RFC 9110 §5 --- */

bool request_add_field(struct http_request *request, const struct limits *limits,
                       struct arena *arena, const struct http_field_line *line,
                       struct refusal *refusal_out)
{
    if (request->fields.count >= limits->field_count)
        return refuse(refusal_out, HTTP_FIELDS_TOO_LARGE, "too many header fields");
    if (!http_is_token(line->name)) /* also a space before the colon: RFC 9112 §5.1 */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field name is malformed");
    if (!http_is_field_value(line->value))
        return refuse(refusal_out, HTTP_BAD_REQUEST,
                      "a header field value contains a control character");
    http_fields_add(&request->fields, arena, line);
    return true;
}

/* --- what the fields say --- */

size_t request_count_lines(const struct http_request *request, enum http_field id)
{
    const struct http_fields *fields = &request->fields;
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += fields->lines[i].id == id;
    return count;
}

/* RFC 9112 §3.2, RFC 9113 §8.3.1 and RFC 9110 §7.2. */
bool request_check_host(struct http_request *request, struct refusal *refusal_out)
{
    size_t lines = request_count_lines(request, FIELD_HOST);
    struct str host = STR_NONE;
    struct str port = STR_NONE;
    if (lines > 1 || (lines == 0 && request->version == HTTP_1_1))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "there must be exactly one Host field");
    struct str value = http_fields_get(&request->fields, FIELD_HOST);
    if (value.len && !uri_parse_authority(value, &host, &port))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the Host field is malformed");
    if (request->host.len == 0) {
        request->host = host;
        request->port = port;
    }
    if (request->host.len == 0 && request->version != HTTP_1_0) /* RFC 9110 §4.2.1 */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the Host field is empty");
    return true;
}

bool request_check_length(struct http_request *request, struct refusal *refusal_out)
{
    uint64_t length;
    size_t lines = request_count_lines(request, FIELD_CONTENT_LENGTH);
    if (lines == 0)
        return true;
    struct str value = http_fields_get(&request->fields, FIELD_CONTENT_LENGTH);
    if (lines > 1 || !str_parse_u64(value, &length) || length > INT64_MAX)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "Content-Length is not a single number");
    request->has_body = length > 0;
    request->body_bytes = length;
    return true;
}

bool request_check_expectation(const struct http_request *request, bool *expects_continue_out,
                               struct refusal *refusal_out)
{
    struct str expect = http_fields_get(&request->fields, FIELD_EXPECT);
    if (!expect.at || request->version == HTTP_1_0) /* RFC 9110 §10.1.1: ignored in HTTP/1.0 */
        return true;
    if (!str_eq_nocase(expect, STR("100-continue")))
        return refuse(refusal_out, HTTP_EXPECTATION_FAILED,
                      "100-continue is the only expectation that is supported");
    *expects_continue_out = request->has_body;
    return true;
}
