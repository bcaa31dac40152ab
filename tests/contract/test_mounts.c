/* Other file systems below the root: what does not fit (promises 8 and 12), and what has to be
 * copied because it cannot be renamed (promise 13). The mounts are made in a name space of the
 * test's own, which takes privileges; the tests are skipped without them. */
#include "support.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/mem.h"

enum { BIG_BYTES = 700 * 1024 };

/* The store looks at the mounts when it locates a path. */
static void look(struct fixture *fixture)
{
    struct res_path real;
    assert_ok(store_locate(fixture->store, &fixture->arena, PATH_ROOT, LOCATE_RESOURCE, &real));
}

/* "small" holds a megabyte; "bind" is another mount of the root's own file system. */
static int open_with_mounts(void **state)
{
    static bool has_own_mounts; /* before the store is opened: it stays in the name space of then */
    if (backend->is_directory && !has_own_mounts)
        has_own_mounts = unshare(CLONE_NEWNS) == 0;
    if (fixture_open(state) != 0 || !has_own_mounts)
        return 0;
    struct fixture *fixture = *state;
    assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    MAKE(fixture, "small/", "bind/", "bound/");
    assert_int_equal(mount("none", fixture_file(fixture, "small"), "tmpfs", 0, "size=1m"), 0);
    assert_int_equal(
        mount(fixture_file(fixture, "bound"), fixture_file(fixture, "bind"), NULL, MS_BIND, NULL),
        0);
    look(fixture);
    return 0;
}

static int close_with_mounts(void **state)
{
    struct fixture *fixture = *state;
    if (backend->is_directory) {
        (void)umount2(fixture_file(fixture, "small"),
                      MNT_DETACH); /* where there are none, it fails */
        (void)umount2(fixture_file(fixture, "bind"), MNT_DETACH);
    }
    return fixture_close(state);
}

#define MOUNT_TEST(test) cmocka_unit_test_setup_teardown(test, open_with_mounts, close_with_mounts)

static void only_with_mounts(struct fixture *fixture)
{
    struct stat root;
    struct stat small;
    only_for_directories();
    assert_int_equal(stat(fixture->root, &root), 0);
    if (stat(fixture_file(fixture, "small"), &small) < 0 || small.st_dev == root.st_dev)
        skip();
}

static struct str big_content(struct fixture *fixture, char letter)
{
    char *bytes = arena_alloc(&fixture->arena, BIG_BYTES);
    memset(bytes, letter, BIG_BYTES);
    return str_of(bytes, BIG_BYTES);
}

static uint64_t free_blocks(struct fixture *fixture)
{
    struct statfs fs;
    assert_int_equal(statfs(fixture_file(fixture, "small"), &fs), 0);
    return fs.f_bfree;
}

static void assert_entries(struct fixture *fixture, const char *name, size_t expected)
{
    size_t count = 0;
    DIR *dir = opendir(fixture_file(fixture, name));
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    assert_int_equal(count, expected + 2); /* "." and ".." */
}

/* --- no room --- */

static void p8_upload_that_does_not_fit_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t told[] = {UINT64_MAX, 3 * BIG_BYTES};
    only_with_mounts(fixture);
    MAKE(fixture, "small/x");
    uint64_t before = free_blocks(fixture);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct store_upload *upload;
        enum store_rc rc = STORE_OK;
        assert_ok(store_upload(fixture->store, PATH("small/x"), told[i], &upload));
        for (int k = 0; k < 3 && rc == STORE_OK; k++)
            rc = store_upload_write(upload, big_content(fixture, 'a'));
        if (rc == STORE_OK)
            rc = store_upload_end(upload);
        assert_rc(rc, STORE_NO_SPACE);
        store_upload_close(&upload);
        assert_int_equal(free_blocks(fixture), before);
        assert_entries(fixture, "small", 1);
        assert_string_equal(get(fixture, PATH("small/x")), "small/x");
    }
}

