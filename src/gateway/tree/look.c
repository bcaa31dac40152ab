/* What does an origin say of the collection that is mounted here? The listing of what is above it
 * shows it as a member, and asks the origin what it has been asked itself, of that one resource: a
 * PROPFIND with Depth 0 and the same body. So a client sees the same values as where it asks the
 * mount, but for displayname: what an origin calls its root is often "/", or a user's name, and the
 * mounts of one collection must be told apart.
 *
 *     ask, unless it is let alone -> wait: for the head -> read its one response -> known
 *                                      '---- for long enough ----> known to be slow
 *
 * Invariants
 *  (1) a mount is never left out, and nothing is said of it that its origin has not said: whatever
 *      goes wrong, `why` says so, and the listing goes on;
 *  (2) nobody waits longer than the gateway's listing_ms. What has not come then is let run to its
 *      end, so that it counts for the origin's health: a circuit opens after failures, and one that
 *      was given up is none. Until the origin has answered something, no listing waits for it
 *      again, and one in listing_ms asks it;
 *  (3) what is kept of an answer is the text of one response, with our URLs, and bounded.
 *
 * Of a mount that is the union of several the first is asked, which has its properties; what that
 * cannot tell of all is left out.
 *
 * Who may see the mount at all the rules have said before. A 401 or 403 of the origin says nothing
 * of its health, and is a 403 of these properties. */
#include "gateway/tree/look.h"

#include "davit/multistatus.h"
#include "gateway/ask.h"
#include "gateway/failure.h"
#include "gateway/hrefs.h"
#include "gateway/request.h"
#include "gateway/union/untold.h"
#include "multistatus/keep.h"
#include "stream/inflate.h"
#include "text/uri.h"
#include "xml/writer.h"

enum { STEP_BYTES = 16384, RESPONSE_BYTES_MAX = 262144 };

struct mount_look {
    struct look base;
    struct exchange *x;
    const struct gateway *gateway;
    bool is_of_names;
    bool is_minimal;
    bool asks_by_name;
    bool is_known;
    struct ask *ask; /* NULL: none was sent */
    bool is_late;    /* it was waited for long enough */
    struct deadline deadline;
    struct href_reader hrefs;
    struct source *body; /* of the answer; NULL: it has not come, or was read */
    struct davit_ms_reader *reader;
    struct buf chunk;
    struct buf text; /* the propstats */
    unsigned status; /* the worst of them */
};

static struct mount_look *look_of(const struct look *look)
{
    return CONTAINER_OF((struct look *)(uintptr_t)look, struct mount_look, base);
}

static void know_why(struct mount_look *look, const char *text)
{
    look->base.why = dav_condition(CONDITION_UPSTREAM_UNAVAILABLE, text);
}

/* --- its one response --- */

static bool is_name(const struct davit_ms_element *element)
{
    return str_eq(str_of_text(element->name), STR("displayname")) &&
           str_eq(str_of_text(element->ns), STR("DAV:"));
}

static bool is_fine(const struct davit_ms_propstat *propstat)
{
    return propstat->status == HTTP_OK || propstat->status == 0; /* none is said: readers agree */
}

/* Whether it is of one origin, and the mount is that of several. */
static bool is_untold(const struct mount_look *look, const struct davit_ms_element *prop)
{
    return look->gateway->mate_count > 1 && untold_is(prop, true);
}

/* But for the name, which is ours to say. */
static size_t add_props(const struct mount_look *look, struct multistatus *ms,
                        const struct davit_ms_propstat *propstat)
{
    size_t count = 0;
    for (size_t i = 0; i < propstat->prop_count; i++) {
        if (is_name(&propstat->props[i]) || is_untold(look, &propstat->props[i]))
            continue;
        multistatus_element(ms->out, &propstat->props[i]);
        count++;
    }
    return count;
}

static void add_own_name(const struct mount_look *look, struct multistatus *ms)
{
    if (look->is_of_names) {
        multistatus_empty_prop(ms, STR("DAV:"), STR("displayname"));
        return;
    }
    BUF_ADD(ms->out, "<D:displayname>");
    xml_add_text(ms->out, path_name(look->base.path));
    BUF_ADD(ms->out, "</D:displayname>");
}

/* What is there first: many readers look no further. */
static void add_fine(const struct mount_look *look, struct multistatus *ms,
                     const struct davit_ms_response *response)
{
    size_t start = ms->out->len;
    size_t count = 0;
    bool has_name = false;
    for (size_t i = 0; i < response->propstat_count; i++) {
        for (size_t j = 0; j < response->propstats[i].prop_count; j++)
            has_name |= is_name(&response->propstats[i].props[j]);
    }
    multistatus_propstat(ms);
    if (has_name)
        add_own_name(look, ms);
    for (size_t i = 0; i < response->propstat_count; i++) {
        if (is_fine(&response->propstats[i]))
            count += add_props(look, ms, &response->propstats[i]);
    }
    if (count || has_name)
        multistatus_propstat_end(ms, HTTP_OK, STR_NONE);
    else
        ms->out->len = start;
}

