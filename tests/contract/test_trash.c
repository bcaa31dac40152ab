/* Promises 33 to 38: what is kept of what is deleted and overwritten. Of a store in a store/trash;
 * that it keeps all other promises the other groups show. */
#include "base/clock.h"
#include "store/registry.h"
#include "store/trash/sweep.h"
#include "store/trash/trash.h"
#include "support.h"

#define TRASH PATH(".trash")

/* The members of a collection of what is kept, the oldest first, each with a blank behind it. */
static const char *names_in(struct fixture *fixture, struct res_path path, unsigned wants)
{
    struct store_cursor *cursor;
    struct store_member member;
    struct buf text = {0};
    assert_ok(store_list(fixture->store, path, wants, &cursor));
    const char *names[64];
    size_t count = 0;
    while (store_cursor_next(cursor, &member) == STORE_OK)
        names[count++] = arena_text(&fixture->arena, member.name);
    store_cursor_close(&cursor);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (strcmp(names[j], names[i]) < 0) {
                const char *other = names[i];
                names[i] = names[j];
                names[j] = other;
            }
        }
        buf_addf(&text, "%s ", names[i]);
    }
    const char *copy = arena_text(&fixture->arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

/* The n-th of them. */
static struct res_path member_of(struct fixture *fixture, struct res_path path, size_t n)
{
    struct str rest = str_of_c(names_in(fixture, path, 0));
    struct str name = str_cut(&rest, ' ');
    while (n-- > 0)
        name = str_cut(&rest, ' ');
    assert_true(name.len > 0);
    return path_join(&fixture->arena, path, name);
}

static size_t count_in(struct fixture *fixture, struct res_path path)
{
    size_t count = 0;
    for (const char *at = names_in(fixture, path, 0); *at; at++)
        count += *at == ' ';
    return count;
}

static struct store_kept kept_of(struct fixture *fixture, struct res_path path)
{
    struct store_kept kept;
    assert_ok(store_kept(fixture->store, &fixture->arena, path, &kept));
    return kept;
}

static struct res_path versions_of(struct fixture *fixture, struct res_path path)
{
    struct res_path trash;
    struct res_path versions;
    assert_ok(store_keeping(fixture->store, &fixture->arena, path, &trash, &versions));
    return versions;
}

/* --- 33: what is deleted --- */

static void deleted_is_kept_whole(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/e/", "d/e/f", "d/g");
    assert_ok(set_prop(fixture, PATH("d/e/f"), "p", "<p/>"));
    assert_ok(remove_all(fixture, PATH("d")));
    assert_rc(stat_rc(fixture, PATH("d")), STORE_NOT_FOUND);
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_true(str_ends(path_name(kept), STR("-d")));
    struct res_path file = path_join(&fixture->arena, kept, STR("e/f"));
    assert_string_equal(get(fixture, file), "d/e/f");
    assert_string_equal(props_text(fixture->store, &fixture->arena, file), "p=<p/> ");
    assert_str(path_str(kept_of(fixture, kept).from), "d");
    assert_str(path_str(kept_of(fixture, file).from), "d/e/f");
    assert_false(kept_of(fixture, kept).is_version);
}

static void refused_is_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    MAKE(fixture, "d/", "d/a", "d/b");
    recorder_refuse(recorder, "d/b");
    assert_rc(do_remove(fixture->store, PATH("d"), &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "d/b REFUSED 423\n");
    assert_string_equal(get(fixture, PATH("d/b")), "d/b");
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_string_equal(names_in(fixture, kept, 0), "a ");
}

static void trash_is_beside_all_else(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(names_in(fixture, PATH_ROOT, 0), "");
    assert_string_equal(names_in(fixture, TRASH, 0), "");
    assert_true(stat_of(fixture, TRASH).is_collection);
    MAKE(fixture, "f");
    assert_ok(remove_all(fixture, PATH("f")));
    assert_string_equal(names_in(fixture, PATH_ROOT, 0), "");
    assert_string_equal(names_in(fixture, PATH_ROOT, WANTS_ASIDE), ".trash ");
    assert_true(store_is_aside(fixture->store, TRASH));
    assert_false(store_is_aside(fixture->store, PATH("f")));
}

static void long_names_are_cut(void **state)
{
    struct fixture *fixture = *state;
    char name[256] = {0};
    memset(name, 'n', 255);
    assert_ok(put(fixture, path_of(name), STR("x")));
    assert_ok(remove_all(fixture, path_of(name)));
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_int_equal(path_name(kept).len, 255);
    assert_str(path_str(kept_of(fixture, kept).from), name);
}

/* --- 34: nothing is made there --- */

static void nothing_is_made_in_the_trash(void **state)
{
    struct fixture *fixture = *state;
    struct store_upload *upload;
    MAKE(fixture, "f", "g");
    assert_ok(remove_all(fixture, PATH("f")));
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_rc(store_upload(fixture->store, kept, 1, &upload), STORE_DENIED);
    assert_rc(store_upload(fixture->store, PATH(".trash/new"), 1, &upload), STORE_DENIED);
    assert_rc(store_upload(fixture->store, TRASH, 1, &upload), STORE_IS_COLLECTION);
    assert_rc(mkcol(fixture, PATH(".trash/new")), STORE_DENIED);
    assert_rc(mkcol(fixture, TRASH), STORE_EXISTS);
    assert_rc(set_prop(fixture, kept, "p", "<p/>"), STORE_DENIED);
    assert_rc(set_lock(fixture, kept, "urn:t"), STORE_DENIED);
    assert_rc(copy_all(fixture, PATH("g"), PATH(".trash/new")), STORE_DENIED);
    assert_rc(move_all(fixture, PATH("g"), PATH(".trash/new")), STORE_DENIED);
    assert_rc(move_all(fixture, TRASH, PATH("t")), STORE_DENIED);
    assert_string_equal(names_in(fixture, PATH_ROOT, 0), "g ");
    assert_int_equal(count_in(fixture, TRASH), 1);
}

static void records_are_not_seen(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f");
    assert_ok(remove_all(fixture, PATH("d")));
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_rc(stat_rc(fixture, path_join(&fixture->arena, kept, STR("about"))), STORE_NOT_FOUND);
    assert_string_equal(names_in(fixture, kept, 0), "f ");
}

/* --- 35: back, and away --- */

static void restored_by_a_move(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f");
    assert_ok(set_prop(fixture, PATH("d/f"), "p", "<p/>"));
    const char *before = dump(fixture);
    assert_ok(put(fixture, PATH("d/f"), STR("second")));
    assert_ok(put(fixture, PATH("d/f"), STR("d/f")));
    assert_ok(remove_all(fixture, PATH("d")));
    assert_ok(move_all(fixture, member_of(fixture, TRASH, 0), PATH("d")));
    assert_string_equal(dump(fixture), before);
    assert_string_equal(names_in(fixture, TRASH, 0), "");
    assert_int_equal(count_in(fixture, versions_of(fixture, PATH("d/f"))), 2);
}

static void restored_over_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(remove_all(fixture, PATH("f")));
    assert_ok(put(fixture, PATH("f"), STR("new")));
    assert_ok(move_all(fixture, member_of(fixture, TRASH, 0), PATH("f")));
    assert_string_equal(get(fixture, PATH("f")), "f");
    assert_string_equal(get(fixture, member_of(fixture, TRASH, 0)), "new");
    assert_int_equal(count_in(fixture, TRASH), 1);
}

