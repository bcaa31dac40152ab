/* What stands behind somebody who has signed in, and whether it is still the same. */
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "access/apps/app_passwords.h"
#include "base/clock.h"
#include "base/err.h"
#include "sign_in_fixture.h"

/* Outlives the accounts. */
static struct principal sign_in_as(const char *user, const char *password)
{
    assert_int_equal(ask(basic(user, password)), SIGN_IN_DONE);
    struct principal principal = got.principal;
    principal.name = arena_str(&arena, principal.name);
    principal.token = arena_str(&arena, principal.token);
    return principal;
}

static struct standing ask_standing(const struct principal *principal)
{
    struct standing standing;
    assert_true(access_standing(&access_, principal, &standing));
    return standing;
}

static void check_gone(const char *what, const struct principal *principal)
{
    struct standing standing;
    check_that(what, !access_standing(&access_, principal, &standing));
}

static void check_same(const char *what, struct standing a, struct standing b, bool is_same)
{
    check_that(what, a.is_known && b.is_known);
    check_that(what, secret_eq(sha256_str(&a.mark), sha256_str(&b.mark)) == is_same);
}

/* The only one that alice has now. */
static void replace_tokens(const char *row)
{
    struct err err;
    tokens_done(&tokens);
    assert_true(tokens_read(&tokens, str_of_c(row), &err));
}

TEST(who_has_a_password_stands_by_it)
{
    struct principal alice = sign_in_as("alice", "pencil");
    struct standing before = ask_standing(&alice);
    check_int("for ever", before.until_s, 0);
    check_same("asked again", before, ask_standing(&alice), true);
    ((struct user *)(uintptr_t)users_find(&users, STR("alice")))->hash = STR("another");
    check_same("another password", before, ask_standing(&alice), false);
    users_done(&users);
    check_gone("no such user", &alice);
}

TEST(who_has_a_token_stands_by_it)
{
    struct principal alice = sign_in_as("alice", buf_c(&token_text));
    struct standing before = ask_standing(&alice);
    users_done(&users); /* it is the administrator's, who may have removed the password alone */
    check_same("without the user", before, ask_standing(&alice), true);
    struct buf row = {0};
    struct token other = *tokens_find(&tokens, alice.token);
    other.scope.is_read_only = false;
    other.expires_s = 2000;
    tokens_add_row(&row, &other);
    buf_add_char(&row, '\n');
    replace_tokens(buf_c(&row));
    struct standing now = ask_standing(&alice);
    check_same("other bounds", before, now, false);
    check_int("until", now.until_s, 2000);
    clock_freeze(2000000);
    check_gone("it has expired", &alice);
    buf_done(&row);
    replace_tokens("");
    check_gone("no such token", &alice);
}

TEST(who_has_an_app_password_stands_by_it_and_by_its_user)
{
    char path[] = "/tmp/davit-standing-XXXXXX";
    int fd = mkstemp(path);
    struct err err;
    struct buf row = {0};
    struct buf text = {0};
    struct token like = {.user = STR("alice"), .scope.path = PATH_ROOT};
    tokens_add_line(&row, &like, &text);
    buf_add_char(&row, '\n');
    assert_int_equal(write(fd, row.at, row.len), row.len);
    close(fd);
    access_.has_app_passwords = true;
    assert_true(app_passwords_read(access_app_passwords(access_.state), path, &err));
    struct principal alice = sign_in_as("alice", buf_c(&text));
    assert_true(alice.is_app);
    check_same("asked again", ask_standing(&alice), ask_standing(&alice), true);
    assert_int_equal(truncate(path, 0), 0);
    assert_true(app_passwords_read(access_app_passwords(access_.state), path, &err));
    check_gone("it was revoked", &alice);
    assert_int_equal(unlink(path), 0);
    buf_done(&row);
    buf_done(&text);
}

TEST(who_has_a_certificate_stands_by_what_others_know)
{
    struct principal alice = {.name = STR("alice"), .scheme = ACCESS_CERTIFICATE};
    check_that("a certificate", !ask_standing(&alice).is_known);
    alice.scheme = ACCESS_BEARER;
    check_that("an issuer", !ask_standing(&alice).is_known);
}

#define STANDING_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_begin, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STANDING_TEST(who_has_a_password_stands_by_it),
        STANDING_TEST(who_has_a_token_stands_by_it),
        STANDING_TEST(who_has_an_app_password_stands_by_it_and_by_its_user),
        STANDING_TEST(who_has_a_certificate_stands_by_what_others_know),
    };
    int rc = cmocka_run_group_tests_name("access/standing", tests, NULL, NULL);
    fixture_done();
    return rc;
}
