/* Changes of a view that are changes of several stores: that begin late, fail, and are answered
 * AGAIN. What a view shows otherwise is held against the contract (tests/contract/). */
#include "store/view/view.h"

#include "store/backend.h"
#include "store/fault/fault.h"
#include "store/memory/memory.h"
#include "store/view/point.h"
#include "store/wrapper.h"
#include "support/changes.h"
#include "support/test.h"

static struct limits limits;
static struct arena arena;
static struct store *stores[2]; /* each a fault around memory */
static struct mount mounts[2];
static struct store *view;

static struct store *new_memory(void)
{
    struct store_options options = {.limits = &limits};
    struct store *store = NULL;
    struct err err;
    assert_true(memory_store_open(&options, &store, &err));
    return store;
}

static int open_view(void **state)
{
    (void)state; /* `view` is there for all */
    limits = limits_default();
    for (size_t i = 0; i < ARRAY_LEN(stores); i++)
        stores[i] = fault_store_new(new_memory());
    mounts[0] = (struct mount){.prefix = PATH("a"), .store = stores[0], .base = PATH_ROOT};
    mounts[1] = (struct mount){.prefix = PATH("b"), .store = stores[1], .base = PATH_ROOT};
    view = mount_view(&arena, mounts, ARRAY_LEN(mounts));
    return 0;
}

static int close_view(void **state)
{
    (void)state; /* likewise */
    for (size_t i = 0; i < ARRAY_LEN(stores); i++)
        store_close(&stores[i]);
    arena_done(&arena);
    return 0;
}

#define VIEW_TEST(test) cmocka_unit_test_setup_teardown(test, open_view, close_view)

static void put(struct res_path path)
{
    struct store_commit options = {0};
    struct store_upload *upload;
    struct store_stat stat;
    assert_int_equal(store_upload(view, path, UINT64_MAX, &upload), STORE_OK);
    assert_int_equal(do_commit(view, upload, &options, &stat), STORE_OK);
    store_upload_close(&upload);
}

static bool is_there(struct res_path path)
{
    struct store_stat stat;
    return store_stat(view, path, 0, &stat) == STORE_OK;
}

/* --- visitors --- */

static size_t failure_count;
static enum store_rc failure;

static unsigned refuse_none(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path;
    return 0;
}

static bool may_refuse_none(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path;
    return false;
}

static void note_failure(struct store_visitor *visitor, struct res_path path, bool is_collection,
                         enum store_rc rc, unsigned reason)
{
    (void)visitor, (void)path, (void)is_collection, (void)reason;
    failure_count++;
    failure = rc;
}

static struct store_visitor visitor = {refuse_none, may_refuse_none, note_failure, NULL, NULL};

/* --- beginning --- */

static void begin_ends_what_has_begun_when_a_part_fails(void **state)
{
    struct waiter both;
    struct waiter first;
    (void)state; /* likewise */
    waiter_init(&both);
    waiter_init(&first);
    for (unsigned later = 0; later < 2; later++) {
        for (size_t failing = 0; failing < 2; failing++) {
            for (size_t i = 0; i < 2; i++)
                fault_store_plan(stores[i], &(struct fault_plan){.begins_later = later});
            fault_store_arm(stores[failing], 1, STORE_UNAVAILABLE);
            change_add(&both.change, PATH("a/x"), CLAIM_SELF, true);
            change_add(&both.change, PATH("b/x"), CLAIM_SELF, true);
            assert_int_equal(waiter_begin(&both, view), STORE_UNAVAILABLE);
            waiter_end(&both);
            for (size_t i = 0; i < 2; i++) { /* nobody is in the way */
                change_add(&first.change, PATH("x"), CLAIM_SELF, true);
                assert_int_equal(waiter_begin(&first, stores[i]), STORE_OK);
                waiter_end(&first);
            }
        }
    }
    waiter_done(&both);
    waiter_done(&first);
}

/* --- from one store to the other --- */

