/* The URL parser of the URL Standard (§4.4), as straight code in place of its state machine.
 *
 * A link on a page is what a browser makes of it: tabs inside it vanish, backslashes are slashes,
 * "http:foo" is relative, "/a/../b" is "/b". Each link that reads differently here than in browsers
 * would be a false alarm or a fault overlooked. Two spellings of one resource come out as the same
 * bytes, which is what makes one target of them.
 *
 * The standard's states read character by character and go back now and then. Here each part is
 * found first and then read as a whole, which gives the same result:
 *
 *     url_parse -> with_scheme -> authority | relative | file_rest | opaque path
 *               -> without_scheme -> relative | file_rest | site_rest
 *     relative -> authority | path          file_rest -> file_host -> path
 *
 * One thing is not the standard's: a document on the disk that is to be published. There "/x" is
 * the root of the disk for browsers, and will be the root of the site; site_rest() has it so. It
 * is decided here and not by whoever reads a link, so that it holds for <base> as well.
 *
 * Invariants
 *  (1) `rest` has no fragment: a '#' cannot stand in any other part, so it is cut off first, and
 *      the query after the path has been found;
 *  (2) a path is kept as text and not as a list: "/" before each segment, and nothing for none.
 *
 * tests/unit/check/test_url.c has rows for each branch; tests/check/test_url_oracle.py compares
 * with another implementation of the standard. */
#include "check/url/url.h"

#include "check/url/host.h"
#include "check/url/percent.h"
#include "text/utf8_clean.h"

static const struct {
    struct str name;
    unsigned port;
} special_schemes[] = {
    [URL_OTHER] = {{NULL, 0}, 0},           [URL_HTTP] = {STR_INIT("http"), 80},
    [URL_HTTPS] = {STR_INIT("https"), 443}, [URL_WS] = {STR_INIT("ws"), 80},
    [URL_WSS] = {STR_INIT("wss"), 443},     [URL_FTP] = {STR_INIT("ftp"), 21},
    [URL_FILE] = {STR_INIT("file"), 0},
};

/* What is being read, besides the URL itself. */
struct reading {
    struct url *url;
    const struct url *base;
    struct url_encoder *encoder;
};

static bool with_scheme(struct reading *r, struct str rest);
static bool without_scheme(struct reading *r, struct str rest);
static bool relative(struct reading *r, struct str rest);
static bool authority(struct reading *r, struct str rest);
static bool file_rest(struct reading *r, struct str rest);
static bool site_rest(struct reading *r, struct str rest);
static bool file_host(struct reading *r, struct str rest);
static bool path_and_query(struct reading *r, struct str rest);

void url_done(struct url *url)
{
    buf_done(&url->scheme);
    buf_done(&url->username);
    buf_done(&url->password);
    buf_done(&url->host);
    buf_done(&url->path);
    buf_done(&url->query);
    buf_done(&url->fragment);
    *url = (struct url){0};
}

static void url_clear(struct url *url)
{
    buf_clear(&url->scheme);
    buf_clear(&url->username);
    buf_clear(&url->password);
    buf_clear(&url->host);
    buf_clear(&url->path);
    buf_clear(&url->query);
    buf_clear(&url->fragment);
    url->kind = URL_OTHER;
    url->port = -1;
    url->has_host = url->has_query = url->has_fragment = url->is_opaque = false;
    url->is_of_site = false;
    url->site_root = STR_NONE;
}

static void copy_site(struct url *to, const struct url *from)
{
    to->is_of_site = from->is_of_site;
    to->site_root = from->site_root;
}

static void copy_text(struct buf *to, const struct buf *from)
{
    buf_clear(to);
    buf_add(to, buf_str(from));
}

static void copy_authority(struct url *to, const struct url *from)
{
    copy_text(&to->username, &from->username);
    copy_text(&to->password, &from->password);
    copy_text(&to->host, &from->host);
    to->has_host = from->has_host;
    to->port = from->port;
}

static void copy_path(struct url *to, const struct url *from)
{
    copy_text(&to->path, &from->path);
    to->is_opaque = from->is_opaque;
}

