/* Promises 1 to 4: what a read sees. */
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what is there --- */

static void stat_tells_files_from_collections(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/f");
    struct store_stat root = stat_of(fixture, PATH_ROOT);
    struct store_stat collection = stat_of(fixture, PATH("c"));
    struct store_stat file = stat_of(fixture, PATH("c/f"));
    assert_true(root.is_collection && collection.is_collection && !file.is_collection);
    assert_int_equal(collection.size_bytes, 0);
    assert_int_equal(file.size_bytes, 3);
    assert_false(file.is_executable);
}

static void missing_resources_are_not_found(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {"no", "no/no", "f/below-a-file", "c/no"};
    MAKE(fixture, "f", "c/");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct res_path path = path_of(paths[i]);
        struct store_content *content;
        struct store_cursor *cursor;
        struct store_quota quota;
        assert_rc(stat_rc(fixture, path), STORE_NOT_FOUND);
        assert_rc(store_content_open(fixture->store, path, &content), STORE_NOT_FOUND);
        assert_rc(store_list(fixture->store, path, 0, &cursor), STORE_NOT_FOUND);
        assert_rc(store_quota(fixture->store, path, &quota), STORE_NOT_FOUND);
        assert_string_equal(props_text(fixture->store, &fixture->arena, path), "");
    }
}

static void collections_have_no_content_and_files_no_members(void **state)
{
    struct fixture *fixture = *state;
    struct store_content *content;
    struct store_cursor *cursor;
    MAKE(fixture, "f", "c/");
    assert_rc(store_content_open(fixture->store, PATH("c"), &content), STORE_IS_COLLECTION);
    assert_rc(store_content_open(fixture->store, PATH_ROOT, &content), STORE_IS_COLLECTION);
    assert_rc(store_list(fixture->store, PATH("f"), 0, &cursor), STORE_NOT_FOUND);
}

/* --- promise 1: fresh --- */

static void write_file(const char *file, const char *text)
{
    int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void p1_change_by_another_program_is_seen(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    write_file(fixture_file(fixture, "f"), "one");
    assert_string_equal(get(fixture, PATH("f")), "one");
    uint64_t version = stat_of(fixture, PATH("f")).version;
    write_file(fixture_file(fixture, "f"), "longer");
    assert_string_equal(get(fixture, PATH("f")), "longer");
    assert_true(stat_of(fixture, PATH("f")).version != version);
    assert_int_equal(mkdir(fixture_file(fixture, "c"), 0755), 0);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nf \"longer\" {}\n");
    assert_int_equal(unlink(fixture_file(fixture, "f")), 0);
    assert_rc(stat_rc(fixture, PATH("f")), STORE_NOT_FOUND);
}

static void p1_what_is_no_resource_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    struct store_content *content;
    only_for_directories();
    assert_int_equal(mkfifo(fixture_file(fixture, "fifo"), 0644), 0);
    assert_rc(stat_rc(fixture, PATH("fifo")), STORE_NOT_FOUND);
    /* and does not wait for a writer */
    assert_rc(store_content_open(fixture->store, PATH("fifo"), &content), STORE_NOT_FOUND);
    assert_string_equal(dump(fixture), "/ {}\n");
}

/* --- promise 2: whole --- */

enum { BIG_BYTES = 300000, FIRST_BYTES = 1000 };

/* Opens "f" with big content and reads the beginning; then `change` happens; then reads the rest.
 */
static void check_open_content(struct fixture *fixture, void (*change)(struct fixture *fixture))
{
    struct store_content *content;
    struct buf big = {0};
    struct buf got = {0};
    struct err err;
    memset(buf_reserve(&big, BIG_BYTES), 'a', BIG_BYTES);
    big.len = BIG_BYTES;
    assert_ok(put(fixture, PATH("f"), buf_str(&big)));
    assert_ok(store_content_open(fixture->store, PATH("f"), &content));
    struct source *source = store_content_source(content, &fixture->arena, 0, BIG_BYTES);
    assert_int_equal(source_pull(source, &got, FIRST_BYTES, &err), PULL_DATA);
    change(fixture);
    while (source_pull(source, &got, 65536, &err) == PULL_DATA)
        continue;
    assert_true(str_eq(buf_str(&got), buf_str(&big)));
    assert_int_equal(content->stat.size_bytes, BIG_BYTES);
    source_close(&source);
    store_content_close(&content);
    buf_done(&big);
    buf_done(&got);
}

static void put_over(struct fixture *fixture)
{
    assert_ok(put(fixture, PATH("f"), STR("short")));
    assert_string_equal(get(fixture, PATH("f")), "short");
}

static void remove_it(struct fixture *fixture)
{
    assert_ok(remove_all(fixture, PATH("f")));
}

