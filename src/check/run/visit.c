/* A request for a target, and what its answer means.
 *
 *     start -> head of the answer -> body, where it is wanted -> decide
 *                                                                 |-> a verdict
 *                                                                 |-> where it is redirected to
 *                                                                 '-> again: GET after HEAD,
 *                                                                     after a wait, or alone for
 *                                                                     the last time
 *
 * Nothing is called broken by one try. A host that drops connections under load, a HEAD that a
 * server never learned, a 503 while it restarts: each has its own way to be tried again, within
 * --retries and --retry-budget, and before the verdict there is one more try with nothing else
 * under way at that host, on a connection of its own: what fails then fails by itself and not under
 * our load. When such tries have changed nothing several times in a row the host gets no more of
 * them. A host that has refused several targets in a row, and never answered, is tried once for
 * each of the others.
 *
 * HEAD is only asked for what is outside and has no page in it by its name: a HEAD cannot be
 * trusted to fail, and has no body, which is where a 207 says what happened. So any HEAD that
 * fails, or says 207, is asked again as GET.
 *
 * robots.txt of a host goes the same way, in visit_robots(): it is not there (4xx: all is allowed),
 * or cannot be had (5xx: nothing is, RFC 9309 §2.3.1). */
#include "check/run/visit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "check/read/field_links.h"
#include "check/read/srcset.h"
#include "check/run/judge.h"
#include "check/run/soft404.h"
#include "check/url/percent.h"
#include "http/status.h"
#include "text/date.h"

enum {
    DEAD_IN_ROW_MAX = 3,
    LONE_IN_VAIN_MAX = 10,
    ROBOTS_HOPS_MAX = 5, /* RFC 9309 §2.3.1.2 */
    PIECE_BYTES = 65536,
    CLOCKS_APART_S = 86400,
};