static void member_is_restored_alone(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f", "d/g");
    assert_ok(remove_all(fixture, PATH("d")));
    struct res_path kept = member_of(fixture, TRASH, 0);
    assert_ok(move_all(fixture, path_join(&fixture->arena, kept, STR("f")), PATH("f")));
    assert_string_equal(get(fixture, PATH("f")), "d/f");
    assert_string_equal(names_in(fixture, kept, 0), "g ");
}

static void copied_out_it_stays(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f");
    assert_ok(remove_all(fixture, PATH("d")));
    assert_ok(copy_all(fixture, member_of(fixture, TRASH, 0), PATH("e")));
    assert_string_equal(get(fixture, PATH("e/f")), "d/f");
    assert_int_equal(count_in(fixture, TRASH), 1);
}

static void purged_by_a_removal(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a", "b", "c");
    assert_ok(remove_all(fixture, PATH("a")));
    assert_ok(remove_all(fixture, PATH("b")));
    assert_ok(remove_all(fixture, PATH("c")));
    assert_ok(remove_all(fixture, member_of(fixture, TRASH, 0)));
    assert_string_equal(get(fixture, member_of(fixture, TRASH, 0)), "b");
    assert_int_equal(count_in(fixture, TRASH), 2);
    assert_ok(remove_all(fixture, TRASH));
    assert_int_equal(count_in(fixture, TRASH), 0);
    assert_rc(remove_all(fixture, PATH(".trash/20261130T200102.123456Z-0000-f")), STORE_NOT_FOUND);
}

