#include "support/test.h"

#include "access/standalone.h"
#include "access/throttle.h"
#include "base/clock.h"

static struct shared_state *shared;

static struct shared_state *new_state(size_t max_count)
{
    const size_t max[SHARED_TABLES] = {[SHARED_GUESSES] = max_count, [SHARED_KNOWN] = max_count};
    return standalone_new(max);
}

static int begin(void **state)
{
    (void)state;
    clock_freeze(1000);
    shared = new_state(16384);
    return 0;
}

static int end(void **state)
{
    (void)state;
    standalone_free(shared);
    clock_freeze(-1);
    return 0;
}

static struct throttle_party party(const char *user, const char *address)
{
    return (struct throttle_party){str_of_c(user), str_of_c(address)};
}

/* Charges until it is refused, or `max` times; says how often it was not. */
static int tries(const char *user, const char *address, int max)
{
    struct throttle_party from = party(user, address);
    int count = 0;
    while (count < max && throttle_charge(shared, &from) == 0)
        count++;
    return count;
}

static int64_t wait(const char *user, const char *address)
{
    struct throttle_party from = party(user, address);
    return throttle_charge(shared, &from);
}

/* Who guesses slows himself, and neither the user elsewhere nor his neighbours. */
TEST(throttle_counts_a_user_and_a_network_together)
{
    check_int("at once", tries("alice", "192.0.2.1", 100), 8);
    check_int("then", wait("alice", "192.0.2.1"), 30000);
    check_int("the user elsewhere", wait("alice", "192.0.2.2"), 0);
    check_int("a neighbour", wait("bob", "192.0.2.1"), 0);
    clock_freeze(1000 + 29000);
    check_int("a while later", wait("alice", "192.0.2.1"), 1000);
    clock_freeze(1000 + 30000);
    check_int("one comes back", tries("alice", "192.0.2.1", 100), 1);
    clock_freeze(1000 + 31 * 30000);
    check_int("all have", tries("alice", "192.0.2.1", 100), 8);
}

TEST(throttle_takes_a_charge_back)
{
    struct throttle_party alice = party("alice", "192.0.2.1");
    check_int("at once", tries("alice", "192.0.2.1", 100), 8);
    for (int i = 0; i < 3; i++)
        throttle_refund(shared, &alice);
    check_int("again", tries("alice", "192.0.2.1", 100), 3);
    for (int i = 0; i < 100; i++)
        throttle_refund(shared, &alice); /* never more than were charged */
    check_int("no more", tries("alice", "192.0.2.1", 100), 8);
}

/* One password with many names. It never shuts for longer than until the next is free. */
TEST(throttle_bounds_a_network)
{
    char name[16];
    int count = 0;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "u%d", i);
        count += wait(name, "192.0.2.1") == 0;
    }
    check_int("names", count, 64);
    check_int("a neighbour waits", wait("carol", "192.0.2.1"), 1000);
    check_int("who names nobody, too", wait("", "192.0.2.1"), 1000);
    check_int("others do not", wait("carol", "192.0.2.2"), 0);
    clock_freeze(1000 + 1000);
    check_int("a neighbour", wait("carol", "192.0.2.1"), 0);
}

TEST(throttle_bounds_networks_that_guess_at_one_user_and_spares_where_he_is_known)
{
    struct throttle_party home = party("alice", "198.51.100.7");
    char address[16];
    int count = 0;
    throttle_know(shared, &home);
    for (int i = 0; i < 200; i++) {
        (void)snprintf(address, sizeof(address), "192.0.2.%d", i);
        count += wait("alice", address) == 0;
    }
    check_int("networks", count, 64);
    check_int("a stranger", wait("alice", "203.0.113.1"), 5000);
    check_int("at home", tries("alice", "198.51.100.7", 100), 8);
    check_int("no licence", wait("alice", "198.51.100.7"), 30000);
}

TEST(throttle_counts_networks_of_ipv6_at_two_widths)
{
    char address[64];
    int count = 0;
    check_int("at once", tries("alice", "2001:db8:0:1::1", 100), 8);
    check_int("the same /64", wait("alice", "2001:db8:0:1:ffff::2"), 30000);
    for (int i = 2; i < 200; i++) {
        (void)snprintf(address, sizeof(address), "2001:db8:0:%x::1", i);
        count += wait("alice", address) == 0;
    }
    check_int("the same /48", count, 32 - 8);
    check_int("another /48", wait("alice", "2001:db8:1::1"), 0);
    check_int("IPv4 within IPv6", tries("alice", "::ffff:192.0.2.1", 100), 8);
    check_int("is IPv4", wait("alice", "192.0.2.1"), 30000);
}

TEST(throttle_is_bounded_whatever_names_are_tried)
{
    struct shared_state *small = new_state(64);
    char name[16];
    char address[16];
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "u%d", i);
        (void)snprintf(address, sizeof(address), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
        struct throttle_party from = party(name, address);
        check_int("charged", throttle_charge(small, &from), 0);
        throttle_know(small, &from);
    }
    check_int("remembered", standalone_count(small, SHARED_GUESSES), 64);
    standalone_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(throttle_counts_a_user_and_a_network_together, begin, end),
        cmocka_unit_test_setup_teardown(throttle_takes_a_charge_back, begin, end),
        cmocka_unit_test_setup_teardown(throttle_bounds_a_network, begin, end),
        cmocka_unit_test_setup_teardown(
            throttle_bounds_networks_that_guess_at_one_user_and_spares_where_he_is_known, begin,
            end),
        cmocka_unit_test_setup_teardown(throttle_counts_networks_of_ipv6_at_two_widths, begin, end),
        cmocka_unit_test_setup_teardown(throttle_is_bounded_whatever_names_are_tried, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
