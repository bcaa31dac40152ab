/* What the file system's permissions make of the promises, 4 and 14 above all: the tests run as
 * nobody, in a directory that is nobody's own. */
#include "support.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/registry.h"

enum { NOBODY = 65534, SOME_GROUP = 1234, SOME_USER = 4321 };

static bool has_dropped;

static int give_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw; /* all of it */
    return lchown(path, NOBODY, NOBODY);
}

static void become_root(void)
{
    if (!has_dropped)
        return;
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(0), 0);
    has_dropped = false;
}

static void become_nobody(void)
{
    if (geteuid() != 0)
        return;
    assert_int_equal(setegid(NOBODY), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    has_dropped = true;
}

/* The store is opened as who uses it. */
static int open_as_nobody(void **state)
{
    struct err err;
    if (fixture_open(state) != 0 || !backend->is_directory)
        return 0;
    struct fixture *fixture = *state;
    store_close(&fixture->store);
    if (geteuid() == 0)
        assert_int_equal(nftw(fixture->root, give_away, 16, FTW_PHYS), 0);
    become_nobody();
    return store_open(backend->store, &fixture->options, &fixture->store, &err) ? 0 : -1;
}

static int close_as_root(void **state)
{
    become_root();
    return fixture_close(state);
}

#define NOBODY_TEST(test) cmocka_unit_test_setup_teardown(test, open_as_nobody, close_as_root)

static void set_mode(struct fixture *fixture, const char *name, mode_t mode)
{
    assert_int_equal(chmod(fixture_file(fixture, name), mode), 0);
}

static struct stat file_stat(struct fixture *fixture, const char *name)
{
    struct stat st;
    assert_int_equal(lstat(fixture_file(fixture, name), &st), 0);
    return st;
}

static mode_t mode_of(struct fixture *fixture, const char *name)
{
    return file_stat(fixture, name).st_mode & 07777;
}

/* --- reading --- */

static void p4_members_that_cannot_be_looked_at_are_given_with_the_reason(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    struct store_member member;
    size_t count = 0;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/d/");
    set_mode(fixture, "c", 0444);
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        assert_true(str_eq(member.name, STR("f")) || str_eq(member.name, STR("d")));
        assert_rc(member.rc, STORE_DENIED);
        count++;
    }
    assert_int_equal(count, 2);
    store_cursor_close(&cursor);
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_DENIED);
}

static void reading_needs_permission(void **state)
{
    struct fixture *fixture = *state;
    struct store_content *content;
    struct store_cursor *cursor;
    only_for_directories();
    MAKE(fixture, "f", "c/");
    set_mode(fixture, "f", 0200);
    set_mode(fixture, "c", 0300);
    assert_ok(stat_rc(fixture, PATH("f")));
    assert_rc(store_content_open(fixture->store, PATH("f"), &content), STORE_DENIED);
    assert_ok(stat_rc(fixture, PATH("c")));
    assert_rc(store_list(fixture->store, PATH("c"), 0, &cursor), STORE_DENIED);
}

/* --- changes where they are not allowed --- */

static void p14_changes_in_a_read_only_collection_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "ro/", "ro/f", "ro/c/", "ro/c/g", "f", "c/", "c/h");
    assert_ok(set_prop(fixture, PATH("ro/f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("ro/f"), "t"));
    set_mode(fixture, "ro", 0555);
    const char *before = dump(fixture);
    assert_rc(put(fixture, PATH("ro/f"), STR("x")), STORE_DENIED);
    assert_rc(put(fixture, PATH("ro/new"), STR("x")), STORE_DENIED);
    assert_rc(mkcol(fixture, PATH("ro/new")), STORE_DENIED);
    assert_rc(remove_all(fixture, PATH("ro/f")), STORE_DENIED);
    assert_rc(remove_all(fixture, PATH("ro/c")), STORE_DENIED); /* nor emptied */
    assert_rc(copy_all(fixture, PATH("f"), PATH("ro/f")), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH("c"), PATH("ro/c")), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH("c"), PATH("ro/new")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("f"), PATH("ro/f")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("c"), PATH("ro/c")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("ro/f"), PATH("f")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("ro/c"), PATH("c")), STORE_DENIED);
    assert_string_equal(dump(fixture), before);
}

/* Its ".." would have to change. Found out before what is at the destination goes. */
static void p14_read_only_collection_does_not_move_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "d/", "d/c/", "d/c/old");
    set_mode(fixture, "c", 0555);
    const char *before = dump(fixture);
    assert_rc(move_all(fixture, PATH("c"), PATH("d/c")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("c"), PATH("d/new")), STORE_DENIED);
    assert_string_equal(dump(fixture), before);
    assert_ok(move_all(fixture, PATH("c"), PATH("e"))); /* here it stays what it was */
    assert_string_equal(get(fixture, PATH("e/f")), "c/f");
}