static void p12_copy_that_does_not_fit_leaves_the_old_destination(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    MAKE(fixture, "c/", "c/d/", "small/x/", "small/x/old", "small/y");
    assert_ok(put(fixture, PATH("c/d/1"), big_content(fixture, 'a')));
    assert_ok(put(fixture, PATH("c/d/2"), big_content(fixture, 'b')));
    assert_ok(put(fixture, PATH("huge"), big_content(fixture, 'c')));
    assert_ok(put(fixture, PATH("small/filler"), big_content(fixture, 'f')));
    assert_ok(set_prop(fixture, PATH("small/x/old"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("small/y"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("small/y"), "t"));
    const char *before = dump(fixture);
    assert_rc(copy_all(fixture, PATH("c"), PATH("small/x")), STORE_NO_SPACE);
    assert_rc(copy_all(fixture, PATH("c"), PATH("small/new")), STORE_NO_SPACE);
    assert_rc(copy_all(fixture, PATH("huge"), PATH("small/y")), STORE_NO_SPACE);
    assert_rc(move_all(fixture, PATH("huge"), PATH("small/y")), STORE_NO_SPACE);
    assert_rc(move_all(fixture, PATH("c"), PATH("small/x")), STORE_NO_SPACE);
    assert_string_equal(dump(fixture), before);
    assert_entries(fixture, "small", 3);
}

static void p12_copy_may_replace_what_it_has_no_room_beside(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    assert_ok(put(fixture, PATH("small/x"), big_content(fixture, 'a')));
    assert_ok(put(fixture, PATH("huge"), big_content(fixture, 'b')));
    assert_rc(copy_all(fixture, PATH("huge"), PATH("small/x")), STORE_NO_SPACE); /* both must fit */
    assert_int_equal(get(fixture, PATH("small/x"))[0], 'a');
}

static void quota_is_that_of_the_mount(void **state)
{
    struct fixture *fixture = *state;
    struct store_quota quota;
    only_with_mounts(fixture);
    assert_ok(store_quota(fixture->store, PATH("small"), &quota));
    assert_true(quota.is_known);
    assert_int_equal(quota.available_bytes + quota.used_bytes, MIB(1));
}

/* --- changes within and between mounts --- */

static const char *const mounts[] = {"small", "bind"};

static struct res_path in(struct fixture *fixture, size_t mount, const char *name)
{
    return path_join(&fixture->arena, path_of(mounts[mount]), str_of_c(name));
}

static void changes_within_a_mount_are_as_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        assert_ok(put(fixture, in(fixture, i, "f"), STR("1")));
        assert_ok(set_prop(fixture, in(fixture, i, "f"), "p", "v"));
        assert_ok(put(fixture, in(fixture, i, "f"), STR("2")));
        assert_ok(copy_all(fixture, in(fixture, i, "f"), in(fixture, i, "g")));
        assert_ok(copy_all(fixture, in(fixture, i, "f"), in(fixture, i, "g")));
        assert_ok(move_all(fixture, in(fixture, i, "g"), in(fixture, i, "h")));
        assert_ok(mkcol(fixture, in(fixture, i, "c")));
        assert_ok(move_all(fixture, in(fixture, i, "h"), in(fixture, i, "c/h")));
        assert_ok(copy_all(fixture, in(fixture, i, "c"), in(fixture, i, "d")));
        assert_ok(remove_all(fixture, in(fixture, i, "c")));
        assert_entries(fixture, mounts[i], 2);
    }
    assert_ok(remove_all(fixture, PATH("bound/f"))); /* the same as in "bind" */
    assert_string_equal(dump(fixture), "/ {}\nbind/ {}\nbind/d/ {}\nbind/d/h \"2\" {p=v }\n"
                                       "bound/ {}\nbound/d/ {}\nbound/d/h \"2\" {p=v }\n"
                                       "small/ {}\nsmall/d/ {}\nsmall/d/h \"2\" {p=v }\n"
                                       "small/f \"2\" {p=v }\n");
}

