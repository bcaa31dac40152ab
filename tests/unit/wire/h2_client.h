/* tests/unit/wire/h2_client.h: the client's side of HTTP/2, frame by frame, so that a test can also
 * send what no honest client would. What the server sends is compared as text, a line for each
 * frame:
 *
 *   HEADERS 1 200 END          and the fields can be asked for: h2_check_field()
 *   DATA 1 'hello\n' END       longer or binary: DATA 1 16384
 *   RST_STREAM 1 CANCEL        GOAWAY 1 NO_ERROR       WINDOW_UPDATE 0 65535
 *   SETTINGS, SETTINGS ACK, PING, PING ACK
 *
 * WINDOW_UPDATE is left out unless the client asks for it. */
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "server.h"

#define H2_HELLO "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

struct h2_client {
    int fd;
    nghttp2_hd_inflater *inflater;
    struct buf fields; /* of the last HEADERS frame: "name: value\n" */
    struct buf data;   /* of all DATA frames since h2_forget_data() */
    bool shows_windows;
};

/* Connects, says hello, and takes the server's. */
void h2_open(struct h2_client *client, const struct server *server);
/* The same with a SETTINGS_INITIAL_WINDOW_SIZE. */
void h2_open_with_window(struct h2_client *client, const struct server *server, uint32_t window);
/* Connects, and says nothing. */
void h2_connect(struct h2_client *client, const struct server *server);
void h2_close(struct h2_client *client);

/* --- sending --- */

void h2_frame(struct h2_client *client, uint8_t type, uint8_t flags, uint32_t id,
              struct str payload);

/* A header block without compression, from "name: value\n" lines; appended to `block`. */
void h2_encode(struct buf *block, const char *lines);

/* A request: "GET /path", with more fields if any; `flags` may be NGHTTP2_FLAG_END_STREAM. */
void h2_request(struct h2_client *client, uint32_t id, uint8_t flags, const char *line,
                const char *fields);
/* A header block as it is, in one HEADERS frame. */
void h2_headers(struct h2_client *client, uint32_t id, uint8_t flags, const char *lines);
void h2_data(struct h2_client *client, uint32_t id, uint8_t flags, const char *text);
/* `len` bytes in frames of 16 KiB. */
void h2_data_bytes(struct h2_client *client, uint32_t id, uint8_t flags, size_t len);
void h2_set_window(struct h2_client *client, uint32_t window);
/* A frame whose payload is a number: WINDOW_UPDATE, RST_STREAM. */
void h2_number(struct h2_client *client, uint8_t type, uint32_t id, uint32_t number);

/* --- receiving --- */

/* Reads as many frames as there are lines, and compares. */
void h2_expect(struct h2_client *client, const char *lines);
/* Reads up to the first frame whose line begins so; any others go before. */
void h2_await(struct h2_client *client, const char *beginning);
/* Reads up to a GOAWAY with that error, and the end of the connection behind it. Closes. */
void h2_expect_end(struct h2_client *client, const char *error);
/* A field of the last HEADERS frame. NULL: there is none of that name. */
void h2_check_field(const struct h2_client *client, const char *name, const char *value);
void h2_forget_data(struct h2_client *client);
