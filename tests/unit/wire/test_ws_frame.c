/* Each case is fed twice, at once and byte by byte; what comes of it is written as text:
 * 'text', <ping>, >pong<, "close 1000", "failed 1002". */
#include "wire/websocket/frame.h"

#include "support/test.h"

enum { MESSAGE_BYTES_MAX = 70000 };

/* A frame from a client, with a mask that is not nothing. */
static void add_masked(struct buf *to, unsigned first, struct str length, struct str payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    buf_add_char(to, (char)first);
    buf_add(to, length);
    buf_add(to, str_of((const char *)mask, 4));
    for (size_t i = 0; i < payload.len; i++)
        buf_add_char(to, (char)((unsigned char)payload.at[i] ^ mask[i % 4]));
}

static void add_frame(struct buf *to, unsigned first, struct str payload)
{
    char length = (char)(0x80 | payload.len);
    assert(payload.len < 126);
    add_masked(to, first, str_of(&length, 1), payload);
}

static bool note_event(struct buf *said, const struct ws_reader *reader, enum ws_event event)
{
    switch (event) {
    case WS_MORE:
        return false;
    case WS_TEXT:
        if (reader->text.len > 1000)
            buf_addf(said, "text of %zu ", reader->text.len);
        else
            buf_addf(said, "'%.*s' ", STR_ARGS(reader->text));
        return true;
    case WS_PING:
        buf_addf(said, "<%.*s> ", STR_ARGS(reader->text));
        return true;
    case WS_PONG:
        buf_addf(said, ">%.*s< ", STR_ARGS(reader->text));
        return true;
    case WS_CLOSE:
        buf_addf(said, "close %u ", reader->code);
        return true;
    case WS_FAILED:
        buf_addf(said, "failed %u ", reader->code);
        return false;
    }
    BUG("no such event");
}

static void read_in_pieces(struct str bytes, size_t piece_bytes, struct buf *said)
{
    struct ws_reader reader = {.message_bytes_max = MESSAGE_BYTES_MAX};
    while (bytes.len && !reader.is_over) {
        struct str piece = str_first(bytes, piece_bytes);
        bytes = str_from(bytes, piece.len);
        while (note_event(said, &reader, ws_read(&reader, &piece)) && !reader.is_over)
            ;
    }
    ws_reader_done(&reader);
}

static void check_read(const char *row, struct buf *bytes, const char *expected)
{
    for (size_t piece_bytes = 1; piece_bytes; piece_bytes = piece_bytes == 1 ? SIZE_MAX : 0) {
        struct buf said = {0};
        read_in_pieces(buf_str(bytes), piece_bytes, &said);
        check_str(row, str_trim(buf_str(&said)), expected);
        buf_done(&said);
    }
    buf_done(bytes);
}

/* Of frames in a row, each a first byte and a payload. */
struct piece {
    unsigned first;
    const char *payload; /* NULL: no more */
};

struct row {
    const char *name;
    struct piece pieces[6];
    const char *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf bytes = {0};
        for (const struct piece *piece = rows[i].pieces; piece->payload; piece++)
            add_frame(&bytes, piece->first, str_of_c(piece->payload));
        check_read(rows[i].name, &bytes, rows[i].expected);
    }
}

#define CHECK_ROWS(rows) check_rows((rows), sizeof(rows) / sizeof((rows)[0]))

TEST(ws_frames_carry_texts)
{
    static const struct row rows[] = {
        {"one", {{0x81, "Hello"}}, "'Hello'"},
        {"an empty one", {{0x81, ""}}, "''"},
        {"several", {{0x81, "a"}, {0x81, "b"}}, "'a' 'b'"},
        {"UTF-8", {{0x81, "\xc3\xa9\xf0\x9f\x98\x80"}}, "'\xc3\xa9\xf0\x9f\x98\x80'"},
    };
    CHECK_ROWS(rows);
}