static void p13_move_to_another_mount_takes_all_along(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
        MAKE(fixture, "c/", "c/f", "c/d/", "c/d/g", "h");
        assert_ok(mkcol(fixture, in(fixture, i, "x")));
        assert_ok(put(fixture, in(fixture, i, "x/old"), STR("old")));
        assert_ok(set_prop(fixture, in(fixture, i, "x"), "q", "old"));
        assert_ok(set_lock(fixture, in(fixture, i, "x/old"), "x"));
        assert_ok(set_prop(fixture, PATH("c/d/g"), "p", "v"));
        assert_ok(set_prop(fixture, PATH("h"), "p", "v"));
        assert_ok(set_lock(fixture, PATH("c/f"), "c"));
        assert_ok(move_all(fixture, PATH("c"), in(fixture, i, "x")));
        assert_ok(move_all(fixture, PATH("h"), in(fixture, i, "x/h")));
        assert_rc(stat_rc(fixture, PATH("c")), STORE_NOT_FOUND);
        assert_ok(move_all(fixture, in(fixture, i, "x"), PATH("y"))); /* and back */
        assert_entries(fixture, mounts[i], 0);
        assert_string_equal(dump(fixture),
                            "/ {}\nbind/ {}\nbound/ {}\nsmall/ {}\ny/ {}\ny/d/ {}\n"
                            "y/d/g \"c/d/g\" {p=v }\ny/f \"c/f\" {}\ny/h \"h\" {p=v }\n");
        assert_ok(remove_all(fixture, PATH("y")));
        assert_false(store_has_locks(fixture->store));
    }
}

static void p14_what_may_not_move_to_another_mount_stays_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_with_mounts(fixture);
    recorder_refuse(recorder, "c/f");
    MAKE(fixture, "c/", "c/f", "c/g", "small/x");
    const char *before = dump(fixture);
    assert_rc(do_move(fixture->store, TRANSFER(PATH("c"), PATH("small/x")), &recorder->base),
              STORE_DENIED);
    assert_string_equal(dump(fixture), before);
}

static void p14_mount_points_stay(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_with_mounts(fixture);
    MAKE(fixture, "small/f");
    assert_rc(do_remove(fixture->store, PATH("small"), &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "small/ DENIED 0\n");
    assert_rc(move_all(fixture, PATH("small"), PATH("x")), STORE_DENIED);
    assert_string_equal(dump(fixture),
                        "/ {}\nbind/ {}\nbound/ {}\nsmall/ {}\nsmall/f \"small/f\" {}\n");
}

/* "c/deep" is a second name of "bound": what removes or replaces "c" leaves that as it is. */
static void p14_removals_do_not_go_into_mounts(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *removed = recorder_new(&fixture->arena);
    struct recorder *replaced = recorder_new(&fixture->arena);
    only_with_mounts(fixture);
    MAKE(fixture, "bound/f", "c/", "c/deep/", "c/g", "x/", "x/deep/", "x/deep/f", "x/h");
    const char *point = fixture_file(fixture, "c/deep");
    assert_int_equal(mount(fixture_file(fixture, "bound"), point, NULL, MS_BIND, NULL), 0);
    assert_rc(do_remove(fixture->store, PATH("c"), &removed->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(removed, &fixture->arena), "c/deep/ DENIED 0\n");
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("x"), PATH("c")), &replaced->base),
              STORE_PARTIAL);
    assert_int_equal(umount2(point, MNT_DETACH), 0);
    assert_string_equal(get(fixture, PATH("bound/f")), "bound/f");
    assert_string_equal(get(fixture, PATH("c/h")), "x/h");
    assert_rc(stat_rc(fixture, PATH("c/g")), STORE_NOT_FOUND);
    assert_ok(remove_all(fixture, PATH("c")));
}

/* --- two names of one thing: "bind" and "bound" --- */

static const char *locks_at(struct fixture *fixture, struct res_path path, enum lock_query query)
{
    return locks_text(fixture->store, &fixture->arena, path, query);
}

static void p5_changes_cover_the_other_name(void **state)
{
    struct fixture *fixture = *state;
    struct waiter first;
    struct waiter second;
    struct waiter apart;
    only_with_mounts(fixture);
    waiter_init(&first);
    waiter_init(&second);
    waiter_init(&apart);
    change_add(&first.change, PATH("bind/f"), CLAIM_SELF, true);
    change_add(&second.change, PATH("bound/f"), CLAIM_SELF, true);
    change_add(&apart.change, PATH("bind/g"), CLAIM_SELF, false);
    assert_ok(waiter_begin(&first, fixture->store));
    assert_ok(waiter_begin(&apart, fixture->store));
    assert_false(waiter_begins_now(&second, fixture->store));
    waiter_end(&first);
    inbox_wait(&second.inbox);
    assert_true(second.change.is_begun);
    waiter_end(&second);
    waiter_end(&apart);
    waiter_done(&first);
    waiter_done(&second);
    waiter_done(&apart);
}

