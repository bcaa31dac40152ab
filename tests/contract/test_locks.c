/* Promise 17: locks. */
#include "support.h"

#include "base/clock.h"

enum { NOW_MS = 1000000 };

static int open_at_noon(void **state)
{
    clock_freeze(NOW_MS);
    return fixture_open(state);
}

static int close_and_let_go(void **state)
{
    clock_freeze(-1);
    return fixture_close(state);
}

#define LOCK_TEST(test) cmocka_unit_test_setup_teardown(test, open_at_noon, close_and_let_go)

static enum store_rc lock(struct fixture *fixture, struct res_path root, const char *token,
                          bool is_infinite)
{
    struct lock lock = lock_of(root, token, is_infinite);
    return do_lock(fixture->store, &lock);
}

static enum store_rc lock_for(struct fixture *fixture, struct res_path root, const char *token,
                              uint32_t timeout_s)
{
    struct lock lock = lock_of(root, token, false);
    lock.timeout_s = timeout_s;
    lock.expires_ms = clock_boot_ms() + (int64_t)timeout_s * 1000;
    return do_lock(fixture->store, &lock);
}

static const char *covering(struct fixture *fixture, const char *path)
{
    return locks_text(fixture->store, &fixture->arena, path_of(path), LOCKS_COVERING);
}

static const char *within(struct fixture *fixture, const char *path)
{
    return locks_text(fixture->store, &fixture->arena, path_of(path), LOCKS_WITHIN);
}

/* --- look-ups --- */

static void p17_locks_are_found_where_they_reach(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path, *covering, *within;
    } rows[] = {
        {"", "", "c d f g h "},    {"c", "c ", "c d f g "},
        {"c/d", "c d ", "d f g "}, {"c/d/f", "c d f g ", "f g "},
        {"c/d/new", "c d ", ""},   {"c/d/f/below", "c d ", ""},
        {"c/e", "c ", ""},         {"cd", "", ""},
        {"h", "h ", "h "},         {"h/x", "", ""},
    };
    MAKE(fixture, "c/", "c/d/", "c/d/f", "h/");
    assert_false(store_has_locks(fixture->store));
    assert_ok(lock(fixture, PATH("c/d/f"), "g", false));
    assert_ok(lock(fixture, PATH("c/d/f"), "f", false));
    assert_ok(lock(fixture, PATH("c/d"), "d", true));
    assert_ok(lock(fixture, PATH("c"), "c", true));
    assert_ok(lock(fixture, PATH("h"), "h", false));
    assert_true(store_has_locks(fixture->store));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(covering(fixture, rows[i].path), rows[i].covering);
        assert_string_equal(within(fixture, rows[i].path), rows[i].within);
    }
}

static void p17_lock_of_the_root_covers_all(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(lock(fixture, PATH_ROOT, "r", true));
    assert_string_equal(covering(fixture, ""), "r ");
    assert_string_equal(covering(fixture, "a/b"), "r ");
    assert_string_equal(within(fixture, ""), "r ");
    assert_string_equal(within(fixture, "a"), "");
}

static void p17_all_of_a_lock_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct lock_list found;
    struct lock set = {
        .token = STR("urn:uuid:1"),
        .root = PATH("c/\xff\xc3\xa9"),
        .is_exclusive = false,
        .is_infinite = true,
        .owner_xml = STR("<D:owner>\"me\" \xf0\x9f\x98\x80</D:owner>"),
        .principal = STR("user'name"),
        .timeout_s = 4294967,
        .expires_ms = NOW_MS + INT64_C(4294967000),
    };
    MAKE(fixture, "c/", "c/\xff\xc3\xa9");
    for (int round = 0; round < 2; round++) {
        if (round == 0)
            assert_ok(do_lock(fixture->store, &set));
        else if (backend->is_directory)
            fixture_reopen(fixture);
        assert_ok(store_locks(fixture->store, &fixture->arena, set.root, LOCKS_WITHIN, &found));
        assert_int_equal(found.count, 1);
        const struct lock *got = &found.items[0];
        assert_true(str_eq(got->token, set.token) && path_eq(got->root, set.root));
        assert_true(!got->is_exclusive && got->is_infinite);
        assert_true(str_eq(got->owner_xml, set.owner_xml));
        assert_true(str_eq(got->principal, set.principal));
        assert_int_equal(got->timeout_s, set.timeout_s);
        assert_int_equal(got->expires_ms, set.expires_ms);
    }
}

/* --- their life --- */

static void p17_unlock_ends_a_lock(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(lock(fixture, PATH("f"), "t", false));
    assert_ok(lock(fixture, PATH("f"), "u", false));
    assert_ok(do_unlock(fixture->store, STR("t")));
    assert_string_equal(covering(fixture, "f"), "u ");
    assert_rc(do_unlock(fixture->store, STR("t")), STORE_NOT_FOUND);
    assert_rc(do_unlock(fixture->store, STR("no")), STORE_NOT_FOUND);
    assert_ok(do_unlock(fixture->store, STR("u")));
    assert_false(store_has_locks(fixture->store));
}

