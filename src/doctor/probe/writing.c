/* Probes of uploads: each is acknowledged, or it is said why not; and what was acknowledged is read
 * back, since the worst of these mistakes is a 201 for a file that is empty.
 *
 * A body that is a source cannot be sent twice, so it goes with Basic or a token; where a server
 * asks for another way to sign in, these probes cannot tell.
 *
 * Before an unusual upload is said to be refused, a usual one must have been taken: then it lies in
 * what differs, and not in rights or room. */
#include "base/mem.h"
#include "doctor/listing.h"
#include "doctor/probes.h"
#include "http/status.h"
#include "text/etag.h"
#include "text/size.h"

enum { TEXT_BYTES = 8192 };

/* A text that a proxy would compress. */
static struct str long_text(struct visit *visit)
{
    char *text = arena_alloc(visit->arena, TEXT_BYTES);
    for (size_t i = 0; i < TEXT_BYTES; i++)
        text[i] = "what a proxy would gladly compress\n"[i % 35];
    return str_of(text, TEXT_BYTES);
}

/* --- what is there --- */

static void check_length(struct visit *visit, const char *url, uint64_t sent, enum mistake mistake)
{
    struct listing listing;
    if (!visit_list(visit, url, "0", &listing) || !listing.count)
        return;
    const struct member *member = &listing.members[0];
    if (member->has_length && member->length != sent)
        visit_found(visit, mistake,
                    visit_text(visit, "%llu bytes were sent, PROPFIND says %llu",
                               (unsigned long long)sent, (unsigned long long)member->length));
}

static void check_content(struct visit *visit, const char *url, struct str sent,
                          enum mistake mistake)
{
    const struct reply *reply = visit_get(visit, url);
    if (!http_is_success(reply->status))
        visit_refused(visit, "GET", reply);
    else if (!str_eq(reply->body, sent))
        visit_found(visit, mistake,
                    visit_text(visit, "%zu bytes were sent, GET has %zu%s", sent.len,
                               reply->body.len, reply->body.len == sent.len ? ", others" : ""));
    check_length(visit, url, sent.len, mistake);
}

/* --- ways to send it --- */

void probe_put(struct visit *visit)
{
    const char *url = visit_url(visit, "put.txt");
    struct str text = long_text(visit);
    if (visit_can_put(visit, url, text))
        check_content(visit, url, text, MISTAKE_BODY_LOST);
}

/* Whether the answer says nothing of the upload, but of how one may sign in. */
static bool cannot_sign_in(struct visit *visit, const struct reply *reply)
{
    bool is_other_scheme =
        reply->status == HTTP_UNAUTHORIZED && reply_field(reply, STR("WWW-Authenticate")).len;
    if (is_other_scheme)
        visit_unknown(visit, "the server asks for another sign-in than Basic or a token, which "
                             "this upload cannot be sent with");
    return is_other_scheme;
}

/* An upload of that kind, in which `refused` is the mistake when the server has refused it. */
struct upload_kind {
    const char *name;
    enum body_form form;
    bool may_http2;
    enum mistake refused;
    enum mistake lost;
};

static const struct reply *put_as(struct visit *visit, const struct upload_kind *kind,
                                  struct str text)
{
    const char *url = visit_url(visit, kind->name);
    struct question question = {.method = "PUT",
                                .url = url,
                                .body = text,
                                .form = kind->form,
                                .may_http2 = kind->may_http2};
    if (kind->form == BODY_WAITS)
        question.fields[0] =
            (struct http_field_line){.name = STR("Expect"), .value = STR("100-continue")};
    const struct reply *reply = visit_ask(visit, &question);
    bool is_refusal = reply->status >= HTTP_BAD_REQUEST || reply->end == CALL_NOT_HTTP ||
                      reply->end == CALL_CUT_OFF;
    if (http_is_success(reply->status))
        check_content(visit, url, text, kind->lost);
    else if (reply->is_interrupted || !is_refusal)
        visit_refused(visit, "PUT", reply);
    else if (!cannot_sign_in(visit, reply))
        visit_found(visit, kind->refused,
                    visit_text(visit, "PUT is answered %s", visit_describe(visit, reply)));
    return reply;
}

