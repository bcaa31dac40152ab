/* The rules about hrefs (RFC 4918 §8.3, RFC 3986). Each is looked at alone, by its bytes, so that
 * all that is wrong with one is found: parsing would stop at the first thing.
 *
 * What it decodes, it decodes for itself: text/path.h refuses what is of interest here (dot
 * segments above the root, encoded slashes). Only to compare with the request's target an href is
 * taken as the server would take it; where it would be refused, nothing is said about its scope. */
#include "multistatus/lint/hrefs.h"

#include "base/utf8.h"
#include "multistatus/facts.h"

enum { NEON_HREF_CHARS_MAX = 2047 };

/* What may stand in a path or a URL as it is: unreserved, reserved, and the percent sign. */
static bool is_uri_char(unsigned char c)
{
    return char_is_alpha((char)c) || char_is_digit((char)c) ||
           (c && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

static bool has_foreign_chars(struct str uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        if (!is_uri_char((unsigned char)uri.at[i]))
            return true;
    }
    return false;
}

static bool is_triplet(struct str uri, size_t at)
{
    return at + 2 < uri.len && hex_value(uri.at[at + 1]) >= 0 && hex_value(uri.at[at + 2]) >= 0;
}

static bool has_bad_triplet(struct str uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        if (uri.at[i] == '%' && !is_triplet(uri, i))
            return true;
    }
    return false;
}

/* "%2520": a percent sign that was encoded, and behind it what would be a triplet. */
static bool looks_encoded_twice(struct str uri)
{
    for (size_t i = 0; i + 4 < uri.len; i++) {
        if (str_eq(str_first(str_from(uri, i), 3), STR("%25")) && hex_value(uri.at[i + 3]) >= 0 &&
            hex_value(uri.at[i + 4]) >= 0)
            return true;
    }
    return false;
}

/* What the lint looks at is decoded by itself: a path that is refused elsewhere is of interest. */
static bool decodes_to_utf8(struct str uri)
{
    struct buf decoded = {0};
    for (size_t i = 0; i < uri.len; i++) {
        if (uri.at[i] == '%' && is_triplet(uri, i)) {
            buf_add_char(&decoded,
                         (char)(hex_value(uri.at[i + 1]) << 4 | hex_value(uri.at[i + 2])));
            i += 2;
        } else {
            buf_add_char(&decoded, uri.at[i]);
        }
    }
    bool is_valid = utf8_is_valid(buf_str(&decoded));
    buf_done(&decoded);
    return is_valid;
}

static bool is_dots(struct str segment)
{
    return str_eq(segment, STR(".")) || str_eq(segment, STR("..")) ||
           str_eq_nocase(segment, STR("%2e")) || str_eq_nocase(segment, STR("%2e%2e")) ||
           str_eq_nocase(segment, STR(".%2e")) || str_eq_nocase(segment, STR("%2e."));
}

/* The path behind scheme and authority; empty for a relative reference. */
static struct str path_of(struct str uri, bool *is_url_out)
{
    size_t colon = str_index(uri, ':');
    struct str behind = str_from(uri, colon + 1);
    *is_url_out = colon < uri.len && str_starts(behind, STR("//")) &&
                  str_index(str_first(uri, colon), '/') == colon;
    if (!*is_url_out)
        return str_starts(uri, STR("/")) ? uri : STR_NONE;
    behind = str_from(behind, 2);
    return str_from(behind, str_index(behind, '/'));
}

static void check_segments(struct lint *lint, const struct davit_ms_href *href, struct str path)
{
    bool has_dots = false, has_empty = false;
    path = str_first(path, str_index(path, '?'));
    path = str_from(path, 1);
    while (path.len) {
        struct str segment = str_cut(&path, '/');
        has_dots |= is_dots(segment);
        has_empty |= segment.len == 0;
    }
    if (has_dots)
        lint_found(lint, LINT_HREF_DOTS, href->place, str_of_text(href->uri));
    if (has_empty)
        lint_found(lint, LINT_HREF_EMPTY_SEGMENT, href->place, str_of_text(href->uri));
}