/* --- 36: versions --- */

static void overwritten_is_a_version(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f");
    assert_ok(set_prop(fixture, PATH("d/f"), "p", "<p/>"));
    assert_ok(put(fixture, PATH("d/f"), STR("second")));
    assert_ok(put(fixture, PATH("d/f"), STR("third")));
    struct res_path versions = versions_of(fixture, PATH("d/f"));
    assert_int_equal(count_in(fixture, versions), 2);
    struct res_path first = member_of(fixture, versions, 0);
    assert_string_equal(get(fixture, first), "d/f");
    assert_string_equal(get(fixture, member_of(fixture, versions, 1)), "second");
    assert_string_equal(props_text(fixture->store, &fixture->arena, first), "p=<p/> ");
    assert_true(kept_of(fixture, first).is_version);
    assert_str(path_str(kept_of(fixture, first).from), "d/f");
    assert_rc(remove_all(fixture, first), STORE_DENIED);
    assert_rc(move_all(fixture, first, PATH("g")), STORE_DENIED);
    assert_ok(copy_all(fixture, first, PATH("d/f")));
    assert_string_equal(get(fixture, PATH("d/f")), "d/f");
    assert_int_equal(count_in(fixture, versions), 3);
}

static void replaced_by_a_file_is_a_version(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "new", "other");
    assert_ok(move_all(fixture, PATH("new"), PATH("f")));
    assert_ok(copy_all(fixture, PATH("other"), PATH("f")));
    struct res_path versions = versions_of(fixture, PATH("f"));
    assert_string_equal(get(fixture, member_of(fixture, versions, 0)), "f");
    assert_string_equal(get(fixture, member_of(fixture, versions, 1)), "new");
    assert_int_equal(count_in(fixture, TRASH), 0);
}

static void replaced_collection_is_in_the_trash(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f", "e/", "e/g");
    assert_ok(set_lock(fixture, PATH("d"), "urn:t"));
    assert_ok(copy_all(fixture, PATH("e"), PATH("d")));
    assert_string_equal(names_in(fixture, PATH("d"), 0), "g ");
    assert_string_equal(names_in(fixture, member_of(fixture, TRASH, 0), 0), "f ");
    assert_string_equal(locks_text(fixture->store, &fixture->arena, PATH("d"), LOCKS_COVERING),
                        "urn:t ");
}

static void versions_follow_a_move(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f");
    assert_ok(put(fixture, PATH("d/f"), STR("second")));
    assert_ok(move_all(fixture, PATH("d"), PATH("e")));
    assert_int_equal(count_in(fixture, versions_of(fixture, PATH("e/f"))), 1);
    assert_ok(move_all(fixture, PATH("e/f"), PATH("g")));
    assert_int_equal(count_in(fixture, versions_of(fixture, PATH("g"))), 1);
    assert_ok(remove_all(fixture, PATH("g")));
    assert_ok(put(fixture, PATH("g"), STR("another")));
    struct store_cursor *cursor;
    assert_rc(store_list(fixture->store, versions_of(fixture, PATH("g")), 0, &cursor),
              STORE_NOT_FOUND);
}

static void unchanged_is_no_version(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.expects_absent = true};
    struct store_seen seen = {.exists = true, .has_version = true, .version = 1};
    MAKE(fixture, "f");
    assert_rc(put_in(fixture->store, PATH("f"), STR("x"), &options), STORE_EXISTS);
    options = (struct store_commit){.seen = &seen};
    assert_rc(put_in(fixture->store, PATH("f"), STR("x"), &options), STORE_AGAIN);
    struct store_cursor *cursor;
    enum store_rc rc = store_list(fixture->store, versions_of(fixture, PATH("f")), 0, &cursor);
    if (rc == STORE_OK) {
        store_cursor_close(&cursor);
        assert_int_equal(count_in(fixture, versions_of(fixture, PATH("f"))), 0);
    }
}

