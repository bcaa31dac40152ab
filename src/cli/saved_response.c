/* What a file is, its first bytes tell: "HTTP/" begins an answer, "METHOD target HTTP/" a request,
 * anything else a body. `curl -i` writes the heads of all answers, also of those that are not the
 * last (1xx, a challenge, a redirect), and decodes chunks but keeps the field that speaks of them;
 * a capture of the wire has the chunks. So behind each head it is looked at what really follows.
 *
 * Lenient: line ends may lack their CR, fields may be odd. This reads what was, to tell what was
 * wrong with it; it is no server. A head that never ends is taken for a body, and found malformed
 * there. */
#include "cli/saved_response.h"

#include "http/prefer.h"
#include "http/status.h"

enum { HEAD_BYTES_MAX = 262144, SNIFF_BYTES = 32, CHUNK_OVERHEAD_MAX = 65536, STEP_BYTES = 65536 };

void saved_response_done(struct saved_response *saved)
{
    arena_done(&saved->arena);
    buf_done(&saved->pending);
}

/* --- heads --- */

static void begin_answer(struct saved_response *saved, struct str line, unsigned status)
{
    struct lint_exchange *exchange = &saved->exchange;
    exchange->status = status;
    exchange->status_line = arena_str(&saved->arena, line);
    exchange->has_head = true;
    exchange->content_type = STR_NONE;
    exchange->has_challenge = false;
    exchange->is_noroot = false;
    saved->is_chunked = false;
}

/* Of the value of Preference-Applied, which has the form of Prefer (RFC 7240 §3). */
static bool is_noroot(struct str value)
{
    struct http_field_line line = {FIELD_PREFER, STR("Prefer"), value};
    const struct http_fields fields = {.lines = &line, .count = 1};
    return http_preferences_read(&fields).is_noroot;
}

static void read_field(struct saved_response *saved, struct str line)
{
    struct str value = line;
    struct str name = str_trim(str_cut(&value, ':'));
    uint64_t length;
    value = str_trim(value);
    if (str_eq_nocase(name, STR("content-type")))
        saved->exchange.content_type = arena_str(&saved->arena, value);
    else if (str_eq_nocase(name, STR("www-authenticate")))
        saved->exchange.has_challenge = true;
    else if (str_eq_nocase(name, STR("preference-applied")))
        saved->exchange.is_noroot |= is_noroot(value);
    else if (str_eq_nocase(name, STR("transfer-encoding")))
        saved->is_chunked = str_eq_nocase(value, STR("chunked"));
    else if (str_eq_nocase(name, STR("content-length")) && !saved->exchange.has_head &&
             str_parse_u64(value, &length))
        saved->request_left = length;
}

void saved_head_line(struct saved_response *saved, struct str line)
{
    struct http_status_line status;
    if (str_starts(line, STR("HTTP/")) && http_status_line_parse(line, &status))
        begin_answer(saved, line, status.status);
    else
        read_field(saved, line);
}

void saved_head_over(struct saved_response *saved)
{
    saved->state = SAVED_BODY;
}

static void read_request_line(struct saved_response *saved, struct str line)
{
    saved->exchange.method = arena_str(&saved->arena, str_cut(&line, ' '));
    saved->exchange.target = arena_str(&saved->arena, str_cut(&line, ' '));
}

static struct str take_line(struct str *rest)
{
    struct str line = str_cut(rest, '\n');
    if (str_ends(line, STR("\r")))
        line.len--;
    return line;
}

/* "METHOD target HTTP/1.1" */
static bool is_request_line(struct str line)
{
    struct str method = str_cut(&line, ' ');
    struct str target = str_cut(&line, ' ');
    for (size_t i = 0; i < method.len; i++) {
        if (!char_is_alpha(method.at[i]) && method.at[i] != '-')
            return false;
    }
    return method.len && target.len && str_starts(line, STR("HTTP/"));
}

/* Where the head ends, its empty line included; 0: not yet. */
static size_t head_len(struct str bytes)
{
    struct str rest = bytes;
    while (str_index(rest, '\n') < rest.len) {
        if (take_line(&rest).len == 0)
            return bytes.len - rest.len;
    }
    return 0;
}

static void read_head(struct saved_response *saved, struct str head)
{
    struct str first = head;
    bool is_request = is_request_line(take_line(&first));
    if (is_request)
        read_request_line(saved, take_line(&head));
    while (head.len)
        saved_head_line(saved, take_line(&head));
    saved->state = is_request ? SAVED_REQUEST_BODY : SAVED_ANSWER;
}

/* --- states; each returns whether it got on, and could again --- */