static void copy_query(struct url *to, const struct url *from)
{
    copy_text(&to->query, &from->query);
    to->has_query = from->has_query;
}

static void set_scheme(struct url *url, struct str scheme)
{
    buf_clear(&url->scheme);
    for (size_t i = 0; i < scheme.len; i++)
        buf_add_char(&url->scheme, char_lower(scheme.at[i]));
    url->kind = URL_OTHER;
    for (size_t i = 1; i < ARRAY_LEN(special_schemes); i++) {
        if (str_eq(buf_str(&url->scheme), special_schemes[i].name))
            url->kind = (enum url_scheme)i;
    }
}

void url_copy(struct url *to, const struct url *from)
{
    copy_text(&to->scheme, &from->scheme);
    to->kind = from->kind;
    copy_authority(to, from);
    copy_path(to, from);
    copy_query(to, from);
    copy_text(&to->fragment, &from->fragment);
    to->has_fragment = from->has_fragment;
    copy_site(to, from);
}

void url_set_site(struct url *file, struct str root)
{
    file->is_of_site = true;
    file->site_root = root;
}

static bool is_slash(const struct url *url, char c)
{
    return c == '/' || (c == '\\' && url->kind != URL_OTHER);
}

static bool begins_with_slash(const struct url *url, struct str text)
{
    return text.len && is_slash(url, text.at[0]);
}

/* --- the input --- */

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

