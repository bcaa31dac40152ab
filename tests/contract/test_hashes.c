/* Promise 27: hashes of content. */
#include "support.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What `printf hello | sha1sum` and its like say. */
#define HELLO_SHA1 "SHA1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
#define HELLO_MD5  "MD5:5d41402abc4b2a76b9719d911017c592"
#define OTHER_SHA1 "SHA1:d0941e68da8f38151ff86a61fc59f7c5cf9fcaa2"

static void only_where_files_have_attributes(struct fixture *fixture)
{
    if (backend->is_directory && setxattr(fixture->root, "user.davit.try", "", 0, 0) < 0)
        skip();
}

static struct content_hashes hashes_of(const char *text)
{
    struct content_hashes hashes = {0};
    assert_true(content_hashes_parse(str_of_c(text), &hashes));
    return hashes;
}

static void put_with(struct fixture *fixture, struct res_path path, const char *content,
                     const char *text)
{
    struct content_hashes hashes = hashes_of(text);
    struct store_commit commit = {.sets_modified = true, .modified_s = 1000, .hashes = &hashes};
    assert_ok(put_in(fixture->store, path, str_of_c(content), &commit));
}

static struct store_stat wanted_stat(struct fixture *fixture, struct res_path path)
{
    struct store_stat stat;
    assert_ok(store_stat(fixture->store, path, WANTS_HASHES, &stat));
    return stat;
}

/* As text from the arena; "" for none. */
static const char *told_of(struct fixture *fixture, struct res_path path,
                           const struct store_stat *stat)
{
    struct content_hashes hashes;
    struct buf text = {0};
    store_hashes(fixture->store, path, stat, &hashes);
    content_hashes_print(&text, &hashes);
    const char *told = arena_text(&fixture->arena, buf_str(&text));
    buf_done(&text);
    return told;
}

static const char *told(struct fixture *fixture, struct res_path path)
{
    struct store_stat stat = wanted_stat(fixture, path);
    return told_of(fixture, path, &stat);
}

static void p27_what_was_committed_is_told(void **state)
{
    struct fixture *fixture = *state;
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1 " " HELLO_MD5);
    assert_true(wanted_stat(fixture, PATH("f")).may_have_hashes);
    assert_string_equal(told(fixture, PATH("f")), HELLO_SHA1 " " HELLO_MD5);
    assert_string_equal(told(fixture, PATH("f")), HELLO_SHA1 " " HELLO_MD5); /* asked again */
    if (backend->is_directory) {
        fixture_reopen(fixture);
        assert_string_equal(told(fixture, PATH("f")), HELLO_SHA1 " " HELLO_MD5);
    }
}

static void p27_of_what_is_opened_and_listed(void **state)
{
    struct fixture *fixture = *state;
    struct store_content *content;
    struct store_cursor *cursor;
    struct store_member member;
    only_where_files_have_attributes(fixture);
    MAKE(fixture, "d/");
    put_with(fixture, PATH("d/f"), "hello", HELLO_SHA1);
    assert_ok(store_content_open(fixture->store, PATH("d/f"), &content));
    assert_true(content->stat.may_have_hashes);
    assert_string_equal(told_of(fixture, PATH("d/f"), &content->stat), HELLO_SHA1);
    store_content_close(&content);
    for (unsigned wants = 0; wants <= WANTS_HASHES; wants += WANTS_HASHES) {
        assert_ok(store_list(fixture->store, PATH("d"), wants, &cursor));
        assert_ok(store_cursor_next(cursor, &member));
        assert_true(member.stat.may_have_hashes == (wants == WANTS_HASHES));
        if (wants)
            assert_string_equal(told_of(fixture, PATH("d/f"), &member.stat), HELLO_SHA1);
        store_cursor_close(&cursor);
    }
}

static void p27_none_of_what_was_put_without(void **state)
{
    struct fixture *fixture = *state;
    static const struct content_hashes none = {0};
    struct store_commit commit = {.hashes = &none};
    MAKE(fixture, "f", "d/");
    assert_string_equal(told(fixture, PATH("f")), "");
    assert_false(wanted_stat(fixture, PATH("d")).may_have_hashes);
    assert_ok(put_in(fixture->store, PATH("g"), STR("hello"), &commit));
    assert_string_equal(told(fixture, PATH("g")), "");
    assert_string_equal(told_of(fixture, PATH("h"), &(struct store_stat){.may_have_hashes = true}),
                        "");
}

static void p27_go_with_the_content(void **state)
{
    struct fixture *fixture = *state;
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    struct store_stat before = wanted_stat(fixture, PATH("f"));
    (void)told(fixture, PATH("f"));
    put_with(fixture, PATH("f"), "other", OTHER_SHA1);
    assert_string_equal(told(fixture, PATH("f")), OTHER_SHA1);
    if (told_of(fixture, PATH("f"), &before)[0]) /* remembered: of the old content all the same */
        assert_string_equal(told_of(fixture, PATH("f"), &before), HELLO_SHA1);
    assert_ok(put(fixture, PATH("f"), STR("hello")));
    assert_string_equal(told(fixture, PATH("f")), "");
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    assert_ok(remove_all(fixture, PATH("f")));
    assert_ok(put(fixture, PATH("f"), STR("other")));
    assert_string_equal(told(fixture, PATH("f")), "");
}

