#include "support/test.h"

#include "base/buf.h"
#include "http/range.h"

enum { COUNT_MAX = 4 };

/* "offset+len offset+len ...", "ignore" or "416". */
static void check_range(const char *field, uint64_t size, const char *expected)
{
    struct byte_range ranges[COUNT_MAX];
    size_t count = 4711;
    struct buf text = {0};
    enum range_rc rc = range_parse(str_of_c(field), size, ranges, COUNT_MAX, &count);
    if (rc == RANGE_IGNORE) {
        BUF_ADD(&text, "ignore");
    } else if (rc == RANGE_UNSATISFIABLE) {
        BUF_ADD(&text, "416");
        check_int(field, count, 0);
    }
    for (size_t i = 0; rc == RANGE_PARTIAL && i < count; i++)
        buf_addf(&text, "%s%llu+%llu", i ? " " : "", (unsigned long long)ranges[i].offset,
                 (unsigned long long)ranges[i].len);
    check_str(field, buf_str(&text), expected);
    buf_done(&text);
}

TEST(range_of_one)
{
    /* The examples of RFC 9110 §14.1.2, and their edges, for 10000 bytes. */
    check_range("bytes=0-499", 10000, "0+500");
    check_range("bytes=500-999", 10000, "500+500");
    check_range("bytes=-500", 10000, "9500+500");
    check_range("bytes=9500-", 10000, "9500+500");
    check_range("bytes=0-0", 10000, "0+1");
    check_range("bytes=-1", 10000, "9999+1");
    check_range("bytes=9999-", 10000, "9999+1");
    check_range("bytes=0-", 10000, "0+10000");
    check_range("bytes=0-9999", 10000, "0+10000");
    check_range("bytes=0-10000", 10000, "0+10000");
    check_range("bytes=9999-99999999", 10000, "9999+1");
    check_range("bytes=-10000", 10000, "0+10000");
    check_range("bytes=-10001", 10000, "0+10000");
    check_range("bytes=00-007", 10000, "0+8");
    check_range("BYTES=0-1", 10000, "0+2"); /* §14.1: range units are case-insensitive */
    check_range("bytes=0-18446744073709551615", 10000, "0+10000");
}

TEST(range_of_several)
{
    check_range("bytes=0-0,-1", 10000, "0+1 9999+1");
    check_range("bytes= 0-999, 4500-5499, -1000", 10000, "0+1000 4500+1000 9000+1000");
    check_range("bytes=500-600,601-999", 10000, "500+101 601+399");
    check_range("bytes=500-700,601-999", 10000, "500+201 601+399"); /* may overlap */
    check_range("bytes=5-6,0-1", 10000, "5+2 0+2");                 /* in the order asked for */
    check_range("bytes=,0-1,,2-3,", 10000, "0+2 2+2");
    check_range("bytes=0-1\t,\t2-3", 10000, "0+2 2+2");
}

TEST(range_that_is_malformed_is_ignored)
{
    static const char *const fields[] = {
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=1-0",
        "bytes=5-4,0-1",
        "bytes=0-1,x",
        "bytes=--1",
        "bytes=-1-",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=0x0-1",
        "bytes=1 - 2",
        "bytes=- 5",
        "bytes=1.0-2",
        "items=0-1",
        "0-1",
        "bytes 0-1",
        "byte=0-1",
        "bytess=0-1",
        "bytes==0-1",
        "bytes=0-1;2-3",
        "seconds=1-2",
        "bytes=18446744073709551616-",
        "bytes=-18446744073709551616",
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        check_range(fields[i], 10000, "ignore");
}

TEST(range_beyond_the_end_is_not_satisfiable)
{
    check_range("bytes=10000-", 10000, "416");
    check_range("bytes=10000-10001", 10000, "416");
    check_range("bytes=99999999-", 10000, "416");
    check_range("bytes=-0", 10000, "416");
    check_range("bytes=10000-,20000-,-0", 10000, "416");
    check_range("bytes=0-", 0, "416");
    check_range("bytes=0-0", 0, "416");
    check_range("bytes=18446744073709551615-", 10000, "416");
    /* One that can be satisfied is enough: §14.2. */
    check_range("bytes=10000-,5-6", 10000, "5+2");
}

/* §14.1.2: a suffix is the one range of nothing that can be satisfied, but no 206 could say which
 * bytes it holds. Sending the whole nothing is right for every Range. */
TEST(range_suffix_of_an_empty_file_is_the_whole)
{
    check_range("bytes=-1", 0, "ignore");
    check_range("bytes=-500", 0, "ignore");
    check_range("bytes=0-5,-500", 0, "ignore");
    check_range("bytes=-500,0-5", 0, "ignore");
    check_range("bytes=-0", 0, "416");
}

TEST(range_sum_does_not_overflow)
{
    check_range("bytes=0-,0-", UINT64_MAX, "ignore");
    check_range("bytes=0-9223372036854775807,0-9223372036854775807", UINT64_MAX, "ignore");
    check_range("bytes=0-,0-,0-", UINT64_MAX / 2 + 1, "ignore");
}

TEST(range_abuse_is_ignored)
{
    check_range("bytes=0-0,1-1,2-2,3-3", 10000, "0+1 1+1 2+1 3+1");
    check_range("bytes=0-0,1-1,2-2,3-3,4-4", 10000, "ignore");
    check_range("bytes=0-0,1-1,2-2,3-3,99999-", 10000, "ignore"); /* also counts */
    check_range("bytes=0-,0-", 10000, "ignore");                  /* more than the whole */
    check_range("bytes=0-4999,5000-9999", 10000, "0+5000 5000+5000");
    check_range("bytes=0-4999,4999-9999", 10000, "ignore");
}

TEST(range_at_the_end_of_numbers)
{
    check_range("bytes=0-", INT64_MAX, "0+9223372036854775807");
    check_range("bytes=9223372036854775806-", INT64_MAX, "9223372036854775806+1");
    check_range("bytes=-9223372036854775807", INT64_MAX, "0+9223372036854775807");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_of_one),
        cmocka_unit_test(range_of_several),
        cmocka_unit_test(range_that_is_malformed_is_ignored),
        cmocka_unit_test(range_beyond_the_end_is_not_satisfiable),
        cmocka_unit_test(range_suffix_of_an_empty_file_is_the_whole),
        cmocka_unit_test(range_sum_does_not_overflow),
        cmocka_unit_test(range_abuse_is_ignored),
        cmocka_unit_test(range_at_the_end_of_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
