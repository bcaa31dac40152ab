/* A WebSocket's frames, taken apart and put together.
 *
 * What comes is taken byte by byte as far as its head goes, so that it may be cut anywhere; a
 * payload is taken as it comes. What a head says is judged as soon as it is there, before any of
 * its payload is kept: a reserved bit, an opcode that is not known, a length that is written longer
 * than need be, a message that would be too long. So what a peer can make us hold is one message
 * within the limit and one control frame, which may come between the fragments of a message
 * (RFC 6455 §5.4).
 *
 *     head --complete, and judged--> payload --its last byte--> an event, or the next head
 *
 * Only texts are taken, since nothing here is said in bytes: who sends binary messages is told that
 * they are not supported (§7.4.1). A text is checked when it is complete; the RFC lets us do it
 * sooner (§8.1), which would save the rest of some KiB of somebody's mistake.
 *
 * Rejected: libwslay. Its state of a connection has 9,440 bytes, twenty times what this has, for
 * the whole life of a connection that is idle for all but a moment of it, where all else that an
 * idle connection holds is less than one kilobyte; and it pulls and pushes by callbacks of its own
 * what is at hand here. */
#include "wire/websocket/frame.h"

#include "base/utf8.h"

enum {
    HEAD_FIRST_BYTES = 2, /* what says how long the head is */
    MASK_BYTES = 4,
    BIT_FIN = 0x80,
    BITS_RESERVED = 0x70,
    BITS_OPCODE = 0x0f,
    BIT_MASK = 0x80,
    BITS_LENGTH = 0x7f,
    LENGTH_16 = 126, /* it is in the next two bytes */
    LENGTH_64 = 127, /* in the next eight */
};

/* --- the head --- */

static enum ws_opcode opcode_of(const struct ws_reader *reader)
{
    return (enum ws_opcode)(reader->head[0] & BITS_OPCODE);
}

static bool is_last(const struct ws_reader *reader)
{
    return reader->head[0] & BIT_FIN;
}

static bool is_control(const struct ws_reader *reader)
{
    return opcode_of(reader) >= WS_OP_CLOSE;
}

static unsigned short_length(const struct ws_reader *reader)
{
    return reader->head[1] & BITS_LENGTH;
}

static size_t length_bytes(const struct ws_reader *reader)
{
    if (short_length(reader) == LENGTH_64)
        return 8;
    return short_length(reader) == LENGTH_16 ? 2 : 0;
}

static size_t head_bytes(const struct ws_reader *reader)
{
    if (reader->head_len < HEAD_FIRST_BYTES)
        return HEAD_FIRST_BYTES;
    return HEAD_FIRST_BYTES + length_bytes(reader) + MASK_BYTES;
}

static bool fail(struct ws_reader *reader, enum web_socket_code code)
{
    reader->code = code;
    reader->is_over = true;
    return false;
}

/* What its first two bytes say of a frame that begins, or goes on with, a message. */
static bool judge_data(struct ws_reader *reader)
{
    enum ws_opcode opcode = opcode_of(reader);
    if (opcode > WS_OP_BINARY) /* §5.2: reserved */
        return fail(reader, SOCKET_PROTOCOL_ERROR);
    if ((opcode == WS_OP_CONTINUATION) != reader->is_in_message) /* §5.4 */
        return fail(reader, SOCKET_PROTOCOL_ERROR);
    return opcode != WS_OP_BINARY || fail(reader, SOCKET_UNSUPPORTED);
}

/* Of one that stands by itself. */
static bool judge_control(struct ws_reader *reader)
{
    bool is_known = opcode_of(reader) <= WS_OP_PONG;
    bool is_whole = is_last(reader) && short_length(reader) <= WS_CONTROL_BYTES_MAX; /* §5.5 */
    return (is_known && is_whole) || fail(reader, SOCKET_PROTOCOL_ERROR);
}

static bool judge_first(struct ws_reader *reader)
{
    bool is_masked = reader->head[1] & BIT_MASK;          /* §5.1: a client's always is */
    bool has_extension = reader->head[0] & BITS_RESERVED; /* §5.2: none was agreed on */
    if (!is_masked || has_extension)
        return fail(reader, SOCKET_PROTOCOL_ERROR);
    return is_control(reader) ? judge_control(reader) : judge_data(reader);
}

/* §5.2: in the fewest bytes, and of 64 bits not the first. */
static bool read_length(struct ws_reader *reader)
{
    size_t count = length_bytes(reader);
    uint64_t length = short_length(reader);
    if (count) {
        length = 0;
        for (size_t i = 0; i < count; i++)
            length = length << 8 | reader->head[HEAD_FIRST_BYTES + i];
        if (length < LENGTH_16 || (count == 8 && (length <= UINT16_MAX || length >> 63)))
            return fail(reader, SOCKET_PROTOCOL_ERROR);
    }
    if (!is_control(reader) && length > reader->message_bytes_max - reader->message.len)
        return fail(reader, SOCKET_TOO_BIG);
    reader->left = length;
    return true;
}

/* False: there is no whole head yet, or a wrong one. */
static bool take_head(struct ws_reader *reader, struct str *bytes)
{
    while (reader->head_len < head_bytes(reader)) {
        if (bytes->len == 0)
            return false;
        reader->head[reader->head_len++] = (unsigned char)bytes->at[0];
        *bytes = str_from(*bytes, 1);
        if (reader->head_len == HEAD_FIRST_BYTES && !judge_first(reader))
            return false;
    }
    reader->is_in_payload = read_length(reader);
    reader->mask_at = 0;
    return reader->is_in_payload;
}