static void copy_over(struct fixture *fixture)
{
    MAKE(fixture, "g");
    assert_ok(copy_all(fixture, PATH("g"), PATH("f")));
}

static void move_over(struct fixture *fixture)
{
    MAKE(fixture, "h");
    assert_ok(move_all(fixture, PATH("h"), PATH("f")));
}

static void p2_open_content_survives_changes(void **state)
{
    struct fixture *fixture = *state;
    check_open_content(fixture, put_over);
    check_open_content(fixture, remove_it);
    check_open_content(fixture, copy_over);
    check_open_content(fixture, move_over);
}

static void content_is_read_from_any_offset(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        uint64_t offset, len;
        const char *expected;
    } rows[] = {{0, 10, "0123456789"}, {3, 4, "3456"}, {9, 1, "9"}, {10, 0, ""}, {0, 0, ""}};
    struct store_content *content;
    struct err err;
    assert_ok(put(fixture, PATH("f"), STR("0123456789")));
    assert_ok(store_content_open(fixture->store, PATH("f"), &content));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf got = {0};
        struct source *source =
            store_content_source(content, &fixture->arena, rows[i].offset, rows[i].len);
        while (source_pull(source, &got, 3, &err) == PULL_DATA)
            continue;
        assert_str(buf_str(&got), rows[i].expected);
        source_close(&source);
        buf_done(&got);
    }
    store_content_close(&content);
}

/* --- promise 3: versions --- */

static struct store_stat stat_by_cursor(struct fixture *fixture, struct res_path path)
{
    struct store_cursor *cursor;
    struct store_member member;
    struct store_stat stat = {0};
    assert_ok(store_list(fixture->store, path_parent(path), 0, &cursor));
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        if (str_eq(member.name, path_name(path)))
            stat = member.stat;
    }
    store_cursor_close(&cursor);
    return stat;
}

static void p3_version_is_the_same_wherever_it_is_read(void **state)
{
    struct fixture *fixture = *state;
    struct store_upload *upload;
    struct store_content *content;
    struct store_stat put_stat;
    struct store_commit options = {.sets_modified = true, .modified_s = 1234567890};
    assert_ok(store_upload(fixture->store, PATH("f"), 4, &upload));
    assert_int_equal(store_upload_write(upload, STR("text")), 0);
    assert_int_equal(store_upload_end(upload), 0);
    assert_ok(do_commit(fixture->store, upload, &options, &put_stat));
    store_upload_close(&upload);
    struct store_stat stat = stat_of(fixture, PATH("f"));
    struct store_stat listed = stat_by_cursor(fixture, PATH("f"));
    assert_ok(store_content_open(fixture->store, PATH("f"), &content));
    assert_int_equal(stat.version, put_stat.version);
    assert_int_equal(stat.version, content->stat.version);
    assert_int_equal(stat.version, listed.version);
    assert_int_equal(stat.modified_s, 1234567890);
    assert_int_equal(put_stat.modified_s, 1234567890);
    assert_int_equal(listed.modified_s, 1234567890);
    assert_int_equal(put_stat.size_bytes, 4);
    store_content_close(&content);
}

/* Same size, same time as set by the client, in quick succession: the hardest case for a backend
 * that derives versions from what a file system keeps. */
static void p3_version_differs_after_each_upload(void **state)
{
    enum { ROUNDS = 200 };
    struct fixture *fixture = *state;
    struct store_commit options = {.sets_modified = true, .modified_s = 1000000000};
    uint64_t seen[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%08zu", i);
        assert_ok(put_in(fixture->store, PATH("f"), str_of_c(text), &options));
        seen[i] = stat_of(fixture, PATH("f")).version;
        for (size_t before = 0; before < i; before++)
            assert_true(seen[before] != seen[i]);
    }
}

static void p3_version_differs_after_remove_and_upload(void **state)
{
    enum { ROUNDS = 50 };
    struct fixture *fixture = *state;
    uint64_t seen[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        assert_ok(put(fixture, PATH("f"), STR("same size")));
        seen[i] = stat_of(fixture, PATH("f")).version;
        for (size_t before = 0; before < i; before++)
            assert_true(seen[before] != seen[i]);
        assert_ok(remove_all(fixture, PATH("f")));
    }
}

static void p3_move_keeps_the_version(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "c/", "c/inner", "d/", "taken");
    uint64_t file = stat_of(fixture, PATH("f")).version;
    uint64_t inner = stat_of(fixture, PATH("c/inner")).version;
    assert_ok(move_all(fixture, PATH("f"), PATH("d/g")));
    assert_int_equal(stat_of(fixture, PATH("d/g")).version, file);
    assert_ok(move_all(fixture, PATH("d/g"), PATH("taken")));
    assert_int_equal(stat_of(fixture, PATH("taken")).version, file);
    assert_ok(move_all(fixture, PATH("c"), PATH("d/c")));
    assert_int_equal(stat_of(fixture, PATH("d/c/inner")).version, inner);
}