static void p17_refresh_replaces(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(lock_for(fixture, PATH("f"), "t", 10));
    clock_freeze(NOW_MS + 9000);
    assert_ok(lock_for(fixture, PATH("f"), "t", 10));
    clock_freeze(NOW_MS + 18999);
    assert_string_equal(covering(fixture, "f"), "t ");
    clock_freeze(NOW_MS + 19000);
    assert_string_equal(covering(fixture, "f"), "");
}

static void p17_locks_expire(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(lock_for(fixture, PATH("f"), "short", 10));
    assert_ok(lock_for(fixture, PATH("f"), "long", 20));
    clock_freeze(NOW_MS + 9999);
    assert_string_equal(covering(fixture, "f"), "long short ");
    clock_freeze(NOW_MS + 10000);
    assert_string_equal(covering(fixture, "f"), "long ");
    assert_string_equal(within(fixture, ""), "long ");
    assert_rc(do_unlock(fixture->store, STR("short")), STORE_NOT_FOUND);
    clock_freeze(NOW_MS + 20000);
    assert_string_equal(within(fixture, ""), "");
}

static void p17_expired_locks_are_not_there_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    assert_ok(lock_for(fixture, PATH("f"), "short", 10));
    assert_ok(lock_for(fixture, PATH("f"), "long", 20));
    clock_freeze(NOW_MS + 15000);
    fixture_reopen(fixture);
    assert_string_equal(covering(fixture, "f"), "long ");
    clock_freeze(NOW_MS); /* not even when the clock is set back: its row is gone */
    fixture_reopen(fixture);
    assert_string_equal(covering(fixture, "f"), "long ");
}

static void locks_are_limited_in_number(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.lock_count = 2;
    MAKE(fixture, "f");
    assert_ok(lock_for(fixture, PATH("f"), "a", 10));
    assert_ok(lock_for(fixture, PATH("f"), "b", 20));
    assert_rc(lock_for(fixture, PATH("f"), "c", 10), STORE_NO_SPACE);
    assert_ok(lock_for(fixture, PATH("f"), "b", 30)); /* a refresh adds none */
    assert_string_equal(covering(fixture, "f"), "a b ");
    clock_freeze(NOW_MS + 10000); /* what has expired makes room */
    assert_ok(lock_for(fixture, PATH("f"), "c", 10));
    assert_string_equal(covering(fixture, "f"), "b c ");
}

static enum store_rc lock_by(struct fixture *fixture, struct res_path root, const char *token,
                             const char *principal, const char *owner_xml)
{
    struct lock lock = lock_of(root, token, false);
    lock.is_exclusive = false;
    lock.principal = str_of_c(principal);
    lock.owner_xml = str_of_c(owner_xml);
    return do_lock(fixture->store, &lock);
}

/* Nobody takes what there is for all; without a name there is nobody to count. */
static void locks_are_limited_for_each_user(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.locks_per_user = 2;
    MAKE(fixture, "f");
    assert_ok(lock_by(fixture, PATH("f"), "a1", "alice", ""));
    assert_ok(lock_by(fixture, PATH("f"), "a2", "alice", ""));
    assert_rc(lock_by(fixture, PATH("f"), "a3", "alice", ""), STORE_NO_SPACE);
    assert_ok(lock_by(fixture, PATH("f"), "a2", "alice", "<o/>")); /* a refresh */
    assert_ok(lock_by(fixture, PATH("f"), "b1", "bob", ""));
    assert_ok(lock_by(fixture, PATH("f"), "n1", "", ""));
    assert_ok(lock_by(fixture, PATH("f"), "n2", "", ""));
    assert_ok(lock_by(fixture, PATH("f"), "n3", "", ""));
    assert_ok(do_unlock(fixture->store, STR("a1")));
    assert_ok(lock_by(fixture, PATH("f"), "a3", "alice", ""));
    assert_ok(remove_all(fixture, PATH("f")));
    MAKE(fixture, "f");
    assert_ok(lock_by(fixture, PATH("f"), "a4", "alice", ""));
    assert_ok(lock_by(fixture, PATH("f"), "a5", "alice", ""));
}

static void locks_are_limited_on_each_resource(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.locks_per_resource = 2;
    MAKE(fixture, "c/", "c/f", "c/g");
    assert_ok(lock_by(fixture, PATH("c/f"), "1", "", ""));
    assert_ok(lock_by(fixture, PATH("c/f"), "2", "", ""));
    assert_rc(lock_by(fixture, PATH("c/f"), "3", "", ""), STORE_NO_SPACE);
    assert_ok(lock_by(fixture, PATH("c/f"), "2", "", "")); /* a refresh */
    assert_ok(lock_by(fixture, PATH("c/g"), "4", "", ""));
    assert_ok(lock_by(fixture, PATH("c"), "5", "", ""));
}

