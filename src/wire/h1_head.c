/* Two steps. h1_scan() finds where the head ends while its bytes arrive, and refuses early what can
 * never become a head: a bare CR or LF, a request line or a head that is too long. It keeps its
 * place, so that a head that comes byte by byte costs no more than one that comes at once.
 * h1_parse_head() then takes the complete head apart, line by line.
 *
 * Every refusal is a row of text beside its status; after any of them the connection is closed,
 * since nobody can say where the next request would begin. */
#include "wire/h1_head.h"

/* --- finding the end --- */

/* Whether the first `len` bytes may be part of a head. The first byte that is too many decides
 * which limit it was, so that the answer does not depend on how the bytes were split. */
static bool has_room(const struct h1_scan *scan, size_t len, const struct limits *limits,
                     struct refusal *refusal_out)
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
                        size_t *len_out, struct refusal *refusal_out)
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
            (void)refuse(refusal_out, HTTP_BAD_REQUEST, "the head contains a bare CR or LF");
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
                          struct refusal *refusal_out)
{
    if (text.len != 8 || !str_starts(text, STR("HTTP/")) || !char_is_digit(text.at[5]) ||
        text.at[6] != '.' || !char_is_digit(text.at[7]))
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request line has no HTTP version");
    if (text.at[5] != '1')
        return refuse(refusal_out, HTTP_VERSION_NOT_SUPPORTED,
                      "this version of HTTP is not supported");
    request->version = text.at[7] == '0' ? HTTP_1_0 : HTTP_1_1;
    return true;
}

static bool parse_request_line(struct str line, const struct limits *limits,
                               struct http_request *request, struct refusal *refusal_out)
{
    struct str version = line;
    request->method = str_cut(&version, ' ');
    request->target = str_cut(&version, ' ');
    if (!http_is_token(request->method) || request->target.len == 0)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the request line is malformed");
    return parse_version(version, request, refusal_out) &&
           request_split_target(request, limits, refusal_out);
}

/* --- field lines, RFC 9112 §5 --- */

static bool parse_field(struct str line, const struct limits *limits, struct arena *arena,
                        struct http_request *request, struct refusal *refusal_out)
{
    struct str value = line;
    if (line.at[0] == ' ' || line.at[0] == '\t') /* RFC 9112 §5.2: obs-fold */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field is folded over several lines");
    if (str_index(line, ':') == line.len)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "a header field line has no colon");
    struct str name = str_cut(&value, ':');
    struct http_field_line field = {http_field_find(name), name, str_trim(value)};
    return request_add_field(request, limits, arena, &field, refusal_out);
}

/* --- what the fields say together --- */

/* RFC 9112 §6.1 to §6.3: how long the body is. */
static bool check_framing(struct http_request *request, struct arena *arena,
                          struct h1_framing *framing, struct refusal *refusal_out)
{
    struct str coding = http_fields_join(&request->fields, FIELD_TRANSFER_ENCODING, arena);
    if (!coding.at)
        return request_check_length(request, refusal_out);
    if (http_fields_has(&request->fields, FIELD_CONTENT_LENGTH))
        return refuse(refusal_out, HTTP_BAD_REQUEST,
                      "there are both Content-Length and Transfer-Encoding");
    if (request->version == HTTP_1_0)
        return refuse(refusal_out, HTTP_BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding");
    size_t last = str_index_last(coding, ',');
    struct str final = str_trim(last == coding.len ? coding : str_from(coding, last + 1));
    if (!str_eq_nocase(final, STR("chunked"))) /* §6.3 rule 4: nobody knows where it ends */
        return refuse(refusal_out, HTTP_BAD_REQUEST, "the last transfer coding must be chunked");
    if (!str_eq_nocase(coding, STR("chunked")))
        return refuse(refusal_out, HTTP_NOT_IMPLEMENTED,
                      "chunked is the only transfer coding that is supported");
    framing->is_chunked = true;
    request->has_body = true;
    request->body_bytes = LENGTH_UNKNOWN;
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
                   struct h1_framing *framing_out, struct refusal *refusal_out)
{
    struct http_request request = stream->request; /* what is known of the peer */
    struct h1_framing framing = {0};
    struct str line = take_line(&head);
    while (line.len == 0 && head.len)
        line = take_line(&head);
    if (!parse_request_line(line, limits, &request, refusal_out))
        return false;
    for (line = take_line(&head); line.len; line = take_line(&head)) {
        if (!parse_field(line, limits, stream->arena, &request, refusal_out))
            return false;
    }
    if (!request_check_host(&request, refusal_out) ||
        !check_framing(&request, stream->arena, &framing, refusal_out) ||
        !request_check_expectation(&request, &framing.expects_continue, refusal_out))
        return false;
    framing.keeps_alive = keeps_alive(&request, stream->arena);
    stream->request = request;
    *framing_out = framing;
    return true;
}