static void furnish(void)
{
    assert_int_equal(do_mkcol(view, PATH("a/c")), STORE_OK);
    put(PATH("a/c/f"));
    assert_int_equal(do_mkcol(view, PATH("b/c")), STORE_OK); /* to be replaced, with its lock */
    struct lock lock = {.token = STR("t"), .root = PATH("b/c"), .expires_ms = INT64_MAX};
    assert_int_equal(do_lock(view, &lock), STORE_OK);
    put(PATH("b/c/old"));
}

static void plan(unsigned again_count)
{
    for (size_t i = 0; i < ARRAY_LEN(stores); i++)
        fault_store_plan(stores[i],
                         &(struct fault_plan){again_count, again_count, .begins_later = true});
}

static enum store_rc move(void)
{
    struct store_transfer transfer = {PATH("a/c"), PATH("b/c"), .is_deep = true};
    return do_move(view, &transfer, &visitor);
}

static void move_goes_on_where_others_are_in_the_way(void **state)
{
    struct lock_list locks;
    unsigned again = 0;
    enum store_rc rc;
    (void)state; /* likewise */
    furnish();
    plan(2);
    failure_count = 0;
    for (; (rc = move()) == STORE_AGAIN; again++) {
        assert_true(is_there(PATH("a/c/f")));
        assert_true(is_there(PATH("b/c/old")));
    }
    assert_int_equal(rc, STORE_OK);
    assert_int_equal(again, 6); /* to begin in each store, and the first call */
    assert_int_equal(failure_count, 0);
    assert_true(is_there(PATH("b/c/f")));
    assert_false(is_there(PATH("b/c/old")));
    assert_false(is_there(PATH("a/c")));
    assert_int_equal(store_locks(view, &arena, PATH("b/c"), LOCKS_WITHIN, &locks), STORE_OK);
    assert_int_equal(locks.count, 1); /* it is the name's */
}

static void move_tells_of_what_others_do_not_let_it_do(void **state)
{
    enum store_rc rc;
    (void)state; /* likewise */
    furnish();
    plan(9); /* one more than it tries */
    failure_count = 0;
    while ((rc = move()) == STORE_AGAIN)
        continue;
    assert_int_equal(rc, STORE_PARTIAL);
    assert_true(failure_count > 0);
    assert_int_equal(failure, STORE_UNAVAILABLE);
    assert_true(is_there(PATH("a/c/f"))); /* nothing is lost */
}

/* --- what holds a mount --- */

static void mount_within(void)
{
    assert_int_equal(do_mkcol(view, PATH("a/c")), STORE_OK);
    put(PATH("a/c/f"));
    assert_int_equal(do_mkcol(view, PATH("a/c/d")), STORE_OK);
    put(PATH("a/c/d/g"));
    put(PATH("a/c/m")); /* the mount stands before it */
    put(PATH("b/x"));
    mounts[1].prefix = PATH("a/c/m");
    failure_count = 0;
}

static void removal_leaves_a_mount_and_what_leads_to_it(void **state)
{
    enum store_rc rc;
    (void)state; /* likewise */
    for (unsigned again = 0; again < 3; again++) {
        mounts[1].prefix = PATH("b");
        plan(0);
        mount_within();
        plan(again);
        while ((rc = do_remove(view, PATH("a/c"), &visitor)) == STORE_AGAIN)
            failure_count = 0;
        assert_int_equal(rc, STORE_PARTIAL);
        assert_int_equal(failure_count, 1);
        assert_int_equal(failure, STORE_MOUNT);
        assert_true(is_there(PATH("a/c/m/x")));
        assert_false(is_there(PATH("a/c/f")) || is_there(PATH("a/c/d")));
        mounts[1].prefix = PATH("b");
        plan(0);
        assert_true(is_there(PATH("a/c/m"))); /* what nobody sees is not removed either */
        assert_int_equal(do_remove(view, PATH("a/c"), &visitor), STORE_OK);
    }
}