/* Owners and paths, with those of the collections above. */
static void locks_are_limited_in_bytes(void **state)
{
    struct fixture *fixture = *state;
    char owner[801] = {0};
    memset(owner, 'o', sizeof(owner) - 1);
    const char *usual = owner + 400, *longer = owner + 399, *twice = owner;
    fixture->limits.lock_bytes = 1000;
    MAKE(fixture, "f");
    assert_ok(lock_by(fixture, PATH("f"), "1", "", usual));
    assert_rc(lock_by(fixture, PATH("f"), "2", "", twice), STORE_NO_SPACE);
    assert_ok(lock_by(fixture, PATH("f"), "2", "", usual));
    assert_rc(lock_by(fixture, PATH("f"), "3", "", usual), STORE_NO_SPACE);
    fixture->limits.lock_bytes = 1; /* it was lowered: what is there can be kept */
    assert_ok(lock_by(fixture, PATH("f"), "1", "", usual));
    assert_rc(lock_by(fixture, PATH("f"), "1", "", longer), STORE_NO_SPACE);
    assert_ok(do_unlock(fixture->store, STR("1")));
    fixture->limits.lock_bytes = 1000;
    assert_ok(lock_by(fixture, PATH("f"), "3", "", usual));
}

static void p17_lock_may_come_before_its_resource(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(lock(fixture, PATH("new"), "t", false)); /* LOCK of an unmapped URL, RFC 4918 §7.3 */
    assert_string_equal(covering(fixture, "new"), "t ");
    assert_ok(put(fixture, PATH("new"), STR_NONE));
    assert_string_equal(covering(fixture, "new"), "t ");
}

/* --- with the tree: promises 11 to 14 --- */

static void p17_locks_go_with_their_resources(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/f", "c2", "g");
    assert_ok(lock(fixture, PATH("c"), "c", true));
    assert_ok(lock(fixture, PATH("c/f"), "f", false));
    assert_ok(lock(fixture, PATH("c2"), "c2", false));
    assert_ok(lock(fixture, PATH("g"), "g", false));
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(within(fixture, ""), "c2 g ");
    assert_ok(move_all(fixture, PATH("g"), PATH("h")));
    assert_string_equal(within(fixture, ""), "c2 ");
    if (backend->is_directory)
        fixture_reopen(fixture);
    assert_string_equal(within(fixture, ""), "c2 ");
}

/* --- with its resource --- */

static enum store_rc lock_new(struct fixture *fixture, const char *root)
{
    struct lock wanted = lock_of(path_of(root), "n", false);
    return do_lock_new(fixture->store, &wanted);
}

static void p17_lock_makes_its_resource(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/");
    assert_ok(lock_new(fixture, "c/n"));
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/n \"\" {} [n]\n");
    assert_ok(do_unlock(fixture->store, STR("n")));
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/n \"\" {}\n");
}

static void p17_lock_that_makes_nothing_is_none(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "f");
    const char *before = dump(fixture);
    assert_rc(lock_new(fixture, "f"), STORE_EXISTS);
    assert_rc(lock_new(fixture, "no/n"), STORE_NO_PARENT);
    assert_rc(lock_new(fixture, "f/n"), STORE_NO_PARENT);
    fixture->limits.lock_count = 0;
    assert_rc(lock_new(fixture, "c/n"), STORE_NO_SPACE);
    assert_string_equal(dump(fixture), before);
    assert_false(store_has_locks(fixture->store));
}

int lock_tests(void)
{
    const struct CMUnitTest tests[] = {
        LOCK_TEST(p17_locks_are_found_where_they_reach),
        LOCK_TEST(p17_lock_of_the_root_covers_all),
        LOCK_TEST(p17_all_of_a_lock_comes_back),
        LOCK_TEST(p17_unlock_ends_a_lock),
        LOCK_TEST(p17_refresh_replaces),
        LOCK_TEST(p17_locks_expire),
        LOCK_TEST(p17_expired_locks_are_not_there_after_a_restart),
        LOCK_TEST(locks_are_limited_in_number),
        LOCK_TEST(locks_are_limited_for_each_user),
        LOCK_TEST(locks_are_limited_on_each_resource),
        LOCK_TEST(locks_are_limited_in_bytes),
        LOCK_TEST(p17_lock_may_come_before_its_resource),
        LOCK_TEST(p17_locks_go_with_their_resources),
        LOCK_TEST(p17_lock_makes_its_resource),
        LOCK_TEST(p17_lock_that_makes_nothing_is_none),
    };
    return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
