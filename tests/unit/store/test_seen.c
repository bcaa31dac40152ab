#include "store/directory/others/seen.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/record/frame.h"

enum { TREE = 7, MEMBERS = 3000 };

static int make_home(char name[64])
{
    const char *temp = getenv("TMPDIR");
    str_print(name, 64, "%s/davit-seen-XXXXXX", temp ? temp : "/tmp");
    assert_non_null(mkdtemp(name));
    return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_home(int home_fd, const char *name)
{
    (void)unlinkat(home_fd, SEEN_NAME, 0); /* it need not be there */
    assert_int_equal(close(home_fd), 0);
    assert_int_equal(rmdir(name), 0);
}

static void add(struct seen_writer *writer, const char *name, uint64_t mark, bool is_collection)
{
    const struct seen_entry entry = {str_of_c(name), mark, is_collection, is_collection};
    seen_add(writer, &entry);
}

static void write_tree(int home_fd)
{
    char name[16];
    struct seen_writer writer;
    assert_true(seen_begin(&writer, home_fd, TREE, NULL, 42));
    seen_collection(&writer, PATH_ROOT, 1);
    add(&writer, "c", 0, true);
    for (int i = 0; i < MEMBERS; i++) {
        str_print(name, sizeof(name), "f%d", i);
        add(&writer, name, (uint64_t)i, i == MEMBERS - 1);
    }
    seen_collection(&writer, PATH("c"), 2);
    assert_true(seen_write_out(&writer) && seen_finish(&writer));
}

static void seen_is_read_as_it_was_written(void **state)
{
    char name[64];
    struct seen_reader reader;
    struct seen_entry entry;
    size_t count = 0;
    int home_fd = make_home(name);
    (void)state;
    write_tree(home_fd);
    assert_true(seen_open(&reader, home_fd, TREE));
    assert_int_equal(reader.seq, 42);
    assert_true(seen_next(&reader));
    assert_true(path_is_root(reader.path) && reader.mark == 1);
    while (seen_next_entry(&reader, &entry))
        count++;
    assert_int_equal(count, MEMBERS + 1);
    assert_true(seen_next(&reader));
    assert_true(path_eq(reader.path, PATH("c")) && reader.mark == 2);
    assert_false(seen_next_entry(&reader, &entry));
    assert_false(seen_next(&reader) || reader.is_damaged);
    seen_close(&reader);
    assert_false(seen_open(&reader, home_fd, TREE + 1));
    remove_home(home_fd, name);
}

static void seen_collections_are_found_while_it_is_written(void **state)
{
    char home[64];
    char name[256];
    struct seen_writer writer;
    struct seen_entry entry;
    int home_fd = make_home(home);
    (void)state;
    assert_true(seen_begin(&writer, home_fd, TREE, NULL, 0));
    seen_collection(&writer, PATH_ROOT, 1);
    struct seen_cursor cursor = seen_members(&writer);
    for (int i = 0; i < MEMBERS; i++) {
        str_print(name, sizeof(name), "f%d", i);
        add(&writer, name, 1, i % 1000 == 999);
    }
    for (int i = 999; i < MEMBERS; i += 1000) {
        char expected[16];
        str_print(expected, sizeof(expected), "f%d", i);
        assert_true(seen_next_collection(&writer, &cursor, name, &entry));
        assert_string_equal(name, expected);
        assert_true(entry.is_new);
        seen_collection(&writer, (struct res_path){name, strlen(name)}, 3);
    }
    assert_false(seen_next_collection(&writer, &cursor, name, &entry));
    seen_abort(&writer);
    remove_home(home_fd, home);
}

/* Cut off, it is none; with a wrong byte, that is seen, or it says the same. */
static void seen_says_nothing_wrong(void **state)
{
    char name[64];
    struct seen_reader reader;
    struct seen_entry entry;
    int home_fd = make_home(name);
    (void)state;
    for (off_t at = 0; at < 20000; at += 997) {
        char byte;
        size_t count = 0;
        write_tree(home_fd);
        int fd = openat(home_fd, SEEN_NAME, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        if (seen_open(&reader, home_fd, TREE)) {
            while (seen_next(&reader)) {
                while (seen_next_entry(&reader, &entry))
                    count++;
            }
            assert_true(reader.is_damaged && count <= MEMBERS);
            seen_close(&reader);
        }
        assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 1), 0);
        assert_int_equal(close(fd), 0);
        assert_false(seen_open(&reader, home_fd, TREE));
    }
    remove_home(home_fd, name);
}

/* A file whose only collection has one record of members, which `fill` makes. */
static void write_members(int home_fd, void (*fill)(struct buf *to))
{
    struct seen_writer writer;
    assert_true(seen_begin(&writer, home_fd, TREE, NULL, 1));
    seen_collection(&writer, PATH_ROOT, 1);
    add(&writer, "before", 1, false);
    (void)seen_members(&writer); /* the record ends */
    size_t head = frame_begin(&writer.out);
    fill(&writer.out);
    frame_end(&writer.out, head);
    assert_true(seen_write_out(&writer) && seen_finish(&writer));
}

static void fill_member(struct buf *to, size_t len, struct str name)
{
    buf_add_char(to, 'e');
    frame_add_number(to, 1, 1);
    frame_add_number(to, 1, 8);
    frame_add_number(to, len, 1);
    buf_add(to, name);
}

static void fill_too_short(struct buf *to)
{
    fill_member(to, 200, STR("short"));
}

static void fill_without_a_name(struct buf *to)
{
    fill_member(to, 0, STR_NONE);
}

static void fill_with_a_path(struct buf *to)
{
    fill_member(to, 5, STR("../up"));
}

static void fill_with_nul(struct buf *to)
{
    fill_member(to, 3, str_of("a\0b", 3));
}

static void fill_half(struct buf *to)
{
    buf_add(to, STR("e\1\1\1"));
}

static void fill_a_lying_path(struct buf *to)
{
    buf_add_char(to, 'd');
    frame_add_number(to, 1, 8);
    frame_add_number(to, 1U << 31, 4);
    buf_add(to, STR("path"));
}

static void fill_of_no_kind(struct buf *to)
{
    buf_add_char(to, 'z');
}

/* Frames that are whole, and say what cannot be. */
static void seen_takes_no_lies(void **state)
{
    static void (*const fills[])(struct buf * to) = {
        fill_too_short, fill_without_a_name, fill_with_a_path, fill_with_nul,
        fill_half,      fill_a_lying_path,   fill_of_no_kind,
    };
    char name[64];
    int home_fd = make_home(name);
    (void)state;
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        struct seen_reader reader;
        struct seen_entry entry;
        size_t count = 0;
        write_members(home_fd, fills[i]);
        assert_true(seen_open(&reader, home_fd, TREE));
        while (seen_next(&reader)) {
            while (seen_next_entry(&reader, &entry))
                count++;
        }
        assert_true(reader.is_damaged && count == 1);
        seen_close(&reader);
    }
    remove_home(home_fd, name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seen_is_read_as_it_was_written),
        cmocka_unit_test(seen_collections_are_found_while_it_is_written),
        cmocka_unit_test(seen_says_nothing_wrong),
        cmocka_unit_test(seen_takes_no_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