static void check_characters(struct lint *lint, const struct davit_ms_href *href)
{
    struct str uri = str_of_text(href->uri);
    if (has_foreign_chars(uri))
        lint_found(lint, LINT_HREF_CHARACTERS, href->place, uri);
    if (has_bad_triplet(uri))
        lint_found(lint, LINT_HREF_TRIPLET, href->place, uri);
    else if (!decodes_to_utf8(uri))
        lint_found(lint, LINT_HREF_NOT_UTF8, href->place, uri);
    if (looks_encoded_twice(uri))
        lint_found(lint, LINT_HREF_ENCODED_TWICE, href->place, uri);
    if (str_index(uri, '?') < uri.len || str_index(uri, '#') < uri.len)
        lint_found(lint, LINT_HREF_QUERY, href->place, uri);
    if (uri.len > NEON_HREF_CHARS_MAX)
        lint_found(lint, LINT_HREF_LONG, href->place, str_first(uri, 60));
}

/* Whether it is the request's target, or below it; and of the same host. */
static void check_scope(struct lint *lint, const struct davit_ms_href *href, struct str path)
{
    struct str text = str_of_text(href->uri);
    struct arena arena = {0};
    struct res_path decoded;
    struct uri uri;
    bool has_slash;
    if (!lint->has_scope || path_decode(&arena, path, &decoded, &has_slash) != PATH_OK) {
        arena_done(&arena);
        return;
    }
    lint->has_target |= path_eq(decoded, lint->scope_path);
    if (!path_is_within(decoded, lint->scope_path))
        lint_found(lint, LINT_HREF_OUTSIDE, href->place, text);
    arena_done(&arena);
    if (!lint->scope.host.len || !uri_parse(text, &uri) || !uri.host.len)
        return;
    if (!str_eq_nocase(uri.host, lint->scope.host) || !str_eq(uri.port, lint->scope.port) ||
        !str_eq_nocase(uri.scheme, lint->scope.scheme))
        lint_found(lint, LINT_HREF_HOST, href->place, text);
}

void lint_href(struct lint *lint, const struct davit_ms_href *href)
{
    struct str uri = str_of_text(href->uri);
    bool is_url;
    struct str path = path_of(uri, &is_url);
    if (uri.len == 0) {
        lint_found(lint, LINT_HREF_EMPTY, href->place, STR_NONE);
        return;
    }
    bool is_batch = str_eq(lint->exchange->method, STR("POST")); /* a response an operation */
    if (hash_set_add(&lint->hrefs, uri) && !is_batch)
        lint_found(lint, LINT_HREF_TWICE, href->place, uri);
    check_characters(lint, href);
    if (!is_url && !path.len) {
        lint_found(lint, LINT_HREF_RELATIVE, href->place, uri);
        return;
    }
    lint->has_url |= is_url;
    lint->has_path |= !is_url;
    if (lint->has_url && lint->has_path && !lint->has_mixed) {
        lint->has_mixed = true;
        lint_found(lint, LINT_HREF_MIXED, href->place, uri);
    }
    check_segments(lint, href, path);
    check_scope(lint, href, path.len ? path : STR("/"));
}

void lint_slash(struct lint *lint, const struct davit_ms_response *response)
{
    enum fact_kind kind = fact_kind_of(response);
    if (response->href_count != 1 || kind == FACT_UNKNOWN || response->hrefs[0].uri.len == 0)
        return;
    const struct davit_ms_href *href = &response->hrefs[0];
    struct str uri = str_of_text(href->uri);
    bool has_slash = str_ends(str_first(uri, str_index(uri, '?')), STR("/"));
    if (kind == FACT_COLLECTION && !has_slash)
        lint_found(lint, LINT_HREF_NO_SLASH, href->place, uri);
    if (kind == FACT_FILE && has_slash)
        lint_found(lint, LINT_HREF_SLASH, href->place, uri);
}
