/* Promises 8, 10, 13 and 17 at start-up: what a crash can leave behind is put there by hand, and is
 * finished or gone when the store has been opened. And what else there is to opening one. */
#include "support.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/registry.h"

/* --- doing by hand --- */

static void close_store(struct fixture *fixture)
{
    store_close(&fixture->store);
}

/* On the closed store's database. */
static void change_state(struct fixture *fixture, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture_file(fixture, ".davit/state.db"), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t count_rows(struct fixture *fixture, const char *table)
{
    struct buf sql = {0};
    sqlite3 *db;
    sqlite3_stmt *statement;
    buf_addf(&sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_open(fixture_file(fixture, ".davit/state.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, buf_c(&sql), -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    buf_done(&sql);
    return count;
}

static void make_file(struct fixture *fixture, const char *name)
{
    int fd = open(fixture_file(fixture, name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static bool exists(struct fixture *fixture, const char *name)
{
    return access(fixture_file(fixture, name), F_OK) == 0;
}

static void rename_file(struct fixture *fixture, const char *from, const char *to)
{
    assert_int_equal(rename(fixture_file(fixture, from), fixture_file(fixture, to)), 0);
}

/* As a copy or move writes it before it puts `file` at its target. */
static void add_intent(struct fixture *fixture, const char *from, const char *to, const char *file,
                       bool is_copy)
{
    struct stat st;
    struct buf sql = {0};
    assert_int_equal(stat(fixture_file(fixture, file), &st), 0);
    buf_addf(&sql,
             "INSERT INTO intent(source, target, inode, is_copy) VALUES"
             "(CAST('%s' AS BLOB), CAST('%s' AS BLOB), %llu, %d)",
             from, to, (unsigned long long)st.st_ino, is_copy);
    change_state(fixture, buf_c(&sql));
    buf_done(&sql);
}

/* The lock is one that the last intent takes away. */
static void add_intent_lock(struct fixture *fixture, const char *token)
{
    struct buf sql = {0};
    buf_addf(&sql, "INSERT INTO intent_lock SELECT max(id), CAST('%s' AS BLOB) FROM intent", token);
    change_state(fixture, buf_c(&sql));
    buf_done(&sql);
}

/* --- what was staged: promise 8 --- */

static void p8_staged_files_and_trees_are_gone(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    close_store(fixture);
    make_file(fixture, ".davit/staging/.davit-staged-0000000000000001");
    assert_int_equal(mkdir(fixture_file(fixture, ".davit/staging/.davit-staged-2"), 0755), 0);
    make_file(fixture, ".davit/staging/.davit-staged-2/f");
    make_file(fixture, ".davit/staging/whatever");
    fixture_reopen(fixture);
    assert_int_equal(rmdir(fixture_file(fixture, ".davit/staging")), 0); /* it is empty */
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

static void add_stray(struct fixture *fixture, const char *name)
{
    struct buf sql = {0};
    buf_addf(&sql, "INSERT INTO stray VALUES(CAST('%s' AS BLOB))", fixture_file(fixture, name));
    change_state(fixture, buf_c(&sql));
    buf_done(&sql);
}

static void p8_files_staged_beside_their_target_are_gone(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f");
    close_store(fixture);
    make_file(fixture, "c/.davit-staged-1");
    make_file(fixture, "c/.davit-staged-2"); /* not noted: may be another server's */
    add_stray(fixture, "c/.davit-staged-1");
    add_stray(fixture, "c/.davit-staged-gone");
    add_stray(fixture, "c/f"); /* none of ours, whatever the database says */
    add_stray(fixture, "c/.davit-staged-1/../f");
    fixture_reopen(fixture);
    assert_false(exists(fixture, "c/.davit-staged-1"));
    assert_true(exists(fixture, "c/.davit-staged-2"));
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/f \"c/f\" {}\n");
    close_store(fixture);
    assert_int_equal(count_rows(fixture, "stray"), 0);
}

/* --- copies and moves that were under way: promise 13 --- */

static void make_ends(struct fixture *fixture)
{
    MAKE(fixture, "c/", "c/f", "x/", "x/old", "g", "y");
    assert_ok(set_prop(fixture, PATH("c"), "p", "c"));
    assert_ok(set_prop(fixture, PATH("c/f"), "p", "f"));
    assert_ok(set_prop(fixture, PATH("x"), "q", "x"));
    assert_ok(set_prop(fixture, PATH("x/old"), "q", "old"));
    assert_ok(set_prop(fixture, PATH("y"), "q", "y"));
    assert_ok(set_lock(fixture, PATH("c/f"), "f"));
    assert_ok(set_lock(fixture, PATH("y"), "y"));
}

static const char ends_dump[] = "/ {}\nc/ {p=c }\nc/f \"c/f\" {p=f } [f]\ng \"g\" {}\nx/ {q=x }\n"
                                "x/old \"x/old\" {q=old }\ny \"y\" {q=y } [y]\n";

static void reopen_and_check(struct fixture *fixture, const char *expected)
{
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), expected);
    close_store(fixture);
    assert_int_equal(count_rows(fixture, "intent"), 0);
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), expected); /* once and for all */
}

static void p13_move_that_had_not_begun_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "x", "c", false);
    add_intent(fixture, "g", "y", "g", false);
    add_intent(fixture, "c", "new", "c", false);
    reopen_and_check(fixture, ends_dump);
}

static void p13_move_that_was_done_takes_properties_along(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "new", "c", false);
    rename_file(fixture, "c", "new");
    reopen_and_check(fixture, "/ {}\ng \"g\" {}\nnew/ {p=c }\nnew/f \"c/f\" {p=f }\nx/ {q=x }\n"
                              "x/old \"x/old\" {q=old }\ny \"y\" {q=y } [y]\n");
}

