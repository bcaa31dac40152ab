#include "support/test.h"

#include "access/nonce.h"
#include "access/standalone.h"
#include "base/clock.h"
#include "support/nodes.h"

enum { LIFE_MS = 1000, MAX = 4 };

static struct shared_state *shared;
static struct nonces nonces;

static int begin(void **state)
{
    static const size_t max[SHARED_TABLES] = {[SHARED_NONCES] = MAX};
    (void)state;
    clock_freeze(5000);
    shared = standalone_new(max);
    nonces_init(&nonces, shared, LIFE_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    nonces_done(&nonces);
    standalone_free(shared);
    clock_freeze(-1);
    return 0;
}

static struct str make(struct buf *buf)
{
    buf_clear(buf);
    nonce_make(&nonces, buf);
    return buf_str(buf);
}

TEST(nonce_counts_are_used_once_in_any_order_that_is_near)
{
    struct buf text = {0};
    struct str nonce = make(&text);
    check_int("size", nonce.len, NONCE_TEXT_BYTES);
    check_int("1", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_FRESH);
    check_int("1 again", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_REPLAYED);
    check_int("4", nonce_use(&nonces, nonce, 4, STR("alice")), NONCE_FRESH);
    check_int("3", nonce_use(&nonces, nonce, 3, STR("alice")), NONCE_FRESH);
    check_int("3 again", nonce_use(&nonces, nonce, 3, STR("alice")), NONCE_REPLAYED);
    check_int("100", nonce_use(&nonces, nonce, 100, STR("alice")), NONCE_FRESH);
    check_int("2: too far behind", nonce_use(&nonces, nonce, 2, STR("alice")), NONCE_REPLAYED);
    check_int("99", nonce_use(&nonces, nonce, 99, STR("alice")), NONCE_FRESH);
    check_int("4 again", nonce_use(&nonces, nonce, 4, STR("alice")), NONCE_REPLAYED);
    check_int("0", nonce_use(&nonces, nonce, 0, STR("alice")), NONCE_FOREIGN);
    buf_done(&text);
}

TEST(nonce_that_is_old_or_changed_is_not_taken)
{
    struct buf text = {0};
    clock_freeze(5000);
    struct nonces others;
    nonces_init(&others, shared, LIFE_MS); /* alone, nobody gets the same secret twice */
    struct str nonce = make(&text);
    check_int("another server's", nonce_look(&others, nonce), NONCE_FOREIGN);
    for (size_t i = 0; i < text.len; i++) {
        char kept = text.at[i];
        text.at[i] = kept == 'A' ? 'B' : 'A';
        check_int("changed", nonce_look(&nonces, nonce), NONCE_FOREIGN);
        text.at[i] = kept;
    }
    check_int("now", nonce_look(&nonces, nonce), NONCE_FRESH);
    clock_freeze(5000 + LIFE_MS + 1);
    check_int("later", nonce_look(&nonces, nonce), NONCE_STALE);
    check_int("later", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_STALE);
    buf_done(&text);
    nonces_done(&others);
}

/* The table is bounded, and what it forgets cannot be used again. */
TEST(nonce_that_is_forgotten_is_stale_and_never_fresh)
{
    struct buf first = {0};
    struct buf text = {0};
    struct str nonce = make(&first);
    check_int("first", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_FRESH);
    for (int i = 0; i < 3 * MAX; i++) {
        clock_freeze(5001 + i);
        check_int("another", nonce_use(&nonces, make(&text), 1, STR("alice")), NONCE_FRESH);
        check_that("bounded", standalone_count(shared, SHARED_NONCES) <= MAX);
    }
    check_int("forgotten", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_STALE);
    check_int("forgotten", nonce_use(&nonces, nonce, 2, STR("alice")), NONCE_STALE);
    check_that("forgotten", !nonce_is_known(&nonces, nonce, STR("alice")));
    check_that("known", nonce_is_known(&nonces, buf_str(&text), STR("alice")));
    check_that("to another", !nonce_is_known(&nonces, buf_str(&text), STR("bob")));
    buf_done(&first);
    buf_done(&text);
}

TEST(nonce_lives_from_its_last_use)
{
    struct buf text = {0};
    struct str nonce = make(&text);
    int64_t now_ms = 5000;
    for (uint64_t count = 1; count <= 20; count++) {
        check_int("in time", nonce_use(&nonces, nonce, count, STR("alice")), NONCE_FRESH);
        clock_freeze(now_ms += LIFE_MS);
    }
    check_int("a replay", nonce_use(&nonces, nonce, 20, STR("alice")), NONCE_REPLAYED);
    check_int("by the text alone", nonce_look(&nonces, nonce), NONCE_STALE);
    clock_freeze(now_ms + 1);
    check_int("what was refused is no use", nonce_use(&nonces, nonce, 21, STR("alice")),
              NONCE_STALE);
    check_int("nor is that", nonce_use(&nonces, nonce, 21, STR("alice")), NONCE_STALE);
    check_int("a replay", nonce_use(&nonces, nonce, 20, STR("alice")), NONCE_STALE);
    buf_done(&text);
}

TEST(nonce_has_a_bound_of_uses)
{
    struct buf text = {0};
    struct str nonce = make(&text);
    check_int("last", nonce_use(&nonces, nonce, NONCE_COUNT_MAX, STR("alice")), NONCE_FRESH);
    check_int("beyond", nonce_use(&nonces, nonce, NONCE_COUNT_MAX + 1, STR("alice")), NONCE_STALE);
    check_int("beyond", nonce_use(&nonces, nonce, UINT32_MAX, STR("alice")), NONCE_STALE);
    buf_done(&text);
}

/* One that is used all day, and then forgotten early, is not taken for one that is new. */
TEST(nonce_that_lived_long_is_stale_when_it_is_forgotten)
{
    struct buf first = {0};
    struct buf text = {0};
    struct str nonce = make(&first);
    check_int("first", nonce_use(&nonces, nonce, 1, STR("alice")), NONCE_FRESH);
    clock_freeze(5000 + LIFE_MS);
    check_int("later", nonce_use(&nonces, nonce, 2, STR("alice")), NONCE_FRESH);
    clock_freeze(5001 + LIFE_MS);
    for (int i = 0; i < MAX; i++)
        check_int("another", nonce_use(&nonces, make(&text), 1, STR("alice")), NONCE_FRESH);
    check_that("forgotten", !nonce_is_known(&nonces, nonce, STR("alice")));
    check_int("a replay", nonce_use(&nonces, nonce, 2, STR("alice")), NONCE_STALE);
    check_int("another count", nonce_use(&nonces, nonce, 3, STR("alice")), NONCE_STALE);
    check_int("what is new", nonce_use(&nonces, make(&text), 1, STR("alice")), NONCE_FRESH);
    buf_done(&first);
    buf_done(&text);
}

/* Where clocks differ: a use by the one that is behind never shortens a life. */
TEST(nonce_life_is_not_shortened_by_a_clock_that_is_behind)
{
    struct node_hub hub = {shared, "root"};
    struct node ahead, behind;
    struct nonces here, there;
    struct buf text = {0};
    node_init(&ahead, &hub);
    node_init(&behind, &hub);
    ahead.ahead_ms = 100;
    nonces_init(&here, &ahead.state, LIFE_MS);
    nonces_init(&there, &behind.state, LIFE_MS);
    nonce_make(&here, &text);
    struct str nonce = buf_str(&text);
    check_int("behind", nonce_use(&there, nonce, 1, STR("alice")), NONCE_FRESH);
    clock_freeze(5000 + LIFE_MS);
    check_int("ahead", nonce_use(&here, nonce, 2, STR("alice")), NONCE_FRESH);
    check_int("behind again", nonce_use(&there, nonce, 3, STR("alice")), NONCE_FRESH);
    check_int("a replay", nonce_use(&there, nonce, 2, STR("alice")), NONCE_REPLAYED);
    clock_freeze(5000 + 2 * LIFE_MS);
    check_int("ahead", nonce_use(&here, nonce, 4, STR("alice")), NONCE_FRESH);
    buf_done(&text);
    nonces_done(&here);
    nonces_done(&there);
}

TEST(nonce_costs_nothing_until_it_is_used)
{
    struct buf text = {0};
    for (int i = 0; i < 1000; i++)
        (void)make(&text); /* 1000 strangers ask for one */
    check_int("remembered", standalone_count(shared, SHARED_NONCES), 0);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nonce_counts_are_used_once_in_any_order_that_is_near, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nonce_that_is_old_or_changed_is_not_taken, begin, end),
        cmocka_unit_test_setup_teardown(nonce_that_is_forgotten_is_stale_and_never_fresh, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nonce_lives_from_its_last_use, begin, end),
        cmocka_unit_test_setup_teardown(nonce_has_a_bound_of_uses, begin, end),
        cmocka_unit_test_setup_teardown(nonce_that_lived_long_is_stale_when_it_is_forgotten, begin,
                                        end),
        cmocka_unit_test_setup_teardown(nonce_life_is_not_shortened_by_a_clock_that_is_behind,
                                        begin, end),
        cmocka_unit_test_setup_teardown(nonce_costs_nothing_until_it_is_used, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