static struct res_path refused;

static unsigned refuse_one(struct store_visitor *self, struct res_path path)
{
    (void)self;
    return path_eq(path, refused) ? 7 : 0;
}

static void removal_asks_before_it_goes_into_a_collection(void **state)
{
    struct store_visitor asking = {refuse_one, may_refuse_none, note_failure, NULL, NULL};
    (void)state; /* likewise */
    mount_within();
    refused = PATH("a/c");
    assert_int_equal(do_remove(view, PATH("a/c"), &asking), STORE_PARTIAL);
    assert_true(failure_count == 1 && failure == STORE_REFUSED);
    assert_true(is_there(PATH("a/c/f")));
    refused = PATH("a/c/m"); /* which may be one that he is not to know of */
    assert_int_equal(do_remove(view, PATH("a/c"), &asking), STORE_PARTIAL);
    assert_true(failure_count == 2 && failure == STORE_REFUSED);
    assert_false(is_there(PATH("a/c/f")));
}

static void mounts_are_neither_removed_nor_moved_nor_replaced(void **state)
{
    struct store_transfer away = {PATH("a/c"), PATH("a/e"), .is_deep = true};
    struct store_transfer over = {PATH("a/e"), PATH("a/c"), .is_deep = true};
    (void)state; /* likewise */
    mount_within();
    assert_int_equal(do_mkcol(view, PATH("a/e")), STORE_OK);
    assert_int_equal(do_remove(view, PATH("a/c/m"), &visitor), STORE_MOUNT);
    assert_int_equal(do_move(view, &away, &visitor), STORE_MOUNT);
    assert_int_equal(do_move(view, &over, &visitor), STORE_MOUNT);
    assert_int_equal(do_copy(view, &over, &visitor), STORE_MOUNT);
    assert_true(is_there(PATH("a/c/m/x")) && is_there(PATH("a/c/f")));
    assert_int_equal(failure_count, 0);
}

static void listing_says_which_members_are_mounts(void **state)
{
    struct store_cursor *cursor;
    struct store_member member;
    bool is_mount = false;
    (void)state; /* likewise */
    mount_within();
    fault_store_arm(stores[1], 1, STORE_UNAVAILABLE);
    assert_int_equal(store_list(view, PATH("a/c"), 0, &cursor), STORE_OK);
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        bool is_m = str_eq(member.name, STR("m"));
        assert_int_equal(member.is_mount, is_m);
        assert_true(!is_m || member.stat.is_collection);
        is_mount |= is_m;
    }
    assert_true(is_mount);
    store_cursor_close(&cursor);
}

/* A collection that is another handler's: it is there, and nobody takes it for empty. */
static void point_is_a_member_of_which_no_more_is_known(void **state)
{
    struct store_cursor *cursor;
    struct store_member member;
    struct store_stat stat;
    struct store_content *content;
    struct lock_list locks;
    (void)state; /* likewise */
    mounts[1].store = point_store();
    mounts[1].is_read_only = true;
    assert_int_equal(store_list(view, PATH_ROOT, 0, &cursor), STORE_OK);
    while (store_cursor_next(cursor, &member) == STORE_OK)
        assert_true(member.is_mount && member.rc == STORE_OK && member.stat.is_collection);
    store_cursor_close(&cursor);
    assert_int_equal(store_list(view, PATH("b"), 0, &cursor), STORE_UNAVAILABLE);
    assert_int_equal(store_stat(view, PATH("b/x"), 0, &stat), STORE_UNAVAILABLE);
    assert_int_equal(store_content_open(view, PATH("b/x"), &content), STORE_UNAVAILABLE);
    assert_int_equal(store_content_open(view, PATH("b"), &content), STORE_IS_COLLECTION);
    assert_int_equal(store_locks(view, &arena, PATH_ROOT, LOCKS_WITHIN, &locks), STORE_OK);
    assert_true(locks.count == 0 && store_is_read_only(view, PATH("b")));
    assert_int_equal(do_mkcol(view, PATH("b/x")), STORE_DENIED);
    assert_int_equal(do_remove(view, PATH("b/x"), &visitor), STORE_DENIED);
    assert_int_equal(do_remove(view, PATH("b"), &visitor), STORE_MOUNT);
}

