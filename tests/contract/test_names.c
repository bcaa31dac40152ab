/* Promises 18 to 20: names, the root, what is quick; and the quota. */
#include "support.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define E_COMPOSED   "\xc3\xa9"  /* é as one character */
#define E_DECOMPOSED "e\xcc\x81" /* é as two */

/* --- promise 18: names are bytes --- */

static const char *const odd_names[] = {
    " ",
    "a b",
    "%41",
    "a%2fb",
    "...",
    "-rf",
    "~",
    "*?[",
    "\\",
    "\"'`$&|;<>",
    "line\nbreak\r\t",
    "\x01\x7f",
    "\xff\xfe no UTF-8 \x80",
    "\xc3\x28",
    E_COMPOSED,
    E_DECOMPOSED "x",
    ".davit-staged",
    ".davit2",
    ".hidden",
    "CON",
};

static void p18_any_bytes_make_a_name(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/");
    for (size_t i = 0; i < ARRAY_LEN(odd_names); i++) {
        struct res_path path = path_join(&fixture->arena, PATH("c"), str_of_c(odd_names[i]));
        struct store_cursor *cursor;
        struct store_member member;
        assert_ok(put(fixture, path, STR("x")));
        assert_string_equal(get(fixture, path), "x");
        assert_ok(set_prop(fixture, path, "p", "v"));
        assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
        assert_ok(store_cursor_next(cursor, &member));
        assert_str(member.name, odd_names[i]);
        store_cursor_close(&cursor);
        assert_ok(copy_all(fixture, path, PATH("copy")));
        assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("copy")), "p=v ");
        assert_ok(move_all(fixture, path, PATH("copy")));
        assert_ok(remove_all(fixture, PATH("copy")));
        assert_string_equal(dump(fixture), "/ {}\nc/ {}\n");
    }
}

/* So a move from one Unicode form of a name to another is one as any other. */
static void p18_a_name_can_be_moved_to_its_other_form(void **state)
{
    struct fixture *fixture = *state;
    static const char *const forms[] = {E_DECOMPOSED, E_COMPOSED, E_DECOMPOSED};
    MAKE(fixture, E_DECOMPOSED, "c/", "c/" E_DECOMPOSED "/", "c/" E_DECOMPOSED "/f");
    assert_ok(set_prop(fixture, PATH(E_DECOMPOSED), "p", "v"));
    assert_ok(set_prop(fixture, PATH("c/" E_DECOMPOSED "/f"), "p", "v"));
    for (size_t i = 0; i + 1 < ARRAY_LEN(forms); i++) {
        struct res_path from = path_of(forms[i]);
        struct res_path to = path_of(forms[i + 1]);
        struct res_path from_c = path_join(&fixture->arena, PATH("c"), str_of_c(forms[i]));
        struct res_path to_c = path_join(&fixture->arena, PATH("c"), str_of_c(forms[i + 1]));
        struct res_path member = path_join(&fixture->arena, to_c, STR("f"));
        struct store_stat stat;
        assert_ok(move_all(fixture, from, to));
        assert_ok(move_all(fixture, from_c, to_c));
        assert_int_equal(store_stat(fixture->store, from, 0, &stat), STORE_NOT_FOUND);
        assert_int_equal(store_stat(fixture->store, from_c, 0, &stat), STORE_NOT_FOUND);
        assert_string_equal(get(fixture, to), E_DECOMPOSED);
        assert_string_equal(props_text(fixture->store, &fixture->arena, to), "p=v ");
        assert_string_equal(props_text(fixture->store, &fixture->arena, member), "p=v ");
    }
}

/* --- how long a name may be --- */

static struct res_path long_name(struct fixture *fixture, const char *collection, size_t len)
{
    char name[300];
    memset(name, 'n', sizeof(name));
    return path_join(&fixture->arena, path_of(collection), str_of(name, len));
}

static void p18_names_of_255_bytes_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct res_path file = long_name(fixture, "c", 255);
    struct res_path moved = long_name(fixture, "", 255);
    MAKE(fixture, "c/");
    assert_ok(put(fixture, file, STR("x")));
    assert_ok(put(fixture, file, STR("y")));
    assert_ok(set_prop(fixture, file, "p", "v"));
    assert_ok(move_all(fixture, file, moved));
    assert_ok(copy_all(fixture, moved, file));
    assert_string_equal(get(fixture, file), "y");
    assert_string_equal(props_text(fixture->store, &fixture->arena, file), "p=v ");
    assert_ok(remove_all(fixture, file));
    assert_ok(mkcol(fixture, file));
}

