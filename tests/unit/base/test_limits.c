#include "support/test.h"

#include "base/limits.h"

TEST(limits_default_is_what_the_rows_say)
{
    struct limits limits = limits_default();
    assert_true(limit_row_count > 0);
    assert_int_equal(limit_row_count * sizeof(uint64_t), sizeof(limits));
    for (size_t i = 0; i < limit_row_count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&limits + limit_rows[i].offset, sizeof(value));
        check_int(limit_rows[i].name, value, limit_rows[i].value);
        check_that(limit_rows[i].name, value > 0);
        check_that(limit_rows[i].name, strlen(limit_rows[i].what) > 0);
    }
}

TEST(limits_set_changes_the_one_that_is_named)
{
    for (size_t i = 0; i < limit_row_count; i++) {
        struct limits limits = limits_default();
        struct limits expected = limits_default();
        uint64_t value = 42 + i;
        memcpy((char *)&expected + limit_rows[i].offset, &value, sizeof(value));
        assert_true(limits_set(&limits, str_of_c(limit_rows[i].name), value));
        assert_memory_equal(&limits, &expected, sizeof(limits));
    }
}

TEST(limits_set_knows_no_other_name)
{
    static const char *const names[] = {"", "head", "head_bytes ", "HEAD_BYTES", "head_bytess"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct limits limits = limits_default();
        const struct limits before = limits;
        check_that(names[i], !limits_set(&limits, str_of_c(names[i]), 1));
        assert_memory_equal(&limits, &before, sizeof(limits));
    }
}

TEST(no_row_promises_anything_of_0)
{
    for (size_t i = 0; i < limit_row_count; i++) /* which --limit does not take */
        assert_null(strstr(limit_rows[i].what, " 0:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_default_is_what_the_rows_say),
        cmocka_unit_test(limits_set_changes_the_one_that_is_named),
        cmocka_unit_test(limits_set_knows_no_other_name),
        cmocka_unit_test(no_row_promises_anything_of_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