static void p15_attributes_that_cannot_be_set_leave_the_properties(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop prop = {STR("ns"), STR("p"), STR("v")};
    struct store_patch patch = {
        .props = &prop, .prop_count = 1, .sets_modified = true, .modified_s = 1};
    only_for_directories();
    if (!has_dropped)
        skip();
    MAKE(fixture, "f");
    become_root();
    assert_int_equal(chown(fixture_file(fixture, "f"), 0, 0), 0);
    become_nobody();
    assert_rc(do_patch(fixture->store, PATH("f"), &patch), STORE_DENIED);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

/* --- collections that may be changed but not listed --- */

static void changes_need_no_right_to_list(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/old", "f");
    set_mode(fixture, "c", 0300);
    assert_ok(put(fixture, PATH("c/f"), STR("x")));
    assert_ok(put(fixture, PATH("c/f"), STR("y")));
    assert_ok(mkcol(fixture, PATH("c/d")));
    assert_ok(copy_all(fixture, PATH("f"), PATH("c/g")));
    assert_ok(move_all(fixture, PATH("c/g"), PATH("c/h")));
    assert_ok(remove_all(fixture, PATH("c/old")));
    assert_ok(set_prop(fixture, PATH("c/h"), "p", "v"));
    set_mode(fixture, "c", 0700);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\nc/f \"y\" {}\nc/h \"f\" {p=v }\n"
                                       "f \"f\" {}\n");
}

/* --- trees with members that resist --- */

static void p14_removal_goes_on_past_what_cannot_be_removed(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/ro/", "c/ro/g", "c/ro/h", "c/closed/", "c/closed/i", "c/z/");
    assert_ok(set_prop(fixture, PATH("c/ro/g"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("c/f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("c/ro"), "ro"));
    assert_ok(set_lock(fixture, PATH("c/z"), "z"));
    set_mode(fixture, "c/ro", 0555);
    set_mode(fixture, "c/closed", 0000);
    assert_rc(do_remove(fixture->store, PATH("c"), &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena),
                        "c/closed/ DENIED 0\nc/ro/g DENIED 0\nc/ro/h DENIED 0\n");
    set_mode(fixture, "c/closed", 0755);
    set_mode(fixture, "c/ro", 0755);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/closed/ {}\nc/closed/i \"c/closed/i\" {}\n"
                                       "c/ro/ {} [ro]\nc/ro/g \"c/ro/g\" {p=v }\n"
                                       "c/ro/h \"c/ro/h\" {}\n");
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN),
                        "ro ");
}

static void p14_copy_goes_on_past_what_cannot_be_read(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/secret", "c/closed/", "c/closed/g", "c/d/", "c/d/h", "x/",
         "x/old");
    assert_ok(set_prop(fixture, PATH("c/secret"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("c/d/h"), "p", "v"));
    set_mode(fixture, "c/secret", 0000);
    set_mode(fixture, "c/closed", 0000);
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena),
                        "c/closed/ DENIED 0\nc/secret DENIED 0\n");
    set_mode(fixture, "c/closed", 0755);
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(dump(fixture),
                        "/ {}\nx/ {}\nx/d/ {}\nx/d/h \"c/d/h\" {p=v }\nx/f \"c/f\" {}\n");
}

static void p14_copy_of_what_cannot_be_read_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    MAKE(fixture, "secret", "x");
    set_mode(fixture, "secret", 0200);
    assert_ok(set_prop(fixture, PATH("x"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("secret"), "q", "v"));
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("secret"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "secret DENIED 0\n");
    assert_string_equal(dump(fixture), "/ {}\nsecret !DENIED {q=v }\nx \"x\" {p=v }\n");
}

/* "x/ro/g" cannot be removed: it stays with what it has, and all else is as the source has it. */
static void make_stubborn(struct fixture *fixture)
{
    MAKE(fixture, "c/", "c/f", "c/ro/", "c/ro/g", "x/", "x/f", "x/ro/", "x/ro/g", "x/old");
    assert_ok(set_prop(fixture, PATH("c/ro/g"), "p", "c"));
    assert_ok(set_prop(fixture, PATH("c/f"), "p", "c"));
    assert_ok(set_prop(fixture, PATH("x/ro/g"), "p", "x"));
    assert_ok(set_prop(fixture, PATH("x/old"), "p", "x"));
    set_mode(fixture, "x/ro", 0555);
}

static void p14_copy_over_what_cannot_be_removed(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    make_stubborn(fixture);
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x/ro/g DENIED 0\n");
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\nx/f \"c/f\" {p=c }\nx/ro/ {}\n"
                                       "x/ro/g \"x/ro/g\" {p=x }\n");
    set_mode(fixture, "x/ro", 0755);
}