/* --- looking --- */

/* A store whose changes are looked at through a store of their own. */
struct far {
    struct store base;
    struct store *inner;
    struct far *session;
    unsigned looks;
};

static struct far *far_of(struct store *store)
{
    return CONTAINER_OF(store, struct far, base);
}

static enum store_rc far_stat(struct store *store, struct res_path path, unsigned wants,
                              struct store_stat *stat_out)
{
    far_of(store)->looks++;
    return store_stat(far_of(store)->inner, path, wants, stat_out);
}

static bool far_begin(struct store *store, struct store_change *change)
{
    bool is_known = wrapper_begin(far_of(store)->inner, change);
    change->store = &far_of(store)->session->base;
    return is_known;
}

static enum store_rc far_mkcol(struct store_change *change, struct res_path path)
{
    return store_mkcol(wrapper_inside(change), path);
}

static const struct store_ops far_ops = {
    .name = "far", .stat = far_stat, .mkcol = far_mkcol, .begin = far_begin, .end = wrapper_end};

static void looks_go_through_the_change_while_it_lasts(void **state)
{
    struct far session = {{&far_ops}, .inner = stores[1]};
    struct far far = {{&far_ops}, stores[1], &session};
    struct waiter waiter;
    (void)state; /* likewise */
    mounts[1].store = &far.base;
    waiter_init(&waiter);
    (void)is_there(PATH("b/x"));
    assert_true(far.looks == 1 && session.looks == 0);
    change_add(&waiter.change, PATH("b/x"), CLAIM_SELF, true);
    assert_int_equal(waiter_begin(&waiter, view), STORE_OK);
    (void)is_there(PATH("b/x"));
    assert_true(far.looks == 1 && session.looks == 1);
    assert_int_equal(store_mkcol(&waiter.change, PATH("b/x")), STORE_OK);
    waiter_end(&waiter);
    assert_true(is_there(PATH("b/x")));
    assert_true(far.looks == 2 && session.looks == 1);
    waiter_done(&waiter);
}

/* No log tells of two stores: what holds mounts has none. */
static void changes_are_of_one_mount(void **state)
{
    const struct store_options options = {.limits = &limits, .is_synced = true};
    struct store *synced;
    struct res_path inside;
    struct err err;
    (void)state; /* likewise */
    assert_true(memory_store_open(&options, &synced, &err));
    mounts[0].store = synced;
    mounts[0].is_synced = mounts[1].is_synced = true;
    assert_ptr_equal(store_changes(view, &arena, PATH("a/c"), &inside), synced->log);
    assert_true(path_eq(inside, PATH("c")));
    assert_null(store_changes(view, &arena, PATH_ROOT, &inside));
    assert_null(store_changes(view, &arena, PATH("b"), &inside)); /* its store has none */
    mounts[0].is_synced = false;
    assert_null(store_changes(view, &arena, PATH("a"), &inside));
    store_close(&synced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(begin_ends_what_has_begun_when_a_part_fails),
        VIEW_TEST(move_goes_on_where_others_are_in_the_way),
        VIEW_TEST(move_tells_of_what_others_do_not_let_it_do),
        VIEW_TEST(removal_leaves_a_mount_and_what_leads_to_it),
        VIEW_TEST(removal_asks_before_it_goes_into_a_collection),
        VIEW_TEST(mounts_are_neither_removed_nor_moved_nor_replaced),
        VIEW_TEST(listing_says_which_members_are_mounts),
        VIEW_TEST(point_is_a_member_of_which_no_more_is_known),
        VIEW_TEST(looks_go_through_the_change_while_it_lasts),
        VIEW_TEST(changes_are_of_one_mount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