/* RFC 6455 §5.4. */
TEST(ws_frames_are_fragments_of_messages)
{
    static const struct row rows[] = {
        {"two", {{0x01, "Hel"}, {0x80, "lo"}}, "'Hello'"},
        {"three, of which some are empty", {{0x01, ""}, {0x00, "x"}, {0x80, ""}}, "'x'"},
        {"control between them",
         {{0x01, "a"}, {0x89, "p"}, {0x8a, ""}, {0x80, "b"}},
         "<p> >< 'ab'"},
        {"a close between them", {{0x01, "a"}, {0x88, ""}, {0x80, "b"}}, "close 1005"},
        {"a character cut in two", {{0x01, "\xc3"}, {0x80, "\xa9"}}, "'\xc3\xa9'"},
        {"the next message as well", {{0x01, "a"}, {0x80, "b"}, {0x81, "c"}}, "'ab' 'c'"},
        {"a fragment of nothing", {{0x80, "b"}}, "failed 1002"},
        {"one more than there were", {{0x81, "a"}, {0x00, "b"}}, "'a' failed 1002"},
        {"a message within a message", {{0x01, "a"}, {0x81, "b"}}, "failed 1002"},
    };
    CHECK_ROWS(rows);
}

TEST(ws_frames_that_must_not_be)
{
    static const struct row rows[] = {
        {"§5.2: reserved bit 1", {{0xc1, "x"}}, "failed 1002"},
        {"§5.2: reserved bit 2", {{0xa1, "x"}}, "failed 1002"},
        {"§5.2: reserved bit 3", {{0x91, "x"}}, "failed 1002"},
        {"§5.2: in control as well", {{0xc9, "x"}}, "failed 1002"},
        {"§5.2: opcode 3", {{0x83, "x"}}, "failed 1002"},
        {"§5.2: opcode 7", {{0x87, "x"}}, "failed 1002"},
        {"§5.2: opcode 11", {{0x8b, ""}}, "failed 1002"},
        {"§5.2: opcode 15", {{0x8f, ""}}, "failed 1002"},
        {"§5.5: a ping in fragments", {{0x09, "x"}}, "failed 1002"},
        {"§5.5: a close in fragments", {{0x08, ""}}, "failed 1002"},
        {"§7.4.1: bytes", {{0x82, "x"}}, "failed 1003"},
        {"§8.1: no UTF-8", {{0x81, "a\xff"}}, "failed 1007"},
        {"§8.1: a surrogate", {{0x81, "\xed\xa0\x80"}}, "failed 1007"},
        {"§8.1: overlong", {{0x81, "\xc0\xaf"}}, "failed 1007"},
        {"§8.1: cut off", {{0x01, "\xe2\x82"}, {0x80, ""}}, "failed 1007"},
        {"nothing after it", {{0x83, ""}, {0x81, "x"}}, "failed 1002"},
    };
    CHECK_ROWS(rows);
}

/* RFC 6455 §5.5.1, §7.4. */
TEST(ws_frames_close)
{
    static const struct row rows[] = {
        {"without a code", {{0x88, ""}}, "close 1005"},
        {"with one", {{0x88, "\x03\xe8"}}, "close 1000"},
        {"with a reason", {{0x88, "\x03\xe9gone"}}, "close 1001"},
        {"nothing follows", {{0x88, "\x03\xe8"}, {0x81, "x"}}, "close 1000"},
        {"half a code", {{0x88, "\x03"}}, "failed 1002"},
        {"999", {{0x88, "\x03\xe7"}}, "failed 1002"},
        {"1004", {{0x88, "\x03\xec"}}, "failed 1002"},
        {"1005", {{0x88, "\x03\xed"}}, "failed 1002"},
        {"1006", {{0x88, "\x03\xee"}}, "failed 1002"},
        {"1012", {{0x88, "\x03\xf4"}}, "close 1012"},
        {"1014", {{0x88, "\x03\xf6"}}, "close 1014"},
        {"1015", {{0x88, "\x03\xf7"}}, "failed 1002"},
        {"2999", {{0x88, "\x0b\xb7"}}, "failed 1002"},
        {"3000", {{0x88, "\x0b\xb8"}}, "close 3000"},
        {"4999", {{0x88, "\x13\x87"}}, "close 4999"},
        {"5000", {{0x88, "\x13\x88"}}, "failed 1002"},
        {"a reason in no UTF-8", {{0x88, "\x03\xe8\xff"}}, "failed 1007"},
    };
    CHECK_ROWS(rows);
}

