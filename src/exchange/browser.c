/* Clients of WebDAV do what their users want. A browser does what a page wants, with its user's
 * passwords, and pages are anybody's (docs/decisions/0024-browsers.md).
 *
 * From outside: a page elsewhere makes a browser send a method that changes something. Unless it
 * is told otherwise (CORS), a browser lets few such requests out; this does not depend on that. It
 * is about credentials that come by themselves: none where none are needed, passwords that the
 * browser remembers, certificates. A bearer token is put there by a script that has it.
 * Sec-Fetch-Site says what the browser knows, and cannot be set by a page; over plain http there
 * is none, and Origin is compared with what was asked for. Origins of extensions and apps
 * (chrome-extension://, app://) are no pages, and pass. What a GET answers no other page can read,
 * but a WebSocket that one opens it can (RFC 6455 §10.2): there a safe method is none.
 *
 * Pages of an origin that a mount names (`cors`) may do there what their readers may, and nowhere
 * else: the mount with the longest path decides, of both ends of a COPY or MOVE. With `*`, any page
 * may read what everybody may, and the browser adds nothing that says who its user is
 * (docs/decisions/0033-cors.md). Every answer there says so, and is for nobody else to be kept.
 *
 * From inside: what users stored is shown to other users, from our origin. Each answer to a GET
 * says so:
 *
 *   Content-Security-Policy       sandbox: no scripts, no forms, an origin of its own; and
 *                                 nothing is loaded but pictures, sound and styles
 *   Cross-Origin-Resource-Policy  no other site embeds it, to time or to read it
 *   Referrer-Policy               the URL of a shared link is its secret: none tells it others
 *   X-Content-Type-Options        the type is what we say, not what it looks like
 *   Content-Disposition           a download, unless the type is harmless to look at
 *
 * PDF has no sandbox, in which Chromium's viewer does not start; its own scripts reach nothing of
 * ours. A mount that is `active` is a site on purpose and has none of it; a shared link never is.
 * The lines are made once, and their values are never copied: a GET adds them with one memcpy(). */
#include "exchange/browser.h"

#include "base/utf8.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "http/media_type.h"
#include "text/unicode.h"

/* --- where a request comes from --- */

static bool is_safe(const struct exchange *x)
{
    return x->method && (x->method->flags & METHOD_IS_SAFE);
}

/* "chrome-extension://…", "app://obsidian.md": not of the web. */
static bool is_of_app(struct str origin)
{
    size_t colon = str_index(origin, ':');
    struct str scheme = str_first(origin, colon);
    return colon < origin.len && !str_eq_nocase(scheme, STR("http")) &&
           !str_eq_nocase(scheme, STR("https"));
}

static bool is_from_elsewhere(const struct exchange *x)
{
    struct str site = exchange_field(x, FIELD_SEC_FETCH_SITE);
    struct str origin = exchange_field(x, FIELD_ORIGIN);
    struct uri uri;
    if (is_of_app(origin))
        return false;
    if (site.len) /* W3C Fetch Metadata: what is not known is not trusted */
        return !str_eq(site, STR("same-origin")) && !str_eq(site, STR("none"));
    if (!origin.at)
        return false;
    bool is_origin = uri_parse(origin, &uri) && str_eq(uri.path, STR("/")); /* "null" is none */
    return !is_origin || !authority_is_ours(x, uri.host, uri.port);
}

static bool is_explicit(const struct exchange *x)
{
    return str_starts_nocase(exchange_field(x, FIELD_AUTHORIZATION), STR("Bearer "));
}

/* --- pages that may (WHATWG Fetch §3.2) --- */

/* The mount with the longest path decides, as it does for what is there, and in whatever form of
 * Unicode the URL names it. NULL: none is told. */
static const struct content_place *place_of(const struct exchange *x, struct res_path path)
{
    const struct service *service = x->service;
    const struct content_place *best = NULL;
    for (size_t i = 0; i < service->place_count; i++) {
        const struct content_place *place = &service->places[i];
        if (unicode_within(path, place->prefix) != SIZE_MAX &&
            (!best || path_str(place->prefix).len >= path_str(best->prefix).len))
            best = place;
    }
    return best;
}

