#include "support/test.h"

#include "base/buf.h"
#include "sync/chunk/name.h"

/* "KEY>NEXT", with "first" and "at" behind where it is so; "none". */
static void check_place(const char *name, const char *offset, uint64_t size_bytes,
                        const char *expected)
{
    const struct chunk_said said = {str_of_c(name), str_of_c(offset), size_bytes};
    struct chunk_place place;
    struct buf text = {0};
    if (!chunk_place(&said, &place)) {
        BUF_ADD(&text, "none");
    } else {
        buf_add_u64(&text, place.key);
        buf_add_char(&text, '>');
        if (place.next != UINT64_MAX)
            buf_add_u64(&text, place.next);
        buf_add(&text, place.is_first ? STR(" first") : STR_NONE);
        buf_add(&text, place.key_is_offset ? STR(" at") : STR_NONE);
    }
    check_str(name, buf_str(&text), expected);
    buf_done(&text);
}

TEST(chunk_names_that_count)
{
    check_place("0000000000000000", NULL, 10, "0>1 first");
    check_place("0000000000000001", NULL, 10, "1>2");
    check_place("00001", NULL, 10, "1>2 first");
    check_place("000001", NULL, UINT64_MAX, "1>2 first");
    check_place("000002", NULL, 10, "2>3");
    check_place("0", NULL, 10, "0>1 first");
    check_place("1", NULL, 10, "1>2"); /* or is there a 0? */
    check_place("12-tail_.x", NULL, 10, "12>13");
    check_place("18446744073709551614", NULL, 10, "18446744073709551614>");
}

TEST(chunk_names_that_are_offsets)
{
    check_place("0000000010000000", NULL, 5, "10000000>10000005");
    check_place("0000000000100000", NULL, UINT64_MAX, "100000>");
    check_place("000000000000000-000000000000099", NULL, 100, "0>100 first at");
    check_place("000000000000100-000000000000199", NULL, 100, "100>200 at");
    check_place("000000000000100-000000000000200", NULL, 100, "100>200 at"); /* one behind it */
    check_place("000000000000100-000000000000199", NULL, 50, "100>101");     /* it is not as long */
    check_place("000000000000100-000000000000199", NULL, UINT64_MAX, "100>101");
}

TEST(chunk_offsets_that_are_said)
{
    check_place("0000000000000000", "0", 10, "0>10 first at");
    check_place("0000000000000001", "10", 10, "10>20 at");
    check_place("00001", "0", UINT64_MAX, "0> first at");
    check_place("00001", "5", 0, "5> at");
    check_place("00001", "18446744073709551610", 10, "18446744073709551610> at");
}

TEST(chunk_names_that_say_nothing)
{
    check_place("", NULL, 10, "none");
    check_place(".file", NULL, 10, "none");
    check_place("x1", NULL, 10, "none");
    check_place("-1", NULL, 10, "none");
    check_place("1 2", NULL, 10, "none");
    check_place("1\xc3\xa4", NULL, 10, "none");
    check_place("18446744073709551615", NULL, 10, "none");
    check_place("18446744073709551616", NULL, 10, "none");
    check_place("1", "x", 10, "none");
    check_place("1", "-1", 10, "none");
    check_place("1000000000000000000-"
                "0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                "0000000000000000000000000000000000000000",
                NULL, 10, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_names_that_count),
        cmocka_unit_test(chunk_names_that_are_offsets),
        cmocka_unit_test(chunk_offsets_that_are_said),
        cmocka_unit_test(chunk_names_that_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
