#include "h2_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

static const char *const frame_names[] = {
    "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
    "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION",
};

static uint32_t u32_at(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void add_u32(struct buf *to, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_char(to, (char)(value >> shift));
}

/* --- sending --- */

void h2_frame(struct h2_client *client, uint8_t type, uint8_t flags, uint32_t id,
              struct str payload)
{
    struct buf frame = {0};
    add_u32(&frame, u32_of_size(payload.len) << 8 | type);
    buf_add_char(&frame, (char)flags);
    add_u32(&frame, id);
    buf_add(&frame, payload);
    client_send_bytes(client->fd, buf_str(&frame));
    buf_done(&frame);
}

void h2_number(struct h2_client *client, uint8_t type, uint32_t id, uint32_t number)
{
    struct buf payload = {0};
    add_u32(&payload, number);
    h2_frame(client, type, 0, id, buf_str(&payload));
    buf_done(&payload);
}

/* RFC 7541 §5.1 and §5.2, without Huffman. */
static void encode_string(struct buf *block, struct str text)
{
    size_t rest = text.len;
    if (rest < 127) {
        buf_add_char(block, (char)rest);
    } else {
        buf_add_char(block, 127);
        for (rest -= 127; rest >= 128; rest /= 128)
            buf_add_char(block, (char)(rest % 128 + 128));
        buf_add_char(block, (char)rest);
    }
    buf_add(block, text);
}

void h2_encode(struct buf *block, const char *lines)
{
    struct str rest = str_of_c(lines);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        size_t colon = 1 + str_index(str_from(line, 1), ':'); /* a pseudo-header begins with one */
        buf_add_char(block, 0);                               /* literal, not indexed, new name */
        encode_string(block, str_first(line, colon));
        encode_string(block, str_from(line, colon + 2));
    }
}

void h2_headers(struct h2_client *client, uint32_t id, uint8_t flags, const char *lines)
{
    struct buf block = {0};
    h2_encode(&block, lines);
    h2_frame(client, NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, id, buf_str(&block));
    buf_done(&block);
}

void h2_request(struct h2_client *client, uint32_t id, uint8_t flags, const char *line,
                const char *fields)
{
    struct buf lines = {0};
    struct str path = str_of_c(line);
    struct str method = str_cut(&path, ' ');
    buf_addf(&lines, ":method: %.*s\n:scheme: http\n:authority: h\n:path: ", STR_ARGS(method));
    buf_add(&lines, path);
    buf_add_char(&lines, '\n');
    buf_add(&lines, str_of_c(fields));
    h2_headers(client, id, flags, buf_c(&lines));
    buf_done(&lines);
}

void h2_data(struct h2_client *client, uint32_t id, uint8_t flags, const char *text)
{
    h2_frame(client, NGHTTP2_DATA, flags, id, str_of_c(text));
}

void h2_data_bytes(struct h2_client *client, uint32_t id, uint8_t flags, size_t len)
{
    static const char bytes[16384];
    do {
        size_t part = size_min(len, sizeof(bytes));
        len -= part;
        h2_frame(client, NGHTTP2_DATA, len ? 0 : flags, id, str_of(bytes, part));
    } while (len);
}

/* --- receiving --- */

static struct str read_exactly(struct h2_client *client, struct buf *into, size_t len)
{
    buf_clear(into);
    while (into->len < len) {
        ssize_t got = recv(client->fd, buf_reserve(into, len - into->len), len - into->len, 0);
        if (got <= 0)
            return STR_NONE;
        into->len += (size_t)got;
    }
    return buf_str(into);
}

static void inflate(struct h2_client *client, struct str block)
{
    const uint8_t *at = (const uint8_t *)block.at;
    size_t left = block.len;
    int flags = 0;
    buf_clear(&client->fields);
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv pair;
        ssize_t used = nghttp2_hd_inflate_hd2(client->inflater, &pair, &flags, at, left, 1);
        assert_true(used >= 0);
        at += used;
        left -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            buf_addf(&client->fields, "%.*s: %.*s\n", (int)pair.namelen, (const char *)pair.name,
                     (int)pair.valuelen, (const char *)pair.value);
    }
    nghttp2_hd_inflate_end_headers(client->inflater);
}

static struct str field(const struct h2_client *client, const char *name)
{
    struct str rest = buf_str(&client->fields);
    while (rest.len) {
        struct str value = str_cut(&rest, '\n');
        struct str found = str_first(value, 1 + str_index(str_from(value, 1), ':'));
        if (str_eq(found, str_of_c(name)))
            return str_from(value, found.len + 2);
    }
    return STR_NONE;
}

/* Short text as it is, anything else by its length. */
static void describe_data(struct h2_client *client, struct str data, struct buf *line)
{
    bool is_text = data.len <= 20;
    for (size_t i = 0; i < data.len && is_text; i++)
        is_text = data.at[i] == '\n' || (data.at[i] >= ' ' && data.at[i] < 0x7f);
    buf_add(&client->data, data);
    if (!is_text) {
        buf_addf(line, " %zu", data.len);
        return;
    }
    BUF_ADD(line, " '");
    for (size_t i = 0; i < data.len; i++) {
        if (data.at[i] == '\n')
            BUF_ADD(line, "\\n");
        else
            buf_add_char(line, data.at[i]);
    }
    BUF_ADD(line, "'");
}

