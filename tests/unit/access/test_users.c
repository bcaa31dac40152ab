#include "support/test.h"

#include "access/password.h"
#include "access/users.h"
#include "base/err.h"

/* Made by `htpasswd -nbB`; the password is "pw". */
#define BCRYPT  "$2y$05$8NYUrE8.Gqim6FmN7AGG/eBav4USanBke2PfLi.bcBHR1nnV3vYoO"
#define UNKNOWN "$apr1$abcdefgh$abcdefghijklmnopqrstuv"

TEST(users_are_read_from_a_file_of_htpasswd)
{
    struct users users = {0};
    struct buf notes = {0};
    struct err err;
    static const char text[] = "# a comment\n\nalice:" BCRYPT "\r\nbob:" UNKNOWN "\ncarol:\n";
    assert_true(users_read(&users, str_of_c(text), &notes, &err));
    check_int("count", users.count, 3);
    check_str("alice", users_find(&users, STR("alice"))->hash, BCRYPT);
    check_int("bob", users_find(&users, STR("bob"))->hash.len, 0);
    check_that("notes", str_starts(buf_str(&notes), STR("bob cannot")));
    assert_null(users_find(&users, STR("dave")));
    check_str("a decoy has a hash", users_decoy(&users, 7)->name, "alice");
    buf_done(&notes);
    users_done(&users);
}