static void add_other(const struct mount_look *look, struct multistatus *ms,
                      const struct davit_ms_propstat *propstat)
{
    const struct davit_ms_reason *reason = &propstat->reason;
    struct buf error = {0};
    size_t start = ms->out->len;
    multistatus_propstat(ms);
    if (add_props(look, ms, propstat) == 0) {
        ms->out->len = start;
        return;
    }
    for (size_t i = 0; i < reason->condition_count; i++)
        multistatus_element(&error, &reason->conditions[i]);
    multistatus_propstat_explain(ms, propstat->status, buf_str(&error),
                                 str_of_text(reason->description));
    buf_done(&error);
}

/* What was asked for by name, and is told of no union. */
static void add_untold(const struct mount_look *look, struct multistatus *ms,
                       const struct davit_ms_response *response)
{
    size_t start = ms->out->len;
    size_t count = 0;
    multistatus_propstat(ms);
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t j = 0; j < propstat->prop_count; j++) {
            const struct davit_ms_element *prop = &propstat->props[j];
            if (!is_untold(look, prop))
                continue;
            multistatus_empty_prop(ms, str_of_text(prop->ns), str_of_text(prop->name));
            count++;
        }
    }
    if (count)
        multistatus_propstat_end(ms, HTTP_NOT_FOUND, STR_NONE);
    else
        ms->out->len = start;
}

static void take(struct mount_look *look, const struct davit_ms_response *response)
{
    struct multistatus ms = {.out = &look->text};
    add_fine(look, &ms, response);
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        bool is_left_out = look->is_minimal && propstat->status == HTTP_NOT_FOUND;
        if (!is_fine(propstat) && !is_left_out)
            add_other(look, &ms, propstat);
    }
    if (look->asks_by_name && !look->is_minimal)
        add_untold(look, &ms, response);
    if (look->is_minimal && look->text.len == 0) { /* RFC 8144 §2.1 */
        multistatus_propstat(&ms);
        multistatus_propstat_end(&ms, HTTP_OK, STR_NONE);
    }
    look->status = ms.member_status;
}

/* Whether it is about the mount. An origin that does not heed Depth tells of members, too. */
static bool is_of_mount(const struct mount_look *look, const struct davit_ms_response *response)
{
    struct arena arena = {0};
    struct uri uri;
    struct res_path path;
    bool has_slash;
    bool is_it = response->href_count && response->propstat_count &&
                 uri_parse_lenient(str_of_text(response->hrefs[0].uri), &uri) &&
                 path_decode(&arena, uri.path, &path, &has_slash) == PATH_OK &&
                 path_eq(path, look->base.path);
    arena_done(&arena);
    return is_it;
}

/* --- the answer --- */

static bool map_href(struct href_reader *reader, struct str uri, struct buf *to)
{
    const struct gateway *gateway = CONTAINER_OF(reader, struct mount_look, hrefs)->gateway;
    return url_to_outer(&gateway->all->map, gateway->place, uri, to);
}

/* True: there is nothing more to be read. */
static bool read_chunk(struct mount_look *look)
{
    const struct davit_ms_response *response;
    enum davit_ms_rc rc = davit_ms_reader_feed(look->reader, look->chunk.at, look->chunk.len);
    while (rc == DAVIT_MS_OK || rc == DAVIT_MS_RESPONSE) {
        rc = davit_ms_reader_next(look->reader, &response);
        if (rc != DAVIT_MS_RESPONSE || !is_of_mount(look, response))
            continue;
        take(look, response);
        return true;
    }
    look->chunk.len = 0;
    if (rc != DAVIT_MS_MORE)
        know_why(look, "the server behind this gateway answers with what cannot be read");
    return rc != DAVIT_MS_MORE;
}

static bool read_body(struct mount_look *look)
{
    struct err err;
    look->body->waker = &look->x->waker;
    for (;;) {
        switch (source_pull(look->body, &look->chunk, STEP_BYTES, &err)) {
        case PULL_WAIT:
            return false;
        case PULL_DATA:
            if (read_chunk(look))
                return true;
            break;
        case PULL_END:
        case PULL_FAIL:
            know_why(look, "the server behind this gateway has not told of what is mounted here");
            return true;
        }
    }
}

/* False: it says why not. */
static bool begin_body(struct mount_look *look)
{
    const struct call *call = &look->ask->call;
    const struct davit_ms_options options = {.limits.response_bytes = RESPONSE_BYTES_MAX};
    struct str coding = call_field(call, STR("Content-Encoding"));
    if (call->status == HTTP_UNAUTHORIZED || call->status == HTTP_FORBIDDEN)
        look->base.why =
            dav_error(HTTP_FORBIDDEN, "the server behind this gateway does not let it in");
    else if (call->status != HTTP_MULTI_STATUS)
        know_why(look, "the server behind this gateway has no listing of what is mounted here");
    if (!dav_is_fine(look->base.why))
        return false;
    look->body = ask_take_body(look->ask);
    look->reader = look->body ? davit_ms_reader_new(&options) : NULL;
    if (!look->reader) {
        know_why(look, "the gateway cannot read the answer at present");
        return false;
    }
    if (coding.len && !str_eq_nocase(coding, STR("identity")))
        look->body = inflate_source(look->x->arena, look->body);
    look->hrefs = (struct href_reader){.map = map_href, .hides_locks = look->gateway->is_read_only};
    look->body = hrefs_source(look->x->arena, look->body, HREFS_OF_ANSWER, &look->hrefs);
    return true;
}

