#include "support/test.h"

#include "base/random.h"

TEST(random_bytes_fills_exactly_what_it_is_given)
{
    /* Each byte must take another value in some call, and the byte behind must stay. */
    unsigned char bytes[9];
    bool has_changed[8] = {false};
    for (int turn = 0; turn < 64; turn++) {
        memset(bytes, 0x5a, sizeof(bytes));
        random_bytes(bytes, 8);
        assert_int_equal(bytes[8], 0x5a);
        for (size_t i = 0; i < 8; i++)
            has_changed[i] |= bytes[i] != 0x5a;
    }
    for (size_t i = 0; i < 8; i++)
        assert_true(has_changed[i]);
    random_bytes(bytes, 0);
}

TEST(random_bytes_takes_more_than_one_system_call_gives)
{
    static unsigned char bytes[1 << 16]; /* getrandom(2) promises only 256 at once */
    size_t zeros = 0;
    random_bytes(bytes, sizeof(bytes));
    for (size_t i = sizeof(bytes) - 4096; i < sizeof(bytes); i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 200); /* 16 are to be expected */
}

TEST(random_u64_does_not_repeat)
{
    uint64_t last = random_u64();
    for (int i = 0; i < 1000; i++) {
        uint64_t next = random_u64();
        assert_int_not_equal(next, last);
        last = next;
    }
}

TEST(random_try_bytes_gives_others_each_time)
{
    uint64_t one;
    uint64_t other;
    assert_true(random_try_bytes(&one, sizeof(one)));
    assert_true(random_try_bytes(&other, sizeof(other)));
    assert_int_not_equal(one, other);
}

TEST(random_name_bytes_never_gives_the_same_twice)
{
    unsigned char last[16] = {0};
    unsigned char next[17];
    for (int i = 0; i < 1000; i++) { /* through several stocks */
        next[16] = 0x5a;
        random_name_bytes(next, 16);
        assert_int_equal(next[16], 0x5a);
        assert_memory_not_equal(next, last, 16);
        memcpy(last, next, 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_fills_exactly_what_it_is_given),
        cmocka_unit_test(random_bytes_takes_more_than_one_system_call_gives),
        cmocka_unit_test(random_u64_does_not_repeat),
        cmocka_unit_test(random_name_bytes_never_gives_the_same_twice),
        cmocka_unit_test(random_try_bytes_gives_others_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
