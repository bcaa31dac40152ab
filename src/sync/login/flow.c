/* How an app gets a password of its own: version 2 of the login flow, and version 1, which is
 * older.
 *
 *   version 2   the app: POST login/v2 -> a link and a text
 *               its user, in a browser: GET the link -> the page; POST it -> granted (consent.c)
 *               the app, now and then: POST login/v2/poll with the text -> 404, ..., once 200
 *   version 1   the app shows a browser: GET login/flow -> the page; POST it -> 303 to nc://login/
 *
 * This is the app's side. Nothing is kept of what it begins: its link says all
 * (access/apps/login.h). The text by which it fetches its password comes in a form, or in the query
 * as one of the apps has it; it cannot be guessed, so that asking costs no more than a look. */
#include "base/clock.h"
#include "base/err.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "http/form.h"
#include "sync/answer.h"
#include "sync/endpoint.h"
#include "sync/login/visit.h"
#include "sync/url.h"

/* --- an app begins --- */

static enum stage_end tell_begun(struct exchange *x, struct str url, struct str link,
                                 struct str fetch)
{
    struct sync_answer answer;
    struct buf poll = {0};
    struct buf page = {0};
    buf_addf(&poll, "%.*s/index.php/login/v2/poll", STR_ARGS(url));
    buf_addf(&page, "%.*s/" LOGIN_FLOW "%.*s", STR_ARGS(url), STR_ARGS(link));
    sync_answer_begin(&answer, false);
    sync_answer_object(&answer, "poll");
    sync_answer_text(&answer, "token", fetch);
    sync_answer_text(&answer, "endpoint", buf_str(&poll));
    sync_answer_close(&answer);
    sync_answer_text(&answer, "login", buf_str(&page));
    buf_done(&poll);
    buf_done(&page);
    return sync_answer_send(&answer, x, HTTP_OK);
}

static enum stage_end begin(struct exchange *x)
{
    struct dav_result result = login_may_be(x);
    struct login like = {.began_s = clock_wall_ms() / 1000,
                         .address = sign_in_address(x),
                         .client = login_client(x)};
    struct sha256 key;
    struct buf url = {0};
    struct buf link = {0};
    struct buf fetch = {0};
    if (dav_is_fine(result) && !sync_add_url(x, &url))
        result = dav_error(HTTP_BAD_REQUEST, "the request names no host");
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (!login_key(x, &key)) {
        buf_done(&url);
        return STAGE_DONE;
    }
    login_begin(&key, &like, &link, &fetch);
    enum stage_end end = tell_begun(x, buf_str(&url), buf_str(&link), buf_str(&fetch));
    buf_done(&url);
    buf_done(&link);
    buf_done(&fetch);
    return end;
}

const struct stage sync_login_begin_stages[] = {{"begin a login", begin, ON_WORKER}};

/* --- an app asks whether it is granted --- */

static enum stage_end tell_nothing_yet(struct exchange *x)
{
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_text(x, HTTP_NOT_FOUND, STR("application/json; charset=utf-8"), STR("[]"));
}

static enum stage_end tell_password(struct exchange *x, const struct app_password *password)
{
    struct sync_answer answer;
    struct buf url = {0};
    if (!sync_add_url(x, &url))
        buf_clear(&url); /* it was there a moment ago: see poll() */
    sync_answer_begin(&answer, false);
    sync_answer_text(&answer, "server", buf_str(&url));
    sync_answer_text(&answer, "loginName", password->user);
    sync_answer_text(&answer, "appPassword", password->text);
    buf_done(&url);
    return sync_answer_send(&answer, x, HTTP_OK);
}

static bool has_url(const struct exchange *x)
{
    struct buf url = {0};
    bool has = sync_add_url(x, &url);
    buf_done(&url);
    return has;
}

static enum stage_end poll(struct exchange *x)
{
    struct dav_result result = login_may_be(x);
    struct app_password password;
    struct str text;
    struct err err;
    if (!dav_is_fine(result))
        return respond_error(x, result);
    bool has_text = form_find(buf_str(&x->body), STR("token"), x->arena, &text) ||
                    form_find(x->stream->request.query, STR("token"), x->arena, &text);
    if (!has_text || !has_url(x))
        return tell_nothing_yet(x);
    switch (app_passwords_fetch(login_apps(x), text, x->arena, &password, &err)) {
    case APP_DONE:
        return tell_password(x, &password);
    case APP_FAILED:
        return respond_error(x, login_not_kept(x, &err));
    case APP_TAKEN:
    case APP_FULL:
        break;
    }
    return tell_nothing_yet(x);
}

const struct stage sync_login_poll_stages[] = {
    {"read what fetches it", exchange_read_form, ON_LOOP},
    {"fetch an app password", poll, ON_WORKER},
};
