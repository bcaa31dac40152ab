#include "support/test.h"

#include "text/rows.h"

TEST(rows_are_the_lines_that_say_something)
{
    struct rows rows = {.rest = STR("# one\n\na:b\r\n \t\n  # two\n#c:d\n x\ny")};
    struct str row;
    assert_true(rows_next(&rows, &row));
    check_str("its end is not part of it", row, "a:b");
    check_int("line", rows.line, 3);
    assert_true(rows_next(&rows, &row));
    check_str("its blanks are", row, " x");
    check_int("line", rows.line, 7);
    assert_true(rows_next(&rows, &row));
    check_str("a last line without an end", row, "y");
    assert_false(rows_next(&rows, &row));
    assert_false(rows_next(&rows, &row));
}

TEST(row_mistakes_that_nobody_sees_are_named)
{
    static const struct {
        const char *row, *mistake;
    } rows[] = {
        {"a:b", NULL},
        {"a b:c d", NULL},
        {":", NULL},
        {"a:b: c ", NULL}, /* not one of the columns that count */
        {"\xef\xbb\xbf"
         "a:b",
         "starts with a byte order mark; save the file as UTF-8 without one"},
        {"\xef\xbb\xbf# a", "starts with a byte order mark; save the file as UTF-8 without one"},
        {"a", "has no ':'"},
        {" a:b", "starts with a blank"},
        {"\ta:b", "starts with a blank"},
        {"a :b", "has a blank before a ':'"},
        {"a: b", "has a blank after a ':'"},
        {"a:b ", "ends with a blank"},
        {"a:b\t", "ends with a blank"},
        {"a:b :c", "has a blank before a ':'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *mistake = row_mistake(str_of_c(rows[i].row), 2);
        check_str(rows[i].row, str_of_c(mistake ? mistake : "none"),
                  rows[i].mistake ? rows[i].mistake : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_lines_that_say_something),
        cmocka_unit_test(row_mistakes_that_nobody_sees_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
