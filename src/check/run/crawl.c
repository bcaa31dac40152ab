/* A run of the checker: from the starts, over targets that wait at their hosts, to a verdict for
 * each. A turn of the run starts what may be started and waits for something to happen.
 *
 *     start, link -> hosts_enqueue -> host's queue -> visit_target -> ... -> crawl_finish
 *                                         |  not before robots.txt is known
 *
 * What a visit finds goes up as links of a document (document.c), and becomes targets and places in
 * discover.c. Beneath both are the hosts with their queues (hosts.c); visits know nothing of who
 * started them.
 *
 * Invariants
 *  (1) every target that was queued becomes DONE exactly once: in crawl_finish(), also when the run
 *      is stopped (then as NOT_CHECKED);
 *  (2) trouble of our own stops the run; it is never a verdict on a link;
 *  (3) between two turns what is known is of one moment: it can be saved then, and a run be gone on
 *      with from there (start/resume.c). */
#include "check/run/crawl.h"

#include "base/clock.h"
#include "base/mem.h"
#include "check/run/files.h"
#include "check/run/soft404.h"
#include "check/run/start/resume.h"
#include "check/run/start/start.h"
#include "check/run/visit.h"

enum { TURN_MS = 100, SAVE_MS = 250, SAVE_MS_MAX = 8000, SAVE_SHARE = 50 };

/* As crawl_stop(), but what is under way is not lost. */
static void crawl_drain(struct crawl *crawl, const char *why, const char *note)
{
    if (!crawl->has_trouble)
        err_set(&crawl->trouble, 0, "%s", why);
    crawl->has_trouble = crawl->is_draining = true;
    crawl->stop_note = note;
}

/* --- starting requests --- */

static bool is_allowed(struct crawl *crawl, struct host *host, uint32_t id)
{
    struct str path = target_path(site_url(crawl->site, id));
    if (host->robots_state != ROBOTS_KNOWN)
        return true;
    if (!host->is_closed && robots_allows(&host->robots, path))
        return true;
    host->left_by_robots++;
    crawl->counts.left_by_robots++;
    if (host->is_closed)
        site_set_note(crawl->site, id, STR("its robots.txt cannot be had, which closes it"));
    if (crawl->options->robots == ROBOTS_WARN) {
        site_set_note(crawl->site, id, STR("robots.txt asks not to look"));
        return true;
    }
    return false;
}

static enum target_wish wish_of(const struct target *target)
{
    if (target->flags & TARGET_WANTS_NAMES)
        return WISH_NAMES;
    return target->flags & (TARGET_IS_INSIDE | TARGET_IS_SITEMAP) ? WISH_LINKS : WISH_STATUS;
}

/* Whether it must be fetched; otherwise it has its verdict. */
static bool is_needed(struct crawl *crawl, struct host *host, uint32_t id)
{
    const struct check_options *options = crawl->options;
    struct target *target = site_at(crawl->site, id);
    struct str url = site_url(crawl->site, id);
    if (!is_allowed(crawl, host, id)) {
        crawl_finish(crawl, id, VERDICT_ROBOTS);
        return false;
    }
    struct crawl_known known;
    if (crawl->events->is_known &&
        crawl->events->is_known(crawl->events, url, wish_of(target), &known)) {
        target->flags |= TARGET_IS_CACHED;
        target->status = (uint16_t)known.status;
        crawl_finish(crawl, id, known.verdict);
        return false;
    }
    if (target->flags & TARGET_IS_FREE)
        return true;
    if (target->flags & TARGET_IS_INSIDE && traps_leave_out(crawl->traps, id)) {
        crawl_finish(crawl, id, VERDICT_NOT_CHECKED);
        return false;
    }
    if (options->links_max && crawl->counts.fetched >= options->links_max) {
        site_set_note(crawl->site, id, STR("beyond --max-links"));
        crawl_finish(crawl, id, VERDICT_NOT_CHECKED);
        return false;
    }
    if (crawl->events->may_fetch && !crawl->events->may_fetch(crawl->events, url)) {
        site_set_note(crawl->site, id, STR("quota"));
        crawl_finish(crawl, id, VERDICT_NOT_CHECKED);
        crawl_drain(crawl, "quota: the links of this day are used up", "quota");
        return false;
    }
    crawl->counts.fetched++;
    return true;
}

/* Starts one request of the host. False: it can do nothing now. */
static bool start_one(struct crawl *crawl, struct host *host, int64_t now_ms)
{
    if (host->first == TARGET_NONE || host->robots_state == ROBOTS_ASKED)
        return false;
    int64_t next_ms = pace_next_ms(&host->pace, now_ms);
    if (next_ms == INT64_MAX)
        return false;
    if (next_ms > now_ms) {
        list_append(&crawl->hosts.waiting, &host->link);
        return false;
    }
    if (host->robots_state == ROBOTS_UNKNOWN) {
        visit_robots(crawl, host);
        return false;
    }
    uint32_t id = hosts_dequeue(&crawl->hosts, host);
    if (is_needed(crawl, host, id))
        visit_target(crawl, host, id);
    return true;
}

