#include "support/test.h"

#include "access/apps/login.h"
#include "access/tokens.h"
#include "text/base64.h"

static const struct sha256 key = {{1}};
static const struct login like = {
    .began_s = 1000, .address = {"192.0.2.1", 9}, .client = {"mirall", 6}};

/* Both in memory from the arena. */
static void begin(const struct login *login, struct arena *arena, struct str *link,
                  struct str *text)
{
    struct buf link_text = {0};
    struct buf fetch_text = {0};
    login_begin(&key, login, &link_text, &fetch_text);
    *link = arena_str(arena, buf_str(&link_text));
    *text = arena_str(arena, buf_str(&fetch_text));
    buf_done(&link_text);
    buf_done(&fetch_text);
}

TEST(login_link_says_what_it_was_made_of)
{
    struct arena arena = {0};
    struct buf hash = {0};
    struct login login;
    struct str link, text;
    begin(&like, &arena, &link, &text);
    assert_true(login_read(&key, link, &arena, &login));
    assert_true(token_is_text(text));
    check_bytes("one id", login.id, token_id_of(text));
    secret_add_hex(&hash, HASH_SHA256, text);
    check_bytes("hash", login.hash, buf_str(&hash));
    check_int("began", login.began_s, 1000);
    check_str("address", login.address, "192.0.2.1");
    check_str("client", login.client, "mirall");
    assert_false(login.is_direct);
    buf_done(&hash);
    arena_done(&arena);
}

TEST(login_that_is_direct_has_nothing_to_fetch)
{
    struct arena arena = {0};
    struct login direct = like;
    struct login login;
    struct str link, text;
    direct.is_direct = true;
    begin(&direct, &arena, &link, &text);
    assert_true(login_read(&key, link, &arena, &login));
    assert_true(login.is_direct && text.len == 0 && login.hash.len == 0);
    arena_done(&arena);
}

TEST(login_link_that_was_changed_is_none)
{
    static const struct sha256 other = {{2}};
    struct arena arena = {0};
    struct login login;
    struct str link, text;
    begin(&like, &arena, &link, &text);
    char *changed = arena_text(&arena, link);
    for (size_t i = 0; i < link.len; i++) {
        char kept = changed[i];
        changed[i] = kept == '0' ? '1' : '0';
        assert_false(login_read(&key, str_of(changed, link.len), &arena, &login));
        assert_false(login_read(&key, str_first(link, i), &arena, &login));
        changed[i] = kept;
    }
    assert_false(login_read(&other, link, &arena, &login));
    assert_false(login_read(&key, text, &arena, &login));
    assert_false(login_read(&key, STR_NONE, &arena, &login));
    arena_done(&arena);
}

TEST(login_shows_no_client_that_steers)
{
    static const struct {
        const char *sent, *shown;
    } rows[] = {
        {"", "an app that does not give its name"},
        {"  ", "an app that does not give its name"},
        {"a\nb", "a\\x0ab"},
        {"\xe2\x80\xae"
         "evil",
         "\\u202eevil"},
        {"\xff", "\\xff"},
        {"<b>", "<b>"}, /* who shows it escapes it */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct login sent = like;
        struct login login;
        struct str link, text;
        sent.client = str_of_c(rows[i].sent);
        begin(&sent, &arena, &link, &text);
        assert_true(login_read(&key, link, &arena, &login));
        check_str(rows[i].sent, login.client, rows[i].shown);
        check_str(rows[i].sent, login.address, "192.0.2.1");
        arena_done(&arena);
    }
}

TEST(login_link_is_short_whatever_the_client_is_called)
{
    struct arena arena = {0};
    struct login sent = like;
    struct login login;
    struct str link, text;
    char name[4096];
    memset(name, '\xc3', sizeof(name));
    sent.client = str_of(name, sizeof(name));
    sent.address = sent.client;
    begin(&sent, &arena, &link, &text);
    check_that("short", link.len < 600);
    assert_true(login_read(&key, link, &arena, &login));
    arena_done(&arena);
}

TEST(login_says_nothing_secret_to_who_reads_logs)
{
    struct arena arena = {0};
    struct str link, text;
    begin(&like, &arena, &link, &text);
    check_int("link", token_mask(link, &arena).len, 4 + TOKEN_ID_BYTES + 3);
    check_int("text", token_mask(text, &arena).len, 4 + TOKEN_ID_BYTES + 3);
    arena_done(&arena);
}

TEST(login_proof_is_of_one_login_and_one_user)
{
    struct arena arena = {0};
    struct login login = like;
    struct login other = like;
    struct buf proofs[4] = {0};
    login.id = STR("000000000000");
    other.id = STR("000000000001");
    login_add_proof(&key, &login, STR("alice"), &proofs[0]);
    login_add_proof(&key, &login, STR("alice"), &proofs[1]);
    login_add_proof(&key, &login, STR("bob"), &proofs[2]);
    login_add_proof(&key, &other, STR("alice"), &proofs[3]);
    check_bytes("the same", buf_str(&proofs[1]), buf_str(&proofs[0]));
    check_that("user", !str_eq(buf_str(&proofs[2]), buf_str(&proofs[0])));
    check_that("login", !str_eq(buf_str(&proofs[3]), buf_str(&proofs[0])));
    for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
        buf_done(&proofs[i]);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_link_says_what_it_was_made_of),
        cmocka_unit_test(login_that_is_direct_has_nothing_to_fetch),
        cmocka_unit_test(login_link_that_was_changed_is_none),
        cmocka_unit_test(login_shows_no_client_that_steers),
        cmocka_unit_test(login_link_is_short_whatever_the_client_is_called),
        cmocka_unit_test(login_says_nothing_secret_to_who_reads_logs),
        cmocka_unit_test(login_proof_is_of_one_login_and_one_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
