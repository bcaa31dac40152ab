#include "support/test.h"

#include "io/shares.h"

static struct socket_address address_of(const char *text)
{
    struct socket_address address;
    struct err err;
    check_that(text, address_parse(text, &address, &err));
    return address;
}

/* Whom two addresses stand for: one client, or two. */
TEST(shares_are_of_an_address_or_a_network)
{
    static const struct {
        const char *one, *other;
        bool is_same;
    } rows[] = {
        {"192.0.2.1:1000", "192.0.2.1:2000", true},
        {"192.0.2.1:1000", "192.0.2.2:1000", false},
        {"192.0.2.1:1000", "[::ffff:192.0.2.1]:1000", true},
        {"[2001:db8:1:2::3]:1000", "[2001:db8:1:2:4:5:6:7]:2000", true},
        {"[2001:db8:1:2::3]:1000", "[2001:db8:1:3::3]:1000", false},
        {"[::1]:1000", "127.0.0.1:1000", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct socket_address one = address_of(rows[i].one);
        struct socket_address other = address_of(rows[i].other);
        char networks[2][ADDRESS_NETWORK_BYTES];
        struct str first = str_of(networks[0], address_network(&one, networks[0]));
        struct str second = str_of(networks[1], address_network(&other, networks[1]));
        check_int(rows[i].other, str_eq(first, second), rows[i].is_same);
    }
}

TEST(shares_are_bounded_by_the_limits)
{
    struct limits limits = limits_default();
    struct budget memory = {.max = 100};
    limits.address_connections = 2;
    limits.address_memory_bytes = 60;
    struct shares *shares = shares_new(&limits, &memory);
    struct socket_address address = address_of("192.0.2.1:1000");
    struct socket_address again = address_of("192.0.2.1:1001");
    struct share *share = shares_of(shares, &address);
    assert_ptr_equal(share, shares_of(shares, &again));
    assert_true(budget_take(&share->connections, 1));
    assert_true(budget_take(&share->connections, 1));
    assert_false(budget_take(&share->connections, 1));
    assert_false(budget_take(&share->memory, 61));
    assert_true(budget_take(&share->memory, 60));
    assert_int_equal(atomic_load(&memory.taken), 60);
    shares_free(shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_of_an_address_or_a_network),
        cmocka_unit_test(shares_are_bounded_by_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