/* Whether an upload of the plain kind is taken: then what goes wrong with another lies in it. */
static bool is_plain_taken(struct visit *visit, struct str text)
{
    return visit_can_put(visit, visit_url(visit, "plain.txt"), text);
}

void probe_put_chunked(struct visit *visit)
{
    static const struct upload_kind kind = {"chunked.txt", BODY_CHUNKED, false,
                                            MISTAKE_CHUNKED_REFUSED, MISTAKE_CHUNKED_LOST};
    struct str text = long_text(visit);
    if (is_plain_taken(visit, text))
        (void)put_as(visit, &kind, text); /* it says it */
}

void probe_put_expect(struct visit *visit)
{
    static const struct upload_kind kind = {"expect.txt", BODY_WAITS, false, MISTAKE_EXPECT_REFUSED,
                                            MISTAKE_BODY_LOST};
    struct str text = long_text(visit);
    if (!is_plain_taken(visit, text))
        return;
    const struct reply *reply = put_as(visit, &kind, text);
    if (http_is_success(reply->status) && reply->has_waited)
        visit_found(visit, MISTAKE_EXPECT_UNANSWERED,
                    visit_text(visit, "no 100 came within %d s", EXPECT_S));
}

void probe_put_http2(struct visit *visit)
{
    static const struct upload_kind kind = {"http2.txt", BODY_CHUNKED, true, MISTAKE_H2_LOST,
                                            MISTAKE_H2_LOST};
    const struct question question = {.method = "OPTIONS", .url = visit->room, .may_http2 = true};
    struct str text = long_text(visit);
    const struct reply *reply = visit_ask(visit, &question);
    if (reply->status && !reply->is_http2)
        visit_unknown(visit, "HTTP/2 is not spoken there");
    else if (!reply->status)
        visit_refused(visit, "OPTIONS", reply);
    else if (is_plain_taken(visit, text))
        (void)put_as(visit, &kind, text); /* it says it */
}

/* --- how much of it --- */

void probe_put_large(struct visit *visit)
{
    const char *url = visit_url(visit, "large.bin");
    uint64_t bytes = visit->options->upload_bytes;
    struct buf size = {0};
    const struct question question = {
        .method = "PUT", .url = url, .fill_bytes = bytes, .form = BODY_FILLED};
    const struct question removal = {.method = "DELETE", .url = url};
    size_exact_add(&size, bytes);
    const struct reply *reply = visit_ask(visit, &question);
    bool is_cut = !reply->status && reply->end == CALL_CUT_OFF;
    if (http_is_success(reply->status)) {
        visit_note(visit, visit_text(visit, "%s are taken", buf_c(&size)));
        check_length(visit, url, bytes, MISTAKE_BODY_LOST);
        (void)visit_ask(visit, &removal); /* the room goes, too */
    } else if (is_cut || reply->status == HTTP_CONTENT_TOO_LARGE) {
        visit_found(visit, MISTAKE_BODY_LIMIT,
                    visit_text(visit, "PUT of %s is answered %s", buf_c(&size),
                               visit_describe(visit, reply)));
    } else if (!cannot_sign_in(visit, reply)) {
        visit_refused(visit, "PUT", reply);
    }
    buf_done(&size);
}

/* --- entity tags --- */

static const struct reply *get_compressed(struct visit *visit, const char *url)
{
    const struct question question = {
        .method = "GET",
        .url = url,
        .fields = {{.name = STR("Accept-Encoding"), .value = STR("gzip, br, zstd")}}};
    return visit_ask(visit, &question);
}

/* Whether the server takes a tag that was given for its own. */
static bool is_taken_back(struct visit *visit, const char *url, struct str tag)
{
    const struct question question = {.method = "PUT",
                                      .url = url,
                                      .fields = {{.name = STR("If-Match"), .value = tag}},
                                      .body = STR("written over")};
    const struct reply *reply = visit_ask(visit, &question);
    if (!http_is_success(reply->status) && reply->status != HTTP_PRECONDITION_FAILED)
        visit_refused(visit, "PUT", reply);
    return reply->status != HTTP_PRECONDITION_FAILED;
}

