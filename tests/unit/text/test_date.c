#include "support/test.h"

#include "base/clock.h"
#include "text/date.h"

enum { DAY_S = 86400 };

static const char *const short_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A calendar that is moved on day by day: slow, and nothing like date.c's arithmetic. */
struct calendar {
    int64_t day; /* since 1970 */
    int year, month, day_of_month, weekday;
};

static bool is_leap(int year)
{
    return year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
}

static void next_day(struct calendar *at)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int length = lengths[at->month - 1] + (at->month == 2 && is_leap(at->year));
    at->day++;
    at->weekday = (at->weekday + 1) % 7;
    if (++at->day_of_month <= length)
        return;
    at->day_of_month = 1;
    if (++at->month <= 12)
        return;
    at->month = 1;
    at->year++;
}

static void check_parse(const char *text, int64_t expected)
{
    int64_t seconds = -4711;
    check_that(text, http_date_parse(str_of_c(text), &seconds));
    check_int(text, seconds, expected);
}

static void check_refused(const char *text)
{
    int64_t seconds = -4711;
    check_that(text, !http_date_parse(str_of_c(text), &seconds));
    check_int(text, seconds, -4711);
}

static void check_day(const struct calendar *at, int second_of_day)
{
    char text[64], expected[64];
    int64_t seconds = at->day * DAY_S + second_of_day;
    int hour = second_of_day / 3600, minute = second_of_day / 60 % 60, second = second_of_day % 60;
    snprintf(expected, sizeof(expected), "%s, %02d %s %04d %02d:%02d:%02d GMT",
             short_days[at->weekday], at->day_of_month, months[at->month - 1], at->year, hour,
             minute, second);
    text[HTTP_DATE_LEN] = '\0';
    http_date_format(text, seconds);
    assert_string_equal(text, expected);
    check_parse(text, seconds);
    snprintf(text, sizeof(text), "%s %s %2d %02d:%02d:%02d %04d", short_days[at->weekday],
             months[at->month - 1], at->day_of_month, hour, minute, second, at->year);
    check_parse(text, seconds);

    struct buf iso = {0};
    iso_date_add(&iso, seconds);
    snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ", at->year, at->month,
             at->day_of_month, hour, minute, second);
    check_str("iso", buf_str(&iso), expected);
    buf_done(&iso);
}

/* Each day of eight hundred years, which holds every kind of century twice. */
TEST(date_round_trips_on_every_day_from_1583_to_2400)
{
    struct calendar at = {
        .day = -141349, .year = 1583, .month = 1, .day_of_month = 1, .weekday = 6};
    struct rng rng = {3};
    while (at.year <= 2400) {
        check_day(&at, (int)rng_below(&rng, DAY_S));
        if (at.day_of_month == 1) {
            check_day(&at, 0);
            check_day(&at, DAY_S - 1);
        }
        next_day(&at);
    }
}

TEST(date_rfc850_round_trips_within_fifty_years)
{
    struct calendar at = {.day = 0, .year = 1970, .month = 1, .day_of_month = 1, .weekday = 4};
    clock_freeze((int64_t)10957 * DAY_S * 1000); /* 2000-01-01 */
    while (at.year < 2050) {
        char text[64];
        snprintf(text, sizeof(text), "%s, %02d-%s-%02d 08:49:37 GMT", long_days[at.weekday],
                 at.day_of_month, months[at.month - 1], at.year % 100);
        check_parse(text, at.day * DAY_S + 31777);
        next_day(&at);
    }
    clock_freeze(-1);
}

TEST(date_rfc850_is_never_more_than_fifty_years_ahead)
{
    clock_freeze((int64_t)784111777 * 1000); /* Sun, 06 Nov 1994 08:49:37 */
    check_parse("Sunday, 06-Nov-44 08:49:37 GMT", 2362034977);
    check_parse("Sunday, 06-Nov-44 08:49:38 GMT", -793725022); /* one second more: 1944 */
    check_parse("Friday, 01-Jan-99 00:00:00 GMT", 915148800);
    check_parse("Monday, 01-Jan-01 00:00:00 GMT", 978307200); /* of the next century */
    check_refused("Thursday, 29-Feb-95 00:00:00 GMT");
    check_refused("Sunday, 06-Nuv-94 08:49:37 GMT");
    clock_freeze(-1);
}

