/* Two steps. h1_scan() finds where the head ends while its bytes arrive, and refuses early what can
 * never become a head: a bare CR or LF, a request line or a head that is too long. It keeps its
 * place, so that a head that comes byte by byte costs no more than one that comes at once.
 * h1_parse_head() then takes the complete head apart, line by line.
 *
 * Every refusal is a row of text beside its status; after any of them the connection is closed,
 * since nobody can say where the next request would begin. */
#include "wire/h1_head.h"

#include "text/uri.h"

static bool refuse(struct h1_refusal *refusal_out, unsigned status, const char *text)
{
    refusal_out->status = status;
    refusal_out->text = text;
    return false;
}

/* --- finding the end --- */

/* Whether the first `len` bytes may be part of a head. The first byte that is too many decides
 * which limit it was, so that the answer does not depend on how the bytes were split. */
static bool has_room(const struct h1_scan *scan, size_t len, const struct limits *limits,
                     struct h1_refusal *refusal_out)
{
    size_t head_max = limits->head_bytes;
    /* A target this long will never be taken; the rest of its line is method and version. */
    size_t line_max = scan->has_line ? SIZE_MAX : scan->line_start + limits->target_bytes + 64;
    if (len <= size_min(head_max, line_max))
        return true;
    if (line_max <= head_max)
        return refuse(refusal_out, HTTP_URI_TOO_LONG, "the request line is too long");
    return refuse(refusal_out, HTTP_FIELDS_TOO_LARGE, "the request head is too large");
}

/* The line that ends at the LF at `at`. False when it does not end in CR LF. */
static bool ends_in_crlf(const struct h1_scan *scan, struct str bytes, size_t at)
{
    struct str line = str_of(bytes.at + scan->line_start, at - scan->line_start);
    return line.len > 0 && str_index(line, '\r') == line.len - 1;
}

enum h1_scan_rc h1_scan(struct h1_scan *scan, struct str bytes, const struct limits *limits,
                        size_t *len_out, struct h1_refusal *refusal_out)
{
    while (scan->at < bytes.len) {
        size_t lf = scan->at + str_index(str_from(bytes, scan->at), '\n');
        size_t end = size_min(lf + 1, bytes.len);
        if (!has_room(scan, end, limits, refusal_out))
            return H1_SCAN_REFUSED;
        scan->at = end;
        if (lf == bytes.len)
            break;
        if (!ends_in_crlf(scan, bytes, lf)) {
            (void)refuse(refusal_out, HTTP_BAD_REQUEST, "a bare CR or LF in the head");
            return H1_SCAN_REFUSED;
        }
        bool is_empty = lf == scan->line_start + 1;
        scan->line_start = end;
        if (is_empty && scan->has_line) {
            *len_out = end;
            return H1_SCAN_COMPLETE;
        }
        /* Empty lines before a request line are skipped: RFC 9112 §2.2. */
        scan->has_line |= !is_empty;
    }
    return H1_SCAN_MORE;
}

/* --- the request line, RFC 9112 §3 --- */

static bool parse_version(struct str text, struct http_request *request,
                          struct h1_refusal *refusal_out)
{
    if (text.len != 8 || !str_starts(text, STR("HTTP/")) || !char_is_digit(text.at[5]) ||
        text.at[6] != '.' || !char_is_digit(text.at[7]))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request line has no HTTP version");
    if (text.at[5] != '1')
        return refuse(refusal_out, HTTP_VERSION_NOT_SUPPORTED, "this is an HTTP/1.1 server");
    request->version = text.at[7] == '0' ? HTTP_1_0 : HTTP_1_1;
    return true;
}

static bool is_target_char(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte > 0x20 && byte != 0x7f && byte != '#';
}

/* RFC 9112 §3.2: origin-form, absolute-form; '*' for OPTIONS, an authority for CONNECT. */
static bool parse_target(struct http_request *request, const struct limits *limits,
                         struct h1_refusal *refusal_out)
{
    struct str target = request->target;
    if (target.len > limits->target_bytes)
        return refuse(refusal_out, HTTP_URI_TOO_LONG, "the request target is too long");
    for (size_t i = 0; i < target.len; i++) {
        if (!is_target_char(target.at[i]))
            return refuse(refusal_out, HTTP_BAD_REQUEST,
                          "the request target holds a character that no URI may");
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
    struct uri uri;
    if (!uri_parse(target, &uri))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request target is no path and no URI");
    if (!str_eq_nocase(uri.scheme, STR("http")) && !str_eq_nocase(uri.scheme, STR("https")))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request target's scheme is not http");
    request->path = uri.path;
    request->query = uri.query;
    request->host = uri.host;
    request->port = uri.port;
    return true;
}

static bool parse_request_line(struct str line, const struct limits *limits,
                               struct http_request *request, struct h1_refusal *refusal_out)
{
    struct str version = line;
    request->method = str_cut(&version, ' ');
    request->target = str_cut(&version, ' ');
    if (!http_is_token(request->method) || request->target.len == 0)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request line is malformed");
    return parse_version(version, request, refusal_out) &&
           parse_target(request, limits, refusal_out);
}

/* --- field lines, RFC 9112 §5 --- */

static bool is_field_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool parse_field(struct str line, struct arena *arena, struct http_request *request,
                        struct h1_refusal *refusal_out)
{
    struct str value = line;
    if (line.at[0] == ' ' || line.at[0] == '\t') /* RFC 9112 §5.2: obs-fold */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field is folded over lines");
    if (str_index(line, ':') == line.len)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field line has no colon");
    struct str name = str_cut(&value, ':');
    if (!http_is_token(name)) /* also a space before the colon: RFC 9112 §5.1 */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field name is malformed");
    if (!is_field_value(value))
        return refuse(refusal_out, HTTP_BAD_REQUEST,
                      "a header field value holds a control character");
    struct http_field_line field = {http_field_find(name), name, str_trim(value)};
    http_fields_add(&request->fields, arena, &field);
    return true;
}

/* --- what the fields say together --- */

static size_t count_lines(const struct http_fields *fields, enum http_field id)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += fields->lines[i].id == id;
    return count;
}

