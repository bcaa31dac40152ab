/* The page where a user gives an app a password, and the form that comes back.
 *
 * All that is known of a login before it is granted stands in its link (access/apps/login.h); the
 * first stage opens it, so that those which follow have it.
 *
 * Who posts the page has shown who he is in one of two ways: the browser has signed in, by what the
 * rules of signing in offer; or the form brings a name and a password, which are looked at as
 * those of any request are, with all that this costs who guesses. In both cases the form carries
 * a proof that it is ours, of this login and for this user: whoever makes somebody's browser send
 * the form has not got it. Nor is it taken from a page of another origin (exchange/browser.c),
 * whichever mounts let it in.
 *
 * What is refused comes as the page again, and with 401 only where the browser is to ask: the page
 * has a link for that. */
#include "base/clock.h"
#include "base/err.h"
#include "exchange/body.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "http/form.h"
#include "sync/endpoint.h"
#include "sync/login/visit.h"
#include "sync/url.h"
#include "text/base64.h"

struct visit {
    struct sha256 key;
    struct login login;
    struct login_page page;
};

static int64_t now_s(void)
{
    return clock_wall_ms() / 1000;
}

static struct str kept(struct exchange *x, struct buf *text)
{
    struct str copy = arena_str(x->arena, buf_str(text));
    buf_done(text);
    return copy;
}

/* --- the page --- */

static enum stage_end say(struct exchange *x, enum http_status status, const char *title,
                          const char *text)
{
    const struct login_page page = {.title = title, .text = text};
    return login_page_send(x, status, &page);
}

static enum stage_end say_over(struct exchange *x)
{
    return say(x, HTTP_NOT_FOUND, "This link is over",
               "It was good for a short while only, or it is not complete. Go back to the app and "
               "let it begin again.");
}

static struct visit *visit_of(const struct exchange *x)
{
    return x->state;
}

/* What the page says of the login, and to whom. */
static void fill_page(struct exchange *x, struct visit *visit)
{
    const struct access *access = x->service->access;
    struct login_page *page = &visit->page;
    struct buf host = {0};
    struct buf proof = {0};
    (void)!sync_add_host(x, &host); /* then it says none */
    page->login = &visit->login;
    page->host = kept(x, &host);
    page->address = sign_in_address(x);
    page->user = x->signed_in.principal.name;
    page->takes_password = access_takes_passwords(access);
    page->has_other_ways = access->offers[ACCESS_BASIC] || access->offers[ACCESS_DIGEST] ||
                           access->offers[ACCESS_DIGEST_MD5];
    page->is_elsewhere = !str_eq(page->address, visit->login.address);
    page->ago_s = now_s() - visit->login.began_s;
    login_add_proof(&visit->key, &visit->login, page->user, &proof);
    page->proof = kept(x, &proof);
}

static bool is_over(const struct exchange *x, const struct login *login)
{
    int64_t age_s = now_s() - login->began_s;
    int64_t most_s = i64_of_u64(x->service->limits->login_seconds);
    return age_s >= most_s || age_s < -most_s; /* the clock may have been set back */
}

/* Of a link that may be anything. False: it is not good, and that has been said. */
static bool open_link(struct exchange *x, struct str link, bool is_direct)
{
    struct visit *visit = visit_of(x);
    bool is_good = login_read(&visit->key, link, x->arena, &visit->login) &&
                   visit->login.is_direct == is_direct && !is_over(x, &visit->login);
    if (!is_good)
        (void)say_over(x); /* DONE is the caller's to say */
    return is_good;
}

static bool begin_visit(struct exchange *x)
{
    struct dav_result result = login_may_be(x);
    struct visit *visit = ARENA_NEW(x->arena, struct visit);
    x->state = visit;
    if (!dav_is_fine(result))
        (void)respond_error(x, result); /* DONE is the caller's to say */
    return dav_is_fine(result) && login_key(x, &visit->key);
}

