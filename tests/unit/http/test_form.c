#include "support/test.h"

#include "http/form.h"

TEST(form_gives_the_value_of_a_name)
{
    static const struct {
        const char *form, *value; /* NULL: there is none */
    } rows[] = {
        {"a=1", "1"},         {"b=2&a=1", "1"},  {"a=1&b=2", "1"},   {"a", ""},
        {"a=", ""},           {"a==", "="},      {"%61=1", "1"},     {"a=%26%3D%25", "&=%"},
        {"a=x+y%2B", "x y+"}, {"a=%4", "%4"},    {"a=%zz%", "%zz%"}, {"a=%c3%A9", "\xc3\xa9"},
        {"&&a=1&&", "1"},     {"", NULL},        {"b=a", NULL},      {"A=1", NULL},
        {"aa=1", NULL},       {"a=1&a=1", NULL}, /* which is meant? */
        {"a=1&%61=2", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct str value = STR("untouched");
        bool is_there = form_find(str_of_c(rows[i].form), STR("a"), &arena, &value);
        check_int(rows[i].form, is_there, rows[i].value != NULL);
        check_str(rows[i].form, value, rows[i].value ? rows[i].value : "untouched");
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_gives_the_value_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
