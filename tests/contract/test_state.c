/* What a directory store keeps beside the files: removed while it is in use, damaged, or prepared
 * by somebody who means harm. Promise 10: what was acknowledged is there after a restart. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "damage.h"
#include "store/registry.h"
#include "support.h"

enum { MANY = 2000, STRANGER = 65534 };

static bool open_again(struct fixture *fixture, struct err *err)
{
    store_close(&fixture->store);
    return store_open("directory", &fixture->options, &fixture->store, err);
}

static void check_refused(struct fixture *fixture, const char *why)
{
    struct err err = {0};
    assert_false(open_again(fixture, &err));
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw; /* all of it goes */
    return remove(path);
}

static void remove_part(struct fixture *fixture, const char *name)
{
    assert_int_equal(nftw(fixture_file(fixture, name), remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static size_t count_damaged(struct fixture *fixture)
{
    size_t count = 0;
    DIR *dir = opendir(fixture_file(fixture, ".davit"));
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += strstr(entry->d_name, ".damaged-") != NULL;
    closedir(dir);
    return count;
}

/* --- removed --- */

static const char *const parts[] = {".davit", ".davit/state.db", ".davit/locks.journal",
                                    ".davit/staging", ".davit/state.db-wal"};

/* Each part in turn, and after each a change of each kind. */
static void p10_what_is_acknowledged_after_the_state_was_removed_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = &fixture->arena;
    only_for_directories();
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct store_visitor *visitor = &recorder_new(arena)->base;
        MAKE(fixture, "f", "g", "m");
        assert_ok(set_prop(fixture, PATH("f"), "before", "b"));
        assert_ok(set_lock(fixture, PATH("g"), "urn:before"));
        remove_part(fixture, parts[i]);
        assert_ok(put(fixture, PATH("f"), STR("new")));
        assert_ok(set_prop(fixture, PATH("f"), "after", "a"));
        assert_ok(set_lock(fixture, PATH("f"), "urn:after"));
        assert_ok(do_move(fixture->store, TRANSFER(PATH("m"), PATH("moved")), visitor));
        fixture_reopen(fixture);
        assert_string_equal(get(fixture, PATH("f")), "new");
        assert_string_equal(props_text(fixture->store, arena, PATH("f")), "after=a before=b ");
        assert_string_equal(locks_text(fixture->store, arena, PATH_ROOT, LOCKS_WITHIN),
                            "urn:after urn:before ");
        assert_ok(do_unlock(fixture->store, STR("urn:after")));
        assert_ok(do_unlock(fixture->store, STR("urn:before")));
        const char *names[] = {"f", "g", "moved"};
        for (size_t n = 0; n < ARRAY_LEN(names); n++)
            assert_ok(do_remove(fixture->store, path_of(names[n]), visitor));
    }
}

/* A clean end writes what was there before, too, though nothing has changed since. */
static void p10_what_was_acknowledged_before_is_written_again_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "urn:t"));
    remove_part(fixture, ".davit");
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=v } [urn:t]\n");
}

static void p10_nothing_is_acknowledged_where_the_state_cannot_be_made_again(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    remove_part(fixture, ".davit");
    int fd = open(fixture_file(fixture, ".davit"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_rc(set_prop(fixture, PATH("f"), "p", "v"), STORE_FAILED);
    assert_rc(set_lock(fixture, PATH("f"), "urn:t"), STORE_FAILED);
    assert_rc(put(fixture, PATH("f"), STR("new")), STORE_FAILED);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
    assert_int_equal(unlink(fixture_file(fixture, ".davit")), 0);
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=v }\n");
}

/* --- damaged --- */

static void damaged_database_is_set_aside_and_files_are_served(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    only_for_directories();
    MAKE(fixture, "f");
    store_close(&fixture->store);
    overwrite_file(fixture, ".davit/state.db", 0, STR("this is no database, and never was one"));
    assert_true(open_again(fixture, &err));
    assert_int_equal(count_damaged(fixture), 1);
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=v }\n");
}

