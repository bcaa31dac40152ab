/* The gate: which calls may be made on a loop's thread. Each is made in a child, where a turn of a
 * loop has begun. */
#include "base/turn.h"
#include "store/gather.h"
#include "store/memory/memory.h"
#include "store/slow/slow.h"
#include "support/test.h"

static struct limits limits;
static struct store *store;

static int open_store(void **state)
{
    struct store_options options = {.limits = &limits};
    struct err err;
    (void)state; /* `store` is there for all */
    limits = limits_default();
    assert_true(memory_store_open(&options, &store, &err));
    assert_int_equal(store_mkcol(store, PATH("c")), STORE_OK);
    return 0;
}

static int close_store(void **state)
{
    (void)state; /* likewise */
    store_close(&store);
    return 0;
}

/* --- the calls --- */

static void call_stat(void)
{
    struct store_stat stat;
    (void)!store_stat(store, PATH("c"), &stat); /* it is made: that is all */
}

static void call_locate(void)
{
    struct arena arena = {0};
    struct res_path real;
    (void)!store_locate(store, &arena, PATH("c"), LOCATE_RESOURCE, &real); /* likewise */
    arena_done(&arena);
}

static void call_next(void)
{
    struct store_cursor *cursor;
    struct store_member member;
    uint64_t turn = turn_current();
    turn_over(); /* for the call before */
    (void)!store_list(store, PATH("c"), &cursor);
    if (turn)
        turn_next();
    (void)!store_cursor_next(cursor, &member);
    store_cursor_close(&cursor);
}

static void call_quota(void)
{
    struct store_quota quota;
    (void)!store_quota(store, PATH("c"), &quota); /* likewise */
}

static void call_unlock(void)
{
    (void)!store_unlock(store, STR("t")); /* likewise */
}

static void call_folds(void)
{
    (void)!store_folds(store, PATH("c")); /* likewise */
}

static void call_claim(void)
{
    struct claim claim = {0};
    claim_add(&claim, PATH("c"), CLAIM_SELF, true);
    if (store_claim(store, &claim))
        store_release(store, &claim);
}

static void call_mkcol(void)
{
    (void)!store_mkcol(store, PATH("d")); /* likewise */
}

static void call_props(void)
{
    struct arena arena = {0};
    struct store_props props;
    (void)!store_gather_props(store, &arena, PATH("c"), &props); /* likewise */
    arena_done(&arena);
}

enum { READS = 1, QUOTA = 2, LOCKS = 4, ANY = 8 };

static const struct {
    void (*call)(void);
    unsigned not_quick_where; /* the store says that these block */
} calls[] = {
    {call_stat, READS},
    {call_locate, READS},
    {call_next, READS},
    {call_quota, READS | QUOTA},
    {call_unlock, READS | LOCKS},
    {call_folds, 0},
    {call_claim, 0},
    {call_mkcol, ANY | READS | QUOTA | LOCKS},
    {call_props, ANY | READS | QUOTA | LOCKS},
};

static size_t at;

static void call_on_loop(void)
{
    turn_next();
    calls[at].call();
}

TEST(what_may_block_is_not_called_on_a_loop)
{
    for (unsigned traits = 0; traits < ANY; traits++) {
        store->traits = (struct store_traits){traits & READS, traits & QUOTA, traits & LOCKS};
        for (at = 0; at < ARRAY_LEN(calls); at++) {
            bool is_refused = calls[at].not_quick_where & (traits | ANY);
            assert_int_equal(aborts(call_on_loop), is_refused);
            calls[at].call(); /* on a thread of its own it may take as long as it wants */
        }
    }
}

static void change_what_is_not_claimed(void)
{
    (void)!store_mkcol(store, PATH("c/d")); /* never returns */
}

TEST(slow_store_blocks_and_wants_claims)
{
    struct claim claim = {0};
    struct claim other = {0};
    store = slow_store_new(store, true, NULL);
    assert_true(store->traits.reads_block && store->traits.locks_block);
    claim_add(&claim, PATH("c/d"), CLAIM_SELF, true);
    claim_add(&other, PATH("c/d"), CLAIM_SELF, false);
    assert_true(aborts(change_what_is_not_claimed));
    assert_true(store_claim(store, &other));
    assert_true(aborts(change_what_is_not_claimed)); /* it is claimed for reading */
    store_release(store, &other);
    assert_true(store_claim(store, &claim));
    assert_int_equal(store_mkcol(store, PATH("c/d")), STORE_OK);
    store_release(store, &claim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_may_block_is_not_called_on_a_loop, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(slow_store_blocks_and_wants_claims, open_store,
                                        close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
