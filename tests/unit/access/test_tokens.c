#include "support/test.h"

#include "access/tokens.h"
#include "base/err.h"

static const struct token like = {
    .user = {"alice", 5},
    .scope = {{"a b/c", 5}, true},
    .expires_s = 1000,
    .note = {"my: phone", 9},
};

/* By its id, and then by its secret. */
static const struct token *verify(const struct tokens *tokens, const struct buf *text,
                                  int64_t now_s)
{
    const struct token *token = tokens_find(tokens, token_id_of(buf_str(text)));
    return token_verify(token, buf_str(text), now_s) ? token : NULL;
}

TEST(token_is_known_by_its_hash_until_it_expires)
{
    struct tokens tokens = {0};
    struct buf line = {0};
    struct buf text = {0};
    struct err err;
    tokens_add_line(&line, &like, &text);
    buf_add_char(&line, '\n');
    assert_true(token_is_text(buf_str(&text)));
    assert_true(tokens_read(&tokens, buf_str(&line), &err));
    const struct token *token = verify(&tokens, &text, 999);
    assert_non_null(token);
    check_str("user", token->user, "alice");
    check_str("path", path_str(token->scope.path), "a b/c");
    check_that("bounds", token->scope.is_read_only && !token->is_link);
    check_str("note", token->note, "my: phone");
    check_that("the secret is not in the file",
               str_index(buf_str(&line), text.at[TOKEN_TEXT_BYTES - 1]) == line.len ||
                   !strstr(buf_c(&line), buf_c(&text)));
    assert_null(verify(&tokens, &text, 1000));
    for (size_t i = 0; i < text.len; i++) {
        char kept = text.at[i];
        text.at[i] = kept == 'x' ? 'y' : 'x';
        assert_null(verify(&tokens, &text, 0));
        text.at[i] = kept;
    }
    tokens_done(&tokens);
    buf_done(&line);
    buf_done(&text);
}

TEST(token_line_that_is_not_understood_is_refused)
{
#define HASH  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CUT   "line 1: has no line end: the file may have been cut off"
#define BOUND "line 1: a restriction of the token is not understood"
    static const struct {
        const char *text, *mistake;
    } rows[] = {
        {"x:alice:" HASH ":", "line 1: not a valid token id"},
        {"0123456789ab::" HASH ":", "line 1: it names no user"},
        {"0123456789ab:alice:0123:", "line 1: not a valid token hash"},
        {"0123456789ab:alice:" HASH ":readonly", BOUND},
        {"0123456789ab:alice:" HASH ":expires=soon", BOUND},
        {"0123456789ab:alice:" HASH ":expires=0", BOUND},
        {"0123456789ab:alice:" HASH ":path=a", BOUND},
        {"0123456789ab:alice:" HASH ":path=/../a", BOUND},
        {"0123456789ab:alice:" HASH ":\n0123456789ab:bob:" HASH ":",
         "line 2: this token is listed twice"},
        {"\xef\xbb\xbf"
         "0123456789ab:alice:" HASH ":",
         "line 1: starts with a byte order mark; save the file as UTF-8 without one"},
        {"#\n0123456789ab", "line 2: has no ':'"},
        {" 0123456789ab:alice:" HASH ":", "line 1: starts with a blank"},
        {"0123456789ab:alice :" HASH ":", "line 1: has a blank before a ':'"},
        {"0123456789ab:alice: " HASH ":", "line 1: has a blank after a ':'"},
        {"0123456789ab:alice:" HASH, CUT},
        {"0123456789ab:alice:" HASH ":", CUT},
        {"0123456789ab:alice:" HASH ":path=/a", CUT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tokens tokens = {0};
        struct err err;
        check_that(rows[i].text, !tokens_read(&tokens, str_of_c(rows[i].text), &err));
        check_str(rows[i].text, str_of_c(err.text), rows[i].mistake);
        tokens_done(&tokens);
    }
}

TEST(token_in_a_url_is_masked)
{
#define SECRET "AbC-_0123456789AbC-_0123456789AbC-_01234567"
    static const char *const rows[][2] = {
        {"/.link/dvt_0123456789ab" SECRET "/a/b?c", "/.link/dvt_0123456789ab***/a/b?c"},
        {"/%2elink/%64vt%5F0123456789ab" SECRET "/", "/%2elink/%64vt%5F0123456789ab***/"},
        {"/.link/dvt_0123456789ab%41%62" SECRET "/", "/.link/dvt_0123456789ab***/"},
        {"http://h/?a=dvt_0123456789ab" SECRET "&b", "http://h/?a=dvt_0123456789ab***&b"},
        {"dvt_0123456789ab" SECRET " dvt_ffff56789abc" SECRET,
         "dvt_0123456789ab*** dvt_ffff56789abc***"},
        {"/.link/dvt_0123xyz", "/.link/dvt_0123***"},
        {"/.link/dvt_", "/.link/dvt_***"},
        {"/a/dvt/%64v%", "/a/dvt/%64v%"},
        {"/plain", "/plain"},
        {"", ""},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i][0], token_mask(str_of_c(rows[i][0]), &arena), rows[i][1]);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_is_known_by_its_hash_until_it_expires),
        cmocka_unit_test(token_line_that_is_not_understood_is_refused),
        cmocka_unit_test(token_in_a_url_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