static void p16_props_are_those_of_the_other_name(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    MAKE(fixture, "bound/d/", "bound/d/f");
    assert_ok(set_prop(fixture, PATH("bind/d/f"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("bound"), "q", "w"));
    assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("bound/d/f")), "p=v ");
    assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("bind/d/f")), "p=v ");
    assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("bind")), "q=w ");
    assert_ok(remove_all(fixture, PATH("bind/d")));
    MAKE(fixture, "bound/d/", "bound/d/f");
    assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("bound/d/f")), "");
}

static void p17_locks_cover_the_other_name(void **state)
{
    struct fixture *fixture = *state;
    struct lock lock = lock_of(PATH("bind/d"), "d", true);
    struct lock_list found;
    only_with_mounts(fixture);
    MAKE(fixture, "bound/d/", "bound/d/f", "bound/g");
    assert_ok(set_lock(fixture, PATH("bound/g"), "g"));
    assert_ok(do_lock(fixture->store, &lock));
    assert_string_equal(locks_at(fixture, PATH("bind/g"), LOCKS_COVERING), "g ");
    assert_string_equal(locks_at(fixture, PATH("bound/d/f"), LOCKS_COVERING), "d ");
    assert_string_equal(locks_at(fixture, PATH("bind/d/f"), LOCKS_COVERING), "d ");
    assert_string_equal(locks_at(fixture, PATH("bind"), LOCKS_WITHIN), "d g ");
    assert_ok(store_locks(fixture->store, &fixture->arena, PATH("bind/g"), LOCKS_COVERING, &found));
    assert_true(path_eq(found.items[0].root, PATH("bind/g")));
    assert_ok(remove_all(fixture, PATH("bind/d")));
    assert_string_equal(locks_at(fixture, PATH("bound"), LOCKS_WITHIN), "g ");
}

static void p17_infinite_locks_above_a_mount_hold_in_it(void **state)
{
    struct fixture *fixture = *state;
    struct lock lock = lock_of(PATH("bind"), "b", true);
    struct lock root = lock_of(PATH_ROOT, "r", true);
    only_with_mounts(fixture);
    MAKE(fixture, "bound/f");
    assert_ok(do_lock(fixture->store, &lock));
    assert_string_equal(locks_at(fixture, PATH("bound/f"), LOCKS_COVERING), "b ");
    assert_ok(do_unlock(fixture->store, STR("b")));
    assert_ok(do_lock(fixture->store, &root));
    assert_string_equal(locks_at(fixture, PATH("bind/f"), LOCKS_COVERING), "r ");
    assert_ok(do_unlock(fixture->store, STR("r")));
}

static void p12_p13_nothing_goes_onto_or_into_its_other_name(void **state)
{
    struct fixture *fixture = *state;
    static const char *const rows[][2] = {
        {"bound/f", "bind/f"},   {"bind/f", "bound/f"},     {"bound/d", "bind/d"},
        {"bound/d", "bind/d/x"}, {"bind/d/e", "bound/d"},   {"bound", "bind/x"},
        {"bind/d/e", "bound"},   {"bound/d/e/g", "bind/d"}, {"bind/d", "bound/d/e/x"},
    };
    only_with_mounts(fixture);
    MAKE(fixture, "bound/f", "bound/d/", "bound/d/e/", "bound/d/e/g");
    const char *before = dump(fixture);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_rc(copy_all(fixture, path_of(rows[i][0]), path_of(rows[i][1])), STORE_DENIED);
        assert_rc(move_all(fixture, path_of(rows[i][0]), path_of(rows[i][1])), STORE_DENIED);
        assert_string_equal(dump(fixture), before);
    }
    assert_ok(move_all(fixture, PATH("bound/f"), PATH("bind/d/f"))); /* elsewhere it may go */
    assert_string_equal(get(fixture, PATH("bound/d/f")), "bound/f");
}