static bool open_flow_link(struct exchange *x)
{
    struct str link = str_from(sync_path_of(x), sizeof(LOGIN_FLOW) - 1);
    return open_link(x, link, false);
}

static enum stage_end open_flow(struct exchange *x)
{
    return begin_visit(x) && open_flow_link(x) ? STAGE_NEXT : STAGE_DONE;
}

static enum stage_end open_direct(struct exchange *x)
{
    return begin_visit(x) ? STAGE_NEXT : STAGE_DONE;
}

/* A page that the mount lets in (`cors`) may do there what its reader may. But what is granted here
 * holds everywhere, and for good. */
static bool begin_form(struct exchange *x)
{
    struct dav_result result = browser_check_own(x);
    if (!dav_is_fine(result))
        (void)respond_error(x, result); /* DONE is the caller's to say */
    return dav_is_fine(result) && begin_visit(x);
}

static enum stage_end open_flow_form(struct exchange *x)
{
    return begin_form(x) && open_flow_link(x) ? STAGE_NEXT : STAGE_DONE;
}

static enum stage_end open_direct_form(struct exchange *x)
{
    return begin_form(x) ? STAGE_NEXT : STAGE_DONE;
}

static enum stage_end show_page(struct exchange *x, enum http_status status, const char *alert)
{
    struct visit *visit = visit_of(x);
    bool is_somebody = !principal_is_anonymous(&x->signed_in.principal);
    if (is_somebody && !login_is_himself(x))
        return say(x, HTTP_FORBIDDEN, "This cannot be granted",
                   "You have signed in with a token or an app password, and nobody can make "
                   "another with one. Sign in with your own password.");
    fill_page(x, visit);
    visit->page.alert = alert;
    return login_page_send(x, status, &visit->page);
}

/* The link "?sign-in", and the form of who has followed it. */
static bool wants_challenge(const struct exchange *x)
{
    return str_eq(x->stream->request.query, STR("sign-in")) &&
           principal_is_anonymous(&x->signed_in.principal);
}

static enum stage_end challenge(struct exchange *x)
{
    sign_in_challenge_people(x);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_error(x, dav_error(HTTP_UNAUTHORIZED, "sign in to go on"));
}

static enum stage_end show(struct exchange *x)
{
    return wants_challenge(x) ? challenge(x) : show_page(x, HTTP_OK, NULL);
}

static enum stage_end show_flow(struct exchange *x)
{
    struct visit *visit = visit_of(x);
    if (app_passwords_find(login_apps(x), visit->login.id, x->arena))
        return say(x, HTTP_CONFLICT, "Access has been given",
                   "The app goes on by itself, and this page can be closed.");
    return show(x);
}

/* The browser's own name is the app's: it is shown within it. */
static enum stage_end show_direct(struct exchange *x)
{
    struct visit *visit = visit_of(x);
    struct login like = {.is_direct = true,
                         .began_s = now_s(),
                         .address = sign_in_address(x),
                         .client = login_client(x)};
    struct buf link = {0};
    login_begin(&visit->key, &like, &link, NULL);
    visit->page.link = kept(x, &link);
    if (!login_read(&visit->key, visit->page.link, x->arena, &visit->login))
        BUG("a link that was just made is good");
    return show(x);
}

/* --- the form --- */

static struct str said(struct exchange *x, struct str name)
{
    struct str value;
    return form_find(buf_str(&x->body), name, x->arena, &value) ? value : STR_NONE;
}

static bool says_yes(struct exchange *x, struct str name)
{
    return str_eq(said(x, name), STR("yes"));
}

/* Also of who has not signed in, for whom the page asks. */
static bool is_proven(struct exchange *x)
{
    const struct visit *visit = visit_of(x);
    struct buf proof = {0};
    login_add_proof(&visit->key, &visit->login, x->signed_in.principal.name, &proof);
    bool is_right = secret_eq(said(x, STR("proof")), buf_str(&proof));
    buf_done(&proof);
    return is_right;
}