static bool is_tab_or_newline(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* Without space at the ends, and without tabs and line ends anywhere. `room` is used when it must
 * be copied. */
static struct str cleaned(struct str text, struct buf *room)
{
    bool is_clean = true;
    while (text.len && is_space(text.at[0]))
        text = str_from(text, 1);
    while (text.len && is_space(text.at[text.len - 1]))
        text.len--;
    for (size_t i = 0; i < text.len && is_clean; i++)
        is_clean = !is_tab_or_newline(text.at[i]) && (unsigned char)text.at[i] < 0x80;
    if (is_clean)
        return text;
    struct buf bytes = {0};
    for (size_t i = 0; i < text.len; i++) {
        if (!is_tab_or_newline(text.at[i]))
            buf_add_char(&bytes, text.at[i]);
    }
    utf8_add_clean(room, buf_str(&bytes));
    buf_done(&bytes);
    return buf_str(room);
}

/* The length of the scheme that `text` begins with; 0: none. */
static size_t scheme_len(struct str text)
{
    size_t i = 0;
    if (text.len == 0 || !char_is_alpha(text.at[0]))
        return 0;
    while (i < text.len && (char_is_alpha(text.at[i]) || char_is_digit(text.at[i]) ||
                            (text.at[i] && strchr("+-.", text.at[i]))))
        i++;
    return i < text.len && text.at[i] == ':' ? i : 0;
}

bool url_parse(struct url *url, struct str text, const struct url *base,
               struct url_encoder *encoder)
{
    struct buf room = {0};
    struct reading r = {url, base, encoder};
    url_clear(url);
    struct str rest = cleaned(text, &room);
    size_t hash = str_index(rest, '#');
    if (hash < rest.len) {
        url->has_fragment = true;
        percent_encode(&url->fragment, str_from(rest, hash + 1), PERCENT_FRAGMENT);
        rest = str_first(rest, hash);
    }
    size_t len = scheme_len(rest);
    if (len)
        set_scheme(url, str_first(rest, len));
    bool is_fine = len ? with_scheme(&r, str_from(rest, len + 1)) : without_scheme(&r, rest);
    buf_done(&room);
    return is_fine;
}

static void query(struct reading *r, struct str text)
{
    struct url *url = r->url;
    enum percent_set set = url->kind == URL_OTHER ? PERCENT_QUERY : PERCENT_SPECIAL_QUERY;
    url->has_query = true;
    buf_clear(&url->query);
    /* Other schemes, and those of WebSockets, have queries in UTF-8 whatever the page is in. */
    bool is_encoded =
        r->encoder && url->kind != URL_OTHER && url->kind != URL_WS && url->kind != URL_WSS;
    if (!is_encoded) {
        percent_encode(&url->query, text, set);
        return;
    }
    struct buf bytes = {0};
    r->encoder->encode(r->encoder, &bytes, text);
    percent_encode(&url->query, buf_str(&bytes), set);
    buf_done(&bytes);
}

static bool opaque_path(struct reading *r, struct str rest)
{
    size_t mark = str_index(rest, '?');
    r->url->is_opaque = true;
    percent_encode(&r->url->path, str_first(rest, mark), PERCENT_CONTROL);
    if (mark < rest.len)
        query(r, str_from(rest, mark + 1));
    return true;
}

static bool with_scheme(struct reading *r, struct str rest)
{
    const struct url *base = r->base;
    struct url *url = r->url;
    if (url->kind == URL_FILE)
        return file_rest(r, rest);
    if (url->kind == URL_OTHER) {
        if (str_starts(rest, STR("//")))
            return authority(r, str_from(rest, 2));
        if (str_starts(rest, STR("/")))
            return path_and_query(r, rest);
        return opaque_path(r, rest);
    }
    /* "https:page" on an https page is relative: the standard's own wart. */
    if (base && base->kind == url->kind && !str_starts(rest, STR("//")))
        return relative(r, rest);
    while (begins_with_slash(url, rest))
        rest = str_from(rest, 1);
    return authority(r, rest);
}

static bool without_scheme(struct reading *r, struct str rest)
{
    const struct url *base = r->base;
    if (!base || (base->is_opaque && (rest.len || !r->url->has_fragment)))
        return false;
    set_scheme(r->url, buf_str(&base->scheme));
    if (base->is_opaque) {
        copy_path(r->url, base);
        copy_query(r->url, base);
        return true;
    }
    if (base->is_of_site)
        return site_rest(r, rest);
    return base->kind == URL_FILE ? file_rest(r, rest) : relative(r, rest);
}

/* --- paths --- */

static bool is_drive_letter(struct str text)
{
    return text.len == 2 && char_is_alpha(text.at[0]) && (text.at[1] == ':' || text.at[1] == '|');
}

/* "C:", or "C|", and then the end of a segment. */
static bool starts_with_drive_letter(struct str text)
{
    return text.len >= 2 && is_drive_letter(str_first(text, 2)) &&
           (text.len == 2 || text.at[2] == '/' || text.at[2] == '\\' || text.at[2] == '?');
}

/* Drops the last segment; a drive letter stays. */
static void shorten(struct url *url)
{
    struct str path = buf_str(&url->path);
    if (url->kind == URL_FILE && path.len == 3 && path.at[2] == ':' && char_is_alpha(path.at[1]))
        return;
    size_t slash = str_index_last(path, '/');
    url->path.len = slash < path.len ? slash : 0;
}

/* The dots that "%2e" stands for count as well; more than two is a name. */
static unsigned count_dots(struct str segment)
{
    unsigned dots = 0;
    while (segment.len) {
        size_t len = segment.at[0] == '.' ? 1 : str_starts_nocase(segment, STR("%2e")) ? 3 : 0;
        if (len == 0)
            return 0;
        dots++;
        segment = str_from(segment, len);
    }
    return dots <= 2 ? dots : 0;
}

static void add_segment(struct url *url, struct str segment, bool is_last)
{
    unsigned dots = count_dots(segment);
    if (dots == 2)
        shorten(url);
    if (dots) {
        if (is_last)
            buf_add_char(&url->path, '/');
        return;
    }
    bool is_drive = url->kind == URL_FILE && url->path.len == 0 && is_drive_letter(segment);
    buf_add_char(&url->path, '/');
    percent_encode(&url->path, segment, PERCENT_PATH);
    if (is_drive)
        url->path.at[2] = ':';
}

static size_t segment_len(const struct url *url, struct str text)
{
    size_t i = 0;
    while (i < text.len && !is_slash(url, text.at[i]))
        i++;
    return i;
}

/* Appends the segments of `rest` to the path there is. */
static bool segments_and_query(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    size_t mark = str_index(rest, '?');
    struct str path = str_first(rest, mark);
    for (;;) {
        size_t len = segment_len(url, path);
        bool is_last = len == path.len;
        add_segment(url, str_first(path, len), is_last);
        if (is_last)
            break;
        path = str_from(path, len + 1);
    }
    if (mark < rest.len)
        query(r, str_from(rest, mark + 1));
    return true;
}

/* The path start state: a special URL has at least "/". */
static bool path_and_query(struct reading *r, struct str rest)
{
    bool is_empty = rest.len == 0 || rest.at[0] == '?';
    if (is_empty && r->url->kind == URL_OTHER) {
        if (rest.len)
            query(r, str_from(rest, 1));
        return true;
    }
    if (begins_with_slash(r->url, rest))
        rest = str_from(rest, 1);
    return segments_and_query(r, rest);
}

/* What stands behind the scheme of the base, or behind no scheme: the base says the rest. */
static bool relative(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    if (begins_with_slash(url, rest)) {
        struct str behind = str_from(rest, 1);
        if (begins_with_slash(url, behind)) {
            behind = str_from(behind, 1);
            while (url->kind != URL_OTHER && begins_with_slash(url, behind))
                behind = str_from(behind, 1);
            return authority(r, behind);
        }
        copy_authority(url, r->base);
        return path_and_query(r, rest);
    }
    copy_authority(url, r->base);
    copy_path(url, r->base);
    if (rest.len == 0) {
        copy_query(url, r->base);
        return true;
    }
    if (rest.at[0] == '?') {
        query(r, str_from(rest, 1));
        return true;
    }
    shorten(url);
    return segments_and_query(r, rest);
}

/* --- authority --- */

static bool parse_port(struct url *url, struct str text)
{
    unsigned port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.at[i]))
            return false;
        port = port * 10 + (unsigned)(text.at[i] - '0');
        if (port > 65535)
            return false;
    }
    if (text.len && port != special_schemes[url->kind].port)
        url->port = (int)port;
    else if (text.len && url->kind == URL_OTHER)
        url->port = (int)port; /* port 0 of a scheme without a port of its own */
    return true;
}

