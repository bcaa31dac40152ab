/* The gate: which calls may be made on a loop's thread, and what a change must cover. What ends the
 * program is made in a child; there, a turn of a loop has begun where that matters. */
#include "base/turn.h"
#include "store/gather.h"
#include "store/memory/memory.h"
#include "store/slow/slow.h"
#include "support/changes.h"
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
    assert_int_equal(do_mkcol(store, PATH("c")), STORE_OK);
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
    (void)!store_stat(store, PATH("c"), 0, &stat); /* it is made: that is all */
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
    (void)!store_list(store, PATH("c"), 0, &cursor);
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

static void call_lock(bool makes_resource)
{
    struct store_change change = {0};
    struct lock lock = {.token = STR("t"), .root = PATH("n")};
    struct lock_wish wish = {&lock, makes_resource};
    change_add(&change, lock.root, CLAIM_SELF, true);
    if (store_begin(store, &change))
        (void)!store_lock(&change, &wish); /* likewise */
    store_end(&change);
}

static void call_lock_old(void)
{
    call_lock(false);
}

static void call_lock_new(void)
{
    call_lock(true);
}

static void call_folds(void)
{
    (void)!store_folds(store, PATH("c")); /* likewise */
}

static void call_begin(void)
{
    struct store_change change = {0};
    change_add(&change, PATH("c"), CLAIM_SELF, true);
    (void)!store_begin(store, &change); /* nobody else changes anything */
    store_end(&change);
}

static void call_mkcol(void)
{
    (void)!do_mkcol(store, PATH("d")); /* likewise */
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
    {call_lock_old, READS | LOCKS},
    {call_lock_new, ANY | READS | QUOTA | LOCKS},
    {call_folds, 0},
    {call_begin, 0},
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
        store->traits = (struct store_traits){.reads_block = traits & READS,
                                              .quota_blocks = traits & QUOTA,
                                              .locks_block = traits & LOCKS};
        for (at = 0; at < ARRAY_LEN(calls); at++) {
            bool is_refused = calls[at].not_quick_where & (traits | ANY);
            assert_int_equal(aborts(call_on_loop), is_refused);
            calls[at].call(); /* on a thread of its own it may take as long as it wants */
        }
    }
}

/* --- what is covered --- */

static struct store_change change;

static void mkcol(void)
{
    (void)!store_mkcol(&change, PATH("c/d")); /* that it is made, or not, is all */
}

static void copy(void)
{
    struct store_transfer transfer = {PATH("c"), PATH("e"), .is_deep = true};
    struct store_visitor visitor = {0};
    (void)!store_copy(&change, &transfer, &visitor); /* likewise */
}

static void commit(void)
{
    struct store_upload *upload;
    struct store_commit options = {0};
    struct store_stat stat;
    (void)!store_upload(store, PATH("c/f"), 0, &upload); /* likewise */
    (void)!store_upload_commit(upload, &change, &options, &stat);
    store_upload_close(&upload);
}

static bool begun_for(void (*call)(void), struct res_path path, enum claim_reach reach,
                      bool is_write)
{
    change_add(&change, path, reach, is_write);
    assert_true(store_begin(store, &change));
    bool is_refused = aborts(call);
    store_end(&change);
    return !is_refused;
}

TEST(what_is_changed_is_covered_by_the_change)
{
    assert_true(aborts(mkcol)); /* it has not begun */
    assert_true(begun_for(mkcol, PATH("c/d"), CLAIM_SELF, true));
    assert_true(begun_for(mkcol, PATH("c"), CLAIM_TREE, true));
    assert_false(begun_for(mkcol, PATH("c"), CLAIM_SELF, true));
    assert_false(begun_for(mkcol, PATH("c/d"), CLAIM_SELF, false));
    assert_false(begun_for(mkcol, PATH("c/e"), CLAIM_TREE, true));
    assert_true(begun_for(commit, PATH("c/f"), CLAIM_SELF, true));
    assert_false(begun_for(commit, PATH("c/d"), CLAIM_SELF, true));
    assert_false(begun_for(copy, PATH("e"), CLAIM_TREE, true)); /* and not the source */
    change_add(&change, PATH("c"), CLAIM_TREE, false);
    assert_true(begun_for(copy, PATH("e"), CLAIM_TREE, true));
    assert_true(aborts(mkcol)); /* it has ended */
}

TEST(change_may_be_about_many)
{
    enum { MANY = 100 };
    char names[MANY][8];
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%u", i); /* fits */
        change_add(&change, (struct res_path){names[i], strlen(names[i])}, CLAIM_SELF, i % 2);
    }
    for (unsigned i = 0; i < MANY; i++) {
        struct res_path path = {names[i], strlen(names[i])};
        assert_true(change_covers(&change, path, CLAIM_SELF, false));
        assert_int_equal(change_covers(&change, path, CLAIM_SELF, true), i % 2);
    }
    assert_true(store_begin(store, &change));
    store_end(&change);
    assert_false(change_covers(&change, PATH("n1"), CLAIM_SELF, false));
}

/* Between two questions on a loop somebody may set the first property of a resource. */
TEST(properties_that_come_while_a_loop_reads_are_not_asked_for)
{
    struct store_prop prop = {STR("urn:x"), STR("a"), STR("<a xmlns=\"urn:x\"/>")};
    struct store_patch patch = {.props = &prop, .prop_count = 1};
    turn_next();
    assert_false(store_may_have_props(store, PATH("c")));
    turn_over();
    assert_false(store_shows_props(store, PATH("c")));
    assert_int_equal(do_patch(store, PATH("c"), &patch), STORE_OK);
    assert_true(store_shows_props(store, PATH("c")));
    turn_next();
    assert_true(store_may_have_props(store, PATH("c")));
    assert_false(store_shows_props(store, PATH("c")));
    turn_over();
}

/* --- a slow store --- */

static void ask_for_locks(void)
{
    struct arena arena = {0};
    struct lock_list locks;
    (void)!store_locks(store, &arena, PATH("c"), LOCKS_COVERING, &locks); /* likewise */
    arena_done(&arena);
}

TEST(slow_store_blocks_and_answers_what_was_wanted)
{
    struct store_cursor *cursor;
    struct store_member member;
    store = slow_store_new(store, NULL);
    assert_true(store->traits.reads_block && store->traits.locks_block);
    for (unsigned wants = 0; wants < 4; wants++) {
        assert_int_equal(store_list(store, PATH_ROOT, wants, &cursor), STORE_OK);
        assert_false(aborts(call_props)); /* the cursor is not there */
        assert_int_equal(store_cursor_next(cursor, &member), STORE_OK);
        assert_int_equal(aborts(call_props), !(wants & WANTS_PROPS));
        assert_int_equal(aborts(ask_for_locks), !(wants & WANTS_LOCKS));
        assert_int_equal(store_cursor_next(cursor, &member), STORE_END);
        assert_false(aborts(ask_for_locks));
        store_cursor_close(&cursor);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_may_block_is_not_called_on_a_loop, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(what_is_changed_is_covered_by_the_change, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(properties_that_come_while_a_loop_reads_are_not_asked_for,
                                        open_store, close_store),
        cmocka_unit_test_setup_teardown(change_may_be_about_many, open_store, close_store),
        cmocka_unit_test_setup_teardown(slow_store_blocks_and_answers_what_was_wanted, open_store,
                                        close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