bool web_origin_parse(struct str text, struct web_origin *origin_out)
{
    struct uri uri;
    bool is_origin = uri_parse(text, &uri) && uri.scheme.len && str_eq(uri.path, STR("/")) &&
                     uri.query.len == 0 && str_index(uri.host, '*') == uri.host.len;
    if (!is_origin)
        return false;
    struct str own = str_eq_nocase(uri.scheme, STR("https"))  ? STR("443")
                     : str_eq_nocase(uri.scheme, STR("http")) ? STR("80")
                                                              : STR_NONE;
    *origin_out =
        (struct web_origin){uri.scheme, uri.host, str_eq(uri.port, own) ? STR_NONE : uri.port};
    return true;
}

enum share {
    SHARE_NOTHING,
    SHARE_READS, /* with any page, which then is nobody's */
    SHARE_ALL,   /* with a page that the place names */
};

static bool is_named(const struct content_place *place, struct str text)
{
    struct web_origin origin;
    if (!web_origin_parse(text, &origin))
        return false;
    for (size_t i = 0; i < place->origin_count; i++) {
        const struct web_origin *named = &place->origins[i];
        if (str_eq_nocase(named->scheme, origin.scheme) &&
            str_eq_nocase(named->host, origin.host) && str_eq(named->port, origin.port))
            return true;
    }
    return false;
}

static enum share share_of(const struct exchange *x, struct res_path path)
{
    struct str origin = exchange_field(x, FIELD_ORIGIN);
    const struct content_place *place = place_of(x, path);
    if (!place || !origin.at)
        return SHARE_NOTHING;
    if (is_named(place, origin))
        return SHARE_ALL;
    return place->is_for_all ? SHARE_READS : SHARE_NOTHING;
}

static struct dav_result from_elsewhere(void)
{
    return dav_error(HTTP_FORBIDDEN, "the request comes from a page of another site");
}

struct dav_result browser_check_reach(struct exchange *x, struct res_path path)
{
    bool may =
        is_safe(x) || is_explicit(x) || !is_from_elsewhere(x) || share_of(x, path) == SHARE_ALL;
    return may ? DAV_FINE : from_elsewhere();
}

/* Notes for the log what it may be due to. */
static struct dav_result turn_away(struct exchange *x)
{
    struct buf note = {0};
    struct str origin = exchange_field(x, FIELD_ORIGIN);
    buf_addf(
        &note,
        "refused what a page of another origin asked for: Origin %.*s, Host %.*s%s%.*s. If the "
        "page is this server's own, name the server with --public-url; if it is to be let in, name "
        "its origin with cors",
        STR_ARGS(str_first(origin.len ? origin : STR("unknown"), 512)),
        STR_ARGS(x->stream->request.host), x->stream->request.port.len ? ":" : "",
        STR_ARGS(x->stream->request.port));
    x->stream->response.note = arena_str(x->arena, buf_str(&note));
    buf_done(&note);
    return from_elsewhere();
}

struct dav_result browser_check_origin(struct exchange *x)
{
    return dav_is_fine(browser_check_reach(x, x->path)) ? DAV_FINE : turn_away(x);
}

struct dav_result browser_check_own(struct exchange *x)
{
    return is_from_elsewhere(x) ? from_elsewhere() : DAV_FINE;
}

struct dav_result browser_check_socket(struct exchange *x)
{
    bool may = !is_from_elsewhere(x) || share_of(x, x->path) == SHARE_ALL;
    return may ? DAV_FINE : turn_away(x);
}

/* --- what is sent --- */

#define LINE(id, name, text)                                                                       \
    {                                                                                              \
        FIELD_##id, STR_INIT(name), STR_INIT(text)                                                 \
    }
#define NOSNIFF LINE(X_CONTENT_TYPE_OPTIONS, "X-Content-Type-Options", "nosniff")
#define SAME_ORIGIN                                                                                \
    LINE(CROSS_ORIGIN_RESOURCE_POLICY, "Cross-Origin-Resource-Policy", "same-origin")
#define NO_REFERRER  LINE(REFERRER_POLICY, "Referrer-Policy", "no-referrer")
#define POLICY(text) LINE(CONTENT_SECURITY_POLICY, "Content-Security-Policy", text)
#define STYLE                                                                                      \
    ":root{color-scheme:light dark}body{font-family:sans-serif}h1{font-size:1.3em}"                \
    "h1,td{overflow-wrap:anywhere}bdi{white-space:pre-wrap}table{border-spacing:0}"                \
    "th,td{padding:.2em 1.5em .2em 0;text-align:left;vertical-align:top}"                          \
    "td+td,th+th{text-align:right;white-space:nowrap}"                                             \
    "@media(max-width:40em){th,td{padding-right:.8em}span{display:none}}"
