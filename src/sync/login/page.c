/* Who reads this page may have been sent here by somebody who wants to be let in: by a link to
 * *his* app's login. So it says what is given away before it says how, and of the app only what is
 * known: what it calls itself, marked as such, and where it is. When that is not where the reader
 * is, the page says so first. In any case he must tick that he has begun this himself: behind one
 * gateway, or a proxy that is not believed, all have one address. No app can look like part of the
 * page: its name is one line, escaped, and goes its own direction.
 *
 * It works without scripts, on a telephone, in the dark. Its policy lets nothing run or load, no
 * other page be around it, and its form be sent to this server alone; that of a direct login goes
 * on to the app (nc:). Referrer-Policy is same-origin since a browser that is told "no-referrer"
 * says "Origin: null" of our own form, which is what a stranger's would say.
 *
 * When davit has pages that people sign in to, a session takes the place of the name and the
 * password here: what `user` says comes from it then. */
#include "sync/login/page.h"

#include "exchange/respond.h"
#include "xml/writer.h"

/* The policy names its hash, which tests/robustness/test_login_flow.py checks. */
#define STYLE                                                                                      \
    ":root{color-scheme:light dark}*{box-sizing:border-box}"                                       \
    "body{font:1rem/1.5 sans-serif;max-width:32rem;margin:0 auto;padding:1rem;"                    \
    "overflow-wrap:anywhere}h1{font-size:1.3rem}"                                                  \
    ".app,.alert{border:1px solid;border-radius:.5rem;padding:.6rem}"                              \
    ".alert{border:2px solid #c33;font-weight:bold}"                                               \
    "label{display:block;margin:.6rem 0}"                                                          \
    "input:not([type=checkbox]){display:block;width:100%;font:inherit;padding:.5rem}"              \
    "button{font:inherit;padding:.6rem 1rem;margin:.6rem .6rem 0 0}"
#define HASH_OF_STYLE "sha256-KEN8eVQ4R4Bk5s46Irt9bQ1Cio4LogH0A2yfHdXvcFQ="
#define POLICY        "default-src 'none'; style-src '" HASH_OF_STYLE "'; base-uri 'none'; "
#define ALONE         "; frame-ancestors 'none'"

/* --- what it says --- */

static void add_shown(struct buf *to, struct str text)
{
    BUF_ADD(to, "<bdi>");
    xml_add_text(to, text);
    BUF_ADD(to, "</bdi>");
}