/* The source has no properties: nothing but the intent tells that those of "y" are another's. The
 * lock is that of whatever is there. */
static void p13_move_that_had_replaced_a_file_forgets_what_was_there(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "g", "y", "g", false);
    rename_file(fixture, "g", "y");
    reopen_and_check(fixture, "/ {}\nc/ {p=c }\nc/f \"c/f\" {p=f } [f]\nx/ {q=x }\n"
                              "x/old \"x/old\" {q=old }\ny \"g\" {} [y]\n");
}

/* The intent alone tells that the lock of "x/f" was that of another file. */
static void p13_move_that_had_replaced_a_collection_forgets_the_locks_in_it(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    MAKE(fixture, "x/f");
    assert_ok(set_lock(fixture, PATH("x"), "x"));
    assert_ok(set_lock(fixture, PATH("x/f"), "xf"));
    close_store(fixture);
    add_intent(fixture, "c", "x", "c", false);
    add_intent_lock(fixture, "xf");
    assert_int_equal(unlink(fixture_file(fixture, "x/old")), 0);
    assert_int_equal(unlink(fixture_file(fixture, "x/f")), 0);
    rename_file(fixture, "c", "x");
    reopen_and_check(fixture, "/ {}\ng \"g\" {}\nx/ {p=c } [x]\nx/f \"c/f\" {p=f }\n"
                              "y \"y\" {q=y } [y]\n");
}

static void p13_move_that_had_removed_a_part_of_its_destination(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "x", "c", false);
    assert_int_equal(unlink(fixture_file(fixture, "x/old")), 0);
    fixture_reopen(fixture);
    MAKE(fixture, "x/new");
    make_file(fixture, "x/old"); /* by another program: even then, nothing turns up again */
    assert_string_equal(dump(fixture), "/ {}\nc/ {p=c }\nc/f \"c/f\" {p=f } [f]\ng \"g\" {}\n"
                                       "x/ {q=x }\nx/new \"x/new\" {}\nx/old \"\" {}\n"
                                       "y \"y\" {q=y } [y]\n");
}