TEST(date_reads_the_three_forms_of_rfc9110)
{
    check_parse("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    check_parse("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    check_parse("Sun Nov  6 08:49:37 1994", 784111777);
    check_parse("Wed Nov 16 08:49:37 1994", 784975777);
}

TEST(date_knows_the_ends_and_the_leap_days)
{
    check_parse("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_parse("Wed, 31 Dec 1969 23:59:59 GMT", -1);
    check_parse("Mon, 01 Jan 0001 00:00:00 GMT", -62135596800);
    check_parse("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799);
    check_parse("Tue, 29 Feb 2000 00:00:00 GMT", 951782400);
    check_parse("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
    check_parse("Fri, 19 Jan 2038 03:14:08 GMT", 2147483648);
    check_parse("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800); /* a leap second */
    check_refused("Thu, 29 Feb 1900 00:00:00 GMT");
    check_refused("Wed, 29 Feb 2023 00:00:00 GMT");
    check_refused("Wed, 29 Feb 2100 00:00:00 GMT");
}

TEST(date_refuses_what_is_none)
{
    static const char *const texts[] = {
        "",
        "0",
        "-1",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nuv 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Oct 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994  8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:3x GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "Sunday, 06-Nov-94 08:49:37",
        "Sunday, 6-Nov-94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Wednesdays, 06-Nov-94 08:49:37 GMT",
        "Sunday 06-Nov-94 08:49:37 GMT",
        "Sun Nov 06  08:49:37 1994",
        "Sun Nov  0 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check_refused(texts[i]);
    int64_t seconds = 1;
    assert_false(http_date_parse(str_of("Sun, 06 Nov 1994 08:49:37\0GMT", 29), &seconds));
    assert_int_equal(seconds, 1);
}

/* One byte changed: no crash, and what is read is within four digits of years. */
TEST(date_survives_any_change_of_a_byte)
{
    static const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char text[64];
        size_t len = strlen(texts[i]);
        memcpy(text, texts[i], len);
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                int64_t seconds = 0;
                text[at] = (char)byte;
                if (http_date_parse(str_of(text, len), &seconds))
                    assert_in_range(seconds + 62135596800, 0, 62135596800 + 253402300800);
            }
            text[at] = texts[i][at];
        }
    }
}

TEST(date_format_stays_within_four_digits_of_years)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT"},
                {-62135596801, "Mon, 01 Jan 0001 00:00:00 GMT"},
                {253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
                {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text = {0};
        http_date_add(&text, rows[i].seconds);
        check_str(rows[i].text, buf_str(&text), rows[i].text);
        buf_done(&text);
    }
}

TEST(date_of_rfc_3339_is_read)
{
    static const struct {
        const char *text;
        int64_t seconds; /* INT64_MIN: it is none */
    } rows[] = {
        {"1994-11-06T08:49:37Z", 784111777},
        {"1994-11-06t08:49:37.125z", 784111777},
        {"1994-11-06T10:49:37+02:00", 784111777},
        {"1994-11-06T03:19:37-05:30", 784111777},
        {"1969-12-31T23:59:59Z", -1},
        {"1994-11-06", INT64_MIN},
        {"1994-11-06T08:49:37", INT64_MIN},
        {"1994-13-06T08:49:37Z", INT64_MIN},
        {"1994-11-06T08:49:37.Z", INT64_MIN},
        {"1994-11-06T08:49:37Zz", INT64_MIN},
        {"1994-11-06T08:49:37+2:00", INT64_MIN},
        {"", INT64_MIN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t seconds = INT64_MIN;
        bool is_date = iso_date_parse(str_of_c(rows[i].text), &seconds);
        check_int(rows[i].text, is_date, rows[i].seconds != INT64_MIN);
        check_int(rows[i].text, seconds, rows[i].seconds);
    }
}

TEST(date_of_dos_has_two_seconds_and_a_first_year)
{
    check_int("1994-11-06 08:49:37", dos_date_of(784111777),
              (14U << 9 | 11U << 5 | 6U) << 16 | (8U << 11 | 49U << 5 | 18U));
    check_int("before 1980", dos_date_of(-1), (1U << 5 | 1U) << 16);
    check_int("after 2107", dos_date_of(5000000000), (1U << 5 | 1U) << 16);
    check_int("not known", dos_date_of(INT64_MIN), (1U << 5 | 1U) << 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_round_trips_on_every_day_from_1583_to_2400),
        cmocka_unit_test(date_rfc850_round_trips_within_fifty_years),
        cmocka_unit_test(date_rfc850_is_never_more_than_fifty_years_ahead),
        cmocka_unit_test(date_reads_the_three_forms_of_rfc9110),
        cmocka_unit_test(date_knows_the_ends_and_the_leap_days),
        cmocka_unit_test(date_refuses_what_is_none),
        cmocka_unit_test(date_survives_any_change_of_a_byte),
        cmocka_unit_test(date_format_stays_within_four_digits_of_years),
        cmocka_unit_test(date_of_rfc_3339_is_read),
        cmocka_unit_test(date_of_dos_has_two_seconds_and_a_first_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