#define HASH_OF_STYLE "sha256-AiqS4lqXthIqUv9Ts1fj5fHbATm0+oSpH4ygCh/tjfE="

const char browser_index_style[] = STYLE;

static const struct http_field_line foreign_lines[] = {
    NOSNIFF, SAME_ORIGIN, NO_REFERRER,
    POLICY("sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; "
           "style-src 'unsafe-inline'")};

static const struct http_field_line index_lines[] = {
    NOSNIFF, SAME_ORIGIN, NO_REFERRER,
    POLICY("default-src 'none'; style-src '" HASH_OF_STYLE "'; base-uri 'none'; "
           "form-action 'self'; frame-ancestors 'none'")};

/* Any may be read, and these by scripts, too. */
static const struct http_field_line exposed_lines[] = {LINE(
    ACCESS_CONTROL_EXPOSE_HEADERS, "Access-Control-Expose-Headers",
    "Accept-Patch, Accept-Ranges, Allow, Authentication-Info, Content-Digest, Content-Disposition, "
    "Content-Location, Content-Range, Date, DAV, ETag, Location, Lock-Token, OC-Checksum, "
    "Preference-Applied, Repr-Digest, Retry-After, Tus-Checksum-Algorithm, "
    "Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, "
    "Upload-Complete, Upload-Expires, Upload-Length, Upload-Limit, Upload-Metadata, "
    "Upload-Offset, WWW-Authenticate, X-OC-Mtime")};

static const struct http_field_line varying_lines[] = {LINE(VARY, "Vary", "Origin")};

static const struct http_field_line credentials_lines[] = {
    LINE(ACCESS_CONTROL_ALLOW_CREDENTIALS, "Access-Control-Allow-Credentials", "true")};

/* How long a browser need not ask again. */
#define PREFLIGHT_SECONDS "3600"

#define READING_FIELDS                                                                             \
    "Brief, Cache-Control, Content-Type, Depth, If-Match, If-Modified-Since, If-None-Match, "      \
    "If-Range, "                                                                                   \
    "If-Unmodified-Since, Prefer, Range, Want-Content-Digest, Want-Repr-Digest, X-Requested-With"
#define WRITING_FIELDS                                                                             \
    ", Content-Digest, Content-Disposition, Content-Range, Repr-Digest, X-Update-Range, "          \
    "Authorization, Destination, If, Lock-Token, OC-Checksum, Overwrite, Slug, Timeout, "          \
    "Tus-Resumable, Upload-Checksum, Upload-Complete, Upload-Defer-Length, "                       \
    "Upload-Draft-Interop-Version, Upload-Length, Upload-Metadata, Upload-Offset, "                \
    "X-HTTP-Method-Override, X-Expected-Entity-Length, X-OC-Mtime"

enum {
    WITH_POLICY = ARRAY_LEN(foreign_lines),
    WITHOUT_POLICY = WITH_POLICY - 1,
    SNIFFING_ONLY = 1
};

static void add_methods(struct buf *to, enum share share)
{
    for (enum method_id id = 0; id < method_end(); id++) {
        const struct method *method = method_of(id);
        bool is_for_pages = id != METHOD_TRACE && id != METHOD_CONNECT;
        if (!is_for_pages || (share == SHARE_READS && !(method->flags & METHOD_IS_SAFE)))
            continue;
        if (to->len)
            BUF_ADD(to, ", ");
        buf_add(to, method->name);
    }
}

void browser_share(struct exchange *x)
{
    struct http_fields *fields = &x->stream->response.fields;
    const struct content_place *place = place_of(x, x->path);
    enum share share = share_of(x, x->path);
    if (!place || (!place->origin_count && !place->is_for_all))
        return;
    http_fields_add_lines(fields, x->arena, varying_lines, ARRAY_LEN(varying_lines));
    if (share == SHARE_NOTHING)
        return;
    respond_field(x, FIELD_ACCESS_CONTROL_ALLOW_ORIGIN,
                  share == SHARE_ALL ? exchange_field(x, FIELD_ORIGIN) : STR("*"));
    if (share == SHARE_ALL)
        http_fields_add_lines(fields, x->arena, credentials_lines, ARRAY_LEN(credentials_lines));
    http_fields_add_lines(fields, x->arena, exposed_lines, ARRAY_LEN(exposed_lines));
}