/* --- waiting --- */

static void stop(struct mount_look *look)
{
    look->is_known = true;
    deadline_cancel(&look->deadline);
    source_close(&look->body);
    davit_ms_reader_free(look->reader);
    look->reader = NULL;
    buf_done(&look->chunk);
}

static void gone_late(struct mount_look *look)
{
    know_why(look, "the server behind this gateway takes too long to say more");
    if (look->ask->has_head)
        ask_forget(look->ask);
    else
        ask_leave(look->ask);
    health_late(look->gateway->health);
    stop(look);
}

static bool is_done(struct look *base)
{
    struct mount_look *look = look_of(base);
    struct ask *ask = look->ask;
    if (look->is_known)
        return true;
    if (look->is_late) {
        gone_late(look);
        return true;
    }
    if (ask_is_pending(ask))
        return false;
    if (!ask->has_head)
        know_why(look, failure_words(ask).text);
    else if ((look->body || begin_body(look)) && !read_body(look))
        return false;
    ask_forget(ask);
    stop(look);
    return true;
}

static void end(struct look *base)
{
    struct mount_look *look = look_of(base);
    if (look->is_known)
        return;
    know_why(look, "nobody waits for it");
    ask_forget(look->ask);
    stop(look);
}

static void tell(const struct look *base, struct multistatus *ms)
{
    const struct mount_look *look = look_of(base);
    buf_add(ms->out, buf_str(&look->text));
    ms->member_status = look->status;
}

static const struct look_ops ops = {is_done, end, tell};

static void expire(struct deadline *deadline)
{
    struct mount_look *look = CONTAINER_OF(deadline, struct mount_look, deadline);
    look->is_late = true;
    exchange_wake(look->x);
}

static void free_look(void *arg)
{
    struct mount_look *look = arg;
    stop(look);
    buf_done(&look->text);
}

/* --- asking --- */

static void add_field(struct exchange *x, struct http_fields *to, const char *name,
                      const char *value)
{
    const struct http_field_line line = {FIELD_OTHER, str_of_c(name), str_of_c(value)};
    http_fields_add(to, x->arena, &line);
}

static void build(struct mount_look *look, const struct look_wish *wish)
{
    struct exchange *x = look->x;
    struct ask *ask = ask_new(x, look->gateway);
    struct http_fields fields = {0};
    ask->call.url = arena_text(x->arena, look->gateway->name);
    ask->call.method = "PROPFIND";
    ask->call.is_safe = true;
    ask->is_aside = true;
    add_field(x, &fields, "Depth", "0");
    add_field(x, &fields, "Accept-Encoding", "identity");
    if (wish->propfind.len) {
        add_field(x, &fields, "Content-Type", "application/xml");
        ask->call.text = wish->propfind;
    }
    request_add_asker(x, look->gateway, &fields);
    ask->call.fields = fields.lines;
    ask->call.field_count = fields.count;
    look->ask = ask;
}

/* It has kept somebody waiting, and has not answered since. */
static void ask_slow(struct mount_look *look)
{
    know_why(look, "the server behind this gateway takes too long to say more");
    if (!health_is_due(look->gateway->health, look->gateway->listing_ms))
        return;
    struct dav_result result = ask_start(look->ask);
    if (dav_is_fine(result))
        ask_leave(look->ask);
    else
        know_why(look, result.text);
}

struct look *gateway_look(struct exchange *x, const struct handler_mount *mount,
                          const struct look_wish *wish)
{
    struct mount_look *look = ARENA_NEW(x->arena, struct mount_look);
    const struct gateway *gateway = mount->handler->shared;
    look->base.ops = &ops;
    look->base.path = mount->prefix;
    look->x = x;
    look->gateway = gateway;
    look->is_of_names = wish->is_of_names;
    look->is_minimal = wish->is_minimal;
    look->asks_by_name = untold_is_asked(wish->propfind);
    deadline_init(&look->deadline, expire);
    build(look, wish);
    arena_on_reset(x->arena, free_look, look);
    if (health_has_been_late(gateway->health)) {
        ask_slow(look);
        look->is_known = true;
        return &look->base;
    }
    struct dav_result result = ask_start(look->ask);
    look->is_known = !dav_is_fine(result);
    if (look->is_known)
        know_why(look, result.text);
    else
        gateway_loop_wait_listing(x->service->gateways, gateway, &look->deadline);
    return &look->base;
}
