#include "sync/login/visit.h"

#include "access/access.h"
#include "base/clock.h"
#include "base/err.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"

struct dav_result login_may_be(const struct exchange *x)
{
    const struct access *access = x->service->access;
    if (!access || !access->has_app_passwords)
        return dav_error(HTTP_NOT_FOUND, "this server makes no passwords for apps");
    if (!access->allows_clear_basic && !sign_in_is_confidential(x))
        return dav_error(HTTP_FORBIDDEN, "a password would travel unencrypted; use https");
    return DAV_FINE;
}

struct app_passwords *login_apps(const struct exchange *x)
{
    return access_app_passwords(x->service->access->state);
}

struct dav_result login_not_kept(struct exchange *x, const struct err *err)
{
    struct buf note = {0};
    buf_addf(&note, "an app password could not be kept: %s", err->text);
    x->stream->response.note = arena_str(x->arena, buf_str(&note));
    buf_done(&note);
    return dav_error(HTTP_SERVICE_UNAVAILABLE, "it cannot be kept at present");
}

bool login_key(struct exchange *x, struct sha256 *key_out)
{
    struct err err;
    if (app_passwords_key(login_apps(x), key_out, &err))
        return true;
    (void)respond_error(x, login_not_kept(x, &err)); /* DONE is the caller's to say */
    return false;
}

struct str login_client(const struct exchange *x)
{
    return exchange_field(x, FIELD_USER_AGENT);
}

bool login_is_himself(const struct exchange *x)
{
    const struct principal *principal = &x->signed_in.principal;
    return !principal_is_anonymous(principal) && !principal->token.len && !principal->link.len &&
           principal->scheme != ACCESS_BEARER;
}

enum app_change login_make(struct exchange *x, const struct token *like, struct buf *text_out,
                           struct err *err)
{
    struct buf hash = {0};
    struct token token = token_make(like, text_out, &hash);
    token.made_s = clock_wall_ms() / 1000;
    enum app_change rc =
        app_passwords_add(login_apps(x), &token, (size_t)x->service->limits->app_passwords, err);
    buf_done(&hash);
    return rc;
}