static void what_can_be_read_of_a_damaged_database_is_saved(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    char value[200];
    char name[16];
    only_for_directories();
    MAKE(fixture, "f");
    fixture->limits.property_count = MANY;
    memset(value, 'v', sizeof(value));
    struct store_prop *props = arena_alloc(&fixture->arena, MANY * sizeof(*props));
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "p%zu", i);
        props[i] = (struct store_prop){STR("ns"), arena_str(&fixture->arena, str_of_c(name)),
                                       arena_str(&fixture->arena, str_of(value, 200))};
    }
    struct store_patch patch = {.props = props, .prop_count = MANY};
    assert_ok(do_patch(fixture->store, PATH("f"), &patch));
    store_close(&fixture->store);
    damage_page(fixture, 2);
    assert_true(open_again(fixture, &err));
    struct store_props saved;
    assert_ok(store_gather_props(fixture->store, &fixture->arena, PATH("f"), &saved));
    assert_in_range(saved.count, MANY / 2, MANY);
    assert_int_equal(count_damaged(fixture), 1);
}

/* So many files' properties as take several looks: "f0" to "f29999", put there by hand. */
static void fill_closed_database(struct fixture *fixture)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture_file(fixture, ".davit/state.db"), &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db,
                     "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 30000)"
                     " INSERT INTO prop SELECT CAST('f' || i AS BLOB), CAST('ns' AS BLOB),"
                     " CAST('p' AS BLOB), CAST('value ' || i AS BLOB) FROM n",
                     NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

static void await_damaged(struct fixture *fixture)
{
    enum { TRIES = 10000, MS = 1000000 };
    for (int i = 0; i < TRIES && count_damaged(fixture) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10 * MS}, NULL);
    assert_int_equal(count_damaged(fixture), 1);
}

/* Most of a large database is looked at when it is in use. What is damaged there fails, or is
 * found and replaced; it is never told as what is not there. */
static void damage_far_inside_is_found_while_the_database_is_in_use(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    size_t saved = 0;
    only_for_directories();
    MAKE(fixture, "f1", "f2", "f29999");
    store_close(&fixture->store);
    fill_closed_database(fixture);
    damage_page(fixture, 3);
    assert_true(open_again(fixture, &err));
    enum store_rc rc = set_prop(fixture, PATH("f2"), "p", "new");
    assert_true(rc == STORE_OK || rc == STORE_FAILED);
    await_damaged(fixture);
    assert_ok(set_prop(fixture, PATH("f2"), "p", "newer"));
    for (int i = 0; i < 30000; i += 100) {
        char name[16];
        (void)snprintf(name, sizeof(name), "f%d", i);
        saved += props_text(fixture->store, &fixture->arena, path_of(name))[0] != '\0';
    }
    assert_in_range(saved, 290, 300);
    assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f2"))), "p=newer ");
    fixture_reopen(fixture);
    assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f2"))), "p=newer ");
    assert_int_equal(count_damaged(fixture), 1);
}

/* Before the end of the look and after it, whoever has properties and whoever has none. */
static void properties_of_a_large_database_are_told_from_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    only_for_directories();
    MAKE(fixture, "f1", "f29999", "bare");
    store_close(&fixture->store);
    fill_closed_database(fixture);
    for (int i = 0; i < 2; i++) { /* closed while it is being looked at, the first time */
        assert_true(open_again(fixture, &err));
        assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f29999"))),
                   "p=value 29999 ");
        assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("bare"))), "");
        assert_ok(put(fixture, PATH("f1"), STR("x")));
    }
    while (store_may_have_props(fixture->store, PATH("bare")))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true(store_may_have_props(fixture->store, PATH("f1")));
    assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f29999"))),
               "p=value 29999 ");
    assert_ok(put(fixture, PATH("f7"), STR("x"))); /* a row of what is not there harms nobody */
    assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f7"))), "");
    assert_str(str_of_c(props_text(fixture->store, &fixture->arena, PATH("f1"))), "p=value 1 ");
}

static void damaged_journal_is_set_aside_and_its_locks_are_saved(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    only_for_directories();
    damage_journal(fixture);
    assert_true(open_again(fixture, &err));
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN),
                        "urn:g ");
    assert_int_equal(count_damaged(fixture), 1);
}

