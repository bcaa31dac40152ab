/* wire/websocket/frame.h: the frames of a WebSocket (RFC 6455 §5), from bytes and to bytes. No I/O.
 */
#pragma once

#include "base/buf.h"
#include "http/web_socket.h"

enum { WS_CONTROL_BYTES_MAX = 125 }; /* RFC 6455 §5.5 */

/* RFC 6455 §5.2. */
enum ws_opcode {
    WS_OP_CONTINUATION = 0x0,
    WS_OP_TEXT = 0x1,
    WS_OP_BINARY = 0x2,
    WS_OP_CLOSE = 0x8,
    WS_OP_PING = 0x9,
    WS_OP_PONG = 0xa,
};

/* --- from a client --- */

enum ws_event {
    WS_MORE,   /* all bytes were taken, and more must come */
    WS_TEXT,   /* a message: `text` */
    WS_PING,   /* to be answered with `text` */
    WS_PONG,   /* with `text` */
    WS_CLOSE,  /* the peer closes, with `code`; nothing may follow */
    WS_FAILED, /* the peer is to be sent away with `code`; nothing more is read */
};

/* Zeroed but for the limit it is at the beginning. */
struct ws_reader {
    size_t message_bytes_max;
    struct str text; /* see enum ws_event; until the next call */
    unsigned code; /* of CLOSE: what the peer said, SOCKET_NO_CODE: nothing; of FAILED: what for */

    unsigned char head[14]; /* of a frame, as far as it has come; this and what follows: its own */
    size_t head_len;
    uint64_t left; /* of the frame's payload */
    size_t mask_at;
    bool is_in_payload;
    bool is_in_message; /* a message has begun, and its last frame has not come */
    bool has_message;   /* it was told, and is not wanted any more */
    bool is_over;
    struct buf message;
    size_t control_len;
    char control[WS_CONTROL_BYTES_MAX];
};

/* Takes from the front of *bytes until something has come. After WS_MORE nothing is held but what
 * has come of a message that is not complete. */
NODISCARD enum ws_event ws_read(struct ws_reader *reader, struct str *bytes);
void ws_reader_done(struct ws_reader *reader);

/* --- to a client: appended as one frame --- */

void ws_add_text(struct buf *to, struct str text);
void ws_add_ping(struct buf *to);
void ws_add_pong(struct buf *to, struct str text);
void ws_add_close(struct buf *to, unsigned code); /* SOCKET_NO_CODE: none */