/* RFC 9112 §3.2 and RFC 9110 §7.2. The target's own authority, if any, wins over Host. */
static bool check_host(struct http_request *request, struct h1_refusal *refusal_out)
{
    size_t lines = count_lines(&request->fields, FIELD_HOST);
    struct str host = STR_NONE;
    struct str port = STR_NONE;
    if (lines > 1 || (lines == 0 && request->version != HTTP_1_0))
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

/* RFC 9112 §6.1 to §6.3: how long the body is. */
static bool check_length(struct http_request *request, struct arena *arena,
                         struct h1_framing *framing, struct h1_refusal *refusal_out)
{
    const struct http_fields *fields = &request->fields;
    struct str coding = http_fields_join(fields, FIELD_TRANSFER_ENCODING, arena);
    size_t lengths = count_lines(fields, FIELD_CONTENT_LENGTH);
    if (coding.at) {
        if (lengths > 0)
            return refuse(refusal_out, HTTP_BAD_REQUEST,
                          "both Content-Length and Transfer-Encoding");
        if (request->version == HTTP_1_0)
            return refuse(refusal_out, HTTP_BAD_REQUEST, "Transfer-Encoding in HTTP/1.0");
        size_t last = str_index_last(coding, ',');
        struct str final = str_trim(last == coding.len ? coding : str_from(coding, last + 1));
        if (!str_eq_nocase(final, STR("chunked"))) /* §6.3 rule 4: nobody knows where it ends */
            return refuse(refusal_out, HTTP_BAD_REQUEST, "Transfer-Encoding without chunked last");
        if (!str_eq_nocase(coding, STR("chunked")))
            return refuse(refusal_out, HTTP_NOT_IMPLEMENTED,
                          "chunked is the only transfer coding here");
        framing->is_chunked = true;
        request->has_body = true;
        request->body_bytes = LENGTH_UNKNOWN;
        return true;
    }
    if (lengths == 0)
        return true;
    uint64_t length;
    struct str value = http_fields_get(fields, FIELD_CONTENT_LENGTH);
    if (lengths > 1 || !str_parse_u64(value, &length) || length > INT64_MAX)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "Content-Length is not one number");
    request->has_body = length > 0;
    request->body_bytes = length;
    return true;
}

static bool check_expectation(const struct http_request *request, struct h1_framing *framing,
                              struct h1_refusal *refusal_out)
{
    struct str expect = http_fields_get(&request->fields, FIELD_EXPECT);
    if (!expect.at || request->version == HTTP_1_0) /* RFC 9110 §10.1.1: ignored in HTTP/1.0 */
        return true;
    if (!str_eq_nocase(expect, STR("100-continue")))
        return refuse(refusal_out, HTTP_EXPECTATION_FAILED,
                      "100-continue is the only expectation known");
    framing->expects_continue = request->has_body;
    return true;
}

/* RFC 9112 §9.3. */
static bool keeps_alive(const struct http_request *request, struct arena *arena)
{
    struct str options = http_fields_join(&request->fields, FIELD_CONNECTION, arena);
    if (http_list_has(options, STR("close")))
        return false;
    return request->version != HTTP_1_0 || http_list_has(options, STR("keep-alive"));
}

static struct str take_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');
    return str_first(line, line.len - 1); /* h1_scan() has seen the CR */
}

bool h1_parse_head(struct str head, const struct limits *limits, struct http_stream *stream,
                   struct h1_framing *framing_out, struct h1_refusal *refusal_out)
{
    struct http_request request = {.peer = stream->request.peer};
    struct h1_framing framing = {0};
    struct str line = take_line(&head);
    while (line.len == 0 && head.len)
        line = take_line(&head);
    if (!parse_request_line(line, limits, &request, refusal_out))
        return false;
    for (line = take_line(&head); line.len; line = take_line(&head)) {
        if (request.fields.count >= limits->field_count)
            return refuse(refusal_out, HTTP_FIELDS_TOO_LARGE, "too many header fields");
        if (!parse_field(line, stream->arena, &request, refusal_out))
            return false;
    }
    if (!check_host(&request, refusal_out) ||
        !check_length(&request, stream->arena, &framing, refusal_out) ||
        !check_expectation(&request, &framing, refusal_out))
        return false;
    framing.keeps_alive = keeps_alive(&request, stream->arena);
    stream->request = request;
    *framing_out = framing;
    return true;
}