/* --- hostile --- */

static void links_in_the_place_of_the_state_are_refused(void **state)
{
    static const char *const names[] = {".davit", ".davit/staging", ".davit/state.db",
                                        ".davit/state.db-wal", ".davit/locks.journal"};
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "victim/", "victim/f");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool is_directory = i < 2;
        struct err err = {0};
        store_close(&fixture->store);
        (void)nftw(fixture_file(fixture, names[i]), remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        assert_int_equal(symlink(fixture_file(fixture, is_directory ? "victim" : "victim/f"),
                                 fixture_file(fixture, names[i])),
                         0);
        check_refused(fixture, strrchr(names[i], '/') ? strrchr(names[i], '/') + 1 : names[i]);
        assert_int_equal(unlink(fixture_file(fixture, names[i])), 0);
        assert_true(open_again(fixture, &err));
        assert_string_equal(dump(fixture), "/ {}\nvictim/ {}\nvictim/f \"victim/f\" {}\n");
    }
}

static void file_with_another_name_is_refused(void **state)
{
    static const char *const names[] = {".davit/state.db", ".davit/locks.journal"};
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "victim");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err err = {0};
        store_close(&fixture->store);
        assert_int_equal(unlink(fixture_file(fixture, names[i])), 0);
        assert_int_equal(link(fixture_file(fixture, "victim"), fixture_file(fixture, names[i])), 0);
        check_refused(fixture, "other names");
        assert_int_equal(unlink(fixture_file(fixture, names[i])), 0);
        assert_true(open_again(fixture, &err));
    }
}

static void state_of_another_user_is_refused(void **state)
{
    static const char *const names[] = {".davit", ".davit/staging", ".davit/state.db",
                                        ".davit/locks.journal"};
    struct fixture *fixture = *state;
    only_for_directories();
    if (geteuid() != 0)
        skip(); /* only root can give something away */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err err = {0};
        store_close(&fixture->store);
        assert_int_equal(chown(fixture_file(fixture, names[i]), STRANGER, STRANGER), 0);
        check_refused(fixture, "belongs to user 65534");
        assert_int_equal(chown(fixture_file(fixture, names[i]), 0, 0), 0);
        assert_true(open_again(fixture, &err));
    }
}

static void state_is_closed_to_others(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    struct stat st;
    only_for_directories();
    store_close(&fixture->store);
    assert_int_equal(chmod(fixture_file(fixture, ".davit"), 0777), 0);
    assert_int_equal(chmod(fixture_file(fixture, ".davit/state.db"), 0666), 0);
    assert_true(open_again(fixture, &err));
    assert_int_equal(stat(fixture_file(fixture, ".davit"), &st), 0);
    assert_int_equal(st.st_mode & 022, 0);
    for (const char *const *name = (const char *const[]){"state.db", "state.db-wal", "state.db-shm",
                                                         "locks.journal", NULL};
         *name; name++) {
        char path[64];
        (void)snprintf(path, sizeof(path), ".davit/%s", *name);
        assert_int_equal(stat(fixture_file(fixture, path), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

int state_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p10_what_is_acknowledged_after_the_state_was_removed_is_kept),
        CONTRACT_TEST(p10_what_was_acknowledged_before_is_written_again_at_the_end),
        CONTRACT_TEST(p10_nothing_is_acknowledged_where_the_state_cannot_be_made_again),
        CONTRACT_TEST(damaged_database_is_set_aside_and_files_are_served),
        CONTRACT_TEST(what_can_be_read_of_a_damaged_database_is_saved),
        CONTRACT_TEST(damage_far_inside_is_found_while_the_database_is_in_use),
        CONTRACT_TEST(properties_of_a_large_database_are_told_from_the_start),
        CONTRACT_TEST(damaged_journal_is_set_aside_and_its_locks_are_saved),
        CONTRACT_TEST(links_in_the_place_of_the_state_are_refused),
        CONTRACT_TEST(file_with_another_name_is_refused),
        CONTRACT_TEST(state_of_another_user_is_refused),
        CONTRACT_TEST(state_is_closed_to_others),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