static void p13_move_that_had_gone_member_by_member(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "new", "c", false);
    assert_int_equal(mkdir(fixture_file(fixture, "new"), 0755), 0);
    rename_file(fixture, "c/f", "new/f");
    reopen_and_check(fixture, "/ {}\nc/ {p=c }\ng \"g\" {}\nnew/ {}\nnew/f \"c/f\" {p=f }\n"
                              "x/ {q=x }\nx/old \"x/old\" {q=old }\ny \"y\" {q=y } [y]\n");
}

static void p12_copy_that_was_in_place_gets_its_properties(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    make_file(fixture, "copy");
    add_intent(fixture, "c/f", "y", "copy", true);
    rename_file(fixture, "copy", "y");
    reopen_and_check(fixture, "/ {}\nc/ {p=c }\nc/f \"c/f\" {p=f } [f]\ng \"g\" {}\nx/ {q=x }\n"
                              "x/old \"x/old\" {q=old }\ny \"\" {p=f } [y]\n");
}

static void p12_copy_that_was_not_in_place_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "x", ".davit/staging", true);
    add_intent(fixture, "c/f", "y", ".davit/staging", true);
    reopen_and_check(fixture, ends_dump);
}

/* --- locks: promise 17 --- */

static void p17_lock_whose_resource_never_came_is_gone(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    assert_ok(set_lock(fixture, PATH("f"), "f"));
    assert_ok(set_lock(fixture, PATH("never/came"), "never"));
    fixture_reopen(fixture);
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN), "f ");
    MAKE(fixture, "never/", "never/came");
    fixture_reopen(fixture);
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN), "f ");
}

/* davit kept locks in the database before it had a journal. */
static void p17_locks_in_the_database_are_taken_over(void **state)
{
    struct fixture *fixture = *state;
    struct buf sql = {0};
    only_for_directories();
    MAKE(fixture, "f", "g");
    assert_ok(set_lock(fixture, PATH("f"), "f"));
    close_store(fixture);
    buf_addf(&sql,
             "CREATE TABLE lock(token BLOB NOT NULL PRIMARY KEY, path BLOB NOT NULL,"
             " is_exclusive INTEGER NOT NULL, is_infinite INTEGER NOT NULL, owner BLOB NOT NULL,"
             " principal BLOB NOT NULL, timeout_s INTEGER NOT NULL, expires_ms INTEGER NOT NULL)"
             " WITHOUT ROWID;"
             "INSERT INTO lock VALUES('old', 'g', 1, 0, '<o/>', '', 60, %lld);"
             "INSERT INTO lock VALUES('past', 'g', 0, 1, '', '', 60, 1);"
             "INSERT INTO lock VALUES('gone', 'gone', 1, 0, '', '', 60, %lld)",
             (long long)clock_wall_ms() + 60000, (long long)clock_wall_ms() + 60000);
    change_state(fixture, buf_c(&sql));
    buf_done(&sql);
    for (int i = 0; i < 2; i++) {
        fixture_reopen(fixture);
        assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN),
                            "f old ");
    }
    struct lock_list locks;
    assert_ok(store_locks(fixture->store, &fixture->arena, PATH("g"), LOCKS_COVERING, &locks));
    assert_true(locks.items[0].is_exclusive && !locks.items[0].is_infinite);
    assert_int_equal(locks.items[0].timeout_s, 60);
    assert_str(locks.items[0].owner_xml, "<o/>");
    assert_ok(do_unlock(fixture->store, STR("old")));
    fixture_reopen(fixture);
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN), "f ");
}

/* --- opening --- */

static bool open_again(struct fixture *fixture, struct err *err)
{
    return store_open("directory", &fixture->options, &fixture->store, err);
}