static void user_info(struct url *url, struct str text)
{
    size_t colon = str_index(text, ':');
    percent_encode(&url->username, str_first(text, colon), PERCENT_USERINFO);
    if (colon < text.len)
        percent_encode(&url->password, str_from(text, colon + 1), PERCENT_USERINFO);
}

/* Where the colon before the port is; one within brackets is none. */
static size_t port_colon(struct str text)
{
    bool is_inside = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '[')
            is_inside = true;
        else if (text.at[i] == ']')
            is_inside = false;
        else if (text.at[i] == ':' && !is_inside)
            return i;
    }
    return text.len;
}

static size_t authority_len(const struct url *url, struct str text)
{
    size_t i = 0;
    while (i < text.len && text.at[i] != '?' && !is_slash(url, text.at[i]))
        i++;
    return i;
}

static bool authority(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    struct str text = str_first(rest, authority_len(url, rest));
    rest = str_from(rest, text.len);
    size_t at = str_index_last(text, '@');
    bool has_user = at < text.len;
    if (has_user) {
        user_info(url, str_first(text, at));
        text = str_from(text, at + 1);
    }
    size_t colon = port_colon(text);
    struct str host = str_first(text, colon);
    if (host.len == 0 && (url->kind != URL_OTHER || has_user || colon < text.len))
        return false;
    url->has_host = true;
    if (!host_parse(host, url->kind != URL_OTHER, &url->host))
        return false;
    if (colon < text.len && !parse_port(url, str_from(text, colon + 1)))
        return false;
    return path_and_query(r, rest);
}

/* --- file: --- */

/* "//" after file: may begin a host, or a drive letter that looks like one. */
static bool file_host(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    struct str host = str_first(rest, authority_len(url, rest));
    if (is_drive_letter(host))
        return segments_and_query(r, rest);
    if (host.len && !host_parse(host, true, &url->host))
        return false;
    if (str_eq(buf_str(&url->host), STR("localhost")))
        buf_clear(&url->host);
    return path_and_query(r, str_from(rest, host.len));
}

