/* A page that is open in a browser has signed in, but has no password that it could say on a
 * WebSocket. It asks for a token here, and says that instead, with an empty name.
 *
 * A token is kept nowhere: it says who, how far he may go, and until when, and has a mark (HMAC)
 * that only this process can make, by a key of these settings. So it costs no memory, and after a
 * reload, which may have removed its user, there is none any more.
 *
 *     base64url(expires (8) flags (1) scheme (1) lengths of path (2) and token (1) path token name,
 *               HMAC (32))
 *
 * `token` is the id of the one that he has signed in by, which may be gone until this is said. */
#include "sync/push/pre_auth.h"

#include "base/clock.h"
#include "exchange/respond.h"
#include "sync/endpoint.h"
#include "text/base64.h"

enum {
    FIXED_BYTES = 8 + 1 + 1 + 2 + 1,
    IS_READ_ONLY = 1, /* flags */
    IS_APP = 2,
};

static struct sha256 mark_of(const struct sync_service *sync, struct str said)
{
    struct str key = str_of((const char *)sync->push_key, sizeof(sync->push_key));
    return secret_hmac(key, said);
}

static void add_number(struct buf *to, uint64_t number, size_t bytes)
{
    while (bytes--)
        buf_add_char(to, (char)(number >> (bytes * 8) & 0xff));
}

static uint64_t take_number(struct str *from, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | (unsigned char)from->at[i];
    *from = str_from(*from, bytes);
    return number;
}

void pre_auth_make(const struct sync_service *sync, const struct exchange *x, struct buf *to)
{
    const struct principal *principal = &x->signed_in.principal;
    struct str path = path_str(principal->scope.path);
    uint64_t until_ms = (uint64_t)clock_mono_us() / 1000 + x->service->limits->socket_token_ms;
    struct buf said = {0};
    add_number(&said, until_ms, 8);
    add_number(
        &said,
        (principal->scope.is_read_only ? IS_READ_ONLY : 0) | (principal->is_app ? IS_APP : 0), 1);
    add_number(&said, principal->scheme, 1);
    add_number(&said, path.len, 2);
    add_number(&said, principal->token.len, 1);
    buf_add(&said, path);
    buf_add(&said, principal->token);
    buf_add(&said, principal->name);
    struct sha256 mark = mark_of(sync, buf_str(&said));
    buf_add(&said, sha256_str(&mark));
    base64_encode(to, buf_str(&said), BASE64_URL);
    buf_done(&said);
}

bool pre_auth_read(const struct sync_service *sync, struct str token, struct arena *arena,
                   struct principal *principal_out)
{
    struct str said;
    if (!base64_decode(token, BASE64_URL, arena, &said) || said.len < FIXED_BYTES + SHA256_BYTES)
        return false;
    struct str mark = str_from(said, said.len - SHA256_BYTES);
    said = str_first(said, said.len - SHA256_BYTES);
    struct sha256 right = mark_of(sync, said);
    if (!secret_eq(mark, sha256_str(&right)))
        return false;
    uint64_t until_ms = take_number(&said, 8);
    uint64_t flags = take_number(&said, 1);
    enum access_scheme scheme = (enum access_scheme)take_number(&said, 1);
    size_t path_len = (size_t)take_number(&said, 2);
    size_t token_len = (size_t)take_number(&said, 1);
    *principal_out = (struct principal){
        .name = str_from(said, path_len + token_len),
        .scheme = scheme,
        .scope = {{said.at, path_len}, flags & IS_READ_ONLY},
        .token = str_first(str_from(said, path_len), token_len),
        .is_app = flags & IS_APP,
    };
    return (uint64_t)clock_mono_us() / 1000 < until_ms;
}

/* --- the endpoint --- */

static enum stage_end tell_token(struct exchange *x)
{
    struct buf token = {0};
    pre_auth_make(sync_service_of(x), x, &token);
    struct str text = arena_str(x->arena, buf_str(&token));
    buf_done(&token);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_text(x, HTTP_OK, STR("text/plain; charset=utf-8"), text);
}

const struct stage sync_pre_auth_stages[] = {{"make token", tell_token, ANYWHERE}};
