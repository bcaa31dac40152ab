#include "support/test.h"

#include "access/gate.h"

static struct gate_seat who(int credentials, int network)
{
    struct gate_seat seat = {.network = (uint64_t)network};
    memcpy(seat.credentials.bytes, &credentials, sizeof(credentials));
    return seat;
}

static struct gate_seat *enter(struct gate *gate, int credentials, int network, bool is_known)
{
    struct gate_seat seat = who(credentials, network);
    seat.is_known = is_known;
    return gate_enter(gate, &seat);
}

TEST(gate_has_who_waits)
{
    struct gate *gate = gate_new(8);
    struct gate_seat one = who(1, 1);
    check_that("nobody", !gate_has(gate, &one.credentials));
    one.is_charged = true;
    struct gate_seat *seat = gate_enter(gate, &one);
    assert_non_null(seat);
    check_that("kept", seat->is_charged);
    check_that("waits", gate_has(gate, &one.credentials));
    gate_leave(gate, seat);
    check_that("gone", !gate_has(gate, &one.credentials));
    gate_free(gate);
}

TEST(gate_keeps_a_quarter_for_the_known_and_gives_a_network_no_more_than_one)
{
    struct gate *gate = gate_new(16);
    struct gate_seat *first = enter(gate, 0, 0, false);
    assert_non_null(first);
    for (int i = 1; i < 4; i++)
        assert_non_null(enter(gate, i, 0, false));
    assert_null(enter(gate, 4, 0, false));
    check_that("nor if known", !enter(gate, 4, 0, true));
    for (int i = 4; i < 12; i++)
        assert_non_null(enter(gate, i, i, false));
    check_that("three quarters", !enter(gate, 12, 12, false));
    for (int i = 12; i < 16; i++)
        assert_non_null(enter(gate, i, i, true));
    check_that("full", !enter(gate, 16, 16, true));
    gate_leave(gate, first);
    assert_non_null(enter(gate, 16, 16, true));
    gate_free(gate);
}

TEST(gate_of_one_lets_one_in)
{
    struct gate *gate = gate_new(1);
    struct gate_seat *seat = enter(gate, 1, 1, false);
    assert_non_null(seat);
    assert_null(enter(gate, 2, 2, true));
    gate_leave(gate, seat);
    assert_non_null(enter(gate, 2, 2, true));
    gate_free(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gate_has_who_waits),
        cmocka_unit_test(gate_keeps_a_quarter_for_the_known_and_gives_a_network_no_more_than_one),
        cmocka_unit_test(gate_of_one_lets_one_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
