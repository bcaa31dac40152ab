#include "store/record/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The records that were shown, each with a '|' behind it. */
static bool note(void *arg, struct str record)
{
    struct buf *seen = arg;
    if (str_eq(record, STR("unknown")))
        return false;
    buf_add(seen, record);
    buf_add_char(seen, '|');
    return true;
}

static void add(struct buf *to, struct str record)
{
    size_t head = frame_begin(to);
    buf_add(to, record);
    frame_end(to, head);
}

static void frame_is_taken_whole_or_not_at_all(void **state)
{
    struct buf bytes = {0};
    (void)state;
    add(&bytes, STR("one"));
    size_t first = bytes.len;
    add(&bytes, STR("two"));
    for (size_t len = 0; len <= bytes.len; len++) {
        struct buf seen = {0};
        struct frames_found found = frames_replay(str_first(buf_str(&bytes), len), note, &seen);
        size_t count = (len >= first) + (size_t)(len == bytes.len);
        assert_int_equal(found.count, count);
        assert_int_equal(seen.len, 4 * count);
        assert_false(found.is_damaged);
        buf_done(&seen);
    }
    buf_done(&bytes);
}

static void frame_behind_a_wrong_one_is_found(void **state)
{
    struct buf bytes = {0};
    (void)state;
    add(&bytes, STR("one"));
    size_t first = bytes.len;
    add(&bytes, STR("two"));
    for (size_t at = 0; at < first; at++) { /* each byte of the first */
        struct buf seen = {0};
        bytes.at[at] ^= 1;
        struct frames_found found = frames_replay(buf_str(&bytes), note, &seen);
        assert_string_equal(buf_c(&seen), "two|");
        assert_true(found.is_damaged && found.skipped == first);
        bytes.at[at] ^= 1;
        buf_done(&seen);
    }
    buf_done(&bytes);
}

static void frame_of_no_known_kind_is_damage(void **state)
{
    struct buf bytes = {0};
    struct buf seen = {0};
    (void)state;
    add(&bytes, STR("unknown"));
    assert_true(frames_replay(buf_str(&bytes), note, &seen).is_damaged);
    buf_done(&bytes);
    buf_done(&seen);
}

static void frame_zeros_at_the_end_are_nothing(void **state)
{
    static const char zeros[100];
    struct buf bytes = {0};
    struct buf seen = {0};
    (void)state;
    add(&bytes, STR("one"));
    buf_add(&bytes, str_of(zeros, sizeof(zeros)));
    struct frames_found found = frames_replay(buf_str(&bytes), note, &seen);
    assert_true(found.count == 1 && !found.skipped && !found.is_damaged);
    buf_done(&bytes);
    buf_done(&seen);
}

static void frame_values_come_back(void **state)
{
    struct buf bytes = {0};
    struct str text;
    uint64_t value;
    (void)state;
    frame_add_number(&bytes, UINT64_MAX - 1, 8);
    frame_add_text(&bytes, STR("text"));
    struct str rest = buf_str(&bytes);
    assert_true(frame_take_number(&rest, 8, &value) && value == UINT64_MAX - 1);
    struct str cut = str_first(rest, rest.len - 1);
    assert_false(frame_take_text(&cut, &text)); /* it says that it is longer */
    assert_true(frame_take_text(&rest, &text) && str_eq(text, STR("text")));
    assert_false(frame_take_number(&rest, 1, &value));
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_is_taken_whole_or_not_at_all),
        cmocka_unit_test(frame_behind_a_wrong_one_is_found),
        cmocka_unit_test(frame_of_no_known_kind_is_damage),
        cmocka_unit_test(frame_zeros_at_the_end_are_nothing),
        cmocka_unit_test(frame_values_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
