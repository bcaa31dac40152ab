/* The inside of a 207: the reason for this checker. A 207 says nothing about success by itself (RFC
 * 4918 §13): each response in it has a status, or its properties do.
 *
 * The body is read as a stream by the multistatus library, within its limits. Each href becomes a
 * member of the target, and so does each propstat that failed, with the names of its properties. A
 * member may be
 *
 *     2xx                       fine
 *     404 in a propstat         absent: asked for and not there, which is normal for PROPFIND; a
 *                               failure for PROPPATCH, or with --strict
 *     424                       only follows from another failure: reported under its cause, the
 *                               first other member that failed (RFC 4918 §11.4)
 *     anything else             a failure, and with it the target
 *
 * What is cut off, no DAV:multistatus, or lacks an href or a status is malformed: nobody can tell
 * from it what happened. An empty multistatus is fine, with a note.
 *
 * Rows are kept up to members_max, those of failures up to FAILED_FACTOR times as many; beyond that
 * they are only counted. */
#include "check/run/inside.h"

#include "base/mem.h"
#include "davit/multistatus.h"
#include "http/status.h"

enum { FAILED_FACTOR = 10 };

struct inside {
    struct inside_request request;
    struct davit_ms_reader *reader;
    enum davit_ms_rc rc;
    struct url href;
    struct buf href_text;
    struct buf props;
    uint64_t kept;
    uint64_t failed;
    uint64_t following;
    uint64_t incomplete; /* responses without href or status */
    uint32_t cause;      /* the first member that failed by itself */
    uint32_t first;      /* the first member that is ours */
};

struct inside *inside_new(const struct inside_request *request)
{
    struct inside *inside = MEM_NEW(struct inside);
    const struct davit_ms_options options = {
        /* more members than are kept are counted all the same */
        .limits = {.depth = 64},
    };
    inside->request = *request;
    inside->cause = TARGET_NONE;
    inside->reader = davit_ms_reader_new(&options);
    inside->rc = inside->reader ? DAVIT_MS_MORE : DAVIT_MS_NO_MEMORY;
    (void)site_members(request->site, &inside->first);
    return inside;
}

void inside_free(struct inside *inside)
{
    if (!inside)
        return;
    davit_ms_reader_free(inside->reader);
    url_done(&inside->href);
    buf_done(&inside->href_text);
    buf_done(&inside->props);
    mem_free(inside);
}

static struct str view(struct davit_ms_text text)
{
    return str_of(text.at, text.len);
}

/* --- members --- */

static bool is_failure(const struct inside *inside, unsigned status, bool is_propstat)
{
    bool is_normal_absence = is_propstat && status == HTTP_NOT_FOUND &&
                             !inside->request.options->is_strict &&
                             strcmp(inside->request.method, "PROPPATCH") != 0;
    return !http_is_success(status) && !is_normal_absence;
}

static void add_member(struct inside *inside, struct member *member)
{
    bool is_propstat = member->kind == MEMBER_PROPSTAT;
    bool is_bad = is_failure(inside, member->status, is_propstat);
    bool follows = is_bad && member->status == HTTP_FAILED_DEPENDENCY;
    member->target = inside->request.target;
    member->cause = TARGET_NONE;
    member->verdict = follows ? VERDICT_SKIPPED : is_bad ? VERDICT_BROKEN : VERDICT_OK;
    inside->failed += is_bad && !follows;
    inside->following += follows;
    uint64_t most = inside->request.options->members_max * (is_bad ? FAILED_FACTOR : 1);
    if (inside->kept >= most)
        return;
    inside->kept++;
    uint32_t number = site_add_member(inside->request.site, member);
    if (is_bad && !follows && inside->cause == TARGET_NONE)
        inside->cause = number;
}

static struct str condition_of(const struct davit_ms_reason *reason)
{
    return reason->condition_count ? view(reason->conditions[0].name) : STR_NONE;
}

static struct str names_of(struct inside *inside, const struct davit_ms_propstat *propstat)
{
    buf_clear(&inside->props);
    for (size_t i = 0; i < propstat->prop_count; i++) {
        if (i)
            buf_add_char(&inside->props, ' ');
        buf_add(&inside->props, view(propstat->props[i].name));
    }
    return buf_str(&inside->props);
}

/* Resolved against the request's URL; as it stands there when it is no URL. */
static struct str resolve(struct inside *inside, struct str href)
{
    if (!url_parse(&inside->href, href, inside->request.base, NULL))
        return href;
    buf_clear(&inside->href_text);
    url_format(&inside->href, &inside->href_text, false);
    return buf_str(&inside->href_text);
}

static bool is_collection(const struct davit_ms_response *response)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; k < propstat->prop_count && http_is_success(propstat->status); k++) {
            const struct davit_ms_element *prop = &propstat->props[k];
            struct str value = view(prop->value);
            bool is_type = str_eq(view(prop->name), STR("resourcetype"));
            if (is_type && value.len && strstr(value.at, "collection"))
                return true;
        }
    }
    return false;
}