static void p14_move_over_what_cannot_be_removed(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    make_stubborn(fixture);
    assert_rc(do_move(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x/ro/g DENIED 0\n");
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/ro/ {}\nc/ro/g \"c/ro/g\" {p=c }\nx/ {}\n"
                                       "x/f \"c/f\" {p=c }\nx/ro/ {}\nx/ro/g \"x/ro/g\" {p=x }\n");
    set_mode(fixture, "x/ro", 0755);
}

/* --- modes and owners of what is made --- */

static void p7_replaced_file_keeps_its_mode(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    set_mode(fixture, "f", 0640);
    assert_ok(put(fixture, PATH("f"), STR("x")));
    assert_int_equal(mode_of(fixture, "f"), 0640);
    set_mode(fixture, "f", 0444); /* its collection may be changed: that is what counts */
    assert_ok(put(fixture, PATH("f"), STR("y")));
    assert_int_equal(mode_of(fixture, "f"), 0444);
}

static void p12_copies_keep_modes_and_stay_changeable(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/d/", "c/d/g");
    set_mode(fixture, "c/f", 0604);
    set_mode(fixture, "c/d", 0555);
    set_mode(fixture, "c", 0550);
    assert_ok(copy_all(fixture, PATH("c"), PATH("x")));
    assert_int_equal(mode_of(fixture, "x"), 0750);
    assert_int_equal(mode_of(fixture, "x/d"), 0755);
    assert_int_equal(mode_of(fixture, "x/f"), 0604);
    assert_ok(copy_all(fixture, PATH("c"), PATH("x"))); /* also over one another */
    assert_ok(remove_all(fixture, PATH("x")));
    set_mode(fixture, "c", 0755);
    set_mode(fixture, "c/d", 0755);
}

static void p14_grafted_collections_keep_their_mode(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    recorder_refuse(recorder, "c/f");
    MAKE(fixture, "c/", "c/f", "c/g");
    set_mode(fixture, "c", 0700);
    assert_rc(do_move(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_int_equal(mode_of(fixture, "x"), 0700); /* what was private stays so */
}

static void collection_hands_down_its_group(void **state)
{
    struct fixture *fixture = *state;
    static const char *const made[] = {"g/put", "g/mkcol", "g/copy", "g/copy/d", "g/copy/d/f"};
    only_for_directories();
    if (geteuid() != 0)
        skip();
    MAKE(fixture, "g/", "c/", "c/d/", "c/d/f");
    assert_int_equal(chown(fixture_file(fixture, "g"), 0, SOME_GROUP), 0);
    set_mode(fixture, "g", 02775);
    MAKE(fixture, "g/put", "g/mkcol/");
    assert_ok(copy_all(fixture, PATH("c"), PATH("g/copy")));
    for (size_t i = 0; i < ARRAY_LEN(made); i++) {
        struct stat st = file_stat(fixture, made[i]);
        assert_int_equal(st.st_gid, SOME_GROUP);
        assert_true(!S_ISDIR(st.st_mode) || (st.st_mode & S_ISGID));
    }
}

static void p7_replaced_file_keeps_its_owner(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    if (geteuid() != 0)
        skip();
    MAKE(fixture, "f");
    assert_int_equal(chown(fixture_file(fixture, "f"), SOME_USER, SOME_GROUP), 0);
    assert_ok(put(fixture, PATH("f"), STR("x")));
    assert_int_equal(file_stat(fixture, "f").st_uid, SOME_USER);
    assert_int_equal(file_stat(fixture, "f").st_gid, SOME_GROUP);
}

/* As on a medium that cannot be written: not even SQLite's own files beside the database. */
static void read_only_store_reads_its_state_where_nothing_can_be_written(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    only_for_directories();
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    store_close(&fixture->store);
    set_mode(fixture, ".davit/state.db", 0444);
    set_mode(fixture, ".davit", 0555);
    set_mode(fixture, ".", 0555);
    fixture->options.is_read_only = true;
    if (!store_open(backend->store, &fixture->options, &fixture->store, &err))
        fail_msg("%s", err.text);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=v } [t]\n");
    assert_rc(put(fixture, PATH("f"), STR("x")), STORE_DENIED);
}

int permission_tests(void)
{
    const struct CMUnitTest tests[] = {
        NOBODY_TEST(p4_members_that_cannot_be_looked_at_are_given_with_the_reason),
        NOBODY_TEST(reading_needs_permission),
        NOBODY_TEST(p14_changes_in_a_read_only_collection_change_nothing),
        NOBODY_TEST(p14_read_only_collection_does_not_move_elsewhere),
        NOBODY_TEST(p15_attributes_that_cannot_be_set_leave_the_properties),
        NOBODY_TEST(changes_need_no_right_to_list),
        NOBODY_TEST(p14_removal_goes_on_past_what_cannot_be_removed),
        NOBODY_TEST(p14_copy_goes_on_past_what_cannot_be_read),
        NOBODY_TEST(p14_copy_of_what_cannot_be_read_changes_nothing),
        NOBODY_TEST(p14_copy_over_what_cannot_be_removed),
        NOBODY_TEST(p14_move_over_what_cannot_be_removed),
        NOBODY_TEST(p7_replaced_file_keeps_its_mode),
        NOBODY_TEST(p12_copies_keep_modes_and_stay_changeable),
        NOBODY_TEST(p14_grafted_collections_keep_their_mode),
        NOBODY_TEST(read_only_store_reads_its_state_where_nothing_can_be_written),
        CONTRACT_TEST(collection_hands_down_its_group),
        CONTRACT_TEST(p7_replaced_file_keeps_its_owner),
    };
    return cmocka_run_group_tests_name("permissions", tests, NULL, NULL);
}
