#include "support/test.h"

#include <errno.h>

#include "base/err.h"

TEST(err_set_returns_false_with_code_and_text)
{
    struct err err;
    assert_false(err_set(&err, 7, "%s %d", "line", 3));
    assert_int_equal(err.code, 7);
    assert_string_equal(err.text, "line 3");
}

TEST(err_sys_adds_the_name_of_the_errno)
{
    struct err err;
    assert_false(err_sys(&err, ENOENT, "opening %s", "a"));
    assert_int_equal(err.code, ENOENT);
    assert_string_equal(err.text, "opening a: No such file or directory");
}

TEST(err_text_is_cut_where_it_is_too_long)
{
    struct err err;
    char long_text[1000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_false(err_set(&err, 0, "%s", long_text));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    assert_false(err_sys(&err, EIO, "%s", long_text));
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    for (size_t len = sizeof(err.text) - 30; len < sizeof(err.text) + 2; len++) {
        assert_false(err_sys(&err, EIO, "%.*s", (int)len, long_text));
        assert_true(strlen(err.text) < sizeof(err.text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_set_returns_false_with_code_and_text),
        cmocka_unit_test(err_sys_adds_the_name_of_the_errno),
        cmocka_unit_test(err_text_is_cut_where_it_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