static bool at_start(struct saved_response *saved, bool is_last)
{
    struct str bytes = buf_str(&saved->pending);
    struct str rest = bytes;
    bool has_line = str_index(bytes, '\n') < bytes.len;
    if (bytes.len < 5 && !is_last)
        return false;
    if (str_starts(bytes, STR("HTTP/"))) {
        saved->state = SAVED_HEAD;
        return true;
    }
    bool may_be_request = bytes.len && char_is_alpha(bytes.at[0]) && bytes.len < HEAD_BYTES_MAX;
    if (may_be_request && !has_line && !is_last)
        return false;
    saved->state = may_be_request && is_request_line(take_line(&rest)) ? SAVED_HEAD : SAVED_BODY;
    return true;
}

static bool in_head(struct saved_response *saved, bool is_last)
{
    size_t len = head_len(buf_str(&saved->pending));
    if (len) {
        read_head(saved, str_first(buf_str(&saved->pending), len));
        buf_consume(&saved->pending, len);
        return true;
    }
    if (!is_last && saved->pending.len < HEAD_BYTES_MAX)
        return false;
    saved->state = SAVED_BODY;
    return true;
}

static bool in_request_body(struct saved_response *saved)
{
    size_t len = (size_t)u64_min(saved->request_left, saved->pending.len);
    buf_consume(&saved->pending, len);
    saved->request_left -= len;
    if (saved->request_left)
        return false;
    while (saved->pending.len && strchr("\r\n", saved->pending.at[0]))
        buf_consume(&saved->pending, 1); /* between request and answer */
    if (!saved->pending.len)
        return false;
    saved->state = SAVED_START;
    return true;
}

/* "1a;x=y" and a line end. */
static bool is_chunk_line(struct str bytes)
{
    struct str line = take_line(&bytes);
    struct str digits = str_trim(str_cut(&line, ';'));
    uint64_t size;
    return str_parse_hex(digits, &size);
}

static bool at_answer(struct saved_response *saved, bool is_last)
{
    struct str bytes = buf_str(&saved->pending);
    bool has_line = str_index(bytes, '\n') < bytes.len;
    if (bytes.len < 5 && !is_last)
        return false;
    if (str_starts(bytes, STR("HTTP/"))) {
        saved->state = SAVED_HEAD;
        return true;
    }
    if (saved->is_chunked && !has_line && !is_last && bytes.len < SNIFF_BYTES)
        return false;
    saved->state = saved->is_chunked && is_chunk_line(bytes) ? SAVED_CHUNKS : SAVED_BODY;
    if (saved->state == SAVED_CHUNKS)
        h1_body_init_chunked(&saved->chunks, CHUNK_OVERHEAD_MAX);
    return true;
}

static bool pass_chunks(struct saved_response *saved, struct str bytes)
{
    struct buf content = {0};
    bool goes_on = true;
    while (goes_on && bytes.len && saved->chunks.state != BODY_COMPLETE &&
           saved->chunks.state != BODY_MALFORMED) {
        buf_clear(&content);
        bytes = str_from(bytes, h1_body_decode(&saved->chunks, bytes, &content, STEP_BYTES));
        goes_on = saved->sink->body(saved->sink, buf_str(&content));
    }
    if (saved->chunks.state == BODY_COMPLETE || saved->chunks.state == BODY_MALFORMED)
        saved->state = SAVED_OVER; /* what is missing then is found missing in the body */
    buf_done(&content);
    return goes_on;
}

static bool pass(struct saved_response *saved, struct str bytes)
{
    if (saved->state == SAVED_CHUNKS)
        return pass_chunks(saved, bytes);
    return saved->state == SAVED_OVER || bytes.len == 0 || saved->sink->body(saved->sink, bytes);
}

static bool saved_response_step(struct saved_response *saved, bool is_last)
{
    switch (saved->state) {
    case SAVED_START:
        return at_start(saved, is_last);
    case SAVED_HEAD:
        return in_head(saved, is_last);
    case SAVED_REQUEST_BODY:
        return in_request_body(saved);
    case SAVED_ANSWER:
        return at_answer(saved, is_last);
    case SAVED_BODY:
    case SAVED_CHUNKS:
    case SAVED_OVER:
        break;
    }
    return false;
}

static bool saved_response_run(struct saved_response *saved, bool is_last)
{
    while (saved_response_step(saved, is_last))
        continue;
    if (saved->state < SAVED_BODY)
        return true;
    bool goes_on = pass(saved, buf_str(&saved->pending));
    buf_clear(&saved->pending);
    return goes_on;
}

bool saved_response_feed(struct saved_response *saved, struct str bytes)
{
    if (saved->state >= SAVED_BODY)
        return pass(saved, bytes);
    buf_add(&saved->pending, bytes);
    return saved_response_run(saved, false);
}

bool saved_response_end(struct saved_response *saved)
{
    return saved->state >= SAVED_BODY || saved_response_run(saved, true);
}
