#include "bare.h"

static struct budget budget;

static uint64_t taken(void)
{
    return atomic_load(&budget.taken);
}

static void lend(uint64_t max)
{
    budget = (struct budget){.max = max};
    bare.stream.memory = &budget;
}

TEST(what_is_held_has_been_taken)
{
    lend(1 << 20);
    for (uint64_t held = 0; held < 100000; held += 1 + held) {
        assert_true(exchange_hold(&bare.x, 1 + held));
        assert_true(taken() >= bare.x.held_bytes);
    }
    exchange_release(&bare.x, bare.x.held_bytes - 1);
    assert_true(taken() >= 1 && taken() < 10000);
    bare_exchange_done(&bare);
    assert_int_equal(taken(), 0);
    bare_exchange_init(&bare);
}

TEST(small_pieces_are_taken_at_once)
{
    lend(1 << 20);
    assert_true(exchange_hold(&bare.x, 300));
    uint64_t before = taken();
    exchange_release(&bare.x, 300);
    assert_true(exchange_hold(&bare.x, 1000));
    assert_int_equal(taken(), before);
}

TEST(more_than_there_is_is_not_held)
{
    lend(10000);
    assert_false(exchange_hold(&bare.x, UINT64_MAX));
    assert_true(exchange_hold(&bare.x, 9000));
    assert_false(exchange_hold(&bare.x, 2000));
    assert_int_equal(bare.x.held_bytes, 9000);
    assert_int_equal(taken(), 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(what_is_held_has_been_taken),
        BARE_TEST(small_pieces_are_taken_at_once),
        BARE_TEST(more_than_there_is_is_not_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