static const char propfind_body[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\"><D:prop>"
    "<D:resourcetype/><D:getcontenttype/></D:prop></D:propfind>";

#define DEPTH(depth)                                                                               \
    {                                                                                              \
        FIELD_DEPTH, STR_INIT("Depth"), STR_INIT(depth)                                            \
    }
#define XML                                                                                        \
    {                                                                                              \
        FIELD_CONTENT_TYPE, STR_INIT("Content-Type"), STR_INIT("application/xml")                  \
    }

static const struct http_field_line propfind_fields[][2] = {
    {DEPTH("1"), XML},
    {DEPTH("infinity"), XML},
};

static void on_head(struct call *call, struct source *body);
static void on_done(struct call *call);

/* --- life --- */

static struct visit *visit_new(struct crawl *crawl, struct host *host, enum visit_kind kind)
{
    struct visit *visit = MEM_NEW(struct visit);
    visit->crawl = crawl;
    visit->host = host;
    visit->kind = kind;
    visit->call.head = on_head;
    visit->call.done = on_done;
    visit->call.method = "GET";
    visit->call.is_safe = true;
    list_append(&crawl->visits, &visit->link);
    return visit;
}

static void drop_body(struct visit *visit)
{
    document_drop(&visit->document);
    inside_free(visit->inside);
    visit->inside = NULL;
    buf_clear(&visit->text);
}

void visit_free(struct visit *visit)
{
    list_remove(&visit->link);
    drop_body(visit);
    call_free(&visit->call);
    document_done(&visit->document);
    buf_done(&visit->url);
    buf_done(&visit->text);
    mem_free(visit);
}

static void start(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    drop_body(visit);
    visit->wake_ms = 0;
    pace_begin(&visit->host->pace, clock_mono_ms());
    crawl->under_way++;
    crawl->counts.requests++;
    client_start(solo_client(crawl->solo), &visit->call);
}

/* --- what to ask --- */

/* By its name it is no page: it ends in something that is none of ours. */
static bool is_file_by_name(struct str url)
{
    struct str path = target_path(url);
    path = str_first(path, str_index(path, '?'));
    path = str_from(path, str_index_last(path, '/') + 1);
    size_t dot = str_index_last(path, '.');
    return dot < path.len && path.len - dot <= 6 && page_type_of(STR_NONE, path) == PAGE_NONE &&
           !str_ends(path, STR(".php")) && !str_ends(path, STR(".asp")) &&
           !str_ends(path, STR(".aspx")) && !str_ends(path, STR(".jsp"));
}

static const char *method_for(const struct crawl *crawl, uint32_t id)
{
    const struct target *target = site_at(crawl->site, id);
    const uint32_t reads = TARGET_IS_INSIDE | TARGET_WANTS_NAMES | TARGET_IS_SITEMAP;
    struct str url = site_url(crawl->site, id);
    if (crawl->options->is_dav && (target->flags & TARGET_IS_INSIDE) && str_ends(url, STR("/")))
        return "PROPFIND";
    if (crawl->options->is_dav && !(target->flags & TARGET_WANTS_NAMES))
        return "HEAD";
    if (crawl->options->method == METHOD_GET || (target->flags & reads))
        return "GET";
    return crawl->options->method == METHOD_HEAD || is_file_by_name(url) ? "HEAD" : "GET";
}

static void set_method(struct visit *visit, const char *method)
{
    visit->call.method = method;
    if (strcmp(method, "PROPFIND") == 0) {
        visit->call.fields = propfind_fields[visit->crawl->options->is_dav_deep];
        visit->call.field_count = ARRAY_LEN(propfind_fields[0]);
        visit->call.text = STR(propfind_body);
    }
}

void visit_target(struct crawl *crawl, struct host *host, uint32_t id)
{
    struct visit *visit = visit_new(crawl, host, VISIT_TARGET);
    struct target *target = site_at(crawl->site, id);
    target->state = TARGET_UNDER_WAY;
    visit->target = id;
    visit->call.url = target->url;
    visit->wants_names = target->flags & TARGET_WANTS_NAMES;
    set_method(visit, method_for(crawl, id));
    start(visit);
}

void visit_again(struct visit *visit)
{
    visit->crawl->sleeping--;
    start(visit);
}

void visit_robots(struct crawl *crawl, struct host *host)
{
    struct visit *visit = visit_new(crawl, host, VISIT_ROBOTS);
    host->robots_state = ROBOTS_ASKED;
    buf_addf(&visit->url, "%s/robots.txt", host->origin);
    visit->call.url = buf_c(&visit->url);
    start(visit);
}

void visit_probe(struct crawl *crawl, struct host *host, struct str url, enum visit_kind kind,
                 uint32_t number)
{
    struct visit *visit = visit_new(crawl, host, kind);
    visit->target = number;
    buf_add(&visit->url, url);
    visit->call.url = buf_c(&visit->url);
    visit->wake_ms = 1; /* when the pace lets it */
    crawl->sleeping++;
}

/* --- the answer's head --- */

static void on_member(struct inside_events *events, struct str href, bool is_collection,
                      unsigned status)
{
    struct visit *visit = CONTAINER_OF(events, struct visit, inside_events);
    struct crawl *crawl = visit->crawl;
    (void)is_collection, (void)status; /* a member that failed here is looked at as well */
    if (crawl->options->is_dav && !str_eq(href, site_url(crawl->site, visit->target))) {
        finder_link(&visit->document.finder, LINK_DAV_HREF, href, STR_NONE,
                    (struct html_position){0, 0});
    }
}

static struct str type_of(const struct visit *visit)
{
    return call_field(&visit->call, STR("Content-Type"));
}

static void begin_inside(struct visit *visit)
{
    const struct inside_request request = {
        .site = visit->crawl->site,
        .target = visit->target,
        .base = &visit->document.base,
        .method = visit->call.method,
        .type = type_of(visit),
        .options = visit->crawl->options,
        .events = &visit->inside_events,
    };
    visit->inside_events.member = on_member;
    document_begin_members(&visit->document, visit->crawl->site, visit->target);
    visit->inside = inside_new(&request);
    site_at(visit->crawl->site, visit->target)->flags |= TARGET_HAS_MEMBERS;
}

static bool is_parsed(const struct visit *visit, enum page_type type)
{
    const struct check_options *options = visit->crawl->options;
    const struct target *target = site_at(visit->crawl->site, visit->target);
    if (options->is_dav)
        return false;
    if (target->flags & TARGET_IS_SITEMAP)
        return type == PAGE_XML || type == PAGE_GZIP || type == PAGE_LIST;
    if (target->flags & TARGET_WANTS_NAMES && page_type_has_names(type))
        return true;
    if (type == PAGE_CSS && !options->has_css)
        return false;
    bool is_start = target->depth == 0;
    return (target->flags & TARGET_IS_INSIDE) && (type != PAGE_GZIP || is_start);
}

static void note_unread(struct visit *visit, struct str type)
{
    struct buf note = {0};
    if (type.len == 0)
        BUF_ADD(&note, "it has no Content-Type, and no name that tells what it is");
    else
        buf_addf(&note, "davit finds no links in %.*s", STR_ARGS(type));
    site_set_note(visit->crawl->site, visit->target, buf_str(&note));
    buf_done(&note);
}

static bool begin_page(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    struct str type = type_of(visit);
    enum page_type what = page_type_of(type, target_path(site_url(crawl->site, visit->target)));
    if ((site_at(crawl->site, visit->target)->flags & TARGET_IS_SITEMAP) && what == PAGE_NONE)
        what = str_starts_nocase(type, STR("text/plain")) ? PAGE_LIST : PAGE_GZIP;
    bool is_start = site_at(crawl->site, visit->target)->flags & TARGET_IS_START;
    if (is_start && what == PAGE_NONE && str_starts_nocase(type, STR("text/plain")))
        what = PAGE_PLAIN_TEXT;
    if (what == PAGE_NONE)
        what = document_type_by_places(site_at(crawl->site, visit->target), type,
                                       target_path(site_url(crawl->site, visit->target)));
    if (what == PAGE_NONE || !is_parsed(visit, what)) {
        if (is_start)
            note_unread(visit, type);
        return false;
    }
    document_begin(&visit->document, crawl->site, visit->target, what, type);
    page_want_wikilinks(visit->document.page, crawl->options->wikilinks);
    visit->is_watched = page_type_is_shown(what) && traps_is_watched(crawl->traps, visit->target);
    if (crawl->soft404 || visit->is_watched)
        page_want_likeness(visit->document.page);
    return true;
}

static bool wants_body(struct visit *visit)
{
    const struct call *call = &visit->call;
    struct crawl *crawl = visit->crawl;
    if (visit->kind == VISIT_ROBOTS)
        return http_is_success(call->status);
    if (visit->kind == VISIT_PROBE || visit->kind == VISIT_FAR) {
        if (call->status != HTTP_OK)
            return false;
        document_begin(&visit->document, crawl->site, TARGET_NONE, PAGE_HTML, type_of(visit));
        bool is_base = url_parse(&visit->document.base, buf_str(&visit->url), NULL, NULL);
        assert(is_base); /* made from one that was asked for */
        page_want_likeness(visit->document.page);
        return true;
    }
    struct url *base = &visit->document.base;
    bool is_url = url_parse(base, site_url(crawl->site, visit->target), NULL, NULL);
    assert(is_url); /* it was one when it was queued */
    if (strcmp(call->method, "HEAD") == 0)
        return false;
    if (call->status == HTTP_MULTI_STATUS) {
        begin_inside(visit);
        return true;
    }
    return http_is_success(call->status) && begin_page(visit);
}

/* False: it wants no more. */
static bool feed(struct visit *visit, struct str bytes)
{
    visit->crawl->counts.bytes += bytes.len;
    if (visit->inside)
        return inside_feed(visit->inside, bytes);
    if (visit->document.page)
        return page_feed(visit->document.page, bytes);
    buf_add(&visit->text, bytes);
    return visit->text.len < ROBOTS_BYTES_MAX;
}

static void read_body(struct waker *waker)
{
    struct visit *visit = CONTAINER_OF(waker, struct visit, waker);
    struct buf *piece = &visit->crawl->piece;
    struct err err; /* the call says it, too */
    enum pull pulled = PULL_DATA;
    bool goes_on = true;
    while (pulled == PULL_DATA && goes_on) {
        buf_clear(piece);
        pulled = source_pull(visit->body, piece, PIECE_BYTES, &err);
        goes_on = pulled != PULL_DATA || feed(visit, buf_str(piece));
    }
    if (pulled != PULL_WAIT)
        source_close(&visit->body);
}

static void on_head(struct call *call, struct source *body)
{
    struct visit *visit = CONTAINER_OF(call, struct visit, call);
    if (!wants_body(visit)) {
        source_close(&body);
        return;
    }
    visit->body = body;
    visit->waker.ring = read_body;
    body->waker = &visit->waker;
    read_body(&visit->waker);
}

/* --- trying again --- */

static bool sleep_until(struct visit *visit, int64_t wait_ms)
{
    if (visit->crawl->is_draining ||
        visit->waited_ms + wait_ms > visit->crawl->options->retry_budget_ms)
        return false;
    visit->waited_ms += wait_ms;
    visit->wake_ms = clock_mono_ms() + (wait_ms > 0 ? wait_ms : 1);
    visit->crawl->sleeping++;
    visit->crawl->counts.retries++;
    return true;
}

/* It was asked too often. All of the host waits as long as it says, if that is not too long. */
static bool wait_as_told(struct visit *visit)
{
    struct str text = call_field(&visit->call, STR("Retry-After"));
    int64_t wait_ms = text.len ? retry_after_ms(text.at, text.len, clock_wall_ms()) : -1;
    visit->crawl->counts.throttled++;
    visit->tries++;
    if (wait_ms < 0)
        wait_ms = retry_wait_ms(visit->tries + 1, false, random_u64());
    if (visit->tries > visit->crawl->options->retries || !sleep_until(visit, wait_ms))
        return false;
    if (!visit->host->pace.is_loopback)
        pace_wait_until(&visit->host->pace, visit->wake_ms);
    return true;
}

static bool try_again(struct visit *visit)
{
    const struct check_options *options = visit->crawl->options;
    const struct host *host = visit->host;
    bool is_dead = !host->has_answered && host->dead_in_row >= DEAD_IN_ROW_MAX;
    if (!judge_is_worth_another_try(&visit->call) || visit->is_last || is_dead)
        return false;
    bool is_over = visit->tries >= options->retries;
    if (is_over && host->lone_in_vain >= LONE_IN_VAIN_MAX)
        return false;
    visit->tries++;
    visit->is_last = visit->call.is_alone = is_over;
    int64_t wait_ms = retry_wait_ms(visit->tries, host->pace.is_loopback, random_u64());
    return sleep_until(visit, wait_ms);
}

/* HEAD was not good enough: without a wait, as GET; a 207 in --dav mode as PROPFIND. */
static bool ask_with_get(struct visit *visit)
{
    bool is_good = visit->call.end == CALL_ANSWERED && visit->call.status < 400 &&
                   visit->call.status != HTTP_MULTI_STATUS;
    if (strcmp(visit->call.method, "HEAD") != 0 || is_good)
        return false;
    bool is_dav = visit->crawl->options->is_dav && visit->call.status == HTTP_MULTI_STATUS;
    set_method(visit, is_dav ? "PROPFIND" : "GET");
    visit->wake_ms = 1;
    visit->crawl->sleeping++;
    return true;
}

/* What a token does not open may be open to all: it can be for other repositories, or be over. */
static bool ask_without_token(struct visit *visit)
{
    struct call *call = &visit->call;
    bool is_refused = call->end == CALL_ANSWERED && call->status >= HTTP_BAD_REQUEST &&
                      call->status < HTTP_INTERNAL_ERROR && call->status != HTTP_TOO_MANY_REQUESTS;
    if (!call->had_token || !is_refused)
        return false;
    call->is_anonymous = true;
    return sleep_until(visit, 0);
}

/* --- deciding --- */

static void watch(struct visit *visit)
{
    struct buf far = {0};
    uint32_t number;
    if (document_wants_far(visit->crawl, visit->host, &visit->document, &far, &number))
        visit_probe(visit->crawl, visit->host, buf_str(&far), VISIT_FAR, number);
    buf_done(&far);
}

struct field_finder {
    struct finder finder;
    struct crawl *crawl;
    struct link_context context;
};

static void on_field_link(struct finder *finder, const struct found_link *link)
{
    struct field_finder *fields = CONTAINER_OF(finder, struct field_finder, finder);
    link_add(fields->crawl, &fields->context, link);
}

/* The links of the answer's fields, which are relative to it whatever its <base> says (RFC 8288
 * §3.2). They stand on no line. */
static void add_field_links(struct visit *visit)
{
    struct field_finder fields = {
        .finder = {.link = on_field_link},
        .crawl = visit->crawl,
        .context = {.page = visit->target,
                    .base = document_place(&visit->document),
                    .depth = site_at(visit->crawl->site, visit->target)->depth + 1U}};
    const struct http_fields *answer = &visit->call.answer;
    const struct html_position nowhere = {0, 0};
    for (size_t i = 0; i < answer->count; i++) {
        const struct http_field_line *field = &answer->lines[i];
        struct buf value = {0};
        struct str url;
        percent_add_bytes(&value, field->value);
        if (str_eq_nocase(field->name, STR("Link")))
            field_links(&fields.finder, buf_str(&value), nowhere, true);
        else if (str_eq_nocase(field->name, STR("Refresh")) && refresh_url(buf_str(&value), &url))
            finder_link(&fields.finder, LINK_RESPONSE_REFRESH, url, STR_NONE, nowhere);
        buf_done(&value);
    }
}

static void read_page(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    const struct target *target = site_at(crawl->site, visit->target);
    bool is_followed = target->flags & (TARGET_IS_INSIDE | TARGET_IS_SITEMAP);
    if (document_read(crawl, &visit->document))
        add_field_links(visit);
    if (crawl->soft404 && is_followed && visit->call.status == HTTP_OK)
        soft404_note(crawl->soft404, visit->target, visit->document.page);
    if (visit->is_watched && is_followed && visit->call.status == HTTP_OK)
        watch(visit);
}

static bool sets_cookie(const struct visit *visit)
{
    return call_field(&visit->call, STR("Set-Cookie")).at != NULL;
}

/* A wall: pages that send one in a circle until he has their cookie. Whether `to` has led to `from`
 * already, with a cookie on the way that he who asked for `to` did not have yet. */
static bool is_walled(const struct crawl *crawl, uint32_t from, uint32_t to)
{
    uint32_t flags = site_at(crawl->site, from)->flags;
    uint32_t id = to;
    for (unsigned hops = 0; hops < crawl->options->rules.redirects_max && id != from; hops++) {
        const struct target *hop = site_at(crawl->site, id);
        if (hop->redirect_to == TARGET_NONE)
            return false;
        flags |= hop->flags;
        id = hop->redirect_to;
    }
    return id == from && to != from && flags & TARGET_SETS_COOKIE &&
           !(site_at(crawl->site, to)->flags & TARGET_IS_ASKED_AGAIN);
}

/* Once more, with the cookie. */
static void ask_behind_wall(struct crawl *crawl, uint32_t id)
{
    struct target *target = site_at(crawl->site, id);
    struct url url = {0};
    if (url_parse(&url, site_url(crawl->site, id), NULL, NULL)) {
        target->flags |= TARGET_IS_ASKED_AGAIN | TARGET_IS_FREE;
        target->redirect_to = TARGET_NONE;
        crawl->counts.done--;
        hosts_enqueue(&crawl->hosts, id, &url);
    }
    url_done(&url);
}

static void follow(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    struct call *call = &visit->call;
    struct buf location = {0};
    judge_location(call, &location);
    uint32_t to =
        location.len ? link_redirect(crawl, visit->target, buf_str(&location)) : TARGET_NONE;
    buf_done(&location);
    if (to == TARGET_NONE) {
        site_set_note(crawl->site, visit->target,
                      STR("it redirects to nothing that can be fetched"));
        crawl_finish(crawl, visit->target, VERDICT_BROKEN);
        return;
    }
    struct target *target = site_at(crawl->site, visit->target);
    if (sets_cookie(visit))
        target->flags |= TARGET_SETS_COOKIE;
    if (is_walled(crawl, visit->target, to))
        ask_behind_wall(crawl, to);
    target->redirect_to = to;
    target->redirect_kind = (uint8_t)redirect_kind_of(
        call->status, site_url(crawl->site, visit->target), site_url(crawl->site, to));
    crawl_finish(crawl, visit->target, VERDICT_REDIRECTED);
}

static void note_end(struct visit *visit)
{
    struct host *host = visit->host;
    struct target *target = site_at(visit->crawl->site, visit->target);
    bool is_answer = visit->call.end == CALL_ANSWERED;
    target->status = (uint16_t)visit->call.status;
    target->time_ms = visit->call.time_ms;
    host->has_answered = host->has_answered || is_answer;
    host->dead_in_row = is_answer ? 0 : host->dead_in_row + 1;
    if (!is_answer)
        site_set_note(visit->crawl->site, visit->target, str_of_c(visit->call.message));
}

/* A page that sends a cookie and leads to itself wants to be asked with it, once. */
static bool wants_cookie(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    struct str url = site_url(crawl->site, visit->target);
    if (!sets_cookie(visit) || visit->tries)
        return false;
    const struct url *base = &visit->document.base;
    buf_clear(&crawl->format);
    judge_location(&visit->call, &crawl->format);
    bool is_self = url_parse(&crawl->url, buf_str(&crawl->format), base, NULL);
    buf_clear(&crawl->format);
    if (is_self)
        url_format(&crawl->url, &crawl->format, false);
    if (!is_self || !str_eq(buf_str(&crawl->format), url))
        return false;
    visit->tries++;
    return sleep_until(visit, 0);
}

/* --- whose clock is wrong --- */

/* A certificate that is not valid now: is it old, or is our clock wrong? The server says its time;
 * it is asked without believing it anything else, and told nothing. False: it is not asked. */
static bool ask_time(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    if (visit->call.end != CALL_TLS_EXPIRED || crawl->clock != CLOCK_UNKNOWN || crawl->is_draining)
        return false;
    site_set_note(crawl->site, visit->target, str_of_c(visit->call.message));
    buf_addf(&visit->url, "%s/", visit->host->origin);
    visit->call.url = buf_c(&visit->url);
    visit->call.is_unverified = visit->asks_time = true;
    set_method(visit, "HEAD");
    visit->wake_ms = 1;
    crawl->sleeping++;
    return true;
}

static void learn_time(struct visit *visit)
{
    int64_t theirs_s, ours_s = clock_wall_ms() / 1000;
    struct str date = call_field(&visit->call, STR("Date"));
    if (visit->call.end != CALL_ANSWERED || !http_date_parse(date, &theirs_s))
        return;
    bool is_right = theirs_s - ours_s < CLOCKS_APART_S && ours_s - theirs_s < CLOCKS_APART_S;
    visit->crawl->clock = is_right ? CLOCK_IS_RIGHT : CLOCK_IS_WRONG;
}

static void end_expired(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    bool is_ours = crawl->clock == CLOCK_IS_WRONG;
    if (is_ours)
        site_set_note(crawl->site, visit->target,
                      STR("this machine's clock and the server's are days apart, so that no "
                          "certificate can be judged"));
    crawl_finish(crawl, visit->target, is_ours ? VERDICT_NOT_CHECKED : VERDICT_TLS_EXPIRED);
}

/* Returns whether it is over; otherwise it will be tried again. */
static bool decide(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    struct call *call = &visit->call;
    bool is_answer = call->end == CALL_ANSWERED;
    bool is_form = site_at(crawl->site, visit->target)->flags & TARGET_IS_FORM;
    if (visit->asks_time) {
        learn_time(visit);
        end_expired(visit);
        return true;
    }
    if (ask_with_get(visit) || ask_without_token(visit) || ask_time(visit))
        return false;
    enum verdict verdict =
        is_answer ? judge_status(crawl->options, call, is_form) : judge_end(call->end);
    if (is_answer && verdict == VERDICT_THROTTLED && wait_as_told(visit))
        return false;
    if (verdict != VERDICT_OK && verdict != VERDICT_THROTTLED && !judge_is_redirect(call) &&
        try_again(visit))
        return false;
    if (is_answer && judge_is_redirect(call) && wants_cookie(visit))
        return false;
    note_end(visit);
    if (call->end == CALL_TLS_EXPIRED) {
        end_expired(visit);
        return true;
    }
    if (is_answer && judge_is_redirect(call)) {
        follow(visit);
        return true;
    }
    if (visit->document.page && is_answer)
        read_page(visit);
    if (visit->inside) {
        /* A body that broke off is told by what it lacks, however the connection ended. */
        enum verdict inside = inside_end(visit->inside);
        verdict = verdict == VERDICT_OK || verdict == VERDICT_CUT_OFF ? inside : verdict;
        document_add_links(crawl, &visit->document); /* its members, with --dav */
    }
    crawl_finish(crawl, visit->target, verdict);
    if (!visit->wants_names)
        target_names_came_late(crawl, visit->target);
    return true;
}

/* --- robots.txt --- */

static bool follow_robots(struct visit *visit)
{
    struct url base = {0}, url = {0};
    struct buf location = {0};
    judge_location(&visit->call, &location);
    bool is_fine = visit->call.end == CALL_ANSWERED && judge_is_redirect(&visit->call) &&
                   visit->hops++ < ROBOTS_HOPS_MAX &&
                   url_parse(&base, buf_str(&visit->url), NULL, NULL) &&
                   url_parse(&url, buf_str(&location), &base, NULL) && url_is_http(&url);
    if (is_fine) {
        buf_clear(&visit->url);
        url_format(&url, &visit->url, false);
        visit->call.url = buf_c(&visit->url);
        start(visit);
    }
    buf_done(&location);
    url_done(&base);
    url_done(&url);
    return is_fine;
}

static void add_sitemaps(struct crawl *crawl, struct host *host)
{
    struct url base = {0};
    struct buf url = {0};
    buf_addf(&url, "%s/", host->origin);
    bool is_wanted = crawl->options->sitemap != SITEMAP_OFF && crawl->options->is_recursive &&
                     scope_is_inside(crawl->scope, buf_str(&url));
    if (is_wanted && !host->has_sitemaps && url_parse(&base, buf_str(&url), NULL, NULL)) {
        const struct link_context context = {.page = TARGET_NONE, .base = &base};
        for (size_t i = 0; i < host->robots.sitemap_count; i++) {
            const struct found_link link = {
                .raw = host->robots.sitemaps[i], .at = {1, 1}, .kind = LINK_ROBOTS_SITEMAP};
            link_add(crawl, &context, &link);
        }
        host->has_sitemaps = true;
    }
    url_done(&base);
    buf_done(&url);
}

/* What closes a whole host must not be said by one bad moment of it. */
static bool ask_robots_again(struct visit *visit)
{
    if (visit->call.end != CALL_ANSWERED)
        return false; /* its targets will say why */
    if (visit->call.status == HTTP_TOO_MANY_REQUESTS)
        return wait_as_told(visit);
    return visit->call.status >= HTTP_INTERNAL_ERROR && try_again(visit);
}

static void learn_robots(struct visit *visit)
{
    struct host *host = visit->host;
    struct crawl *crawl = visit->crawl;
    bool is_answer = visit->call.end == CALL_ANSWERED;
    host->robots_state = ROBOTS_KNOWN;
    host->is_closed = is_answer && visit->call.status >= HTTP_INTERNAL_ERROR;
    if (is_answer && http_is_success(visit->call.status)) {
        host->robots = robots_parse(&crawl->hosts.arena, buf_str(&visit->text), STR("davit"));
        if (!host->pace.is_loopback)
            pace_set_delay(&host->pace, host->robots.delay_s);
        add_sitemaps(crawl, host);
    }
}

/* --- the end of a request --- */

static enum pace_end pace_end_of(const struct visit *visit)
{
    const struct call *call = &visit->call;
    bool is_answer = call->end == CALL_ANSWERED;
    if (is_answer
            ? call->status == HTTP_TOO_MANY_REQUESTS || call->status == HTTP_SERVICE_UNAVAILABLE
            : call->end == CALL_REFUSED || call->end == CALL_TIMEOUT)
        return PACE_THROTTLED;
    bool is_good = is_answer && call->status < HTTP_INTERNAL_ERROR;
    return is_good ? PACE_GOOD : PACE_BAD;
}

/* The host is free for others again. */
static void end_lone(struct visit *visit)
{
    bool is_good = pace_end_of(visit) == PACE_GOOD;
    visit->host->lone_in_vain = is_good ? 0 : visit->host->lone_in_vain + 1;
    pace_release(&visit->host->pace);
}

static void end_probe(struct visit *visit)
{
    struct crawl *crawl = visit->crawl;
    struct page *page = visit->document.page;
    struct trap_page far;
    if (page)
        (void)!page_end(page); /* only its text matters */
    if (visit->kind == VISIT_PROBE) {
        soft404_answer(crawl->soft404, crawl->site, visit->target, page);
        return;
    }
    bool is_page = page && visit->call.end == CALL_ANSWERED &&
                   document_leads_on(crawl, &visit->document, buf_str(&visit->url));
    if (is_page)
        far.likeness = page_likeness(page, &far.words);
    traps_answer(crawl->traps, visit->target, is_page ? &far : NULL);
}

static void on_done(struct call *call)
{
    struct visit *visit = CONTAINER_OF(call, struct visit, call);
    struct crawl *crawl = visit->crawl;
    struct host *host = visit->host;
    bool is_over = true;
    crawl->under_way--;
    pace_end(&host->pace, pace_end_of(visit), clock_mono_ms());
    if (visit->is_last)
        end_lone(visit);
    if (visit->kind == VISIT_TARGET) {
        is_over = decide(visit);
    } else if (visit->kind != VISIT_ROBOTS) {
        end_probe(visit);
    } else {
        is_over = !follow_robots(visit) && !ask_robots_again(visit);
        if (is_over)
            learn_robots(visit);
    }
    if (is_over)
        visit_free(visit);
    hosts_wake(&crawl->hosts, host);
}