static void describe(struct h2_client *client, const char *head, struct str payload,
                     struct buf *line)
{
    uint8_t type = (uint8_t)head[3];
    uint8_t flags = (uint8_t)head[4];
    uint32_t id = u32_at(head + 5);
    assert_true(type < ARRAY_LEN(frame_names));
    buf_addf(line, "%s", frame_names[type]);
    if (type == NGHTTP2_DATA || type == NGHTTP2_HEADERS || type == NGHTTP2_RST_STREAM ||
        type == NGHTTP2_WINDOW_UPDATE)
        buf_addf(line, " %u", id);
    if (type == NGHTTP2_HEADERS) {
        inflate(client, payload);
        buf_addf(line, " %.*s", STR_ARGS(field(client, ":status")));
    } else if (type == NGHTTP2_DATA) {
        describe_data(client, payload, line);
    } else if (type == NGHTTP2_WINDOW_UPDATE) {
        buf_addf(line, " %u", u32_at(payload.at));
    } else if (type == NGHTTP2_GOAWAY) {
        buf_addf(line, " %u %s", u32_at(payload.at),
                 nghttp2_http2_strerror(u32_at(payload.at + 4)));
    } else if (type == NGHTTP2_RST_STREAM) {
        buf_addf(line, " %s", nghttp2_http2_strerror(u32_at(payload.at)));
    }
    bool is_for_ack = type == NGHTTP2_SETTINGS || type == NGHTTP2_PING;
    if (flags & 1)
        buf_addf(line, is_for_ack ? " ACK" : " END");
}

/* The next frame's line; false: the connection has ended. */
static bool next_line(struct h2_client *client, struct buf *line)
{
    struct buf head = {0};
    struct buf payload = {0};
    bool is_there = true;
    buf_clear(line);
    while (line->len == 0 && is_there) {
        is_there = read_exactly(client, &head, 9).len;
        if (!is_there)
            break;
        size_t len = u32_at(head.at) >> 8;
        is_there = !len || read_exactly(client, &payload, len).len;
        if (head.at[3] == NGHTTP2_WINDOW_UPDATE && !client->shows_windows)
            continue;
        describe(client, head.at, str_of(payload.at, len), line);
    }
    buf_done(&head);
    buf_done(&payload);
    return is_there;
}

void h2_expect(struct h2_client *client, const char *lines)
{
    struct buf got = {0};
    struct buf line = {0};
    for (const char *at = lines; *at; at++) {
        if (*at != '\n')
            continue;
        if (!next_line(client, &line))
            break;
        buf_add(&got, buf_str(&line));
        buf_add_char(&got, '\n');
    }
    check_str("frames", buf_str(&got), lines);
    buf_done(&got);
    buf_done(&line);
}

void h2_await(struct h2_client *client, const char *beginning)
{
    struct buf line = {0};
    bool is_there = true;
    while (is_there && !str_starts(buf_str(&line), str_of_c(beginning)))
        is_there = next_line(client, &line);
    check_that(beginning, is_there);
    buf_done(&line);
}

void h2_expect_end(struct h2_client *client, const char *error)
{
    struct buf line = {0};
    struct buf last = {0};
    while (next_line(client, &line)) {
        buf_clear(&last);
        buf_add(&last, buf_str(&line));
    }
    check_that(error, str_starts(buf_str(&last), STR("GOAWAY ")));
    check_that(error, str_ends(buf_str(&last), str_of_c(error)));
    buf_done(&line);
    buf_done(&last);
    h2_close(client);
}

void h2_check_field(const struct h2_client *client, const char *name, const char *value)
{
    struct str actual = field(client, name);
    if (value)
        check_str(name, actual, value);
    else
        check_that(name, !actual.at);
}

void h2_forget_data(struct h2_client *client)
{
    buf_clear(&client->data);
}

/* --- life --- */

void h2_connect(struct h2_client *client, const struct server *server)
{
    *client = (struct h2_client){.fd = client_open(server)};
    assert_int_equal(nghttp2_hd_inflate_new(&client->inflater), 0);
}

void h2_set_window(struct h2_client *client, uint32_t window)
{
    struct buf settings = {0};
    buf_add_char(&settings, 0);
    buf_add_char(&settings, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
    add_u32(&settings, window);
    h2_frame(client, NGHTTP2_SETTINGS, 0, 0, buf_str(&settings));
    buf_done(&settings);
}

void h2_open_with_window(struct h2_client *client, const struct server *server, uint32_t window)
{
    h2_connect(client, server);
    client_send_bytes(client->fd, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    h2_set_window(client, window);
    h2_expect(client, "SETTINGS\nSETTINGS ACK\n");
    h2_frame(client, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, STR_NONE);
}

void h2_open(struct h2_client *client, const struct server *server)
{
    h2_open_with_window(client, server, NGHTTP2_INITIAL_WINDOW_SIZE);
}

void h2_close(struct h2_client *client)
{
    close(client->fd);
    nghttp2_hd_inflate_del(client->inflater);
    buf_done(&client->fields);
    buf_done(&client->data);
}
