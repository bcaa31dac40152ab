/* The frames of a WebSocket. Read in pieces of any size they are what they are at once; what is told
 * of them, written again as frames of a client, is read as the same, up to the end or the mistake;
 * and no more is kept of a message than it may have. */
#include "fuzz.h"
#include "wire/websocket/frame.h"

enum { MESSAGE_BYTES_MAX = 300 };

/* A server's frame has no mask; with one of zeros it is a client's. */
static void add_masked(struct buf *to, struct buf *frame)
{
    size_t head = ((unsigned char)frame->at[1] & 0x7f) == 126 ? 4 : 2;
    FUZZ_CHECK(((unsigned char)frame->at[1] & 0x7f) != 127);
    frame->at[1] = (char)((unsigned char)frame->at[1] | 0x80);
    buf_add(to, str_first(buf_str(frame), head));
    buf_add(to, str_of("\0\0\0\0", 4));
    buf_add(to, str_from(buf_str(frame), head));
    buf_clear(frame);
}

static void add_again(struct buf *to, const struct ws_reader *reader, enum ws_event event)
{
    struct buf frame = {0};
    if (event == WS_TEXT)
        ws_add_text(&frame, reader->text);
    else if (event == WS_CLOSE)
        ws_add_close(&frame, reader->code);
    else
        ws_add_pong(&frame, reader->text);
    if (event == WS_PING)
        frame.at[0] = (char)(0x80 | WS_OP_PING);
    add_masked(to, &frame);
    buf_done(&frame);
}

/* What is told, as frames; and what it failed for. */
static unsigned read_all(struct str bytes, struct fuzz_random *random, struct buf *told)
{
    struct ws_reader reader = {.message_bytes_max = MESSAGE_BYTES_MAX};
    unsigned failed = 0;
    while (bytes.len && !reader.is_over) {
        struct str piece = random ? str_first(bytes, 1 + fuzz_below(random, 9)) : bytes;
        enum ws_event event;
        bytes = str_from(bytes, piece.len);
        while ((event = ws_read(&reader, &piece)) != WS_MORE && event != WS_FAILED) {
            add_again(told, &reader, event);
            if (event == WS_CLOSE)
                break;
        }
        FUZZ_CHECK(reader.message.len <= MESSAGE_BYTES_MAX);
        FUZZ_CHECK(event != WS_MORE || piece.len == 0);
        failed = event == WS_FAILED ? reader.code : 0;
    }
    ws_reader_done(&reader);
    return failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(input);
    struct buf at_once = {0};
    struct buf in_pieces = {0};
    struct buf again = {0};
    unsigned failed = read_all(input, NULL, &at_once);
    FUZZ_CHECK(read_all(input, &random, &in_pieces) == failed);
    FUZZ_CHECK(str_eq(buf_str(&at_once), buf_str(&in_pieces)));
    FUZZ_CHECK(read_all(buf_str(&at_once), &random, &again) == 0);
    FUZZ_CHECK(str_eq(buf_str(&at_once), buf_str(&again)));
    buf_done(&at_once);
    buf_done(&in_pieces);
    buf_done(&again);
    return 0;
}