bool browser_answer_preflight(struct exchange *x)
{
    enum share share = share_of(x, x->path);
    struct buf methods = {0};
    if (share == SHARE_NOTHING || x->method->id != METHOD_OPTIONS ||
        !http_fields_has(&x->stream->request.fields, FIELD_ACCESS_CONTROL_REQUEST_METHOD))
        return false;
    add_methods(&methods, share);
    respond_field(x, FIELD_ACCESS_CONTROL_ALLOW_METHODS, buf_str(&methods));
    buf_done(&methods);
    respond_field(x, FIELD_ACCESS_CONTROL_ALLOW_HEADERS,
                  share == SHARE_ALL ? STR(READING_FIELDS WRITING_FIELDS) : STR(READING_FIELDS));
    respond_field(x, FIELD_ACCESS_CONTROL_MAX_AGE, STR(PREFLIGHT_SECONDS));
    return respond_status(x, HTTP_NO_CONTENT) == STAGE_DONE;
}

static bool is_active(const struct exchange *x)
{
    const struct content_place *place = x->seen.prefix.at ? NULL : place_of(x, x->path);
    return place && place->is_active;
}

/* As a client that knows nothing but ASCII may show it; says whether that is the name itself. */
static bool add_plain_name(struct buf *to, struct str name)
{
    bool is_same = true;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '%';
        buf_add_char(to, is_plain ? c : '_');
        is_same &= is_plain;
    }
    return is_same;
}

/* RFC 8187 §3.2.1; what is no UTF-8 becomes U+FFFD. */
static void add_encoded_name(struct buf *to, struct str name)
{
    uint32_t c;
    while (name.len) {
        size_t len = utf8_take(name, &c);
        struct str bytes = len ? str_first(name, len) : STR("\xef\xbf\xbd");
        for (size_t i = 0; i < bytes.len; i++) {
            char at = bytes.at[i];
            if (char_is_alpha(at) || char_is_digit(at) || (at && strchr("!#$&+-.^_`|~", at)))
                buf_add_char(to, at);
            else
                buf_addf(to, "%%%02X", (unsigned char)at);
        }
        name = str_from(name, len ? len : 1);
    }
}

struct str browser_name(const struct exchange *x)
{
    bool is_link = x->seen.prefix.at && path_eq(x->path, x->seen.prefix);
    return path_name(is_link ? x->signed_in.principal.scope.path : x->path);
}

/* RFC 6266 §4.3: the old form first, for those who know no other. */
void browser_offer(struct exchange *x, struct str name)
{
    struct buf value = {0};
    BUF_ADD(&value, "attachment; filename=\"");
    bool is_plain = add_plain_name(&value, name);
    buf_add_char(&value, '"');
    if (!is_plain) {
        BUF_ADD(&value, "; filename*=UTF-8''");
        add_encoded_name(&value, name);
    }
    respond_field(x, FIELD_CONTENT_DISPOSITION, buf_str(&value));
    buf_done(&value);
}

void browser_confine(struct exchange *x, struct str media_type)
{
    struct http_fields *fields = &x->stream->response.fields;
    if (is_active(x)) {
        http_fields_add_lines(fields, x->arena, foreign_lines, SNIFFING_ONLY);
        return;
    }
    bool is_pdf = str_eq(media_type_essence(media_type), STR("application/pdf"));
    http_fields_add_lines(fields, x->arena, foreign_lines, is_pdf ? WITHOUT_POLICY : WITH_POLICY);
    if (!media_type_is_harmless(media_type))
        browser_offer(x, browser_name(x));
}

void browser_confine_error(struct exchange *x)
{
    struct http_fields *fields = &x->stream->response.fields;
    if (!http_fields_has(fields, FIELD_X_CONTENT_TYPE_OPTIONS))
        http_fields_add_lines(fields, x->arena, foreign_lines, WITH_POLICY);
}

void browser_confine_index(struct exchange *x)
{
    http_fields_add_lines(&x->stream->response.fields, x->arena, index_lines,
                          ARRAY_LEN(index_lines));
}