static void p27_follow_a_copy_and_a_move(void **state)
{
    struct fixture *fixture = *state;
    only_where_files_have_attributes(fixture);
    MAKE(fixture, "d/");
    put_with(fixture, PATH("d/f"), "hello", HELLO_SHA1);
    assert_ok(copy_all(fixture, PATH("d"), PATH("e")));
    assert_string_equal(told(fixture, PATH("e/f")), HELLO_SHA1);
    assert_ok(move_all(fixture, PATH("d/f"), PATH("g")));
    assert_string_equal(told(fixture, PATH("g")), HELLO_SHA1);
    assert_ok(put(fixture, PATH("e/f"), STR("other")));
    assert_ok(copy_all(fixture, PATH("e/f"), PATH("g"))); /* over it */
    assert_string_equal(told(fixture, PATH("g")), "");
}

static void p27_stay_when_a_time_is_set(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch patch = {.sets_modified = true, .modified_s = 2000};
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    assert_ok(do_patch(fixture->store, PATH("f"), &patch));
    assert_int_equal(stat_of(fixture, PATH("f")).modified_s, 2000);
    assert_string_equal(told(fixture, PATH("f")), HELLO_SHA1);
}

static void p27_what_is_noted_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct content_hashes found = hashes_of(HELLO_MD5);
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    put_with(fixture, PATH("g"), "hello", "");
    struct store_stat stat = wanted_stat(fixture, PATH("f"));
    struct store_stat stat_g = wanted_stat(fixture, PATH("g"));
    store_note_hashes(fixture->store, PATH("f"), &stat, &found);
    store_note_hashes(fixture->store, PATH("g"), &stat_g, &found);
    assert_string_equal(told(fixture, PATH("f")), HELLO_SHA1 " " HELLO_MD5);
    assert_string_equal(told(fixture, PATH("g")), HELLO_MD5);
    put_with(fixture, PATH("f"), "other", OTHER_SHA1);
    store_note_hashes(fixture->store, PATH("f"), &stat, &found); /* too late */
    assert_string_equal(told(fixture, PATH("f")), OTHER_SHA1);
}

/* --- other programs --- */

static void write_at(const char *file, const char *bytes, off_t at)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), at), strlen(bytes));
    assert_int_equal(close(fd), 0);
}

static void p27_none_of_what_another_program_wrote(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    (void)told(fixture, PATH("f"));
    write_at(fixture_file(fixture, "f"), "j", 0);
    assert_string_equal(told(fixture, PATH("f")), "");
    write_at(fixture_file(fixture, "f"), "h", 0); /* the same bytes, and nobody knows */
    assert_string_equal(told(fixture, PATH("f")), "");
}

static void p27_survive_another_programs_rename(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    only_where_files_have_attributes(fixture);
    put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
    assert_int_equal(rename(fixture_file(fixture, "f"), fixture_file(fixture, "g")), 0);
    assert_string_equal(told(fixture, PATH("g")), HELLO_SHA1);
}

static void p27_what_is_no_note_of_ours_is_none(void **state)
{
    static const char *const notes[] = {"", "x", "0123456789abcdef", "SHA1:00",
                                        ("0123456789abcdef " HELLO_SHA1)};
    struct fixture *fixture = *state;
    only_for_directories();
    only_where_files_have_attributes(fixture);
    for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
        put_with(fixture, PATH("f"), "hello", HELLO_SHA1);
        assert_int_equal(setxattr(fixture_file(fixture, "f"), "user.davit.hashes", notes[i],
                                  strlen(notes[i]), 0),
                         0);
        assert_string_equal(told(fixture, PATH("f")), "");
    }
}

/* Of a file that is changed all the time nothing is remembered: its times are too coarse. */
static void p27_what_has_just_been_changed_is_not_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct content_hashes found = hashes_of(HELLO_MD5);
    only_for_directories();
    assert_ok(put(fixture, PATH("f"), STR("hello")));
    struct store_stat stat = wanted_stat(fixture, PATH("f"));
    store_note_hashes(fixture->store, PATH("f"), &stat, &found);
    assert_string_equal(told(fixture, PATH("f")), "");
}

int hashes_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p27_what_was_committed_is_told),
        CONTRACT_TEST(p27_of_what_is_opened_and_listed),
        CONTRACT_TEST(p27_none_of_what_was_put_without),
        CONTRACT_TEST(p27_go_with_the_content),
        CONTRACT_TEST(p27_follow_a_copy_and_a_move),
        CONTRACT_TEST(p27_stay_when_a_time_is_set),
        CONTRACT_TEST(p27_what_is_noted_is_told),
        CONTRACT_TEST(p27_none_of_what_another_program_wrote),
        CONTRACT_TEST(p27_survive_another_programs_rename),
        CONTRACT_TEST(p27_what_is_no_note_of_ours_is_none),
        CONTRACT_TEST(p27_what_has_just_been_changed_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