TEST(users_file_with_a_mistake_is_refused_by_line)
{
    static const struct {
        const char *text, *mistake;
    } rows[] = {
        {"alice:" BCRYPT "\n:x\n", "line 2: not a valid user name"},
        {"a:\nb:\na:\n", "line 3: this user is listed twice"},
        {"@staff:\n", "line 1: not a valid user name"},
        {"..:\n", "line 1: not a valid user name"},
        {"\xef\xbb\xbf"
         "alice:\n",
         "line 1: starts with a byte order mark; save the file as UTF-8 without one"},
        {"a:\nalice\n", "line 2: has no ':'"},
        {"a:\n\n alice:" BCRYPT "\n", "line 3: starts with a blank"},
        {"alice :" BCRYPT "\n", "line 1: has a blank before a ':'"},
        {"alice: " BCRYPT "\n", "line 1: has a blank after a ':'"},
        {"alice:" BCRYPT " \r\n", "line 1: ends with a blank"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct users users = {0};
        struct buf notes = {0};
        struct err err;
        assert_false(users_read(&users, str_of_c(rows[i].text), &notes, &err));
        check_str(rows[i].text, str_of_c(err.text), rows[i].mistake);
        users_done(&users);
    }
}

TEST(users_keys_with_a_mistake_are_refused_by_line)
{
    static const struct {
        const char *text, *mistake;
    } rows[] = {
        {"\xef\xbb\xbf:salts=AAAA\n",
         "line 1: starts with a byte order mark; save the file as UTF-8 without one"},
        {"# x\nalice\n", "line 2: has no ':'"},
        {" alice:0123:\n", "line 1: starts with a blank"},
        {"alice:0123 :\n", "line 1: has a blank before a ':'"},
        {":pepper=AAAA\n", "line 1: a line without a name may only have salts=…"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct users users = {0};
        struct buf notes = {0};
        struct err err;
        assert_true(users_read(&users, STR("alice:" BCRYPT "\n"), &notes, &err));
        assert_false(users_read_keys(&users, str_of_c(rows[i].text), STR("here"), &notes, &err));
        check_str(rows[i].text, str_of_c(err.text), rows[i].mistake);
        buf_done(&notes);
        users_done(&users);
    }
}

TEST(users_have_no_blank_at_either_end_of_their_names)
{
    assert_true(users_is_name(STR("al ice")));
    assert_false(users_is_name(STR(" alice")));
    assert_false(users_is_name(STR("alice ")));
    assert_false(users_is_name(STR(" ")));
}

static const struct user_secret alices = {{"alice", 5}, {"here", 4}, {"pencil", 6}, true, 4096};

TEST(users_keys_hold_with_their_hash_and_realm_only)
{
    struct buf line = {0};
    struct buf keys = {0};
    struct buf notes = {0};
    struct users users = {0};
    struct users changed = {0};
    struct err err;
    assert_true(users_add_lines(&line, &keys, &alices));
    assert_true(users_read(&users, buf_str(&line), &notes, &err));
    assert_true(users_read_keys(&users, buf_str(&keys), STR("here"), &notes, &err));
    const struct user *alice = users_find(&users, STR("alice"));
    assert_true(password_verify(STR("pencil"), alice->hash));
    assert_false(password_verify(STR("pencils"), alice->hash));
    check_int("sha256", alice->digest_keys[HASH_SHA256].len, 64);
    check_int("md5", alice->digest_keys[HASH_MD5].len, 32);
    check_int("scram", alice->scram.iterations, 4096);
    check_that("salts", strstr(buf_c(&notes), "other salts after each restart") != NULL);
    buf_clear(&notes);
    buf_add_char(&keys, '\n');
    users_add_salts_line(&keys);
    users_done(&users);
    assert_true(users_read(&users, buf_str(&line), &notes, &err));
    assert_true(users_read_keys(&users, buf_str(&keys), STR("here"), &notes, &err));
    check_int("salts", users.salts_key.len, 32);
    check_that("rounds", strstr(buf_c(&notes), "the keys of 1 users for SCRAM have fewer") != NULL);
    check_that("salts", !strstr(buf_c(&notes), "restart"));
    users_done(&users);
    assert_true(users_read(&users, buf_str(&line), &notes, &err));
    assert_true(users_read_keys(&users, buf_str(&keys), STR("there"), &notes, &err));
    alice = users_find(&users, STR("alice"));
    check_int("of another realm", alice->digest_keys[HASH_SHA256].len, 0);
    check_int("scram has none", alice->scram.iterations, 4096);
    users_done(&users);
    assert_true(users_read(&changed, STR("alice:" BCRYPT "\n"), &notes, &err));
    assert_true(users_read_keys(&changed, buf_str(&keys), STR("here"), &notes, &err));
    alice = users_find(&changed, STR("alice"));
    check_int("of another password", alice->digest_keys[HASH_SHA256].len, 0);
    check_int("of another password", alice->scram.iterations, 0);
    check_that("notes", notes.len > 0);
    users_done(&changed);
    buf_done(&line);
    buf_done(&keys);
    buf_done(&notes);
}

TEST(users_have_a_key_for_digest_with_md5_by_choice)
{
    struct buf line = {0};
    struct buf keys = {0};
    struct user_secret secret = alices;
    secret.has_md5 = false;
    assert_true(users_add_lines(&line, &keys, &secret));
    check_that("none", !strstr(buf_c(&keys), "md5="));
    check_that("others", strstr(buf_c(&keys), "sha256=") && strstr(buf_c(&keys), "scram=4096,"));
    buf_done(&line);
    buf_done(&keys);
}

/* As many strangers are told 15000 as users have it, and each the same as long as that is so. */
TEST(users_decoys_have_the_rounds_of_users)
{
    struct users users = {.count = 0};
    unsigned rounds[] = {15000, 600000, 600000, 600000};
    check_int("without users", users_decoy_rounds(&users, 5), SCRAM_ITERATIONS);
    users.rounds = rounds;
    users.rounds_count = ARRAY_LEN(rounds);
    check_int("least", users_decoy_rounds(&users, 0), 15000);
    check_int("a quarter", users_decoy_rounds(&users, UINT32_MAX / 4), 15000);
    check_int("beyond", users_decoy_rounds(&users, UINT32_MAX / 4 + 2), 600000);
    check_int("most", users_decoy_rounds(&users, UINT32_MAX), 600000);
}

TEST(password_is_checked_by_the_kinds_that_htpasswd_makes)
{
    char hash[PASSWORD_HASH_BYTES];
    assert_true(password_verify(STR("pw"), STR(BCRYPT)));
    assert_false(password_verify(STR("pW"), STR(BCRYPT)));
    assert_false(password_verify(str_of("pw\0x", 4), STR(BCRYPT)));
    assert_false(password_verify(STR("pw"), STR(UNKNOWN)));
    assert_false(password_verify(STR("pw"), STR("pw")));
    assert_false(password_verify(STR("pw"), STR_NONE));
    assert_true(password_hash(STR("pw"), hash));
    check_that("yescrypt", str_starts(str_of_c(hash), STR("$y$")));
    assert_true(password_is_hash(str_of_c(hash)));
    assert_false(password_is_hash(STR("{SHA}x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_read_from_a_file_of_htpasswd),
        cmocka_unit_test(users_file_with_a_mistake_is_refused_by_line),
        cmocka_unit_test(users_keys_with_a_mistake_are_refused_by_line),
        cmocka_unit_test(users_have_no_blank_at_either_end_of_their_names),
        cmocka_unit_test(users_keys_hold_with_their_hash_and_realm_only),
        cmocka_unit_test(users_have_a_key_for_digest_with_md5_by_choice),
        cmocka_unit_test(users_decoys_have_the_rounds_of_users),
        cmocka_unit_test(password_is_checked_by_the_kinds_that_htpasswd_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