static void start_requests(struct crawl *crawl)
{
    int64_t now_ms = clock_mono_ms();
    struct list *ready = &crawl->hosts.ready;
    hosts_wake_due(&crawl->hosts, now_ms);
    while (!list_is_empty(ready) && crawl->under_way < crawl->options->concurrency &&
           !crawl->is_stopped && !crawl->is_draining) {
        struct host *host = CONTAINER_OF(ready->next, struct host, link);
        list_remove(&host->link);
        if (start_one(crawl, host, now_ms))
            hosts_wake(&crawl->hosts, host); /* behind the other hosts */
    }
}

static void wake_visits(struct crawl *crawl)
{
    int64_t now_ms = clock_mono_ms();
    if (crawl->sleeping == 0 || crawl->is_draining)
        return;
    LIST_EACH (&crawl->visits, link) {
        struct visit *visit = CONTAINER_OF(link, struct visit, link);
        bool is_due = visit->wake_ms && visit->wake_ms <= now_ms;
        if (!is_due)
            continue;
        if (visit->is_last ? pace_keep_free(&visit->host->pace)
                           : pace_next_ms(&visit->host->pace, now_ms) <= now_ms)
            visit_again(visit);
    }
}

/* --- the run --- */

/* As many as a turn has time for. */
static void read_files(struct crawl *crawl)
{
    int64_t until_ms = clock_mono_ms() + TURN_MS;
    while (crawl->hosts.files_first != TARGET_NONE && !crawl->is_stopped &&
           clock_mono_ms() < until_ms)
        file_read(crawl, hosts_dequeue(&crawl->hosts, NULL));
}

/* For who goes on with the run; often, but so that it takes no more than a fiftieth of the time.
 * Without a log the run goes on all the same. */
static void save(struct crawl *crawl)
{
    struct run_log_more more = {0};
    int64_t begun_ms = clock_mono_ms();
    if (!crawl->log)
        return;
    resume_save(crawl, &more);
    if (!run_log_save(crawl->log, crawl->site, &more, &crawl->keep_trouble))
        crawl->log = NULL;
    int64_t now_ms = clock_mono_ms(), wait_ms = (now_ms - begun_ms) * SAVE_SHARE;
    crawl->save_ms = now_ms + (wait_ms < SAVE_MS       ? SAVE_MS
                               : wait_ms > SAVE_MS_MAX ? SAVE_MS_MAX
                                                       : wait_ms);
    buf_done(&more.state);
    buf_done(&more.added);
}

/* False: there is nothing to ask. */
static bool probe_folders(struct crawl *crawl)
{
    struct soft404_probe probe = {0};
    if (!soft404_begin(crawl->soft404, crawl->site))
        return false;
    for (uint32_t i = 0; soft404_probe(crawl->soft404, i, &probe); i++)
        visit_probe(crawl, hosts_of_target(&crawl->hosts, probe.target), buf_str(&probe.url),
                    VISIT_PROBE, i);
    buf_done(&probe.url);
    return true;
}

static bool is_over(struct crawl *crawl)
{
    const struct hosts *hosts = &crawl->hosts;
    bool is_idle = list_is_empty(&crawl->visits) && list_is_empty(&hosts->ready) &&
                   list_is_empty(&hosts->waiting) && hosts->files_first == TARGET_NONE;
    if (crawl->is_stopped || (crawl->is_draining && crawl->under_way == 0))
        return true;
    return is_idle && !probe_folders(crawl);
}

/* Milliseconds until something may be started. */
static int64_t wait_ms(const struct crawl *crawl)
{
    int64_t wait = TURN_MS, now_ms = clock_mono_ms();
    if (crawl->is_draining)
        return wait;
    bool may_start =
        !list_is_empty(&crawl->hosts.ready) && crawl->under_way < crawl->options->concurrency;
    if (may_start || crawl->hosts.files_first != TARGET_NONE)
        return 0;
    LIST_EACH (&crawl->hosts.waiting, link) {
        const struct host *host = CONTAINER_OF(link, struct host, link);
        int64_t left = pace_next_ms(&host->pace, now_ms) - now_ms;
        wait = left < wait ? left : wait;
    }
    if (crawl->sleeping == 0)
        return wait;
    LIST_EACH (&crawl->visits, link) {
        const struct visit *visit = CONTAINER_OF(link, struct visit, link);
        int64_t left = visit->wake_ms ? visit->wake_ms - now_ms : wait;
        wait = left < 1 ? 1 : left < wait ? left : wait;
    }
    return wait;
}

/* What was not looked at when the run ended early. */
static void give_up(struct crawl *crawl)
{
    for (uint32_t id = 0; id < site_target_count(crawl->site); id++) {
        const struct target *target = site_at(crawl->site, id);
        if (target->state == TARGET_DONE || target->state == TARGET_IDLE)
            continue;
        if (target->note == 0)
            site_set_note(crawl->site, id,
                          str_of_c(crawl->stop_note ? crawl->stop_note : crawl->trouble.text));
        crawl_finish(crawl, id, VERDICT_NOT_CHECKED);
    }
}