/* "part" shows what lies deep in "bound", and "whole" the root itself. */
static void names_are_found_through_parts_and_wholes(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    MAKE(fixture, "bound/d/", "bound/d/e/", "bound/d/e/g", "part/", "whole/");
    const char *part = fixture_file(fixture, "part");
    const char *whole = fixture_file(fixture, "whole");
    assert_int_equal(mount(fixture_file(fixture, "bound/d/e"), part, NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(fixture->root, whole, NULL, MS_BIND, NULL), 0);
    look(fixture);
    assert_rc(move_all(fixture, PATH("bound/d"), PATH("part/x")), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH("part/g"), PATH("whole/bound/d")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("whole/bound/d"), PATH("bound/d")), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH_ROOT, PATH("whole/x")), STORE_DENIED);
    assert_ok(set_lock(fixture, PATH("whole/bound/d/e/g"), "g"));
    assert_string_equal(locks_at(fixture, PATH("part/g"), LOCKS_COVERING), "g ");
    assert_string_equal(locks_at(fixture, PATH("bind/d/e/g"), LOCKS_COVERING), "g ");
    assert_int_equal(umount2(part, MNT_DETACH), 0);
    assert_int_equal(umount2(whole, MNT_DETACH), 0);
    look(fixture);
    assert_string_equal(locks_at(fixture, PATH("bound/d/e/g"), LOCKS_COVERING), "g ");
    assert_string_equal(locks_at(fixture, PATH("part/g"), LOCKS_COVERING), "");
}

/* What may only be read must not be changed by way of its other name. */
static void names_of_a_read_only_mount_are_its_own(void **state)
{
    struct fixture *fixture = *state;
    only_with_mounts(fixture);
    MAKE(fixture, "bound/f", "c/");
    const char *point = fixture_file(fixture, "c");
    assert_int_equal(mount(fixture_file(fixture, "bound"), point, NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(NULL, point, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    look(fixture);
    assert_rc(put(fixture, PATH("c/f"), STR("x")), STORE_READ_ONLY);
    assert_rc(mkcol(fixture, PATH("c/d")), STORE_READ_ONLY);
    assert_rc(remove_all(fixture, PATH("c/f")), STORE_READ_ONLY);
    assert_rc(copy_all(fixture, PATH("c/f"), PATH("bound/f")), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH("c"), PATH("bound/d")), STORE_DENIED);
    assert_string_equal(get(fixture, PATH("bound/f")), "bound/f");
    assert_int_equal(umount2(point, MNT_DETACH), 0);
}

int mount_tests(void)
{
    const struct CMUnitTest tests[] = {
        MOUNT_TEST(p8_upload_that_does_not_fit_leaves_no_trace),
        MOUNT_TEST(p12_copy_that_does_not_fit_leaves_the_old_destination),
        MOUNT_TEST(p12_copy_may_replace_what_it_has_no_room_beside),
        MOUNT_TEST(quota_is_that_of_the_mount),
        MOUNT_TEST(changes_within_a_mount_are_as_elsewhere),
        MOUNT_TEST(p13_move_to_another_mount_takes_all_along),
        MOUNT_TEST(p14_what_may_not_move_to_another_mount_stays_as_a_whole),
        MOUNT_TEST(p14_mount_points_stay),
        MOUNT_TEST(p14_removals_do_not_go_into_mounts),
        MOUNT_TEST(p5_changes_cover_the_other_name),
        MOUNT_TEST(p16_props_are_those_of_the_other_name),
        MOUNT_TEST(p17_locks_cover_the_other_name),
        MOUNT_TEST(p17_infinite_locks_above_a_mount_hold_in_it),
        MOUNT_TEST(p12_p13_nothing_goes_onto_or_into_its_other_name),
        MOUNT_TEST(names_are_found_through_parts_and_wholes),
        MOUNT_TEST(names_of_a_read_only_mount_are_its_own),
    };
    return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
