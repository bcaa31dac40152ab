#include "support/test.h"

#include "../fixture.h"
#include "base/clock.h"
#include "dav/lock/describe.h"

static const struct {
    const char *name;
    struct lock lock; /* but for: */
    const char *token, *root;
    int64_t left_ms;
    const char *scope, *depth, *timeout, *token_xml, *href;
} rows[] = {
    {"exclusive",
     {.is_exclusive = true, .is_infinite = true},
     "urn:x",
     "d",
     3600000,
     "exclusive",
     "infinity",
     "3600",
     "urn:x",
     "/d/"},
    {"shared",
     {.owner_xml = {"<D:owner>me</D:owner>", 21}},
     "urn:x",
     "f",
     1,
     "shared",
     "0",
     "1",
     "urn:x",
     "/f"},
    {"a part of a second", {.timeout_s = 1}, "urn:x", "f", 1001, "shared", "0", "2", "urn:x", "/f"},
    {"over", {.timeout_s = 1}, "urn:x", "f", 0, "shared", "0", "0", "urn:x", "/f"},
    {"long over", {.timeout_s = 1}, "urn:x", "f", -100000, "shared", "0", "0", "urn:x", "/f"},
    {"markup in a token",
     {.timeout_s = 1},
     "a&b<",
     "f",
     1000,
     "shared",
     "0",
     "1",
     "a&amp;b&lt;",
     "/f"},
    {"no resource yet",
     {.timeout_s = 1},
     "urn:x",
     "a b",
     1000,
     "shared",
     "0",
     "1",
     "urn:x",
     "/a%20b"},
};

static void expect(struct buf *to, size_t i)
{
    buf_addf(to,
             "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/></D:lockscope>"
             "<D:depth>%s</D:depth>%.*s<D:timeout>Second-%s</D:timeout>",
             rows[i].scope, rows[i].depth, STR_ARGS(rows[i].lock.owner_xml), rows[i].timeout);
    buf_addf(to,
             "<D:locktoken><D:href>%s</D:href></D:locktoken>"
             "<D:lockroot><D:href>%s</D:href></D:lockroot></D:activelock>",
             rows[i].token_xml, rows[i].href);
}

/* RFC 4918 §14.1 */
TEST(describe_writes_an_activelock_for_each)
{
    fixture_make("d/");
    fixture_make("f");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text = {0}, expected = {0};
        struct lock lock = rows[i].lock;
        struct lock_list list = {&lock, 1};
        lock.token = str_of_c(rows[i].token);
        lock.root = path_of(rows[i].root);
        lock.expires_ms = clock_boot_ms() + rows[i].left_ms;
        lock_describe(&text, &fixture.bare.x, &list);
        expect(&expected, i);
        check_str(rows[i].name, buf_str(&text), buf_c(&expected));
        buf_done(&text);
        buf_done(&expected);
    }
}

TEST(describe_of_no_locks_is_empty)
{
    static const struct lock_list none;
    struct buf text = {0};
    lock_describe(&text, &fixture.bare.x, &none);
    assert_int_equal(text.len, 0);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(describe_writes_an_activelock_for_each),
        FIXTURE_TEST(describe_of_no_locks_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