/* A response has a row for what it is about, and one for each propstat that is no success. */
static void add_response(struct inside *inside, const struct davit_ms_response *response)
{
    unsigned status = davit_ms_response_status(response);
    if (response->href_count == 0 || status == 0)
        inside->incomplete++;
    for (size_t i = 0; i < response->href_count && status; i++) {
        struct str href = resolve(inside, view(response->hrefs[i].uri));
        struct member member = {
            .kind = MEMBER_RESPONSE,
            .href = href,
            .status = (uint16_t)status,
            .condition = condition_of(&response->reason),
            .description = view(response->reason.description),
            .location = view(response->location),
        };
        /* The failure of a property is the property's: its own row says it. */
        if (response->status == 0 && !http_is_success(status))
            member.status = HTTP_OK;
        add_member(inside, &member);
        if (inside->request.events)
            inside->request.events->member(inside->request.events, href, is_collection(response),
                                           status);
    }
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        if (propstat->status == 0)
            inside->incomplete++;
        if (http_is_success(propstat->status) || propstat->status == 0 || !response->href_count)
            continue;
        struct member member = {
            .kind = MEMBER_PROPSTAT,
            .href = resolve(inside, view(response->hrefs[0].uri)),
            .status = (uint16_t)propstat->status,
            .props = names_of(inside, propstat),
            .condition = condition_of(&propstat->reason),
            .description = view(propstat->reason.description),
        };
        add_member(inside, &member);
    }
}

bool inside_feed(struct inside *inside, struct str bytes)
{
    const struct davit_ms_response *response;
    if (inside->rc != DAVIT_MS_MORE)
        return false;
    inside->rc = davit_ms_reader_feed(inside->reader, bytes.at, bytes.len);
    if (inside->rc != DAVIT_MS_OK)
        return false;
    while ((inside->rc = davit_ms_reader_next(inside->reader, &response)) == DAVIT_MS_RESPONSE)
        add_response(inside, response);
    return inside->rc == DAVIT_MS_MORE;
}

/* --- the end --- */

/* What failed only because something else did is reported under that. */
static void name_causes(struct inside *inside)
{
    uint32_t count;
    (void)site_members(inside->request.site, &count);
    for (uint32_t i = inside->first; i < count; i++) {
        struct member *member = site_member(inside->request.site, i);
        if (member->target == inside->request.target && member->verdict == VERDICT_SKIPPED)
            member->cause = inside->cause;
    }
}

static void set_note(struct inside *inside, const char *what)
{
    const struct davit_ms_verdict *verdict = davit_ms_reader_verdict(inside->reader);
    struct buf note = {0};
    char text[240];
    (void)davit_ms_verdict_text(verdict, text, sizeof(text)); /* cut off is fine for a person */
    buf_addf(&note, "207(%s)%s%s", text, what[0] ? ": " : "", what);
    site_set_note(inside->request.site, inside->request.target, buf_str(&note));
    buf_done(&note);
}

/* By its media type; one that is not given says nothing against it (RFC 9110 §8.3). */
static bool is_xml(struct str type)
{
    struct str name = str_trim(str_first(type, str_index(type, ';')));
    bool is_suffixed = name.len > 4 && str_eq_nocase(str_from(name, name.len - 4), STR("+xml"));
    return name.len == 0 || is_suffixed || str_eq_nocase(name, STR("text/xml")) ||
           str_eq_nocase(name, STR("application/xml"));
}

enum verdict inside_end(struct inside *inside)
{
    if (inside->rc == DAVIT_MS_NO_MEMORY)
        return VERDICT_NOT_CHECKED;
    if (inside->rc == DAVIT_MS_MORE)
        inside->rc = davit_ms_reader_finish(inside->reader);
    name_causes(inside);
    if (inside->rc != DAVIT_MS_END) {
        const char *message = davit_ms_reader_message(inside->reader);
        set_note(inside, message && message[0] ? message : davit_ms_rc_text(inside->rc));
        if (inside->rc == DAVIT_MS_LIMIT) /* ours, and no fault of it */
            return inside->failed ? VERDICT_FAILED_INSIDE : VERDICT_NOT_CHECKED;
        return VERDICT_MALFORMED_INSIDE;
    }
    if (!is_xml(inside->request.type)) {
        set_note(inside, "it is not sent as XML");
        return VERDICT_MALFORMED_INSIDE;
    }
    if (inside->incomplete) {
        set_note(inside, "a response lacks its href or its status");
        return VERDICT_MALFORMED_INSIDE;
    }
    if (inside->failed || inside->following) {
        set_note(inside, "");
        return VERDICT_FAILED_INSIDE;
    }
    bool is_empty = davit_ms_reader_verdict(inside->reader)->member_count == 0;
    set_note(inside, is_empty ? "nothing in it" : "");
    return VERDICT_OK;
}
