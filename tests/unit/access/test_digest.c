#include "support/test.h"

#include "access/scheme/digest.h"

static struct arena arena;

static int done(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

#define COMMON                                                                                     \
    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "       \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "                        \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                          \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", "

static bool read_digest(const char *field, struct digest *digest)
{
    struct authorization authorization;
    return authorization_parse(str_of_c(field), &arena, &authorization) &&
           digest_read(&authorization, &arena, digest);
}

static void check_example(const char *field, enum hash_kind hash)
{
    struct digest digest;
    struct buf key = {0};
    assert_true(read_digest(field, &digest));
    digest_add_key(&key, hash, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of Life"));
    check_that(field, digest_verify(&digest, buf_str(&key), STR("GET")));
    check_that(field, !digest_verify(&digest, buf_str(&key), STR("PUT")));
    buf_clear(&key);
    digest_add_key(&key, hash, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of life"));
    check_that(field, !digest_verify(&digest, buf_str(&key), STR("GET")));
    buf_done(&key);
}

/* RFC 7616 §3.9.1. */
TEST(digest_verifies_rfc7616s_examples)
{
    check_example(COMMON "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\"", HASH_MD5);
    check_example(COMMON "algorithm=SHA-256, response=\"753927fa0e85d155564e2e272a28d1802ca10daf449"
                         "6794697cf8db5856cb6c1\"",
                  HASH_SHA256);
}

TEST(digest_without_an_algorithm_is_md5)
{
    check_example(COMMON "response=\"8ca523f5e9506fed4657c9700eebdbec\"", HASH_MD5);
}

TEST(digest_shows_that_the_server_knows_the_key)
{
    struct digest digest;
    struct buf key = {0};
    struct buf info = {0};
    assert_true(read_digest(COMMON "response=\"x\"", &digest));
    digest_add_key(&key, HASH_MD5, digest.user, digest.realm, STR("Circle of Life"));
    digest_add_info(&info, &digest, buf_str(&key));
    check_that("info", str_starts(buf_str(&info), STR("rspauth=\"")));
    check_that("info",
               str_ends(buf_str(&info), STR("\", qop=auth, nc=00000001, cnonce=\"f2/"
                                            "wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"")));
    buf_done(&key);
    buf_done(&info);
}

/* RFC 7616 §3.9.2 has this name. */
TEST(digest_reads_extended_names)
{
    struct digest digest;
    static const char field[] =
        "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"r\", uri=\"/\", nonce=\"n\", "
        "nc=00000001, cnonce=\"c\", qop=auth, response=\"x\"";
    assert_true(read_digest(field, &digest));
    check_str("name", digest.user, "J\xc3\xa4s\xc3\xb8n Doe");
}

TEST(digest_refuses_what_was_not_offered)
{
    struct digest digest;
    static const char *const bad[] = {
        COMMON "algorithm=MD5-sess, response=\"x\"",
        COMMON "algorithm=SHA-512-256, response=\"x\"",
        COMMON "userhash=true, response=\"x\"",
        "Digest username=\"u\", realm=\"r\", uri=\"/\", nonce=\"n\", response=\"x\"", /* RFC 2069 */
        "Digest username=\"u\", realm=\"r\", uri=\"/\", nonce=\"n\", nc=00000001, cnonce=\"c\", "
        "qop=auth-int, response=\"x\"",
        "Digest username=\"u\", realm=\"r\", uri=\"/\", nonce=\"n\", nc=00000000, cnonce=\"c\", "
        "qop=auth, response=\"x\"",
        "Digest username=\"u\", realm=\"r\", uri=\"/\", nonce=\"n\", nc=1, cnonce=\"c\", "
        "qop=auth, response=\"x\"",
        "Digest username=\"u\", username*=UTF-8''u, realm=\"r\", uri=\"/\", nonce=\"n\", "
        "nc=00000001, cnonce=\"c\", qop=auth, response=\"x\"",
        "Digest dXNlcg==",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], !read_digest(bad[i], &digest));
}

TEST(digest_is_about_the_request_target)
{
    static const struct {
        const char *uri, *target;
        bool is_about;
    } rows[] = {
        {"/a?b", "/a?b", true},
        {"http://h/a?b", "/a?b", true},
        {"https://h:8443/a", "/a", true},
        {"/a", "/a?b", false},
        {"/a", "/b", false},
        {"http://h/a", "/b", false},
        {"http://h", "/", false},
        {"*", "*", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct digest digest = {.uri = str_of_c(rows[i].uri)};
        check_that(rows[i].uri,
                   digest_is_about(&digest, str_of_c(rows[i].target)) == rows[i].is_about);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_verifies_rfc7616s_examples),
        cmocka_unit_test(digest_without_an_algorithm_is_md5),
        cmocka_unit_test(digest_shows_that_the_server_knows_the_key),
        cmocka_unit_test(digest_reads_extended_names),
        cmocka_unit_test(digest_refuses_what_was_not_offered),
        cmocka_unit_test(digest_is_about_the_request_target),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
