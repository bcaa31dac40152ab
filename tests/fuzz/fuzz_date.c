/* Dates. What is read from any of the three forms is written as a date that is read as the same.
 * The first eight bytes, as a time of their own, make the way in the other direction. */
#include "base/clock.h"
#include "fuzz.h"
#include "text/date.h"

static void check_round_trip(int64_t seconds)
{
    struct buf text = {0}, again = {0};
    int64_t back;
    http_date_add(&text, seconds);
    FUZZ_CHECK(text.len == HTTP_DATE_LEN);
    FUZZ_CHECK(http_date_parse(buf_str(&text), &back));
    http_date_add(&again, back);
    FUZZ_CHECK(str_eq(buf_str(&text), buf_str(&again)));
    if (seconds >= -62135596800 && seconds <= 253402300799) /* years 1 to 9999 */
        FUZZ_CHECK(back == seconds);
    buf_clear(&text);
    iso_date_add(&text, seconds);
    FUZZ_CHECK(text.len == ISO_DATE_LEN);
    buf_done(&text);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t seconds;
    struct str text = fuzz_input(data, size);
    clock_freeze(1700000000000); /* "50 years ahead" must not depend on the day of the run */
    if (size >= sizeof(seconds)) {
        memcpy(&seconds, data, sizeof(seconds));
        check_round_trip(seconds);
    }
    seconds = -4711;
    if (http_date_parse(text, &seconds)) {
        FUZZ_CHECK(seconds >= -62135596800 && seconds <= 253402300800); /* a leap second */
        if (seconds <= 253402300799)
            check_round_trip(seconds);
    } else {
        FUZZ_CHECK(seconds == -4711);
    }
    return 0;
}
