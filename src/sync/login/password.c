/* An app that was given its user's own password changes it for one of its own, and gives that back
 * when it is signed out. Both are asked by a field that no page elsewhere can have a browser send
 * unasked (OCS-APIRequest): the first makes something by GET, for whoever the browser is signed in
 * as. */
#include "base/err.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "sync/endpoint.h"
#include "sync/login/visit.h"
#include "sync/ocs.h"

static bool is_asked_by_app(const struct exchange *x)
{
    return str_eq_nocase(exchange_field(x, FIELD_OCS_APIREQUEST), STR("true"));
}

static enum stage_end refuse(struct exchange *x, struct dav_result result)
{
    return ocs_refuse(x, (enum http_status)result.status, str_of_c(result.text));
}

static enum stage_end tell(struct exchange *x, struct str password)
{
    struct sync_answer answer;
    ocs_begin(&answer, x);
    sync_answer_text(&answer, "apppassword", password);
    return ocs_send(&answer, x);
}

static enum stage_end make(struct exchange *x)
{
    struct buf note = {0};
    struct buf text = {0};
    struct err err;
    login_add_client(&note, login_client(x));
    struct token token = {
        .user = x->signed_in.principal.name, .scope = {PATH_ROOT, false}, .note = buf_str(&note)};
    enum app_change rc = login_make(x, &token, &text, &err);
    enum stage_end end;
    if (rc == APP_DONE)
        end = tell(x, buf_str(&text));
    else if (rc == APP_FAILED)
        end = refuse(x, login_not_kept(x, &err));
    else
        end = refuse(x, dav_error(HTTP_FORBIDDEN, "this user has too many apps"));
    secret_wipe(text.at, text.len);
    buf_done(&text);
    buf_done(&note);
    return end;
}

/* Nor by a page that the mount lets in: what it has is good for there alone. */
static enum stage_end exchange_for_own(struct exchange *x)
{
    struct dav_result result = browser_check_own(x);
    if (dav_is_fine(result))
        result = login_may_be(x);
    if (!dav_is_fine(result))
        return refuse(x, result);
    if (!is_asked_by_app(x))
        return refuse(x,
                      dav_error(HTTP_PRECONDITION_FAILED, "the field OCS-APIRequest is missing"));
    if (x->method->id == METHOD_HEAD) /* nobody would hear it */
        return respond_status(x, HTTP_OK);
    if (!login_is_himself(x))
        return refuse(x,
                      dav_error(HTTP_FORBIDDEN, "a token or an app password cannot make another"));
    return make(x);
}

static enum stage_end give_back(struct exchange *x)
{
    const struct principal *principal = &x->signed_in.principal;
    struct sync_answer answer;
    struct err err;
    if (!is_asked_by_app(x))
        return refuse(x,
                      dav_error(HTTP_PRECONDITION_FAILED, "the field OCS-APIRequest is missing"));
    if (!principal->is_app)
        return refuse(x, dav_error(HTTP_FORBIDDEN, "only an app password can be given back"));
    if (app_passwords_revoke(login_apps(x), principal->token, &err) == APP_FAILED)
        return refuse(x, login_not_kept(x, &err));
    ocs_begin(&answer, x); /* also when somebody else was faster: it is gone */
    return ocs_send(&answer, x);
}

const struct stage sync_password_make_stages[] = {
    {"make an app password", exchange_for_own, ON_WORKER},
};

const struct stage sync_password_revoke_stages[] = {
    {"revoke an app password", give_back, ON_WORKER},
};