/* A tag that is weak where the same file's is not when it is sent as it is, one that has become
 * another and is not taken back, and none where there is one. A server whose tags are weak by
 * themselves, as for a file that has just changed (RFC 9110 §8.8.1), makes no mistake. */
void probe_etag(struct visit *visit)
{
    const char *url = visit_url(visit, "tagged.html");
    struct etag plain, packed;
    if (!visit_can_put(visit, url, long_text(visit)))
        return;
    struct str plain_text = reply_field(visit_get(visit, url), STR("ETag"));
    struct str packed_text = reply_field(get_compressed(visit, url), STR("ETag"));
    struct str rest = plain_text, packed_rest = packed_text;
    const char *detail =
        visit_text(visit, "GET has ETag %.*s, with Accept-Encoding: gzip %.*s",
                   STR_ARGS(plain_text), STR_ARGS(packed_text.len ? packed_text : STR("none")));
    if (!etag_take(&rest, &plain)) {
        visit_unknown(visit, "GET has no entity tag");
        return;
    }
    if (!etag_take(&packed_rest, &packed) || (packed.is_weak && !plain.is_weak))
        visit_found(visit, MISTAKE_TAG_CHANGED, detail);
    else if (!packed.is_weak && !is_taken_back(visit, url, packed_text))
        visit_found(visit, MISTAKE_TAG_CHANGED,
                    visit_text(visit, "%s; If-Match with it is answered 412", detail));
}

/* --- names that proxies have rules for --- */

static void overwrite(struct visit *visit, const char *name)
{
    static const struct str old = STR_INIT("as it was"), new = STR_INIT("as it is now");
    const char *url = visit_url(visit, name);
    struct listing listing;
    const struct reply *reply = visit_put(visit, url, old);
    if (reply->status == HTTP_NOT_FOUND || reply->status == HTTP_METHOD_NOT_ALLOWED) {
        visit_found(
            visit, MISTAKE_MEMBER_MISSING, /* others could be written here */
            visit_text(visit, "PUT of %s is answered %s", name, visit_describe(visit, reply)));
        return;
    }
    if (!http_is_success(reply->status)) {
        visit_refused(visit, "PUT", reply);
        return;
    }
    (void)visit_get(visit, url); /* a cache may keep it */
    if (!visit_can_put(visit, url, new))
        return;
    reply = visit_get(visit, url);
    if (str_eq(reply->body, old))
        visit_found(visit, MISTAKE_CACHED, visit_text(visit, "%s", name));
    else if (reply->status == HTTP_NOT_FOUND)
        visit_found(visit, MISTAKE_MEMBER_MISSING,
                    visit_text(visit, "GET of %s is answered 404", name));
    (void)visit_list(visit, url, "0", &listing); /* it says it */
}

void probe_overwrite(struct visit *visit)
{
    static const char *const names[] = {"picture.jpg", "style.css", "script.js", "page.html",
                                        "index.php"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        overwrite(visit, names[i]);
}

void probe_proppatch(struct visit *visit)
{
    const char *url = visit_url(visit, "properties.txt");
    struct listing listing;
    const struct question question = {
        .method = "PROPPATCH",
        .url = url,
        .fields = {{.name = STR("Content-Type"), .value = STR("application/xml; charset=utf-8")}},
        .body = STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                    "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:t=\"urn:davit:doctor\"><D:set>"
                    "<D:prop><t:note>tried</t:note></D:prop></D:set></D:propertyupdate>")};
    if (!visit_can_put(visit, url, STR("with a property")))
        return;
    const struct reply *reply = visit_ask(visit, &question);
    if (reply->status == HTTP_MULTI_STATUS)
        (void)visit_read_listing(visit, reply, &listing); /* it says it */
    else
        visit_refused(visit, "PROPPATCH", reply);
}
