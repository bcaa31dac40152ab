/* Symbolic links in a directory (promise 21): locate() sees through those that stay inside the root
 * and refuses those that leave it, so that claims, locks, properties and rules cannot be got around
 * by another name; no other call follows one, whatever is swapped meanwhile. */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

static void link_to(struct fixture *fixture, const char *target, const char *name)
{
    assert_int_equal(symlink(target, fixture_file(fixture, name)), 0);
}

static void assert_link(struct fixture *fixture, const char *name, const char *target)
{
    char text[256];
    ssize_t len = readlink(fixture_file(fixture, name), text, sizeof(text));
    assert_true(len >= 0);
    assert_str(str_of(text, (size_t)len), target);
}

/* A tree with one of each kind of link. */
static void make_links(struct fixture *fixture)
{
    MAKE(fixture, "c/", "c/f", "c/d/", "c/d/g");
    link_to(fixture, "c/f", "to-file");
    link_to(fixture, "c", "to-collection");
    link_to(fixture, "../c/d", "c/up-and-down");
    link_to(fixture, "nowhere", "dangling");
    link_to(fixture, "loop", "loop");
    link_to(fixture, "..", "above");
    link_to(fixture, "/etc/passwd", "absolute");
    link_to(fixture, fixture->root, "absolute-inside");
    link_to(fixture, "../../../../../../etc", "far-above");
    link_to(fixture, "/proc/self/cwd", "magic");
}

/* --- reading --- */

/* All that reads or changes, but for what is about the name itself. */
static void assert_not_followed(struct fixture *fixture, struct res_path path)
{
    struct store_content *content;
    struct store_cursor *cursor;
    struct store_quota quota;
    struct res_path below = path_join(&fixture->arena, path, STR("new"));
    assert_rc(stat_rc(fixture, path), STORE_ALIAS);
    assert_rc(store_content_open(fixture->store, path, &content), STORE_ALIAS);
    assert_rc(store_list(fixture->store, path, 0, &cursor), STORE_ALIAS);
    assert_rc(store_quota(fixture->store, path, &quota), STORE_ALIAS);
    assert_rc(set_prop(fixture, path, "p", "v"), STORE_ALIAS);
    assert_rc(stat_rc(fixture, below), STORE_ALIAS);
    assert_rc(put(fixture, below, STR("x")), STORE_ALIAS);
    assert_rc(mkcol(fixture, below), STORE_ALIAS);
    assert_rc(copy_all(fixture, PATH("c/f"), below), STORE_ALIAS);
    assert_rc(move_all(fixture, PATH("c/f"), below), STORE_ALIAS);
    assert_rc(copy_all(fixture, path_join(&fixture->arena, path, STR("f")), PATH("x")),
              STORE_ALIAS);
    assert_rc(move_all(fixture, path_join(&fixture->arena, path, STR("f")), PATH("x")),
              STORE_ALIAS);
    assert_rc(remove_all(fixture, path_join(&fixture->arena, path, STR("f"))), STORE_ALIAS);
}

static void p21_only_locate_follows_links(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {
        "to-file", "to-collection", "c/up-and-down", "dangling",        "loop",
        "above",   "absolute",      "far-above",     "absolute-inside", "magic",
    };
    only_for_directories();
    make_links(fixture);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_not_followed(fixture, path_of(names[i]));
    assert_string_equal(dump(fixture),
                        "/ {}\nc/ {}\nc/d/ {}\nc/d/g \"c/d/g\" {}\nc/f \"c/f\" {}\n");
}

static void p21_copies_do_not_begin_at_links(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    make_links(fixture);
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("to-file"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "to-file ALIAS 0\n");
    assert_rc(stat_rc(fixture, PATH("x")), STORE_NOT_FOUND);
}

/* An upload that has begun is not led elsewhere by what comes into its way. */
static void p21_uploads_do_not_follow_links_that_have_come_since(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {0};
    struct store_upload *upload;
    struct store_stat stat;
    only_for_directories();
    MAKE(fixture, "c/", "d/", "d/f");
    assert_ok(store_upload(fixture->store, PATH("c/f"), 1, &upload));
    assert_int_equal(store_upload_write(upload, STR("x")), STORE_OK);
    assert_int_equal(store_upload_end(upload), STORE_OK);
    assert_int_equal(rename(fixture_file(fixture, "c"), fixture_file(fixture, "moved")), 0);
    link_to(fixture, "d", "c");
    assert_rc(do_commit(fixture->store, upload, &options, &stat), STORE_ALIAS);
    store_upload_close(&upload);
    assert_string_equal(dump(fixture), "/ {}\nd/ {}\nd/f \"d/f\" {}\nmoved/ {}\n");
}

