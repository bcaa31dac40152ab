#include "support/test.h"

#include "http/parts.h"

static struct arena arena;

/* What the body says, fed in pieces of so many bytes: "PATH=CONTENT " of each part. */
static void read_in(const char *body, size_t piece, bool may_search, struct buf *said)
{
    struct parts parts;
    struct str rest = str_of_c(body);
    enum parts_event event = PARTS_MORE;
    parts_init(&parts, STR("b/=d"));
    parts.may_search = may_search;
    while (event != PARTS_MALFORMED && (rest.len || event != PARTS_MORE)) {
        struct str bytes = str_first(rest, piece);
        rest = str_from(rest, bytes.len);
        do {
            struct http_fields fields = {0};
            struct str content = STR_NONE;
            event = parts_next(&parts, &bytes, &arena, &fields, &content);
            if (event == PARTS_BEGINS) {
                buf_add(said, fields.count ? fields.lines[0].value : STR("?"));
                buf_add_char(said, '=');
            }
            buf_add(said, event == PARTS_BYTES ? content : STR_NONE);
            buf_add(said, event == PARTS_ENDS ? STR(" ") : STR_NONE);
        } while (event != PARTS_MORE && event != PARTS_MALFORMED);
    }
    if (event == PARTS_MALFORMED)
        BUF_ADD(said, "malformed");
    else
        buf_add(said, parts.state == PARTS_OVER ? STR("over") : STR("open"));
    parts_done(&parts);
}

static void check_reading(const char *body, bool may_search, const char *expected)
{
    static const size_t pieces[] = {1, 2, 7, 100000};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf said = {0};
        read_in(body, pieces[i], may_search, &said);
        check_str(body, buf_str(&said), expected);
        buf_done(&said);
    }
    arena_reset(&arena);
}

static void check_read(const char *body, const char *expected)
{
    check_reading(body, false, expected);
}

#define B "--b/=d\r\n"
#define E "--b/=d--"

TEST(parts_of_a_body)
{
    check_read(B "P: /a\r\nContent-Length: 5\r\n\r\nhello\r\n" E, "/a=hello over");
    check_read(B "P: /a\r\nContent-Length: 1\r\n\r\nx\r\n" B
                 "P: /b\r\ncontent-length: 0\r\n\r\n\r\n" E "\r\nbehind it",
               "/a=x /b= over");
    check_read("--b/=d \t\r\nP: 1\r\nContent-Length: 0\r\n\r\n\r\n" E "\r\n", "1= over");
}

TEST(parts_end_before_a_boundary_where_no_length_is_said)
{
    check_reading(B "P: /a\r\n\r\nhello\r\n" B "P: /b\r\n\r\n\r\n" E, true, "/a=hello /b= over");
    check_reading(B "P: /a\r\n\r\nx\r\r\n\r\n--b/\r\n--b/=\r\n" E, true,
                  "/a=x\r\r\n\r\n--b/\r\n--b/= over");
    check_reading(B "P: /a\r\nContent-Length: 9\r\n\r\n\r\n--b/=d-\r\n" B "P: /b\r\n\r\ny\r\n" E,
                  true, "/a=\r\n--b/=d- /b=y over");
    check_reading(B "P: /a\r\n\r\nhello\r\n--b/=d", true, "/a=hello open");
    check_reading(B "P: /a\r\n\r\nhello\r\n--b/=dx\r\n", true, "/a=hello malformed");
    check_reading(B "P: /a\r\n\r\nhello\r\n" E, false, "malformed");
}

TEST(parts_hold_what_looks_like_a_boundary)
{
    check_read(B "P: 1\r\nContent-Length: 10\r\n\r\n\r\n--b/=d\r\n\r\n" E, "1=\r\n--b/=d\r\n over");
}

TEST(parts_that_are_not_complete)
{
    check_read("", "open");
    check_read(B, "open");
    check_read(B "P: 1\r\nContent-Length: 5\r\n\r\nhel", "1=hel"
                                                         "open");
    check_read(B "P: 1\r\nContent-Length: 1\r\n\r\nx\r\n", "1=x open");
    check_read("--b/=d", "open");
}

TEST(parts_that_are_none)
{
    check_read("x\r\n", "malformed");
    check_read(E "\r\n", "malformed"); /* there is no part */
    check_read("--b/=dx\r\n", "malformed");
    check_read(B "P: 1\r\n\r\nx", "malformed");
    check_read(B "P: 1\r\nContent-Length: -1\r\n\r\n", "malformed");
    check_read(B "P: 1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed");
    check_read(B "P 1\r\nContent-Length: 1\r\n\r\n", "malformed");
    check_read(B "P: 1\nContent-Length: 1\r\n\r\n", "malformed");
    check_read(B "P: 1\r\nContent-Length: 1\r\n\r\nxx\r\n", "1=x malformed");
    check_read(B "P: 1\r\nContent-Length: 1\r\n\r\nx\r\nno", "1=x open");
    check_read(B "P: 1\r\nContent-Length: 1\r\n\r\nx\r\nno\r\n", "1=x malformed");
}

TEST(parts_have_bounded_heads)
{
    struct buf body = {0};
    BUF_ADD(&body, B "P: ");
    while (body.len < 2 * PARTS_HEAD_BYTES_MAX)
        buf_add_char(&body, 'x');
    check_read(buf_c(&body), "malformed");
    buf_clear(&body);
    while (body.len < 300)
        buf_add_char(&body, '-');
    check_read(buf_c(&body), "malformed");
    buf_done(&body);
}

static void check_boundary(const char *type, const char *expected)
{
    struct str boundary;
    bool is_one = parts_boundary(str_of_c(type), &arena, &boundary);
    check_str(type, is_one ? boundary : STR("none"), expected);
    arena_reset(&arena);
}

TEST(parts_boundaries)
{
    check_boundary("multipart/related; boundary=abc", "abc");
    check_boundary("Multipart/Related;type=\"x;boundary=y\" ; Boundary=\"boundary_.oOo._/x= y\"",
                   "boundary_.oOo._/x= y");
    check_boundary("multipart/mixed; boundary=x; charset=y", "x");
    check_boundary("multipart/related", "none");
    check_boundary("multipart/related; boundary=", "none");
    check_boundary("multipart/related; boundary=\"x \"", "none");
    check_boundary("multipart/related; boundary=\"x\\\"y\"", "none");
    check_boundary("multipart/form-data; boundary=x", "none");
    check_boundary("", "none");
    check_boundary("multipart/related; boundary=12345678901234567890123456789012345678901234567890"
                   "123456789012345678901",
                   "none");
}

static int free_arena(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_a_body),
        cmocka_unit_test(parts_end_before_a_boundary_where_no_length_is_said),
        cmocka_unit_test(parts_hold_what_looks_like_a_boundary),
        cmocka_unit_test(parts_that_are_not_complete),
        cmocka_unit_test(parts_that_are_none),
        cmocka_unit_test(parts_have_bounded_heads),
        cmocka_unit_test(parts_boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
