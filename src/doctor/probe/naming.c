/* Names and paths that are allowed and that proxies take for something else. A name arrives when
 * GET finds it under its URL and PROPFIND lists it with the same bytes. One that is decoded or
 * encoded once too often is listed under another name; "%41.txt" becomes "A.txt" so.
 *
 * Umlauts are tried in both forms of Unicode. A server may take both for one name; what is listed
 * then is the other form, which is told and is no mistake. */
#include "doctor/listing.h"
#include "doctor/probes.h"
#include "http/status.h"

static const char *const names[] = {
    "two words.txt", "100%.txt",    "%41.txt",          "a#b.txt",           "plus+.txt",
    "a&b=c.txt",     "semi;.txt",   "what?.txt",        "it's (1).txt",      "[x].txt",
    "dots...txt",    ".hidden.txt", "\xc3\xa4-nfc.txt", "a\xcc\x88-nfd.txt", "\xe6\x97\xa5.txt",
};

static const char *url_of(struct visit *visit, const char *collection, const char *name)
{
    struct buf url = {0};
    buf_add(&url, str_of_c(collection));
    path_encode_segment(&url, str_of_c(name));
    const char *text = arena_text(visit->arena, buf_str(&url));
    buf_done(&url);
    return text;
}

static bool can_make(struct visit *visit, const char *url)
{
    const struct question question = {.method = "MKCOL", .url = url};
    const struct reply *reply = visit_ask(visit, &question);
    if (reply->status != HTTP_CREATED)
        visit_refused(visit, "MKCOL", reply);
    return reply->status == HTTP_CREATED;
}

/* True: it is there, says PUT. */
static bool write_name(struct visit *visit, const char *collection, const char *name)
{
    const char *url = url_of(visit, collection, name);
    const struct reply *reply = visit_put(visit, url, str_of_c(name));
    bool is_refused = reply->status >= HTTP_BAD_REQUEST && reply->status != HTTP_UNAUTHORIZED &&
                      reply->status != HTTP_INSUFFICIENT_STORAGE;
    if (is_refused)
        visit_found(visit, MISTAKE_NAME_REFUSED,
                    visit_text(visit, "PUT of '%s' (%s) is answered %s", name, url,
                               visit_describe(visit, reply)));
    else if (!http_is_success(reply->status))
        visit_refused(visit, "PUT", reply);
    return http_is_success(reply->status);
}

static void check_name(struct visit *visit, const char *collection, const char *name,
                       const struct listing *listing)
{
    const struct reply *reply = visit_get(visit, url_of(visit, collection, name));
    bool is_read = http_is_success(reply->status) && str_eq(reply->body, str_of_c(name));
    bool is_listed = listing_member(listing, str_of_c(name));
    if (!is_read && reply->status)
        visit_found(visit, MISTAKE_NAME_CHANGED,
                    visit_text(visit, "'%s' was written; GET of it is answered %s", name,
                               visit_describe(visit, reply)));
    else if (!is_listed && !str_is_ascii(str_of_c(name)))
        visit_note(visit, visit_text(visit, "'%s' is listed in another form of Unicode", name));
    else if (!is_listed)
        visit_found(visit, MISTAKE_NAME_CHANGED,
                    visit_text(visit, "'%s' was written, and is not listed", name));
}

void probe_names(struct visit *visit)
{
    const char *collection = visit_url(visit, "names/");
    bool is_there[ARRAY_LEN(names)];
    struct listing listing;
    if (!can_make(visit, collection))
        return;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        is_there[i] = write_name(visit, collection, names[i]);
    if (!visit_list(visit, collection, "1", &listing))
        return;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (is_there[i])
            check_name(visit, collection, names[i], &listing);
    }
}

/* RFC 3986 §2.2: %2F is no slash. A server may refuse it, but nobody may make it one. */
static void try_encoded_slash(struct visit *visit)
{
    static const struct str text = STR_INIT("with an encoded slash");
    const struct reply *reply = visit_put(visit, visit_url(visit, "folder%2Fname.txt"), text);
    if (!reply->status || reply->status >= HTTP_INTERNAL_ERROR) {
        visit_refused(visit, "PUT", reply);
        return;
    }
    if (str_eq(visit_get(visit, visit_url(visit, "folder/name.txt"))->body, text))
        visit_found(visit, MISTAKE_SLASH_DECODED, "folder%2Fname.txt became folder/name.txt");
    else if (!http_is_success(reply->status))
        visit_note(visit, visit_text(visit, "%%2F in a name is refused (%u), which is allowed",
                                     reply->status));
}

void probe_slashes(struct visit *visit)
{
    if (!can_make(visit, visit_url(visit, "folder/")))
        return;
    try_encoded_slash(visit);
    const struct reply *doubled = visit_get(visit, visit_url(visit, "/folder//"));
    if (!doubled->status)
        visit_refused(visit, "GET", doubled);
    else if (doubled->status >= HTTP_INTERNAL_ERROR)
        visit_found(visit, MISTAKE_HREF_SLASHES,
                    visit_text(visit, "GET of a path with // is answered %s",
                               visit_describe(visit, doubled)));
}

/* Whether so long a path comes to somebody who says that nothing is there. */
static const struct reply *ask_long(struct visit *visit, size_t bytes)
{
    struct buf url = {0};
    struct question question = {.method = "PROPFIND",
                                .fields = {{.name = STR("Depth"), .value = STR("0")}}};
    buf_add(&url, str_of_c(visit->room));
    for (size_t i = 1; i <= bytes; i++)
        buf_add_char(&url, i % 100 ? 'n' : '/');
    question.url = arena_text(visit->arena, buf_str(&url));
    buf_done(&url);
    return visit_ask(visit, &question);
}

static bool is_too_long(const struct reply *reply)
{
    return reply->status == HTTP_URI_TOO_LONG || reply->status == HTTP_BAD_REQUEST ||
           reply->status == HTTP_FIELDS_TOO_LARGE || reply->status >= HTTP_INTERNAL_ERROR ||
           reply->end == CALL_CUT_OFF;
}

void probe_long_path(struct visit *visit)
{
    const struct reply *reply = ask_long(visit, 2000);
    if (is_too_long(reply)) {
        visit_found(
            visit, MISTAKE_PATH_LIMIT,
            visit_text(visit, "a path of 2000 bytes is answered %s", visit_describe(visit, reply)));
        return;
    }
    if (!reply->status) {
        visit_refused(visit, "PROPFIND", reply);
        return;
    }
    reply = ask_long(visit, 6000);
    if (is_too_long(reply))
        visit_note(visit, visit_text(visit, "one of 6000 bytes is answered %s",
                                     visit_describe(visit, reply)));
}