static void p18_names_that_are_too_long_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct res_path name = long_name(fixture, "c", 256);
    struct store_content *content;
    only_for_directories(); /* memory has room for any */
    MAKE(fixture, "c/", "f");
    const char *before = dump(fixture);
    assert_rc(put(fixture, name, STR("x")), STORE_NAME_TOO_LONG);
    assert_rc(put(fixture, name, STR_NONE), STORE_NAME_TOO_LONG);
    assert_rc(mkcol(fixture, name), STORE_NAME_TOO_LONG);
    assert_rc(copy_all(fixture, PATH("f"), name), STORE_NAME_TOO_LONG);
    assert_rc(move_all(fixture, PATH("f"), name), STORE_NAME_TOO_LONG);
    assert_rc(stat_rc(fixture, name), STORE_NOT_FOUND);
    assert_rc(store_content_open(fixture->store, name, &content), STORE_NOT_FOUND);
    struct res_path within = path_join(&fixture->arena, name, STR("x"));
    assert_rc(stat_rc(fixture, within), STORE_NOT_FOUND);
    assert_rc(put(fixture, within, STR("x")), STORE_NO_PARENT);
    assert_rc(mkcol(fixture, within), STORE_NO_PARENT);
    assert_string_equal(dump(fixture), before);
}

/* --- how long a path may be --- */

/* Longer than the kernel takes at once, 4,095 bytes. */
static void p18_long_paths_are_as_good_as_others(void **state)
{
    struct fixture *fixture = *state;
    struct res_path path = PATH_ROOT;
    struct str name = str_of(long_name(fixture, "", 250).at, 250);
    struct res_path missing = path_join(&fixture->arena, PATH_ROOT, name);
    for (int depth = 0; depth < 31; depth++) {
        path = path_join(&fixture->arena, path, name);
        assert_ok(mkcol(fixture, path));
        assert_ok(stat_rc(fixture, path));
        missing = path_join(&fixture->arena, missing, STR("missing"));
    }
    struct res_path file = path_join(&fixture->arena, path, STR("f"));
    struct res_path other = path_join(&fixture->arena, path, STR("g"));
    assert_ok(put(fixture, file, STR("x")));
    assert_string_equal(get(fixture, file), "x");
    assert_ok(set_prop(fixture, file, "p", "v"));
    assert_ok(copy_all(fixture, file, other));
    assert_ok(move_all(fixture, file, PATH("f")));
    assert_ok(move_all(fixture, PATH("f"), file));
    assert_string_equal(props_text(fixture->store, &fixture->arena, file), "p=v ");
    assert_rc(stat_rc(fixture, path_join(&fixture->arena, path, STR("none"))), STORE_NOT_FOUND);
    assert_rc(stat_rc(fixture, path_join(&fixture->arena, file, STR("none"))), STORE_NOT_FOUND);
    while (missing.len < 5000)
        missing = path_join(&fixture->arena, missing, name);
    assert_rc(stat_rc(fixture, missing), STORE_NOT_FOUND);
    assert_rc(put(fixture, missing, STR("x")), STORE_NO_PARENT);
    assert_ok(remove_all(fixture, file));
    assert_ok(remove_all(fixture, long_name(fixture, "", 250)));
    assert_string_equal(dump(fixture), "/ {}\n");
}

/* --- names that the directory backend keeps for itself --- */

static const char *const reserved[] = {
    ".davit",
    ".davit/state.db",
    ".davit/new",
    "c/.davit",
    "c/.davit/x",
    ".davit-staged-0123456789abcdef",
    "c/.davit-staged-0123456789abcdef",
    ".DAVIT", /* what some file system takes for them */
    "c/.Davit. .",
    ".da\xe2\x80\x8dvit",
    ("c/.davit-\xc5\xbf"
     "taged-1"),
};