static void add_hidden(struct buf *to, const char *name, struct str value)
{
    buf_addf(to, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    xml_add_attr(to, value);
    BUF_ADD(to, "\">\n");
}

static void add_ago(struct buf *to, int64_t seconds)
{
    if (seconds < 60)
        BUF_ADD(to, "less than a minute ago");
    else if (seconds < 120)
        BUF_ADD(to, "a minute ago");
    else
        buf_addf(to, "%lld minutes ago", (long long)(seconds / 60));
}

static void add_warning(struct buf *to, const struct login_page *page)
{
    BUF_ADD(to, "<p class=\"alert\" role=\"alert\">This app is not where you are: it asked from ");
    add_shown(to, page->login->address);
    BUF_ADD(to, ", and you are at ");
    add_shown(to, page->address);
    BUF_ADD(to, ". If somebody has sent you here, close this page: his app would get at your "
                "files.</p>\n");
}

static void add_app(struct buf *to, const struct login_page *page)
{
    const struct login *login = page->login;
    if (page->is_elsewhere)
        add_warning(to, page);
    BUF_ADD(to, "<p>An app wants to use <strong>");
    add_shown(to, page->host);
    BUF_ADD(to, "</strong> in your name. It calls itself</p>\n<p class=\"app\">");
    add_shown(to, login->client);
    BUF_ADD(to, "</p>\n<p>It asked ");
    add_ago(to, page->ago_s);
    BUF_ADD(to, ", from the address <strong>");
    add_shown(to, login->address);
    buf_add(to, page->is_elsewhere ? STR("</strong>.</p>\n")
                                   : STR("</strong>, the same as yours.</p>\n"));
    BUF_ADD(to, "<p>If you give it access, it can see, change and delete all that you can on this "
                "server, and not only what it keeps in step, until you sign it out or the "
                "administrator takes that back. It does not learn your password.</p>\n");
}

static void add_questions(struct buf *to, const struct login_page *page)
{
    if (page->user.len) {
        BUF_ADD(to, "<p>You are signed in as <strong>");
        add_shown(to, page->user);
        BUF_ADD(to, "</strong>.</p>\n");
    } else {
        BUF_ADD(to, "<label>Your name here\n<input name=\"user\" autocomplete=\"username\" "
                    "autocapitalize=\"none\" spellcheck=\"false\" required></label>\n"
                    "<label>Your password\n<input type=\"password\" name=\"password\" "
                    "autocomplete=\"current-password\" required></label>\n");
    }
    BUF_ADD(to, "<label><input type=\"checkbox\" name=\"read-only\" value=\"yes\"> "
                "It may only read</label>\n");
    if (!page->login->is_direct)
        BUF_ADD(to, "<label><input type=\"checkbox\" name=\"mine\" value=\"yes\" required> "
                    "I have begun this myself, just now, with an app of mine</label>\n");
}

static void add_form(struct buf *to, const struct login_page *page)
{
    if (!page->user.len && !page->takes_password) {
        BUF_ADD(to, "<p><a href=\"?sign-in\">Sign in</a> to go on.</p>\n");
        return;
    }
    buf_add(to, page->user.len ? STR("<form method=\"post\" action=\"?sign-in\">\n")
                               : STR("<form method=\"post\" action=\"?\">\n"));
    add_hidden(to, "proof", page->proof);
    if (page->link.len)
        add_hidden(to, "login", page->link);
    add_questions(to, page);
    BUF_ADD(to, "<button name=\"answer\" value=\"yes\">Give access</button>\n"
                "<button name=\"answer\" value=\"no\" formnovalidate>No</button>\n</form>\n");
    if (!page->user.len && page->has_other_ways)
        BUF_ADD(to, "<p><a href=\"?sign-in\">Let the browser sign in</a> instead.</p>\n");
}

static void add_page(struct buf *to, const struct login_page *page)
{
    const char *title = page->title ? page->title : "Give an app access?";
    buf_addf(to,
             "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n<style>",
             title);
    BUF_ADD(to, STYLE);
    buf_addf(to, "</style>\n<h1>%s</h1>\n", title);
    if (page->alert)
        buf_addf(to, "<p class=\"alert\" role=\"alert\">%s</p>\n", page->alert);
    if (page->text)
        buf_addf(to, "<p>%s</p>\n", page->text);
    if (page->to_app.len) {
        BUF_ADD(to, "<p><a href=\"");
        xml_add_attr(to, page->to_app);
        BUF_ADD(to, "\">Back to the app</a></p>\n");
    }
    if (!page->login || page->text)
        return;
    add_app(to, page);
    add_form(to, page);
}

/* --- how it is sent --- */

#define LINE(id, name, text)                                                                       \
    {                                                                                              \
        FIELD_##id, STR_INIT(name), STR_INIT(text)                                                 \
    }

static const struct http_field_line lines[] = {
    LINE(CACHE_CONTROL, "Cache-Control", "no-store"),
    LINE(X_CONTENT_TYPE_OPTIONS, "X-Content-Type-Options", "nosniff"),
    LINE(CROSS_ORIGIN_RESOURCE_POLICY, "Cross-Origin-Resource-Policy", "same-origin"),
    LINE(REFERRER_POLICY, "Referrer-Policy", "same-origin"),
};

static const struct http_field_line policy =
    LINE(CONTENT_SECURITY_POLICY, "Content-Security-Policy", POLICY "form-action 'self'" ALONE);
static const struct http_field_line direct_policy =
    LINE(CONTENT_SECURITY_POLICY, "Content-Security-Policy", POLICY "form-action 'self' nc:" ALONE);

enum stage_end login_page_send(struct exchange *x, enum http_status status,
                               const struct login_page *page)
{
    struct http_fields *fields = &x->stream->response.fields;
    struct buf text = {0};
    bool is_direct = page->link.len || page->to_app.len;
    add_page(&text, page);
    struct str body = arena_str(x->arena, buf_str(&text));
    buf_done(&text);
    http_fields_add_lines(fields, x->arena, lines, ARRAY_LEN(lines));
    http_fields_add_lines(fields, x->arena, is_direct ? &direct_policy : &policy, 1);
    return respond_text(x, status, STR("text/html; charset=utf-8"), body);
}