static void read_only_store_leaves_all_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    only_for_directories();
    make_ends(fixture);
    close_store(fixture);
    add_intent(fixture, "c", "new", "c", false);
    add_stray(fixture, ".davit-staged-1");
    make_file(fixture, ".davit-staged-1");
    make_file(fixture, ".davit/staging/.davit-staged-2");
    fixture->options.is_read_only = true;
    assert_true(open_again(fixture, &err));
    assert_string_equal(dump(fixture), ends_dump);
    close_store(fixture);
    assert_true(exists(fixture, ".davit-staged-1"));
    assert_true(exists(fixture, ".davit/staging/.davit-staged-2"));
    assert_int_equal(count_rows(fixture, "intent"), 1);
    assert_int_equal(count_rows(fixture, "stray"), 1);
}

static void read_only_store_needs_no_state(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    only_for_directories();
    MAKE(fixture, "f");
    close_store(fixture);
    change_state(fixture, "PRAGMA journal_mode = DELETE");
    assert_int_equal(unlink(fixture_file(fixture, ".davit/state.db")), 0);
    fixture->options.is_read_only = true;
    assert_true(open_again(fixture, &err));
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
    assert_false(exists(fixture, ".davit/state.db"));
}

static void second_store_on_a_directory_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct store *second = NULL;
    struct err err = {0};
    only_for_directories();
    assert_false(store_open("directory", &fixture->options, &second, &err));
    assert_non_null(strstr(err.text, "another davit"));
    MAKE(fixture, "f"); /* the first one goes on */
}

static void missing_root_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    only_for_directories();
    close_store(fixture);
    fixture->options.root = fixture_file(fixture, "not/there");
    assert_false(open_again(fixture, &err));
    assert_non_null(strstr(err.text, "not/there"));
    fixture->options.root = fixture->root;
}

static void unknown_backend_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct store *store;
    struct err err = {0};
    assert_false(store_open("clay tablets", &fixture->options, &store, &err));
    assert_non_null(strstr(err.text, "clay tablets"));
}

static void state_may_be_kept_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    only_for_directories();
    close_store(fixture);
    assert_int_equal(mkdir(fixture_file(fixture, "served"), 0755), 0);
    fixture->options.root = fixture_file(fixture, "served");
    fixture->options.state_dir = fixture_file(fixture, "state");
    for (int round = 0; round < 2; round++) {
        assert_true(open_again(fixture, &err));
        assert_ok(put(fixture, PATH("f"), STR("x")));
        if (round == 0)
            assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
        assert_ok(copy_all(fixture, PATH("f"), PATH("g")));
        assert_string_equal(dump(fixture), "/ {}\nf \"x\" {p=v }\ng \"x\" {p=v }\n");
        close_store(fixture);
    }
    assert_true(exists(fixture, "state/state.db"));
    assert_false(exists(fixture, "served/.davit"));
}

int recovery_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p8_staged_files_and_trees_are_gone),
        CONTRACT_TEST(p8_files_staged_beside_their_target_are_gone),
        CONTRACT_TEST(p13_move_that_had_not_begun_is_forgotten),
        CONTRACT_TEST(p13_move_that_was_done_takes_properties_along),
        CONTRACT_TEST(p13_move_that_had_replaced_a_file_forgets_what_was_there),
        CONTRACT_TEST(p13_move_that_had_replaced_a_collection_forgets_the_locks_in_it),
        CONTRACT_TEST(p13_move_that_had_removed_a_part_of_its_destination),
        CONTRACT_TEST(p13_move_that_had_gone_member_by_member),
        CONTRACT_TEST(p12_copy_that_was_in_place_gets_its_properties),
        CONTRACT_TEST(p12_copy_that_was_not_in_place_is_forgotten),
        CONTRACT_TEST(p17_lock_whose_resource_never_came_is_gone),
        CONTRACT_TEST(p17_locks_in_the_database_are_taken_over),
        CONTRACT_TEST(read_only_store_leaves_all_as_it_is),
        CONTRACT_TEST(read_only_store_needs_no_state),
        CONTRACT_TEST(second_store_on_a_directory_is_refused),
        CONTRACT_TEST(missing_root_is_refused),
        CONTRACT_TEST(unknown_backend_is_refused),
        CONTRACT_TEST(state_may_be_kept_elsewhere),
    };
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
