#include "support/test.h"

#include "exchange/method.h"

TEST(methods_are_found_by_their_names)
{
    static const char *const others[] = {"", "get", "Get", "GE", "GETS", "GET ", "BREW", "LABEL"};
    for (enum method_id id = 0; id < METHOD_LOADED; id++) {
        const struct method *method = method_of(id);
        assert_int_equal(method->id, id);
        check_that(method->name.at, method_find(method->name) == method);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !method_find(str_of_c(others[i])));
}

/* RFC 9110 §9.2.1; what is not safe asks for more than to read, but for COPY, which is asked about
 * its destination as well. */
TEST(methods_that_are_safe_only_read)
{
    static const enum method_id safe[] = {METHOD_OPTIONS,  METHOD_GET,    METHOD_HEAD,
                                          METHOD_PROPFIND, METHOD_REPORT, METHOD_SEARCH,
                                          METHOD_BPROPFIND};
    size_t count = 0;
    for (enum method_id id = 0; id < METHOD_LOADED; id++) {
        if (!(method_of(id)->flags & METHOD_IS_SAFE))
            continue;
        assert_true(count < ARRAY_LEN(safe));
        assert_int_equal(id, safe[count++]);
        bool names_many = id == METHOD_BPROPFIND; /* and who passes it on cannot ask of each */
        assert_int_equal(method_of(id)->right, names_many ? ACCESS_ADMIN : ACCESS_READ);
    }
    assert_int_equal(count, ARRAY_LEN(safe));
    assert_int_equal(method_of(METHOD_COPY)->right, ACCESS_READ);
    assert_int_equal(method_of(METHOD_PUT)->right, ACCESS_WRITE);
    assert_int_equal(method_of(METHOD_UNLOCK)->right, ACCESS_LOCK);
}

/* It may do anything: so it asks for everything, and is not safe. */
TEST(method_that_is_not_known_asks_for_every_right)
{
    struct arena arena = {0};
    const struct method *method = method_other(&arena, STR("BREW"));
    assert_int_equal(method->id, METHOD_OTHER);
    assert_int_equal(method->flags, 0);
    assert_int_equal(method->right, ACCESS_ADMIN);
    check_that("name", str_eq(method->name, STR("BREW")));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_found_by_their_names),
        cmocka_unit_test(methods_that_are_safe_only_read),
        cmocka_unit_test(method_that_is_not_known_asks_for_every_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
