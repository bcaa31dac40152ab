/* Anybody may begin a login, so nothing is kept of one: the link that is given out holds all there
 * is to know, under a keyed hash. A flood of them fills no table, and keeps nobody else's from
 * being begun. The key is on disk, so a link outlives a restart.
 *
 *   link  = "dvt_" id base64url(MAC, then lines: kind, hash, began, address, client)
 *   fetch = "dvt_" id and a secret: a text like a token's, of which the link has the hash
 *
 * Both look like tokens, and so are masked in every log (token_mask()), but for the id. Whoever
 * sees the link can see who asks and no more; he cannot fetch what is granted there.
 *
 * What the link says was said by somebody who may be anybody. The name of the client is cut short,
 * and made visible where it would steer what shows it. */
#include "access/apps/login.h"

#include "access/tokens.h"
#include "base/random.h"
#include "base/utf8.h"
#include "text/base64.h"

enum { MAC_BYTES = 16, CLIENT_BYTES_MAX = 120, ADDRESS_BYTES_MAX = 64, LINK_BYTES_MAX = 1024 };

static struct sha256 mac_of(const struct sha256 *key, const char *what, struct str id,
                            struct str text)
{
    struct buf all = {0};
    buf_addf(&all, "%s\n%.*s\n", what, STR_ARGS(id));
    buf_add(&all, text);
    struct sha256 mac = secret_hmac(sha256_str(key), buf_str(&all));
    buf_done(&all);
    return mac;
}

/* At a character's end. */
void login_add_client(struct buf *to, struct str client)
{
    char escape[UTF8_ESCAPE_BYTES];
    struct str visible;
    size_t start = to->len;
    client = str_trim(client);
    while (client.len) {
        size_t len = utf8_take_visible(client, escape, &visible);
        if (to->len - start + visible.len > CLIENT_BYTES_MAX) {
            BUF_ADD(to, "\u2026");
            return;
        }
        buf_add(to, visible);
        client = str_from(client, len);
    }
    if (to->len == start)
        BUF_ADD(to, "an app that does not give its name");
}

static void add_said(struct buf *to, const struct login *login)
{
    buf_addf(to, "%s\n%.*s\n%lld\n", login->is_direct ? "direct" : "fetch", STR_ARGS(login->hash),
             (long long)login->began_s);
    buf_add(to, str_first(login->address, ADDRESS_BYTES_MAX));
    buf_add_char(to, '\n');
    login_add_client(to, login->client);
}

void login_begin(const struct sha256 *key, const struct login *like, struct buf *link_out,
                 struct buf *fetch_out)
{
    struct login login = *like;
    struct buf id = {0};
    struct buf hash = {0};
    struct buf said = {0};
    struct buf sealed = {0};
    buf_add_hex(&id, random_u64(), TOKEN_ID_BYTES);
    login.id = buf_str(&id);
    if (!login.is_direct) {
        size_t start = fetch_out->len;
        token_add_text(fetch_out, login.id);
        secret_add_hex(&hash, HASH_SHA256, str_from(buf_str(fetch_out), start));
    }
    login.hash = buf_str(&hash);
    add_said(&said, &login);
    struct sha256 mac = mac_of(key, "link", login.id, buf_str(&said));
    buf_add(&sealed, str_first(sha256_str(&mac), MAC_BYTES));
    buf_add(&sealed, buf_str(&said));
    BUF_ADD(link_out, "dvt_");
    buf_add(link_out, login.id);
    base64_encode(link_out, buf_str(&sealed), BASE64_URL);
    buf_done(&id);
    buf_done(&hash);
    buf_done(&said);
    buf_done(&sealed);
}

bool login_read(const struct sha256 *key, struct str link, struct arena *arena, struct login *out)
{
    struct str sealed;
    uint64_t began_s;
    struct login login = {.id = token_id_of(link)};
    struct str rest = str_from(link, TOKEN_ID_BYTES + 4);
    if (link.len > LINK_BYTES_MAX || !str_starts(link, STR("dvt_")) ||
        !base64_decode(rest, BASE64_URL, arena, &sealed) || sealed.len < MAC_BYTES)
        return false;
    struct str said = str_from(sealed, MAC_BYTES);
    struct sha256 mac = mac_of(key, "link", login.id, said);
    if (!secret_eq(str_first(sealed, MAC_BYTES), str_first(sha256_str(&mac), MAC_BYTES)))
        return false;
    login.is_direct = str_eq(str_cut(&said, '\n'), STR("direct"));
    login.hash = str_cut(&said, '\n');
    bool is_time = str_parse_u64(str_cut(&said, '\n'), &began_s) && began_s <= INT64_MAX;
    login.began_s = is_time ? (int64_t)began_s : 0;
    login.address = str_cut(&said, '\n');
    login.client = said;
    *out = login;
    return is_time;
}

void login_add_proof(const struct sha256 *key, const struct login *login, struct str user,
                     struct buf *to)
{
    struct sha256 mac = mac_of(key, "proof", login->id, user);
    base64_encode(to, str_first(sha256_str(&mac), MAC_BYTES), BASE64_URL);
}