/* RFC 6455 §5.2: of 7, 16 or 64 bits, the fewest that do. */
TEST(ws_frames_have_lengths)
{
    static char much[MESSAGE_BYTES_MAX + 1];
    static const struct {
        const char *name;
        unsigned first;
        struct str length;
        size_t bytes;
        const char *expected;
    } rows[] = {
        {"7 bits", 0x81, STR_INIT("\xfd"), 125, NULL},
        {"16 bits", 0x81, STR_INIT("\xfe\x00\x7e"), 126, NULL},
        {"all of 16 bits", 0x81, STR_INIT("\xfe\xff\xff"), 65535, "text of 65535"},
        {"64 bits", 0x81, STR_INIT("\xff\0\0\0\0\0\x01\0\0"), 65536, "text of 65536"},
        {"16 bits for less", 0x81, STR_INIT("\xfe\x00\x7d"), 125, "failed 1002"},
        {"64 bits for less", 0x81, STR_INIT("\xff\0\0\0\0\0\0\xff\xff"), 65535, "failed 1002"},
        {"the sign", 0x81, STR_INIT("\xff\x80\0\0\0\0\0\0\x01"), 1, "failed 1002"},
        {"too long", 0x81, STR_INIT("\xff\0\0\0\0\0\x01\x11\x71"), 70001, "failed 1009"},
        {"much too long", 0x81, STR_INIT("\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), 0, "failed 1009"},
        {"a long ping", 0x89, STR_INIT("\xfe\x00\x7e"), 126, "failed 1002"},
    };
    memset(much, 'x', sizeof(much));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf bytes = {0};
        struct buf text = {0};
        buf_addf(&text, "'%.*s'", (int)rows[i].bytes, much);
        add_masked(&bytes, rows[i].first, rows[i].length, str_of(much, rows[i].bytes));
        check_read(rows[i].name, &bytes, rows[i].expected ? rows[i].expected : buf_c(&text));
        buf_done(&text);
    }
}

TEST(ws_fragments_are_not_longer_together)
{
    static char much[MESSAGE_BYTES_MAX];
    struct buf bytes = {0};
    add_masked(&bytes, 0x01, STR("\xff\0\0\0\0\0\x01\x11\x70"), str_of(much, MESSAGE_BYTES_MAX));
    add_frame(&bytes, 0x80, STR("x"));
    check_read("one byte more", &bytes, "failed 1009");
}

/* RFC 6455 §5.1. */
TEST(ws_frames_of_clients_have_masks)
{
    struct buf bytes = {0};
    buf_add(&bytes, STR("\x81\x05Hello"));
    check_read("a server's", &bytes, "failed 1002");
}

TEST(ws_frames_are_written)
{
    static char much[65536];
    struct buf to = {0};
    ws_add_text(&to, STR("Hello"));
    ws_add_ping(&to);
    ws_add_pong(&to, STR("p"));
    ws_add_close(&to, SOCKET_GOING_AWAY);
    ws_add_close(&to, SOCKET_NO_CODE);
    check_bytes("small ones", buf_str(&to),
                STR("\x81\x05Hello\x89\0\x8a\x01p\x88\x02\x03\xe9\x88\0"));
    buf_clear(&to);
    ws_add_text(&to, str_of(much, 126));
    check_bytes("16 bits", str_first(buf_str(&to), 4), STR("\x81\x7e\0\x7e"));
    check_int("and all of it", to.len, 4 + 126);
    buf_clear(&to);
    ws_add_text(&to, str_of(much, 65536));
    check_bytes("64 bits", str_first(buf_str(&to), 10), STR("\x81\x7f\0\0\0\0\0\x01\0\0"));
    buf_done(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ws_frames_carry_texts),
        cmocka_unit_test(ws_frames_are_fragments_of_messages),
        cmocka_unit_test(ws_frames_that_must_not_be),
        cmocka_unit_test(ws_frames_close),
        cmocka_unit_test(ws_frames_have_lengths),
        cmocka_unit_test(ws_fragments_are_not_longer_together),
        cmocka_unit_test(ws_frames_of_clients_have_masks),
        cmocka_unit_test(ws_frames_are_written),
    };
    return cmocka_run_group_tests_name("wire/ws_frame", tests, NULL, NULL);
}