static void p4_links_are_listed_as_links(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    struct store_member member;
    unsigned seen = 0;
    only_for_directories();
    make_links(fixture);
    assert_ok(store_list(fixture->store, PATH_ROOT, 0, &cursor));
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        assert_ok(member.rc);
        assert_true(member.is_link != str_eq(member.name, STR("c")));
        seen++;
    }
    assert_int_equal(seen, 10);
    store_cursor_close(&cursor);
}

static void assert_denied(struct fixture *fixture, const char *path)
{
    struct res_path real;
    enum store_rc rc =
        store_locate(fixture->store, &fixture->arena, path_of(path), LOCATE_RESOURCE, &real);
    assert_rc(rc, STORE_DENIED);
}

/* --- what is reserved stays so behind links --- */

static void p18_links_do_not_show_what_is_reserved(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"self/.davit/state.db", "state", "state/state.db", "db",
                                        "c/self/.davit/state.db"};
    only_for_directories();
    MAKE(fixture, "c/", "f");
    link_to(fixture, ".", "self");
    link_to(fixture, "..", "c/self");
    link_to(fixture, ".davit", "state");
    link_to(fixture, ".davit/state.db", "db");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct store_content *content;
        struct res_path real = located(fixture, path_of(names[i]), LOCATE_RESOURCE);
        assert_rc(stat_rc(fixture, real), STORE_NOT_FOUND);
        assert_rc(store_content_open(fixture->store, real, &content), STORE_NOT_FOUND);
    }
    struct res_path staged = located(fixture, PATH("state/staging/x"), LOCATE_RESOURCE);
    assert_rc(put(fixture, staged, STR("x")), STORE_DENIED);
    assert_rc(put(fixture, PATH("self/.davit/staging/x"), STR("x")), STORE_DENIED);
    assert_str(path_str(located(fixture, PATH("self/f"), LOCATE_RESOURCE)), "f"); /* all else is */
    assert_str(path_str(located(fixture, PATH("self/c/self/f"), LOCATE_RESOURCE)), "f");
    assert_ok(remove_all(fixture, PATH("self")));
    assert_ok(remove_all(fixture, PATH("c/self")));
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
}

static void p12_copies_do_not_take_what_is_reserved(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/");
    link_to(fixture, "../.davit/state.db", "c/db");
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
    assert_link(fixture, "d/db", "../.davit/state.db"); /* a link still, and no content */
}

/* --- hard links --- */

/* rename(2) does nothing between two names of one file; a move must not say that it did. */
static void hard_links_are_two_resources(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"b", "c", "d/b"};
    only_for_directories();
    MAKE(fixture, "d/", "a");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(link(fixture_file(fixture, "a"), fixture_file(fixture, names[i])), 0);
    assert_ok(move_all(fixture, PATH("a"), PATH("b")));
    assert_ok(move_all(fixture, PATH("b"), PATH("d/b")));
    assert_ok(copy_all(fixture, PATH("d/b"), PATH("c")));
    assert_string_equal(dump(fixture), "/ {}\nc \"a\" {}\nd/ {}\nd/b \"a\" {}\n");
    assert_ok(put(fixture, PATH("c"), STR("x")));
    assert_string_equal(get(fixture, PATH("d/b")), "a");
}

/* --- what another davit serves --- */

/* A tree with the root of another davit in it, whose state must stay with its files. */
static void make_served(struct fixture *fixture)
{
    MAKE(fixture, "c/", "c/f", "c/other/", "c/other/g", "n/", "n/f", "n/other/", "n/other/h");
    assert_int_equal(mkdir(fixture_file(fixture, "c/other/.davit"), 0700), 0);
    assert_int_equal(mkdir(fixture_file(fixture, "c/other/.davit/staging"), 0700), 0);
}