static void p18_reserved_names_are_denied(void **state)
{
    struct fixture *fixture = *state;
    struct store_content *content;
    struct store_cursor *cursor;
    only_for_directories();
    MAKE(fixture, "c/", "f", "d/");
    const char *before = dump(fixture);
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        struct res_path path = path_of(reserved[i]);
        assert_rc(stat_rc(fixture, path), STORE_NOT_FOUND);
        assert_rc(store_content_open(fixture->store, path, &content), STORE_NOT_FOUND);
        assert_rc(store_list(fixture->store, path, 0, &cursor), STORE_NOT_FOUND);
        assert_rc(put(fixture, path, STR("x")), STORE_DENIED);
        assert_rc(put(fixture, path, STR_NONE), STORE_DENIED);
        assert_rc(mkcol(fixture, path), STORE_DENIED);
        assert_rc(remove_all(fixture, path), STORE_DENIED);
        assert_rc(copy_all(fixture, path, PATH("x")), STORE_DENIED);
        assert_rc(copy_all(fixture, PATH("f"), path), STORE_DENIED);
        assert_rc(move_all(fixture, path, PATH("x")), STORE_DENIED);
        assert_rc(move_all(fixture, PATH("d"), path), STORE_DENIED);
        assert_rc(set_prop(fixture, path, "p", "v"), STORE_NOT_FOUND);
    }
    assert_string_equal(dump(fixture), before);
}

/* Another davit's state below this root. */
static void p18_state_of_another_server_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f");
    assert_int_equal(mkdir(fixture_file(fixture, "c/.davit"), 0700), 0);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/f \"c/f\" {}\n");
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
    assert_int_equal(access(fixture_file(fixture, "d/.davit"), F_OK), -1);
}

/* --- one name, two Unicode forms --- */

static void p18_other_unicode_form_finds_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *there, *asked;
    } rows[] = {
        {E_COMPOSED, E_DECOMPOSED},
        {E_DECOMPOSED, E_COMPOSED},
    };
    only_for_directories();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path there = path_of(rows[i].there);
        struct res_path asked = path_of(rows[i].asked);
        struct res_path below = path_join(&fixture->arena, asked, STR(E_COMPOSED));
        assert_ok(mkcol(fixture, there));
        assert_rc(stat_rc(fixture, asked), STORE_NOT_FOUND); /* only locate() knows aliases */
        assert_true(path_eq(located(fixture, asked, LOCATE_RESOURCE), there));
        struct res_path real = located(fixture, below, LOCATE_RESOURCE);
        assert_true(path_eq(path_parent(real), there)); /* the last name is new: as asked */
        assert_str(path_name(real), E_COMPOSED);
        assert_ok(put(fixture, real, STR("x")));
        assert_string_equal(get(fixture, located(fixture, below, LOCATE_RESOURCE)), "x");
        assert_ok(remove_all(fixture, there));
    }
}

static void p18_links_are_located_also_in_the_other_form(void **state)
{
    struct fixture *fixture = *state;
    struct res_path path = PATH(E_DECOMPOSED "/link");
    only_for_directories();
    MAKE(fixture, "f", E_COMPOSED "/");
    assert_int_equal(symlink("../f", fixture_file(fixture, E_COMPOSED "/link")), 0);
    assert_str(path_str(located(fixture, path, LOCATE_RESOURCE)), "f");
    assert_str(path_str(located(fixture, path, LOCATE_NAME)), E_COMPOSED "/link");
}

static void p18_exact_form_comes_first(void **state)
{
    struct fixture *fixture = *state;
    struct res_path real;
    MAKE(fixture, E_COMPOSED, E_DECOMPOSED);
    assert_string_equal(get(fixture, PATH(E_COMPOSED)), E_COMPOSED);
    assert_string_equal(get(fixture, PATH(E_DECOMPOSED)), E_DECOMPOSED);
    assert_ok(
        store_locate(fixture->store, &fixture->arena, PATH(E_DECOMPOSED), LOCATE_RESOURCE, &real));
    assert_true(path_eq(real, PATH(E_DECOMPOSED)));
}

static void locate_is_the_path_itself_without_aliases(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {"", "f", "c", "c/new", "no/no", "\xff\xfe", E_COMPOSED};
    MAKE(fixture, "f", "c/");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct res_path real;
        assert_ok(store_locate(fixture->store, &fixture->arena, path_of(paths[i]), LOCATE_RESOURCE,
                               &real));
        assert_true(path_eq(real, path_of(paths[i])));
    }
}