static enum stage_end put_off(struct exchange *x, enum http_status status, const char *alert)
{
    struct buf seconds = {0};
    buf_add_u64(&seconds, x->signed_in.retry_s);
    respond_field(x, FIELD_RETRY_AFTER, buf_str(&seconds));
    buf_done(&seconds);
    return show_page(x, status, alert);
}

static enum stage_end sign_in_ends(struct exchange *x, enum sign_in_end end)
{
    switch (end) {
    case SIGN_IN_DONE:
        x->stream->response.user = x->signed_in.principal.name;
        return STAGE_NEXT;
    case SIGN_IN_BLOCKS:
        return STAGE_COMPUTES;
    case SIGN_IN_REFUSED:
    case SIGN_IN_MALFORMED:
    case SIGN_IN_MISPLACED:
    case SIGN_IN_NO_LINK:
        return show_page(x, HTTP_FORBIDDEN, "This name and password are not right.");
    case SIGN_IN_UNSAFE:
        return show_page(x, HTTP_FORBIDDEN, "The password would travel unencrypted: use https.");
    case SIGN_IN_THROTTLED:
        return put_off(x, HTTP_TOO_MANY_REQUESTS,
                       "There were too many wrong passwords. Try again in a while.");
    case SIGN_IN_BUSY:
    case SIGN_IN_UNKNOWN:
        return put_off(x, HTTP_SERVICE_UNAVAILABLE,
                       "Too many people are signing in right now. Try again soon.");
    }
    BUG("no such end");
}

/* By what the form has; a colon would part a name from its password in another place. */
static enum stage_end sign_in_by_form(struct exchange *x)
{
    struct str user = said(x, STR("user"));
    struct str password = said(x, STR("password"));
    struct buf both = {0};
    struct buf field = {0};
    if (!access_takes_passwords(x->service->access))
        return show_page(x, HTTP_FORBIDDEN, "Passwords are not taken here.");
    if (user.len == 0 || str_index(user, ':') < user.len)
        return show_page(x, HTTP_FORBIDDEN, "This name and password are not right.");
    buf_add(&both, user);
    buf_add_char(&both, ':');
    buf_add(&both, password);
    BUF_ADD(&field, "Basic ");
    base64_encode(&field, buf_str(&both), BASE64);
    enum sign_in_end end = sign_in_by(x, buf_str(&field), STR_NONE);
    secret_wipe(both.at, both.len);
    secret_wipe(field.at, field.len);
    buf_done(&both);
    buf_done(&field);
    return sign_in_ends(x, end);
}

/* Runs again after COMPUTES: what it has looked at before it finds as it was. */
static enum stage_end sign_in(struct exchange *x)
{
    if (wants_challenge(x))
        return challenge(x);
    if (!says_yes(x, STR("answer")))
        return say(x, HTTP_OK, "Nothing was given",
                   "The app has no access. This page can be closed.");
    if (!x->signed_in.seat && !is_proven(x))
        return show_page(x, HTTP_FORBIDDEN,
                         "This form was not sent by this page. Look at what it says, and try "
                         "again.");
    if (!visit_of(x)->login.is_direct && !says_yes(x, STR("mine")))
        return show_page(x, HTTP_FORBIDDEN, "Say first whether the app is yours.");
    return principal_is_anonymous(&x->signed_in.principal) ? sign_in_by_form(x) : STAGE_NEXT;
}

/* Of a direct login the form says which it is. */
static enum stage_end open_form(struct exchange *x)
{
    struct visit *visit = visit_of(x);
    visit->page.link = said(x, STR("login"));
    return open_link(x, visit->page.link, true) ? STAGE_NEXT : STAGE_DONE;
}

/* --- granting --- */

