#include "support/test.h"

#include "access/scheme/basic.h"
#include "base/buf.h"

static struct arena arena;
static struct authorization parsed;

static bool parse(const char *field)
{
    return authorization_parse(str_of_c(field), &arena, &parsed);
}

static int done(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

TEST(authorization_takes_a_token_or_parameters)
{
    assert_true(parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    check_str("token", parsed.token68, "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_true(parse("digest a=b , c = \"d, \\\"e\\\"\" ,, f=\"\""));
    check_int("parameters", parsed.param_count, 3);
    check_str("a", authorization_get(&parsed, "A"), "b");
    check_str("c", authorization_get(&parsed, "c"), "d, \"e\"");
    check_that("f", authorization_get(&parsed, "f").at && authorization_get(&parsed, "f").len == 0);
    check_that("g", !authorization_get(&parsed, "g").at);
    assert_true(authorization_is(&parsed, "Digest"));
}

TEST(authorization_takes_base64_without_quotes)
{
    assert_true(parse("SCRAM-SHA-256 sid=AAAABBBB.x-_, data=biwsbj11c2VyLHI9/+A=="));
    check_str("sid", authorization_get(&parsed, "sid"), "AAAABBBB.x-_");
    check_str("data", authorization_get(&parsed, "data"), "biwsbj11c2VyLHI9/+A==");
}

TEST(authorization_may_be_a_scheme_alone)
{
    assert_true(parse("Bearer"));
    assert_true(parse(" Bearer "));
    check_int("nothing", parsed.param_count + parsed.token68.len, 0);
}

TEST(authorization_refuses_what_has_a_second_reading)
{
    static const char *const bad[] = {
        "",
        "  ",
        "Digest a=b a=c",
        "Digest a=1, A=2",
        "Digest a=\"b",
        "Digest a",
        "Digest =b",
        "Digest a=b c",
        "Digest a=\"b\"c",
        "Basic\x01xx",
        "Digest a",
        "Digest a=b;c",
        "Digest a=\"b\\",
        "\"Basic\" x",
        "Basic a b",
        "Digest a,b=c",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        bool is_token = strcmp(bad[i], "Digest a") == 0; /* which is a token68 */
        check_that(bad[i], parse(bad[i]) == is_token);
    }
}

TEST(authorization_is_bounded)
{
    struct buf field = {0};
    BUF_ADD(&field, "Digest ");
    for (int i = 0; i < AUTH_PARAMS_MAX; i++)
        buf_addf(&field, "p%d=x,", i);
    assert_true(authorization_parse(buf_str(&field), &arena, &parsed));
    BUF_ADD(&field, "one-more=x");
    assert_false(authorization_parse(buf_str(&field), &arena, &parsed));
    buf_done(&field);
}

TEST(basic_reads_rfc7617s_examples)
{
    struct basic basic;
    assert_true(parse("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    assert_true(basic_read(&parsed, &arena, &basic));
    check_str("user", basic.user, "Aladdin");
    check_str("password", basic.password, "open sesame");
    assert_true(parse("Basic dGVzdDoxMjPCow==")); /* §2.1: UTF-8 */
    assert_true(basic_read(&parsed, &arena, &basic));
    check_str("password", basic.password, "123\xc2\xa3");
}

TEST(basic_drops_the_domain_that_windows_sends)
{
    struct basic basic;
    assert_true(parse("Basic T0ZGSUNFXGFsaWNlOmE6YlxjOg==")); /* OFFICE\alice:a:b\c: */
    assert_true(basic_read(&parsed, &arena, &basic));
    check_str("user", basic.user, "alice");
    check_str("password", basic.password, "a:b\\c:");
}

TEST(basic_refuses_what_is_no_pair)
{
    struct basic basic;
    static const char *const bad[] = {
        "Basic",         "Basic YWxpY2U=" /* alice */,      "Basic YTpi AA",
        "Basic !!!!",    "Basic YTpiCg==" /* a line end */, "Basic a=b",
        "Basic YQA6Yg==" /* a NUL */};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], !parse(bad[i]) || !basic_read(&parsed, &arena, &basic));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization_takes_a_token_or_parameters),
        cmocka_unit_test(authorization_takes_base64_without_quotes),
        cmocka_unit_test(authorization_may_be_a_scheme_alone),
        cmocka_unit_test(authorization_refuses_what_has_a_second_reading),
        cmocka_unit_test(authorization_is_bounded),
        cmocka_unit_test(basic_reads_rfc7617s_examples),
        cmocka_unit_test(basic_drops_the_domain_that_windows_sends),
        cmocka_unit_test(basic_refuses_what_is_no_pair),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