/* --- promise 19: the root; the rest of it is with each operation --- */

static void p19_root_is_there_from_the_start(void **state)
{
    struct fixture *fixture = *state;
    assert_true(stat_of(fixture, PATH_ROOT).is_collection);
    assert_string_equal(dump(fixture), "/ {}\n");
}

static void p19_root_has_properties_and_locks(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(set_prop(fixture, PATH_ROOT, "p", "v"));
    assert_ok(set_lock(fixture, PATH_ROOT, "t"));
    assert_string_equal(dump(fixture), "/ {p=v } [t]\n");
}

/* --- promise 20: quick --- */

static void call_all_quick_ones(struct fixture *fixture)
{
    struct store *store = fixture->store;
    struct store_content *content;
    struct store_upload *upload;
    struct store_quota quota;
    struct lock_list locks;
    struct res_path real;
    assert_ok(store_locate(store, &fixture->arena, PATH("f"), LOCATE_RESOURCE, &real));
    assert_ok(stat_rc(fixture, PATH("f")));
    assert_ok(store_content_open(store, PATH("f"), &content));
    store_content_close(&content);
    assert_ok(store_upload(store, PATH("f"), 1, &upload));
    store_upload_close(&upload);
    assert_true(store_may_have_props(store, PATH("f")));
    assert_true(store_has_locks(store));
    assert_ok(store_locks(store, &fixture->arena, PATH("f"), LOCKS_COVERING, &locks));
    assert_ok(store_quota(store, PATH("f"), &quota));
}

/* A claim on everything is held, and the database is locked: what waited for either would wait for
 * this very thread, and fail after ten seconds at best. */
static void p20_quick_calls_wait_for_nobody(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *db = NULL;
    struct store_change whole = {0};
    struct store_change other = {0};
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    if (backend->is_directory) {
        assert_int_equal(sqlite3_open(fixture_file(fixture, ".davit/state.db"), &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    }
    change_add(&whole, PATH_ROOT, CLAIM_TREE, true);
    change_add(&other, PATH("f"), CLAIM_SELF, true);
    assert_true(store_begin(fixture->store, &whole));
    call_all_quick_ones(fixture);
    store_end(&whole);
    assert_true(store_begin(fixture->store, &other));
    store_end(&other);
    sqlite3_close(db);
}

/* --- quota --- */

static void quota_is_what_the_file_system_says_or_unknown(void **state)
{
    struct fixture *fixture = *state;
    struct store_quota quota = {.available_bytes = 1, .used_bytes = 1};
    MAKE(fixture, "c/", "f");
    static const char *const paths[] = {"", "c", "f"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_ok(store_quota(fixture->store, path_of(paths[i]), &quota));
        assert_int_equal(quota.is_known, backend->is_directory);
        if (!quota.is_known)
            continue;
        assert_true(quota.used_bytes > 0 && quota.used_bytes <= INT64_MAX);
        assert_true(quota.available_bytes <= INT64_MAX);
    }
}

int name_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p18_any_bytes_make_a_name),
        CONTRACT_TEST(p18_a_name_can_be_moved_to_its_other_form),
        CONTRACT_TEST(p18_a_name_can_be_moved_to_its_other_form),
        CONTRACT_TEST(p18_names_of_255_bytes_are_kept),
        CONTRACT_TEST(p18_names_that_are_too_long_are_refused),
        CONTRACT_TEST(p18_long_paths_are_as_good_as_others),
        CONTRACT_TEST(p18_reserved_names_are_denied),
        CONTRACT_TEST(p18_state_of_another_server_is_not_shown),
        CONTRACT_TEST(p18_other_unicode_form_finds_what_is_there),
        CONTRACT_TEST(p18_links_are_located_also_in_the_other_form),
        CONTRACT_TEST(p18_exact_form_comes_first),
        CONTRACT_TEST(locate_is_the_path_itself_without_aliases),
        CONTRACT_TEST(p19_root_is_there_from_the_start),
        CONTRACT_TEST(p19_root_has_properties_and_locks),
        CONTRACT_TEST(p20_quick_calls_wait_for_nobody),
        CONTRACT_TEST(quota_is_what_the_file_system_says_or_unknown),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