static void assert_served(struct fixture *fixture)
{
    assert_int_equal(access(fixture_file(fixture, "c/other/.davit/staging"), F_OK), 0);
    assert_string_equal(get(fixture, PATH("c/other/g")), "c/other/g");
    assert_rc(stat_rc(fixture, PATH("c/other/h")), STORE_NOT_FOUND);
}

static void p14_what_another_davit_serves_is_not_removed(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    make_served(fixture);
    assert_rc(do_remove(fixture->store, PATH("c"), &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "c/other/ DENIED 0\n");
    assert_served(fixture);
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
}

static void p14_what_another_davit_serves_is_not_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *copied = recorder_new(&fixture->arena);
    struct recorder *moved = recorder_new(&fixture->arena);
    only_for_directories();
    make_served(fixture);
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("n"), PATH("c")), &copied->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(copied, &fixture->arena), "c/other/ DENIED 0\n");
    assert_served(fixture);
    assert_rc(do_move(fixture->store, TRANSFER(PATH("n"), PATH("c")), &moved->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(moved, &fixture->arena), "c/other/ DENIED 0\n");
    assert_served(fixture);
    assert_string_equal(get(fixture, PATH("c/f")), "n/f");
    assert_string_equal(get(fixture, PATH("n/other/h")), "n/other/h");
}

static void p12_state_of_another_davit_is_not_copied(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_served(fixture);
    assert_ok(copy_all(fixture, PATH("c"), PATH("copy")));
    assert_string_equal(get(fixture, PATH("copy/other/g")), "c/other/g");
    assert_int_equal(access(fixture_file(fixture, "copy/other/.davit"), F_OK), -1);
}

/* --- the real path --- */

static void p21_locate_sees_through_links(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *path, *real, *name;
    } rows[] = {
        {"to-file", "c/f", "to-file"},
        {"to-collection", "c", "to-collection"},
        {"to-collection/f", "c/f", "c/f"},
        {"to-collection/new", "c/new", "c/new"},
        {"to-collection/up-and-down", "c/d", "c/up-and-down"},
        {"to-collection/up-and-down/new", "c/d/new", "c/d/new"},
        {"c/up-and-down/g", "c/d/g", "c/d/g"},
        {"c/f", "c/f", "c/f"},
        {"dangling", "dangling", "dangling"},
    };
    only_for_directories();
    make_links(fixture);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_str(path_str(located(fixture, path_of(rows[i].path), LOCATE_RESOURCE)),
                   rows[i].real);
        assert_str(path_str(located(fixture, path_of(rows[i].path), LOCATE_NAME)), rows[i].name);
    }
}

static void p21_locate_refuses_what_is_outside(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {
        "above",     "absolute",         "absolute-inside", "absolute-inside/c/f",
        "far-above", "far-above/passwd", "magic",           "above/x",
        "loop",      "loop/x",
    };
    only_for_directories();
    make_links(fixture);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_denied(fixture, paths[i]);
}

static void locate_takes_the_unicode_form_that_is_behind_a_link(void **state)
{
    struct fixture *fixture = *state;
    struct res_path path = PATH("to-c/e\xcc\x81");
    only_for_directories();
    MAKE(fixture, "c/", "c/\xc3\xa9");
    link_to(fixture, "c", "to-c");
    assert_str(path_str(located(fixture, path, LOCATE_RESOURCE)), "c/\xc3\xa9");
    assert_str(path_str(located(fixture, path, LOCATE_NAME)), "c/\xc3\xa9");
}

/* --- changes --- */

static void uploads_do_not_replace_links(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_links(fixture);
    assert_rc(put(fixture, PATH("dangling"), STR("x")), STORE_DENIED);
    assert_rc(put(fixture, PATH("absolute"), STR("x")), STORE_DENIED);
    assert_link(fixture, "dangling", "nowhere");
    assert_rc(mkcol(fixture, PATH("dangling")), STORE_EXISTS);
}