/* --- the payload --- */

static void unmask(struct ws_reader *reader, char *to, struct str from)
{
    const unsigned char *mask = reader->head + reader->head_len - MASK_BYTES;
    for (size_t i = 0; i < from.len; i++)
        to[i] = (char)((unsigned char)from.at[i] ^ mask[reader->mask_at++ % MASK_BYTES]);
}

static void take_payload(struct ws_reader *reader, struct str *bytes)
{
    struct str piece = str_first(*bytes, (size_t)u64_min(reader->left, bytes->len));
    *bytes = str_from(*bytes, piece.len);
    reader->left -= piece.len;
    if (piece.len == 0)
        return;
    if (is_control(reader)) {
        unmask(reader, reader->control + reader->control_len, piece);
        reader->control_len += piece.len;
    } else {
        unmask(reader, buf_reserve(&reader->message, piece.len), piece);
        reader->message.len += piece.len;
    }
}

/* --- what has come --- */

static enum ws_event failed(struct ws_reader *reader, enum web_socket_code code)
{
    (void)fail(reader, code);
    return WS_FAILED;
}

/* §7.4: what may be said in a frame, by this RFC, in IANA's registry, or among friends. */
static bool is_code(unsigned code)
{
    bool is_registered = code >= SOCKET_NORMAL && code <= SOCKET_LAST_REGISTERED;
    bool is_said = code != SOCKET_RESERVED && code != SOCKET_NO_CODE && code != SOCKET_BROKEN;
    return (is_registered && is_said) || (code >= 3000 && code <= 4999);
}

/* §5.5.1: a code, and behind it a text for people. */
static enum ws_event end_close(struct ws_reader *reader)
{
    struct str body = str_of(reader->control, reader->control_len);
    reader->is_over = true;
    reader->code = SOCKET_NO_CODE;
    if (body.len == 0)
        return WS_CLOSE;
    if (body.len == 1)
        return failed(reader, SOCKET_PROTOCOL_ERROR);
    reader->code = (unsigned)(unsigned char)body.at[0] << 8 | (unsigned char)body.at[1];
    if (!is_code(reader->code))
        return failed(reader, SOCKET_PROTOCOL_ERROR);
    return utf8_is_valid(str_from(body, 2)) ? WS_CLOSE : failed(reader, SOCKET_NOT_UTF8);
}

static enum ws_event end_control(struct ws_reader *reader)
{
    reader->text = str_of(reader->control, reader->control_len);
    switch (opcode_of(reader)) {
    case WS_OP_PING:
        return WS_PING;
    case WS_OP_PONG:
        return WS_PONG;
    default:
        return end_close(reader);
    }
}

static enum ws_event end_data(struct ws_reader *reader)
{
    reader->is_in_message = !is_last(reader);
    if (reader->is_in_message)
        return WS_MORE;
    reader->has_message = true;
    reader->text = buf_str(&reader->message);
    return utf8_is_valid(reader->text) ? WS_TEXT : failed(reader, SOCKET_NOT_UTF8); /* §8.1 */
}

static enum ws_event end_frame(struct ws_reader *reader)
{
    enum ws_event event = is_control(reader) ? end_control(reader) : end_data(reader);
    reader->is_in_payload = false;
    reader->head_len = 0;
    reader->control_len = 0;
    return event;
}

enum ws_event ws_read(struct ws_reader *reader, struct str *bytes)
{
    if (reader->has_message)
        buf_done(&reader->message);
    reader->has_message = false;
    while (!reader->is_over) {
        if (!reader->is_in_payload && !take_head(reader, bytes))
            break;
        take_payload(reader, bytes);
        if (reader->left)
            break;
        enum ws_event event = end_frame(reader);
        if (event != WS_MORE)
            return event;
    }
    return reader->is_over ? WS_FAILED : WS_MORE;
}

void ws_reader_done(struct ws_reader *reader)
{
    buf_done(&reader->message);
}

/* --- to a client; §5.1: without a mask --- */

static void add_frame(struct buf *to, enum ws_opcode opcode, struct str payload)
{
    buf_add_char(to, (char)(BIT_FIN | opcode));
    if (payload.len < LENGTH_16) {
        buf_add_char(to, (char)payload.len);
    } else if (payload.len <= UINT16_MAX) {
        buf_add_char(to, LENGTH_16);
        buf_add_char(to, (char)(payload.len >> 8));
        buf_add_char(to, (char)(payload.len & 0xff));
    } else {
        buf_add_char(to, LENGTH_64);
        for (int shift = 56; shift >= 0; shift -= 8)
            buf_add_char(to, (char)(payload.len >> shift & 0xff));
    }
    buf_add(to, payload);
}

void ws_add_text(struct buf *to, struct str text)
{
    add_frame(to, WS_OP_TEXT, text);
}

void ws_add_ping(struct buf *to)
{
    add_frame(to, WS_OP_PING, STR_NONE);
}

void ws_add_pong(struct buf *to, struct str text)
{
    add_frame(to, WS_OP_PONG, text);
}

void ws_add_close(struct buf *to, unsigned code)
{
    const char bytes[] = {(char)(code >> 8), (char)(code & 0xff)};
    add_frame(to, WS_OP_CLOSE, code == SOCKET_NO_CODE ? STR_NONE : str_of(bytes, sizeof(bytes)));
}
