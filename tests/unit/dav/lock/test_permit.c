#include "support/test.h"

#include "../fixture.h"
#include "dav/lock/permit.h"

/* "d" is locked with all that is in it, "s" by two, "f" alone. */
static int open_locked(void **state)
{
    static const char *const names[] = {"d/", "d/e/", "d/e/file", "s", "f", "free"};
    (void)!fixture_open(state); /* it asserts */
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        fixture_make(names[i]);
    fixture_lock("d", "tree", FIXTURE_INFINITE);
    fixture_lock("s", "one", FIXTURE_SHARED);
    fixture_lock("s", "two", FIXTURE_SHARED);
    fixture_lock("f", "file", 0);
    return 0;
}

/* RFC 4918 §7 */
TEST(permit_asks_for_the_token_of_what_covers_the_resource)
{
    static const struct {
        const char *path;
        enum permit_reach reach;
        const char *conditions;
        const char *missing; /* the roots of locks; NULL: it is permitted */
    } rows[] = {
        {"free", PERMIT_MEMBER, NULL, NULL},
        {"none", PERMIT_MEMBER, NULL, NULL},
        {"", PERMIT_SELF, NULL, NULL},
        {"", PERMIT_MEMBER, NULL, NULL},
        {"f", PERMIT_SELF, NULL, "<D:href>/f</D:href>"},
        {"f", PERMIT_SELF, "(<file>)", NULL},
        {"f", PERMIT_SELF, "(Not <file>)", NULL},
        {"f", PERMIT_SELF, "(<tree>)", "<D:href>/f</D:href>"},
        {"f", PERMIT_SELF, "([\"file\"])", "<D:href>/f</D:href>"},
        {"d/e/file", PERMIT_SELF, NULL, "<D:href>/d/</D:href>"},
        {"d/e/new", PERMIT_MEMBER, NULL, "<D:href>/d/</D:href>"},
        {"d/e/new", PERMIT_MEMBER, "</d/> (<tree>)", NULL},
        {"d", PERMIT_MEMBER, "(<tree>)", NULL},
        /* the token of any shared lock will do: §7.5 */
        {"s", PERMIT_SELF, NULL, "<D:href>/s</D:href>"},
        {"s", PERMIT_SELF, "(<two>)", NULL},
        {"s", PERMIT_SELF, "(<one>)", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next(rows[i].path);
        fixture_if(rows[i].conditions);
        struct dav_result result =
            lock_permit(fixture.x, fixture.arena, fixture.target.real, rows[i].reach);
        check_int(rows[i].path, result.status, rows[i].missing ? 423 : 0);
        check_str(rows[i].path, result.condition_xml, rows[i].missing);
        check_int(rows[i].path, result.condition,
                  rows[i].missing ? CONDITION_LOCK_TOKEN_SUBMITTED : CONDITION_NONE);
    }
}

/* §7.4: a lock on a collection, also one with Depth 0, is about which members it has. */
TEST(permit_of_a_member_asks_for_its_collections_token)
{
    fixture_make("d/");
    fixture_make("d/file");
    fixture_lock("d", "shallow", 0);
    fixture_next("d/file");
    assert_int_equal(lock_permit(fixture.x, fixture.arena, fixture.target.real, PERMIT_SELF).status,
                     0);
    assert_int_equal(
        lock_permit(fixture.x, fixture.arena, fixture.target.real, PERMIT_MEMBER).status, 423);
    fixture_if("</d/> (<shallow>)");
    assert_int_equal(
        lock_permit(fixture.x, fixture.arena, fixture.target.real, PERMIT_MEMBER).status, 0);
}

TEST(obstructs_within_asks_for_each_lock_below)
{
    static const struct {
        const char *path, *conditions;
        bool obstructs;
    } rows[] = {
        {"free", NULL, false},    {"d", NULL, true},
        {"d", "(<tree>)", false}, /* the one at the top is its only one */
        {"d/e", NULL, false},     {"", "(<tree>) (<file>) (<one>)", true},
        {"s", "(<one>)", true},   {"", "(<tree>) (<file>) (<one>) (<two>)", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next(rows[i].path);
        fixture_if(rows[i].conditions);
        check_int(rows[i].path,
                  lock_obstructs_within(fixture.x, fixture.arena, fixture.target.real),
                  rows[i].obstructs);
    }
}

/* Shared locks on one resource have one root. */
TEST(root_hrefs_name_each_root_once)
{
    struct lock_list locks;
    struct buf text = {0};
    enum store_rc rc = store_locks(fixture.store, fixture.arena, PATH_ROOT, LOCKS_WITHIN, &locks);
    assert_int_equal(rc, STORE_OK);
    assert_int_equal(locks.count, 4);
    lock_add_root_hrefs(&text, fixture.store, &locks);
    check_str("hrefs", buf_str(&text),
              "<D:href>/d/</D:href><D:href>/f</D:href><D:href>/s</D:href>");
    buf_done(&text);
}

TEST(a_lock_that_covers_it_is_held_without_its_token)
{
    static const struct {
        const char *path;
        bool is_held;
    } rows[] = {{"free", false}, {"f", true}, {"s", true}, {"d/e/file", true}, {"", false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next(rows[i].path);
        check_int(rows[i].path, lock_is_held(fixture.x, fixture.arena, fixture.target.real),
                  rows[i].is_held);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(permit_asks_for_the_token_of_what_covers_the_resource,
                                        open_locked, fixture_close),
        FIXTURE_TEST(permit_of_a_member_asks_for_its_collections_token),
        cmocka_unit_test_setup_teardown(obstructs_within_asks_for_each_lock_below, open_locked,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(root_hrefs_name_each_root_once, open_locked, fixture_close),
        cmocka_unit_test_setup_teardown(a_lock_that_covers_it_is_held_without_its_token,
                                        open_locked, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