static struct token granted(struct exchange *x)
{
    const struct login *login = &visit_of(x)->login;
    return (struct token){.id = login->id,
                          .user = x->signed_in.principal.name,
                          .hash = login->hash,
                          .scope = {PATH_ROOT, says_yes(x, STR("read-only"))},
                          .note = login->client};
}

static enum stage_end say_refused(struct exchange *x, enum app_change why, const struct err *err)
{
    if (why == APP_TAKEN)
        return say(x, HTTP_CONFLICT, "Access has been given",
                   "This form was sent before. The page can be closed.");
    if (why == APP_FULL)
        return say(x, HTTP_FORBIDDEN, "You have too many apps",
                   "Sign some of them out, or ask the administrator to do that, and try again.");
    struct dav_result result = login_not_kept(x, err);
    return say(x, (enum http_status)result.status, "This did not work",
               "The server cannot keep it at present. Try again later, or ask the administrator.");
}

static enum stage_end grant(struct exchange *x)
{
    struct token token = granted(x);
    struct err err;
    if (!login_is_himself(x))
        return show_page(x, HTTP_FORBIDDEN, NULL);
    token.is_login = true;
    token.expires_s = visit_of(x)->login.began_s + i64_of_u64(x->service->limits->login_seconds);
    enum app_change rc =
        app_passwords_add(login_apps(x), &token, (size_t)x->service->limits->app_passwords, &err);
    if (rc != APP_DONE)
        return say_refused(x, rc, &err);
    return say(x, HTTP_OK, "Access is given",
               "The app goes on by itself in a moment. This page can be closed.");
}

static void add_coded(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_' || c == '.')
            buf_add_char(to, c);
        else
            buf_addf(to, "%%%02X", (unsigned char)c);
    }
}

static enum stage_end lead_to_app(struct exchange *x, struct str user, struct str password)
{
    struct login_page page = {.title = "Access is given",
                              .text = "The app goes on by itself in a moment."};
    struct buf to = {0};
    BUF_ADD(&to, "nc://login/server:");
    (void)!sync_add_url(x, &to); /* the app knows where it is */
    BUF_ADD(&to, "&user:");
    add_coded(&to, user);
    BUF_ADD(&to, "&password:");
    add_coded(&to, password);
    page.to_app = kept(x, &to);
    respond_field(x, FIELD_LOCATION, page.to_app);
    return login_page_send(x, HTTP_SEE_OTHER, &page);
}

static enum stage_end grant_direct(struct exchange *x)
{
    struct token token = granted(x);
    struct buf text = {0};
    struct err err;
    if (!login_is_himself(x))
        return show_page(x, HTTP_FORBIDDEN, NULL);
    enum app_change rc = login_make(x, &token, &text, &err);
    enum stage_end end =
        rc == APP_DONE ? lead_to_app(x, token.user, buf_str(&text)) : say_refused(x, rc, &err);
    secret_wipe(text.at, text.len);
    buf_done(&text);
    return end;
}

const struct stage sync_login_show_stages[] = {
    {"open a login", open_flow, ON_WORKER},
    {"show what it grants", show_flow, ON_WORKER},
};

const struct stage sync_login_grant_stages[] = {
    {"open a login", open_flow_form, ON_WORKER},
    {"read the form", exchange_read_form, ON_LOOP},
    {"sign in by the form", sign_in, ON_LOOP},
    {"grant a login", grant, ON_WORKER},
};

const struct stage sync_login_show_direct_stages[] = {
    {"open a direct login", open_direct, ON_WORKER},
    {"show what it grants", show_direct, ON_WORKER},
};

const struct stage sync_login_grant_direct_stages[] = {
    {"open a direct login", open_direct_form, ON_WORKER},
    {"read the form", exchange_read_form, ON_LOOP},
    {"open the form's login", open_form, ON_LOOP},
    {"sign in by the form", sign_in, ON_LOOP},
    {"make an app password", grant_direct, ON_WORKER},
};
