/* RFC 7616 §3.4 with qop=auth, which every client has known since 1999:
 *
 *   key      = H(user ":" realm ":" password)          what the users' file keeps
 *   response = H(key ":" nonce ":" nc ":" cnonce ":" qop ":" H(method ":" uri))
 *
 * Neither RFC 2069's form without qop (it can be replayed) nor auth-int (nobody sends it), nor the
 * -sess variants (they protect a server that does not know the key; ours does). userhash is not
 * offered, so it must not be used. What is compared is compared in constant time, although the
 * response is no secret: the habit costs nothing. */
#include "access/scheme/digest.h"

#include "text/uri.h"

static bool read_algorithm(struct str name, enum hash_kind *hash_out)
{
    if (!name.at || str_eq_nocase(name, STR("MD5")))
        *hash_out = HASH_MD5;
    else if (str_eq_nocase(name, STR("SHA-256")))
        *hash_out = HASH_SHA256;
    else
        return false;
    return true;
}

/* RFC 8187's value with its character set: UTF-8''J%C3%A4s%C3%B8n (§4 of RFC 7616). */
static bool read_extended(struct str text, struct arena *arena, struct str *value_out)
{
    uint64_t byte;
    if (!str_starts_nocase(text, STR("UTF-8'")))
        return false;
    text = str_from(text, 6);
    (void)str_cut(&text, '\''); /* the language */
    char *value = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.at[i] == '%';
        if (is_escape && !str_parse_hex(str_first(str_from(text, i + 1), 2), &byte))
            return false;
        value[len++] = is_escape ? (char)byte : text.at[i];
        i += is_escape ? 2 : 0;
    }
    *value_out = str_of(value, len);
    return true;
}

static bool read_user(const struct authorization *authorization, struct arena *arena,
                      struct str *user_out)
{
    struct str extended = authorization_get(authorization, "username*");
    *user_out = authorization_get(authorization, "username");
    if (!extended.at)
        return user_out->at != NULL;
    return !user_out->at && read_extended(extended, arena, user_out);
}

bool digest_read(const struct authorization *authorization, struct arena *arena, struct digest *out)
{
    struct digest digest = {
        .realm = authorization_get(authorization, "realm"),
        .nonce = authorization_get(authorization, "nonce"),
        .uri = authorization_get(authorization, "uri"),
        .response = authorization_get(authorization, "response"),
        .cnonce = authorization_get(authorization, "cnonce"),
        .nc = authorization_get(authorization, "nc"),
    };
    if (!read_user(authorization, arena, &digest.user) ||
        !read_algorithm(authorization_get(authorization, "algorithm"), &digest.hash) ||
        !str_eq_nocase(authorization_get(authorization, "qop"), STR("auth")) ||
        str_eq_nocase(authorization_get(authorization, "userhash"), STR("true")) ||
        digest.nc.len != 8 || !str_parse_hex(digest.nc, &digest.count) || digest.count == 0 ||
        !digest.realm.at || digest.nonce.len == 0 || digest.uri.len == 0 || digest.cnonce.len == 0)
        return false;
    *out = digest;
    return true;
}

void digest_add_key(struct buf *to, enum hash_kind hash, struct str user, struct str realm,
                    struct str password)
{
    struct buf text = {0};
    buf_add(&text, user);
    buf_add_char(&text, ':');
    buf_add(&text, realm);
    buf_add_char(&text, ':');
    buf_add(&text, password);
    secret_add_hex(to, hash, buf_str(&text));
    secret_wipe(text.at, text.len);
    buf_done(&text);
}

/* The response for `method`; of an empty one it is the server's (§3.5). */
static void add_response(struct buf *to, const struct digest *digest, struct str key,
                         struct str method)
{
    struct buf text = {0};
    struct buf about = {0};
    buf_add(&about, method);
    buf_add_char(&about, ':');
    buf_add(&about, digest->uri);
    buf_add(&text, key);
    buf_add_char(&text, ':');
    buf_add(&text, digest->nonce);
    buf_add_char(&text, ':');
    buf_add(&text, digest->nc);
    buf_add_char(&text, ':');
    buf_add(&text, digest->cnonce);
    BUF_ADD(&text, ":auth:");
    secret_add_hex(&text, digest->hash, buf_str(&about));
    secret_add_hex(to, digest->hash, buf_str(&text));
    buf_done(&about);
    buf_done(&text);
}

bool digest_verify(const struct digest *digest, struct str key, struct str method)
{
    struct buf expected = {0};
    add_response(&expected, digest, key, method);
    bool is_right = expected.len && key.len && secret_eq(buf_str(&expected), digest->response);
    buf_done(&expected);
    return is_right;
}

/* Within quotes; a field line cannot hold control characters, so these cannot be here. */
static void add_quoted(struct buf *to, struct str text)
{
    buf_add_char(to, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, text.at[i]);
    }
    buf_add_char(to, '"');
}

void digest_add_info(struct buf *to, const struct digest *digest, struct str key)
{
    BUF_ADD(to, "rspauth=\"");
    add_response(to, digest, key, STR_NONE);
    BUF_ADD(to, "\", qop=auth, nc=");
    buf_add(to, digest->nc);
    BUF_ADD(to, ", cnonce=");
    add_quoted(to, digest->cnonce);
}

bool digest_is_about(const struct digest *digest, struct str target)
{
    struct uri uri;
    if (str_eq(digest->uri, target))
        return true;
    if (digest->uri.at[0] == '/' || !uri_parse(digest->uri, &uri))
        return false;
    size_t skipped = (size_t)(uri.path.at - digest->uri.at);
    bool is_within = uri.path.at >= digest->uri.at && skipped < digest->uri.len;
    return is_within && str_eq(str_from(digest->uri, skipped), target);
}