/* The drive letter of a file URL's path, such as "/C:". */
static struct str drive_of(const struct url *base)
{
    struct str path = base && base->kind == URL_FILE ? buf_str(&base->path) : STR_NONE;
    bool has_drive =
        path.len >= 3 && starts_with_drive_letter(str_from(path, 1)) && path.at[2] == ':';
    return has_drive ? str_first(path, 3) : STR_NONE;
}

static bool file_rest(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    const struct url *base = r->base && r->base->kind == URL_FILE ? r->base : NULL;
    url->has_host = true;
    if (begins_with_slash(url, rest)) {
        struct str behind = str_from(rest, 1);
        if (begins_with_slash(url, behind))
            return file_host(r, str_from(behind, 1));
        if (base)
            copy_text(&url->host, &base->host);
        if (!starts_with_drive_letter(behind))
            buf_add(&url->path, drive_of(base));
        return segments_and_query(r, behind);
    }
    if (!base)
        return segments_and_query(r, rest);
    copy_text(&url->host, &base->host);
    copy_path(url, base);
    if (rest.len == 0) {
        copy_query(url, base);
        return true;
    }
    if (rest.at[0] == '?') {
        query(r, str_from(rest, 1));
        return true;
    }
    if (starts_with_drive_letter(rest))
        buf_clear(&url->path);
    else
        shorten(url);
    return segments_and_query(r, rest);
}

/* In a local document of a site: what begins with a slash is as the site's server will have it. */
static bool site_rest(struct reading *r, struct str rest)
{
    struct url *url = r->url;
    bool has_slash = begins_with_slash(url, rest);
    if (has_slash && begins_with_slash(url, str_from(rest, 1))) {
        set_scheme(url, STR("https"));
        return relative(r, rest);
    }
    copy_site(url, r->base);
    if (!has_slash)
        return file_rest(r, rest);
    struct buf path = {0};
    url->has_host = true;
    bool is_fine = path_and_query(r, rest); /* whose dots do not lead out of the root */
    buf_add(&path, r->base->site_root);
    buf_add(&path, buf_str(&url->path));
    buf_done(&url->path);
    url->path = path;
    return is_fine;
}

/* --- what it says --- */

void url_format_origin(const struct url *url, struct buf *to)
{
    buf_add(to, buf_str(&url->scheme));
    BUF_ADD(to, "://");
    buf_add(to, buf_str(&url->host));
    if (url->port >= 0)
        buf_addf(to, ":%d", url->port);
}

void url_format(const struct url *url, struct buf *to, bool with_fragment)
{
    buf_add(to, buf_str(&url->scheme));
    buf_add_char(to, ':');
    if (url->has_host) {
        BUF_ADD(to, "//");
        buf_add(to, buf_str(&url->username));
        if (url->password.len) {
            buf_add_char(to, ':');
            buf_add(to, buf_str(&url->password));
        }
        if (url->username.len || url->password.len)
            buf_add_char(to, '@');
        buf_add(to, buf_str(&url->host));
        if (url->port >= 0)
            buf_addf(to, ":%d", url->port);
    } else if (!url->is_opaque && str_starts(buf_str(&url->path), STR("//"))) {
        BUF_ADD(to, "/."); /* or the path would be read as a host */
    }
    buf_add(to, buf_str(&url->path));
    if (url->has_query) {
        buf_add_char(to, '?');
        buf_add(to, buf_str(&url->query));
    }
    if (with_fragment && url->has_fragment) {
        buf_add_char(to, '#');
        buf_add(to, buf_str(&url->fragment));
    }
}

unsigned url_port(const struct url *url)
{
    return url->port >= 0 ? (unsigned)url->port : special_schemes[url->kind].port;
}

bool url_is_http(const struct url *url)
{
    return url->kind == URL_HTTP || url->kind == URL_HTTPS;
}
