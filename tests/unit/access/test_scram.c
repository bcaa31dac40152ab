#include "support/test.h"

#include "access/scheme/scram.h"
#include "text/base64.h"

static struct arena arena;

static int done(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static struct str bytes_of(const char *base64)
{
    struct str bytes;
    assert_true(base64_decode(str_of_c(base64), BASE64, &arena, &bytes));
    return bytes;
}

/* RFC 7677 §3. */
static const char client_first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
static const char server_nonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
static const char server_first[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
static const char client_final[] =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgs"
    "qmmiz7AndVQ=";
static const char server_final[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

static struct scram_keys keys(void)
{
    return scram_keys_of(STR("pencil"), bytes_of("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
}

TEST(scram_speaks_rfc7677s_example)
{
    struct scram_keys known = keys();
    struct scram_first first;
    struct scram_final final;
    struct buf text = {0};
    assert_true(scram_first_parse(str_of_c(client_first), &arena, &first));
    check_str("user", first.user, "user");
    scram_add_server_first(&text, &first, str_of_c(server_nonce), &known);
    check_str("server first", buf_str(&text), server_first);
    assert_true(scram_final_parse(str_of_c(client_final), &arena, &final));
    buf_clear(&text);
    assert_true(scram_verify(&known, &first, str_of_c(server_first), &final, &text));
    check_str("server final", buf_str(&text), server_final);
    buf_done(&text);
}

TEST(scram_refuses_another_password_and_changed_messages)
{
    struct scram_keys known = keys();
    struct scram_keys other = scram_keys_of(STR("Pencil"), known.salt, 4096);
    struct scram_first first;
    struct scram_final final;
    struct buf text = {0};
    assert_true(scram_first_parse(str_of_c(client_first), &arena, &first));
    assert_true(scram_final_parse(str_of_c(client_final), &arena, &final));
    assert_false(scram_verify(&other, &first, str_of_c(server_first), &final, &text));
    assert_false(
        scram_verify(&known, &first, STR("r=x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"), &final, &text));
    first.gs2_header = STR("y,,"); /* somebody has taken the channel binding away */
    assert_false(scram_verify(&known, &first, str_of_c(server_first), &final, &text));
    check_int("nothing is said", text.len, 0);
}

TEST(scram_reads_names_with_escapes)
{
    struct scram_first first;
    assert_true(scram_first_parse(STR("y,,n=a=2Cb=3Dc,r=x,ext=1"), &arena, &first));
    check_str("name", first.user, "a,b=c");
}

TEST(scram_refuses_first_messages_that_demand_more)
{
    static const char *const bad[] = {
        "",
        "n",
        "n,,",
        "n,,n=user",
        "p=tls-unique,,n=u,r=x",
        "n,a=b,n=u,r=x",
        "n,,m=x,n=u,r=x",
        "n,,n=,r=x",
        "n,,n=u=2D,r=x",
        "n,,n=u=,r=x",
        "n,,n=u,r=",
        "n,,r=x,n=u",
        "x,,n=u,r=x",
        "n,,n=u,r=a\001b",
    };
    struct scram_first first;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], !scram_first_parse(str_of_c(bad[i]), &arena, &first));
}

TEST(scram_refuses_every_cut_of_a_final_message)
{
    struct scram_keys known = keys();
    struct scram_first first;
    struct scram_final final;
    struct buf text = {0};
    assert_true(scram_first_parse(str_of_c(client_first), &arena, &first));
    for (size_t len = 0; len < sizeof(client_final) - 1; len++) {
        struct str cut = str_of(client_final, len);
        if (scram_final_parse(cut, &arena, &final))
            assert_false(scram_verify(&known, &first, str_of_c(server_first), &final, &text));
    }
    assert_false(scram_final_parse(STR("c=biws,r=x,m=y,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndV"
                                       "Q="),
                                   &arena, &final));
}

TEST(scram_keys_are_read_as_they_were_written)
{
    struct scram_keys known = keys();
    struct scram_keys again;
    struct buf text = {0};
    struct buf text_again = {0};
    scram_keys_add(&text, &known);
    assert_true(scram_keys_parse(buf_str(&text), &arena, &again));
    scram_keys_add(&text_again, &again);
    check_bytes("keys", buf_str(&text_again), buf_str(&text));
    for (size_t len = 0; len < text.len; len++)
        assert_false(scram_keys_parse(str_first(buf_str(&text), len), &arena, &again));
    buf_done(&text);
    buf_done(&text_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scram_speaks_rfc7677s_example),
        cmocka_unit_test(scram_refuses_another_password_and_changed_messages),
        cmocka_unit_test(scram_reads_names_with_escapes),
        cmocka_unit_test(scram_refuses_first_messages_that_demand_more),
        cmocka_unit_test(scram_refuses_every_cut_of_a_final_message),
        cmocka_unit_test(scram_keys_are_read_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
