#include "support/test.h"

#include "check/url/shape.h"

#define HOST "http://h"

static void check_shape(const char *url, const char *shape)
{
    struct buf text = {0};
    shape_add(&text, str_of_c(url));
    assert_string_equal(buf_c(&text), shape);
    buf_done(&text);
}

TEST(shapes_have_no_numbers_and_no_ids)
{
    check_shape(HOST "/", HOST "/");
    check_shape(HOST "/a/b.html", HOST "/a/b.html");
    check_shape(HOST "/page/17", HOST "/#/page");
    check_shape(HOST "/page17/", HOST "/page#/");
    check_shape(HOST "/cal/2031/05/?x=1", HOST "/#/#/cal/?");
    check_shape(HOST "/s/9f3ac02e81/home", HOST "/*/home/s");
    check_shape(HOST "/550e8400-e29b-41d4-a716-446655440000", HOST "/*");
    check_shape(HOST "/a;jsessionid=9f3ac02e81/b", HOST "/a/b");
    check_shape(HOST "/a/b/a/b/c", HOST "/a/b/c...");
    check_shape(HOST "/b/a/a/", HOST "/a/b/...");
    check_shape("file:///x/1", "file:///#/x");
}

static void check_difference(const char *a, const char *b, const char *pattern)
{
    struct shape_diff diff = {0};
    struct buf text = {0}, other = {0};
    shape_compare(&diff, str_of_c(a), str_of_c(b));
    assert_false(shape_diff_is_empty(&diff));
    shape_add_pattern(&text, str_of_c(a), &diff);
    assert_string_equal(buf_c(&text), pattern);
    buf_clear(&text);
    shape_add_key(&text, str_of_c(a), &diff);
    shape_add_key(&other, str_of_c(b), &diff);
    assert_string_equal(buf_c(&text), buf_c(&other));
    buf_done(&text);
    buf_done(&other);
    shape_diff_done(&diff);
}

TEST(differences_are_named_and_leave_the_same_key)
{
    check_difference(HOST "/p/1/x", HOST "/p/2/x", HOST "/p/*/x");
    check_difference(HOST "/p?a=1&sid=x", HOST "/p?sid=y&a=1", HOST "/p?a=1&sid=*");
    check_difference(HOST "/p?a=1&a=2", HOST "/p?a=1", HOST "/p?a=*");
    check_difference(HOST "/p?f1=1&f2=1", HOST "/p?f1=1", HOST "/p?f*=*");
    check_difference(HOST "/a/b/a/", HOST "/b/a/a/", HOST "/a/b/.../");
    check_difference(HOST "/a1;s=9f3ac02e81", HOST "/a1;s=7e3ac02e81", HOST "/a1;s=*");
    check_difference(HOST "/a1-9f3ac02e81", HOST "/a1-7e3ac02e81", HOST "/a1-*");
}

TEST(a_number_beside_an_id_stays_what_it_is)
{
    struct shape_diff diff = {0};
    struct buf text = {0};
    shape_compare(&diff, STR(HOST "/a1-9f3ac02e81"), STR(HOST "/a1-7e3ac02e81"));
    shape_add_far(&text, STR(HOST "/a1-9f3ac02e81"), &diff);
    assert_true(str_starts(buf_str(&text), STR(HOST "/a1-")));
    assert_int_equal(text.len, strlen(HOST "/a1-9f3ac02e81"));
    buf_done(&text);
    shape_diff_done(&diff);
}

static void check_far(const char *a, const char *b, const char *far)
{
    struct shape_diff diff = {0};
    struct buf text = {0};
    shape_compare(&diff, str_of_c(a), str_of_c(b));
    shape_add_far(&text, str_of_c(a), &diff);
    assert_string_equal(buf_c(&text), far);
    buf_done(&text);
    shape_diff_done(&diff);
}

TEST(what_is_far_has_the_form_of_what_is_near)
{
    check_far(HOST "/page/17", HOST "/page/3", HOST "/page/900017");
    check_far(HOST "/v2/page/17?x=1", HOST "/v2/page/3?x=1", HOST "/v2/page/900017?x=1");
    check_far(HOST "/page/2001", HOST "/page/1", HOST "/page/90002001");
    check_far(HOST "/cal/2031/05", HOST "/cal/2031/04", HOST "/cal/2031/900005");
    check_far(HOST "/cal/2031/05", HOST "/cal/2030/04", HOST "/cal/2431/05");
    check_far(HOST "/cal?m=2031-05", HOST "/cal?m=2031-04", HOST "/cal?m=2431-05");
    check_far(HOST "/cal?d=20310517", HOST "/cal?d=20310516", HOST "/cal?d=24310517");
    check_far(HOST "/cal?y=2031&m=5", HOST "/cal?y=2030&m=4", HOST "/cal?y=2431&m=5");
    check_far(HOST "/cal?t=1735689600", HOST "/cal?t=1735603200", HOST "/cal?t=14358470400");
    check_far(HOST "/a/b/a/", HOST "/a/a/b/a/", HOST "/a/b/a/a/b/a/a/b/a/a/b/a/a/b/a/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_have_no_numbers_and_no_ids),
        cmocka_unit_test(differences_are_named_and_leave_the_same_key),
        cmocka_unit_test(a_number_beside_an_id_stays_what_it_is),
        cmocka_unit_test(what_is_far_has_the_form_of_what_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