/* --- promise 4: cursors --- */

static void p4_empty_collection_ends_at_once_and_for_good(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    struct store_member member;
    MAKE(fixture, "c/");
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    assert_rc(store_cursor_next(cursor, &member), STORE_END);
    assert_rc(store_cursor_next(cursor, &member), STORE_END);
    store_cursor_close(&cursor);
}

enum { MEMBERS = 300, NAME_BYTES = 200 };

/* A long name, so that a listing comes in several batches from the kernel. */
static struct str member_name(char text[NAME_BYTES + 1], size_t i)
{
    memset(text, 'n', NAME_BYTES);
    (void)snprintf(text + NAME_BYTES - 6, 7, "%06zu", i);
    return str_of(text, NAME_BYTES);
}

static void make_members(struct fixture *fixture)
{
    char name[NAME_BYTES + 1];
    for (size_t i = 0; i < MEMBERS; i++) {
        struct str text = member_name(name, i);
        assert_ok(mkcol(fixture, (struct res_path){text.at, text.len}));
    }
}

/* Counts how often the cursor gives each of the members; others are ignored. */
static void count_members(struct store_cursor *cursor, unsigned counts[MEMBERS],
                          void (*between)(struct fixture *fixture, size_t i),
                          struct fixture *fixture)
{
    struct store_member member;
    enum store_rc rc;
    size_t given = 0;
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        uint64_t i = MEMBERS;
        if (member.name.len == NAME_BYTES)
            assert_true(str_parse_u64(str_from(member.name, NAME_BYTES - 6), &i));
        if (i < MEMBERS) {
            counts[i]++;
            assert_ok(member.rc);
            assert_true(member.stat.is_collection);
        }
        if (between)
            between(fixture, given++);
    }
    assert_rc(rc, STORE_END);
}

static void p4_each_member_is_given_once(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *first;
    struct store_cursor *second;
    unsigned counts[MEMBERS] = {0};
    make_members(fixture);
    assert_ok(store_list(fixture->store, PATH_ROOT, 0, &first));
    assert_ok(store_list(fixture->store, PATH_ROOT, 0, &second));
    count_members(first, counts, NULL, NULL); /* each cursor has a place of its own */
    count_members(second, counts, NULL, NULL);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(counts[i], 2);
    store_cursor_close(&first);
    store_cursor_close(&second);
}

/* Adds short names, and removes every third of the long ones. */
static void disturb(struct fixture *fixture, size_t i)
{
    char text[NAME_BYTES + 1];
    (void)snprintf(text, sizeof(text), "new-%zu", i);
    (void)!mkcol(fixture, path_of(text)); /* it may be there */
    struct str name = member_name(text, i * 3 % MEMBERS);
    (void)!remove_all(fixture, (struct res_path){name.at, name.len}); /* it may be gone */
}

static void p4_members_that_stay_are_given_once_while_others_come_and_go(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    unsigned counts[MEMBERS] = {0};
    make_members(fixture);
    assert_ok(store_list(fixture->store, PATH_ROOT, 0, &cursor));
    count_members(cursor, counts, disturb, fixture);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_true(i % 3 == 0 ? counts[i] <= 1 : counts[i] == 1);
    store_cursor_close(&cursor);
}

static void p4_cursor_outlives_its_collection(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor;
    struct store_member member;
    MAKE(fixture, "c/", "c/f");
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    assert_ok(remove_all(fixture, PATH("c")));
    while (store_cursor_next(cursor, &member) == STORE_OK)
        assert_str(member.name, "f");
    store_cursor_close(&cursor);
}

int reading_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(stat_tells_files_from_collections),
        CONTRACT_TEST(missing_resources_are_not_found),
        CONTRACT_TEST(collections_have_no_content_and_files_no_members),
        CONTRACT_TEST(p1_change_by_another_program_is_seen),
        CONTRACT_TEST(p1_what_is_no_resource_is_not_shown),
        CONTRACT_TEST(p2_open_content_survives_changes),
        CONTRACT_TEST(content_is_read_from_any_offset),
        CONTRACT_TEST(p3_version_is_the_same_wherever_it_is_read),
        CONTRACT_TEST(p3_version_differs_after_each_upload),
        CONTRACT_TEST(p3_version_differs_after_remove_and_upload),
        CONTRACT_TEST(p3_move_keeps_the_version),
        CONTRACT_TEST(p4_empty_collection_ends_at_once_and_for_good),
        CONTRACT_TEST(p4_each_member_is_given_once),
        CONTRACT_TEST(p4_members_that_stay_are_given_once_while_others_come_and_go),
        CONTRACT_TEST(p4_cursor_outlives_its_collection),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