/* An hour of saving each second. */
static void bursts_are_thinned_out(void **state)
{
    struct fixture *fixture = *state;
    enum { SECONDS = 400 };
    int64_t start = clock_wall_ms();
    MAKE(fixture, "f");
    for (int i = 0; i < SECONDS; i++) {
        clock_freeze(start + (int64_t)i * 1000);
        assert_ok(put(fixture, PATH("f"), STR("x")));
    }
    size_t count = count_in(fixture, versions_of(fixture, PATH("f")));
    clock_freeze(-1);
    assert_true(count > 15 && count < 40);
}

/* --- 37, 38: how long, and how much --- */

/* The store, around the same as before, with other options. */
static void keep(struct fixture *fixture, const struct trash_options *options)
{
    struct err err = {0};
    assert_true(backend->is_directory);
    store_close(&fixture->store);
    if (!store_open(backend->store, &fixture->options, &fixture->store, &err))
        fail_msg("opening the store: %s", err.text);
    fixture->store = trash_store_new(&fixture->store, options);
}

static void expires(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "d/", "d/f", "g");
    assert_ok(put(fixture, PATH("g"), STR("second")));
    assert_ok(remove_all(fixture, PATH("d")));
    trash_sweep(fixture->store);
    assert_int_equal(count_in(fixture, TRASH), 1);
    clock_set_ahead(3601 * 1000);
    assert_ok(put(fixture, PATH("g"), STR("third")));
    trash_sweep(fixture->store);
    clock_set_ahead(0);
    assert_int_equal(count_in(fixture, TRASH), 0);
    assert_int_equal(count_in(fixture, versions_of(fixture, PATH("g"))), 1);
    assert_string_equal(get(fixture, PATH("g")), "third");
}

static void oldest_go_first(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    keep(fixture, &(struct trash_options){.name = STR(".trash"), .keep_s = 3600, .keep_bytes = 40});
    MAKE(fixture, "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "c");
    assert_ok(remove_all(fixture, PATH("aaaaaaaaaaaaaaaa")));
    assert_ok(remove_all(fixture, PATH("bbbbbbbbbbbbbbbb")));
    assert_ok(remove_all(fixture, PATH("c")));
    trash_sweep(fixture->store);
    assert_int_equal(count_in(fixture, TRASH), 2);
    assert_true(store_make_room(fixture->store, PATH("x"), 1));
    assert_int_equal(count_in(fixture, TRASH), 1);
    assert_string_equal(get(fixture, member_of(fixture, TRASH, 0)), "c");
}

static void empty_versions_go(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    MAKE(fixture, "d/", "d/f");
    assert_ok(put(fixture, PATH("d/f"), STR("second")));
    clock_set_ahead(3601 * 1000);
    trash_sweep(fixture->store);
    clock_set_ahead(0);
    assert_rc(store_list(fixture->store, versions_of(fixture, PATH("d")), 0, &cursor),
              STORE_NOT_FOUND);
}

static void survives_a_restart(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f", "g");
    assert_ok(put(fixture, PATH("g"), STR("second")));
    assert_ok(remove_all(fixture, PATH("f")));
    fixture_reopen(fixture);
    assert_string_equal(get(fixture, member_of(fixture, TRASH, 0)), "f");
    assert_string_equal(get(fixture, member_of(fixture, versions_of(fixture, PATH("g")), 0)), "g");
}

int trash_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(deleted_is_kept_whole),
        CONTRACT_TEST(refused_is_not_kept),
        CONTRACT_TEST(trash_is_beside_all_else),
        CONTRACT_TEST(long_names_are_cut),
        CONTRACT_TEST(nothing_is_made_in_the_trash),
        CONTRACT_TEST(records_are_not_seen),
        CONTRACT_TEST(restored_by_a_move),
        CONTRACT_TEST(restored_over_what_is_there),
        CONTRACT_TEST(member_is_restored_alone),
        CONTRACT_TEST(copied_out_it_stays),
        CONTRACT_TEST(purged_by_a_removal),
        CONTRACT_TEST(overwritten_is_a_version),
        CONTRACT_TEST(replaced_by_a_file_is_a_version),
        CONTRACT_TEST(replaced_collection_is_in_the_trash),
        CONTRACT_TEST(versions_follow_a_move),
        CONTRACT_TEST(unchanged_is_no_version),
        CONTRACT_TEST(bursts_are_thinned_out),
        CONTRACT_TEST(expires),
        CONTRACT_TEST(oldest_go_first),
        CONTRACT_TEST(empty_versions_go),
        CONTRACT_TEST(survives_a_restart),
    };
    if (!backend->is_trash)
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
