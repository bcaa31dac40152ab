/* A chunked body is decoded by a machine of one state for each place where the bytes may be cut:
 *
 *   SIZE -> EXTENSION -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE         chunk_byte()
 *                           '-(size 0)-> TRAILER -(CR)-> END_LF -> COMPLETE    name_byte()
 *   TRAILER -> TRAILER_NAME -> TRAILER_VALUE -> TRAILER_LF -> TRAILER            name_byte()
 *
 * Content is moved in runs, all else byte by byte. A chunk size is at least one digit and at most
 * sixteen; white space around it is refused, since proxies differ about it. Extensions and trailers
 * are bounded and dropped: RFC 9112 §7.1.1 and §7.1.2 allow both. But they must have the form of
 * what they claim to be: a line behind the last chunk that is no field may be another request to
 * the next parser. */
#include "wire/h1_body.h"

#include "http/fields.h"

enum { SIZE_DIGITS_MAX = 16 };

void h1_body_init_length(struct h1_body *body, uint64_t length)
{
    *body = (struct h1_body){.state = length ? BODY_LENGTH : BODY_COMPLETE, .left = length};
}

void h1_body_init_chunked(struct h1_body *body, size_t overhead_bytes_max)
{
    *body = (struct h1_body){.state = BODY_SIZE, .overhead_bytes_max = overhead_bytes_max};
}

uint64_t h1_body_direct_bytes(const struct h1_body *body)
{
    return body->state == BODY_LENGTH || body->state == BODY_DATA ? body->left : 0;
}

void h1_body_skip(struct h1_body *body, uint64_t len)
{
    assert(len <= h1_body_direct_bytes(body));
    body->left -= len;
    if (len && body->left == 0)
        body->state = body->state == BODY_LENGTH ? BODY_COMPLETE : BODY_DATA_CR;
}

static enum h1_body_state size_byte(struct h1_body *body, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        if (++body->digits > SIZE_DIGITS_MAX)
            return BODY_MALFORMED;
        body->left = body->left << 4 | (uint64_t)digit;
        return body->left > INT64_MAX ? BODY_MALFORMED : BODY_SIZE;
    }
    if (body->digits == 0)
        return BODY_MALFORMED;
    if (c == ';')
        return BODY_EXTENSION;
    return c == '\r' ? BODY_SIZE_LF : BODY_MALFORMED;
}

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* A byte of an extension or a trailer's value; `next` is the state behind the line's CR. */
static enum h1_body_state overhead_byte(struct h1_body *body, char c, enum h1_body_state next)
{
    if (++body->overhead_bytes > body->overhead_bytes_max)
        return BODY_MALFORMED;
    if (c == '\r')
        return next;
    return is_control(c) ? BODY_MALFORMED : body->state;
}

/* The first byte of a trailer line, or a byte of its name. */
static enum h1_body_state name_byte(struct h1_body *body, char c)
{
    bool is_first = body->state == BODY_TRAILER;
    if (++body->overhead_bytes > body->overhead_bytes_max)
        return BODY_MALFORMED;
    if (c == '\r' && is_first)
        return BODY_END_LF;
    if (c == ':' && !is_first)
        return BODY_TRAILER_VALUE;
    return http_is_token_char(c) ? BODY_TRAILER_NAME : BODY_MALFORMED;
}

static enum h1_body_state chunk_byte(struct h1_body *body, char c)
{
    switch (body->state) {
    case BODY_SIZE:
        return size_byte(body, c);
    case BODY_EXTENSION:
        return overhead_byte(body, c, BODY_SIZE_LF);
    case BODY_SIZE_LF:
        body->digits = 0;
        return c != '\n' ? BODY_MALFORMED : body->left ? BODY_DATA : BODY_TRAILER;
    case BODY_DATA_CR:
        return c == '\r' ? BODY_DATA_LF : BODY_MALFORMED;
    case BODY_DATA_LF:
        return c == '\n' ? BODY_SIZE : BODY_MALFORMED;
    case BODY_TRAILER:
    case BODY_TRAILER_NAME:
        return name_byte(body, c);
    case BODY_TRAILER_VALUE:
        return overhead_byte(body, c, BODY_TRAILER_LF);
    case BODY_TRAILER_LF:
        return c == '\n' ? BODY_TRAILER : BODY_MALFORMED;
    case BODY_END_LF:
        return c == '\n' ? BODY_COMPLETE : BODY_MALFORMED;
    case BODY_LENGTH:
    case BODY_DATA:
    case BODY_COMPLETE:
    case BODY_MALFORMED:
        break;
    }
    BUG("a chunk byte in a state without any");
}

size_t h1_body_decode(struct h1_body *body, struct str bytes, struct buf *into, size_t want)
{
    size_t used = 0;
    while (used < bytes.len && body->state != BODY_COMPLETE && body->state != BODY_MALFORMED) {
        uint64_t direct = h1_body_direct_bytes(body);
        if (direct == 0) {
            body->state = chunk_byte(body, bytes.at[used++]);
            continue;
        }
        size_t len = (size_t)u64_min(direct, size_min(want, bytes.len - used));
        if (len == 0)
            break;
        if (into)
            buf_add(into, str_of(bytes.at + used, len));
        h1_body_skip(body, len);
        used += len;
        want -= len;
    }
    return used;
}