/* What is done several times a second. */
static void look_around(struct crawl *crawl, int64_t now_ms)
{
    int64_t most_ms = crawl->options->time_max_ms;
    crawl->counts.queued = crawl->hosts.queued;
    if (now_ms >= crawl->save_ms)
        save(crawl);
    if (!crawl->events->turn(crawl->events, &crawl->counts))
        crawl_stop(crawl, "interrupted");
    else if (most_ms && now_ms - crawl->started_ms >= most_ms)
        crawl_stop(crawl, "beyond --max-time");
}

bool crawl_run(struct crawl *crawl, struct err *err)
{
    int64_t looked_ms = 0;
    crawl->started_ms = clock_mono_ms();
    save(crawl);
    do {
        read_files(crawl);
        wake_visits(crawl);
        start_requests(crawl);
        if (crawl->under_way || crawl->sleeping || !list_is_empty(&crawl->hosts.waiting))
            solo_turn(crawl->solo, wait_ms(crawl));
        int64_t now_ms = clock_mono_ms();
        if (now_ms - looked_ms >= TURN_MS) {
            looked_ms = now_ms;
            look_around(crawl, now_ms);
        }
    } while (!is_over(crawl));
    crawl->counts.queued = crawl->hosts.queued;
    save(crawl);
    if (crawl->is_stopped || crawl->is_draining)
        give_up(crawl);
    starts_judge(crawl);
    if (crawl->has_trouble)
        *err = crawl->trouble;
    return !crawl->has_trouble;
}

const struct crawl_counts *crawl_counts(const struct crawl *crawl)
{
    return &crawl->counts;
}

bool crawl_robots_host(const struct crawl *crawl, size_t number, struct crawl_left_out *left_out)
{
    for (uint32_t i = 0; i < crawl->hosts.count; i++) {
        const struct host *host = crawl->hosts.list[i];
        if (host->left_by_robots == 0 || number-- > 0)
            continue;
        *left_out = (struct crawl_left_out){host->origin, host->left_by_robots, host->is_closed};
        return true;
    }
    return false;
}

/* --- life --- */

struct crawl *crawl_new(const struct check_options *options, struct site *site,
                        struct crawl_events *events, struct err *err)
{
    struct crawl *crawl = MEM_NEW(struct crawl);
    crawl->options = options;
    crawl->site = site;
    crawl->events = events;
    hosts_init(&crawl->hosts, options, site);
    list_init(&crawl->visits);
    crawl->soft404 = options->has_soft404 ? soft404_new() : NULL;
    bool has_traps = options->is_recursive && options->trap_after;
    crawl->traps = has_traps ? traps_new(site, options->trap_after) : NULL;
    crawl->scope = scope_new(options, err);
    crawl->solo = crawl->scope ? solo_new(&options->client, err) : NULL;
    if (crawl->solo)
        return crawl;
    crawl_free(crawl);
    return NULL;
}

void crawl_free(struct crawl *crawl)
{
    if (!crawl)
        return;
    solo_free(crawl->solo);
    LIST_EACH (&crawl->visits, link)
        visit_free(CONTAINER_OF(link, struct visit, link));
    scope_free(crawl->scope);
    soft404_free(crawl->soft404);
    traps_free(crawl->traps);
    hosts_done(&crawl->hosts);
    starts_done(crawl);
    url_done(&crawl->url);
    buf_done(&crawl->format);
    buf_done(&crawl->piece);
    buf_done(&crawl->remapped);
    mem_free(crawl);
}

/* --- starts, and going on --- */

bool crawl_add_start(struct crawl *crawl, const char *start, struct err *err)
{
    return start_add(crawl, start, err);
}

bool crawl_describe_start(const struct crawl *crawl, size_t number, struct buf *to)
{
    return start_describe(crawl, number, to);
}

void crawl_keep(struct crawl *crawl, struct run_log *log)
{
    crawl->log = log;
    run_log_watch(log, crawl->site);
}

bool crawl_resume(struct crawl *crawl, struct run_log *log, bool *is_begun_out, struct err *err)
{
    struct run_log_more more = {0};
    bool is_fine = run_log_load(log, crawl->site, &more, err);
    *is_begun_out = more.state.len > 0;
    if (is_fine && *is_begun_out)
        is_fine = resume_load(crawl, &more) || err_set(err, 0, "what was found makes no sense");
    crawl->log = log;
    buf_done(&more.state);
    buf_done(&more.added);
    return is_fine;
}

bool crawl_has_left(const struct crawl *crawl)
{
    return resume_has_left(crawl);
}

const char *crawl_keep_trouble(const struct crawl *crawl)
{
    return crawl->keep_trouble.text[0] ? crawl->keep_trouble.text : NULL;
}