static void removal_takes_links_and_not_what_they_lead_to(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_links(fixture);
    MAKE(fixture, "x/", "x/y/");
    link_to(fixture, "../../c", "x/y/l");
    link_to(fixture, "/etc", "x/y/m");
    assert_ok(remove_all(fixture, PATH("x")));
    assert_string_equal(get(fixture, PATH("c/d/g")), "c/d/g");
    assert_ok(remove_all(fixture, PATH("to-collection")));
    assert_string_equal(get(fixture, PATH("c/d/g")), "c/d/g");
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void p12_copies_take_files_behind_links_and_links_to_collections(void **state)
{
    struct fixture *fixture = *state;
    struct stat st;
    only_for_directories();
    MAKE(fixture, "c/", "f", "e/", "e/g");
    link_to(fixture, "../f", "c/file");
    link_to(fixture, "../e", "c/collection");
    link_to(fixture, "gone", "c/dangling");
    link_to(fixture, "../..", "c/above");
    assert_ok(copy_all(fixture, PATH("c"), PATH("x")));
    assert_int_equal(lstat(fixture_file(fixture, "x/file"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_string_equal(get(fixture, PATH("x/file")), "f");
    assert_link(fixture, "x/collection", "../e");
    assert_link(fixture, "x/dangling", "gone");
    assert_link(fixture, "x/above", "../..");
}

static void p13_moves_take_links_as_they_are(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "f");
    link_to(fixture, "../f", "c/file");
    assert_ok(move_all(fixture, PATH("c"), PATH("x")));
    assert_link(fixture, "x/file", "../f");
}

/* Where a link leads is told to the visitor, who may refuse it; MOVE reads nothing. */
static void p14_copies_ask_where_links_lead(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    only_for_directories();
    MAKE(fixture, "c/", "c/g", "f", "e/", "e/g");
    link_to(fixture, "../f", "c/file");
    link_to(fixture, "../e", "c/collection");
    link_to(fixture, "../e/g", "c/deep");
    recorder_refuse(recorder, "f");
    recorder_refuse(recorder, "e");
    assert_rc(do_copy(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
              STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena),
                        "c/collection REFUSED 423\nc/file REFUSED 423\n");
    assert_string_equal(get(fixture, PATH("x/deep")), "e/g");
    assert_string_equal(get(fixture, PATH("x/g")), "c/g");
    assert_int_equal(access(fixture_file(fixture, "x/file"), F_OK), -1);
    recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "f");
    assert_ok(do_move(fixture->store, TRANSFER(PATH("c"), PATH("y")), &recorder->base));
    assert_link(fixture, "y/file", "../f");
}

/* Two names of one file are two resources; rename(2) would leave both. */
static void p13_moves_over_another_name_of_the_file_leave_one(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    assert_int_equal(link(fixture_file(fixture, "f"), fixture_file(fixture, "g")), 0);
    assert_ok(set_prop(fixture, PATH("f"), "p", "f"));
    assert_ok(set_prop(fixture, PATH("g"), "q", "g"));
    assert_ok(move_all(fixture, PATH("f"), PATH("g")));
    assert_string_equal(dump(fixture), "/ {}\ng \"f\" {p=f }\n");
}

int link_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p21_only_locate_follows_links),
        CONTRACT_TEST(p21_copies_do_not_begin_at_links),
        CONTRACT_TEST(p21_uploads_do_not_follow_links_that_have_come_since),
        CONTRACT_TEST(p4_links_are_listed_as_links),
        CONTRACT_TEST(p18_links_do_not_show_what_is_reserved),
        CONTRACT_TEST(p12_copies_do_not_take_what_is_reserved),
        CONTRACT_TEST(hard_links_are_two_resources),
        CONTRACT_TEST(p14_what_another_davit_serves_is_not_removed),
        CONTRACT_TEST(p14_what_another_davit_serves_is_not_replaced),
        CONTRACT_TEST(p12_state_of_another_davit_is_not_copied),
        CONTRACT_TEST(p21_locate_sees_through_links),
        CONTRACT_TEST(p21_locate_refuses_what_is_outside),
        CONTRACT_TEST(locate_takes_the_unicode_form_that_is_behind_a_link),
        CONTRACT_TEST(uploads_do_not_replace_links),
        CONTRACT_TEST(removal_takes_links_and_not_what_they_lead_to),
        CONTRACT_TEST(p12_copies_take_files_behind_links_and_links_to_collections),
        CONTRACT_TEST(p13_moves_take_links_as_they_are),
        CONTRACT_TEST(p14_copies_ask_where_links_lead),
        CONTRACT_TEST(p13_moves_over_another_name_of_the_file_leave_one),
    };
    return cmocka_run_group_tests_name("links", tests, NULL, NULL);
}
