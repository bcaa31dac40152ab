/* A token is "dvt_", an id and 256 random bits. The id finds its line; of the rest the file has the
 * SHA-256: what is random needs no slow hash, since nobody can guess it, and a thief of the file
 * cannot sign in. A line that is not understood is an error, never a token with fewer bounds; nor
 * is a last line without its end, of which the bounds may have been cut off, or are still to come.
 *
 * The same text serves as a bearer token, as the password of an app that speaks Basic only, and in
 * the URL of a shared link; the last is marked, so that a link that was passed on to others cannot
 * be used to act as its user anywhere else. So is what an app fetches its password by. */
#include "access/tokens.h"

#include "base/err.h"
#include "base/random.h"
#include "text/base64.h"
#include "text/rows.h"
#include "text/unicode.h"

static const char prefix[] = "dvt_";
enum { PREFIX_BYTES = sizeof(prefix) - 1, SECRET_BYTES = 32 };

static bool read_time(struct str value, int64_t *seconds_out)
{
    uint64_t seconds;
    bool is_time = str_parse_u64(value, &seconds) && seconds <= INT64_MAX;
    *seconds_out = is_time ? (int64_t)seconds : 0;
    return *seconds_out > 0;
}

static bool read_bound(struct token *token, struct str word, struct arena *arena)
{
    struct str value = word;
    struct str name = str_cut(&value, '=');
    bool has_slash;
    if (str_eq(word, STR("read-only"))) {
        token->scope.is_read_only = true;
    } else if (str_eq(word, STR("link"))) {
        token->is_link = true;
    } else if (str_eq(word, STR("login"))) {
        token->is_login = true;
    } else if (str_eq(name, STR("path"))) {
        return path_decode(arena, value, &token->scope.path, &has_slash) == PATH_OK;
    } else if (str_eq(name, STR("expires"))) {
        return read_time(value, &token->expires_s);
    } else if (str_eq(name, STR("made"))) {
        return read_time(value, &token->made_s);
    } else if (str_eq(name, STR("note"))) {
        return base64_decode(value, BASE64_URL, arena, &token->note);
    } else {
        return false;
    }
    return true;
}

static bool is_hex(struct str text, size_t len)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.at[i]) < 0)
            return false;
    }
    return text.len == len;
}

static const char *read_line(struct tokens *tokens, struct str line)
{
    struct token *token = ARENA_NEW(&tokens->arena, struct token);
    struct str rest = arena_str(&tokens->arena, line);
    token->line = rest;
    token->scope.path = PATH_ROOT;
    token->id = str_cut(&rest, ':');
    token->user = unicode_form(&tokens->arena, str_cut(&rest, ':'), UNICODE_NFC);
    token->hash = str_cut(&rest, ':');
    if (!is_hex(token->id, TOKEN_ID_BYTES))
        return "not a valid token id";
    if (token->user.len == 0)
        return "it names no user";
    if (!is_hex(token->hash, (size_t)2 * SHA256_BYTES))
        return "not a valid token hash";
    if (map_find(&tokens->map, token->id))
        return "this token is listed twice";
    while (rest.len) {
        if (!read_bound(token, str_cut(&rest, ' '), &tokens->arena))
            return "a restriction of the token is not understood";
    }
    if (tokens->count == tokens->cap) {
        size_t cap = tokens->cap ? tokens->cap * 2 : 16;
        struct token **list = arena_alloc(&tokens->arena, cap * sizeof(struct token *));
        if (tokens->count)
            memcpy(list, tokens->list, tokens->count * sizeof(struct token *));
        tokens->list = list;
        tokens->cap = cap;
    }
    tokens->list[tokens->count++] = token;
    map_add(&tokens->map, &token->entry, token->id);
    return NULL;
}

bool tokens_read(struct tokens *tokens, struct str text, struct err *err)
{
    struct rows rows = {.rest = text};
    struct str row;
    while (rows_next(&rows, &row)) {
        const char *mistake = row_mistake(row, 3);
        if (!mistake)
            mistake = read_line(tokens, str_trim(row));
        if (!mistake && rows.rest.len == 0 && !str_ends(text, STR("\n")))
            mistake = "has no line end: the file may have been cut off";
        if (mistake)
            return err_set(err, 0, "line %u: %s", rows.line, mistake);
    }
    return true;
}

void tokens_done(struct tokens *tokens)
{
    map_done(&tokens->map);
    arena_done(&tokens->arena);
    *tokens = (struct tokens){0};
}

bool token_is_text(struct str text)
{
    return text.len == TOKEN_TEXT_BYTES && str_starts(text, STR(prefix));
}

