#include "support/test.h"

#include "extension/archive/format.h"

TEST(archive_names_mean_nothing_else_anywhere)
{
    static const struct {
        const char *path, *name; /* NULL: the same */
    } rows[] = {
        {"a/b.txt", NULL},
        {"\xc3\xa4/100%", NULL},
        {"..\\evil", "..%5Cevil"},
        {"line\nend", "line%0Aend"},
        {"del\x7f", "del%7F"},
        {"\xc2\x85next", "%C2%85next"}, /* a control character beyond ASCII */
        {"bad\xff%", "bad%FF%25"},
        {"100%/bad\n", "100%/bad%0A"},  /* as the collection's own name */
        {"line%0Aend", "line%250Aend"}, /* not what "line\nend" is called */
        {"100%25", "100%2525"},
        {"50%fine/%1", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf name = {0};
        bool is_same = archive_name_add(&name, str_of_c(rows[i].path));
        check_int(rows[i].path, is_same, rows[i].name == NULL);
        check_str(rows[i].path, buf_str(&name), rows[i].name ? rows[i].name : rows[i].path);
        buf_done(&name);
    }
}

static uint64_t length_of(const struct archive_format *format, uint64_t announced, const char *text)
{
    const struct archive_member member = {.name = STR("name"), .size_bytes = announced};
    struct archive archive;
    struct err err;
    archive_begin(&archive, format, -1, SIZE_MAX);
    archive_member(&archive, &member);
    archive_content(&archive, str_of_c(text));
    while (archive_pad(&archive, 3))
        archive_taken(&archive, archive.out.len);
    assert_true(archive_member_end(&archive, &err));
    archive_end(&archive);
    assert_true(archive_rest(&archive, SIZE_MAX, &err));
    uint64_t length = archive.given + archive.out.len;
    archive_done(&archive);
    return length;
}

TEST(archive_tar_fills_what_does_not_come)
{
    enum { BLOCK = 512, HEAD = BLOCK, END = 2 * BLOCK };
    check_int("whole", length_of(&archive_tar, 5, "hello"), HEAD + BLOCK + END);
    check_int("short", length_of(&archive_tar, 1025, "hello"), HEAD + 3 * BLOCK + END);
    check_int("none", length_of(&archive_tar, 1024, ""), HEAD + 2 * BLOCK + END);
}

TEST(archive_zip_ends_a_member_where_it_ends)
{
    uint64_t whole = length_of(&archive_zip, 5, "hello");
    check_int("short", length_of(&archive_zip, 1000, "hello"), whole);
    /* zip64: an extra field of 20 bytes, and 8 more in the descriptor */
    check_int("large", length_of(&archive_zip, (uint64_t)1 << 33, "hello"), whole + 20 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archive_names_mean_nothing_else_anywhere),
        cmocka_unit_test(archive_tar_fills_what_does_not_come),
        cmocka_unit_test(archive_zip_ends_a_member_where_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