struct str token_id_of(struct str text)
{
    return str_first(str_from(text, PREFIX_BYTES), TOKEN_ID_BYTES);
}

/* The character at the front, which may be percent-encoded; says how many bytes it takes. */
static size_t take_char(struct str text, char *c_out)
{
    *c_out = text.len ? text.at[0] : '\0';
    if (text.len < 3 || text.at[0] != '%')
        return text.len ? 1 : 0;
    int high = hex_value(text.at[1]), low = hex_value(text.at[2]);
    if (high < 0 || low < 0)
        return 1;
    *c_out = (char)(high << 4 | low);
    return 3;
}

/* How many bytes of `text` are a token's prefix and the id that may stay; 0: it is no token. */
static size_t public_len(struct str text)
{
    size_t at = 0;
    char c;
    for (size_t i = 0; i < PREFIX_BYTES + TOKEN_ID_BYTES; i++) {
        size_t len = take_char(str_from(text, at), &c);
        bool is_right = i < PREFIX_BYTES ? c == prefix[i] : hex_value(c) >= 0;
        if (!len || !is_right)
            return i < PREFIX_BYTES ? 0 : at; /* cut off, or made up: masked all the same */
        at += len;
    }
    return at;
}

static size_t secret_len(struct str text)
{
    size_t at = 0;
    char c;
    for (;;) {
        size_t len = take_char(str_from(text, at), &c);
        if (!len || !(char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_'))
            return at;
        at += len;
    }
}

struct str token_mask(struct str text, struct arena *arena)
{
    struct buf masked = {0};
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t shown =
            text.at[i] == prefix[0] || text.at[i] == '%' ? public_len(str_from(text, i)) : 0;
        if (!shown)
            continue;
        buf_add(&masked, str_of(text.at + done, i + shown - done));
        BUF_ADD(&masked, "***");
        done = i + shown + secret_len(str_from(text, i + shown));
        i = done - 1;
    }
    if (done == 0)
        return text;
    buf_add(&masked, str_from(text, done));
    struct str copy = arena_str(arena, buf_str(&masked));
    buf_done(&masked);
    return copy;
}

const struct token *tokens_find(const struct tokens *tokens, struct str id)
{
    struct map_entry *entry = map_find(&tokens->map, id);
    return entry ? CONTAINER_OF(entry, struct token, entry) : NULL;
}

bool token_verify(const struct token *token, struct str text, int64_t now_s)
{
    struct buf hash = {0};
    secret_add_hex(&hash, HASH_SHA256, text);
    bool is_right = token && secret_eq(buf_str(&hash), token->hash);
    buf_done(&hash);
    return is_right && (!token->expires_s || token->expires_s > now_s);
}

void token_add_text(struct buf *to, struct str id)
{
    char secret[SECRET_BYTES];
    random_bytes(secret, sizeof(secret));
    BUF_ADD(to, prefix);
    if (id.len)
        buf_add(to, id);
    else
        buf_add_hex(to, random_u64(), TOKEN_ID_BYTES);
    base64_encode(to, str_of(secret, sizeof(secret)), BASE64_URL);
    secret_wipe(secret, sizeof(secret));
}

void tokens_add_row(struct buf *to, const struct token *token)
{
    buf_add(to, token->id);
    buf_add_char(to, ':');
    buf_add(to, token->user);
    buf_add_char(to, ':');
    buf_add(to, token->hash);
    BUF_ADD(to, ":path=");
    path_encode(to, token->scope.path, false);
    if (token->scope.is_read_only)
        BUF_ADD(to, " read-only");
    if (token->is_link)
        BUF_ADD(to, " link");
    if (token->is_login)
        BUF_ADD(to, " login");
    if (token->expires_s)
        buf_addf(to, " expires=%lld", (long long)token->expires_s);
    if (token->made_s)
        buf_addf(to, " made=%lld", (long long)token->made_s);
    if (token->note.len) {
        BUF_ADD(to, " note=");
        base64_encode(to, token->note, BASE64_URL);
    }
}

struct token token_make(const struct token *like, struct buf *text_out, struct buf *hash_out)
{
    struct token token = *like;
    size_t start = text_out->len;
    token_add_text(text_out, like->id);
    struct str text = str_from(buf_str(text_out), start);
    secret_add_hex(hash_out, HASH_SHA256, text);
    token.id = token_id_of(text);
    token.hash = buf_str(hash_out);
    return token;
}

void tokens_add_line(struct buf *to, const struct token *like, struct buf *text_out)
{
    struct buf hash = {0};
    struct token token = token_make(like, text_out, &hash);
    tokens_add_row(to, &token);
    buf_done(&hash);
}
