/* Where targets wait to be fetched. Each host has a queue, a pace, and its robots.txt; local
 * documents have a queue of their own.
 *
 * A host stands in `ready` while it may have something to start, in `waiting` while it may not
 * before a known time, and in neither while it has nothing or waits for an answer; hosts_wake()
 * puts it back whenever that may have changed. So a turn of the run costs what it starts and not
 * what there is.
 *
 * A target is in at most one queue, and only while it is QUEUED: the queues are chained through
 * target.next. */
#include "check/run/hosts.h"

#include "base/mem.h"
#include "check/model/record.h"

void hosts_init(struct hosts *hosts, const struct check_options *options, struct site *site)
{
    hosts->options = options;
    hosts->site = site;
    list_init(&hosts->ready);
    list_init(&hosts->waiting);
    hosts->files_first = hosts->files_last = TARGET_NONE;
}

void hosts_done(struct hosts *hosts)
{
    map_done(&hosts->map);
    mem_free(hosts->list);
    arena_done(&hosts->arena);
}

/* --- hosts --- */

static bool is_loopback(const struct url *url)
{
    struct str host = buf_str(&url->host);
    return str_starts(host, STR("127.")) || str_eq(host, STR("[::1]")) ||
           str_eq(host, STR("localhost")) || str_ends(host, STR(".localhost"));
}

static bool is_own(const struct check_options *options, struct str host)
{
    for (size_t i = 0; i < options->own.count; i++) {
        if (str_eq_nocase(str_of_c(options->own.at[i]), host))
            return true;
    }
    return false;
}

static struct host *add_host(struct hosts *hosts, const struct url *url, struct str origin)
{
    const struct check_options *options = hosts->options;
    struct host *host = ARENA_NEW(&hosts->arena, struct host);
    host->origin = arena_text(&hosts->arena, origin);
    host->number = hosts->count;
    host->first = host->last = TARGET_NONE;
    list_init(&host->link);
    bool is_here = is_loopback(url);
    pace_init(&host->pace, is_here ? options->per_loopback : options->per_host, options->rate,
              is_here);
    pace_set_delay(&host->pace, options->crawl_delay_s); /* also here: the user wants it */
    if (options->robots == ROBOTS_IGNORE && is_own(options, buf_str(&url->host)))
        host->robots_state = ROBOTS_KNOWN;
    hosts->list = mem_resize(hosts->list, (hosts->count + (size_t)1) * sizeof(*hosts->list));
    hosts->list[hosts->count++] = host;
    map_add(&hosts->map, &host->entry, str_of_c(host->origin));
    return host;
}

static struct host *host_of(struct hosts *hosts, const struct url *url)
{
    struct buf origin = {0};
    url_format_origin(url, &origin);
    struct map_entry *known = map_find(&hosts->map, buf_str(&origin));
    struct host *host =
        known ? CONTAINER_OF(known, struct host, entry) : add_host(hosts, url, buf_str(&origin));
    buf_done(&origin);
    return host;
}

struct host *hosts_of_target(const struct hosts *hosts, uint32_t id)
{
    uint32_t number = site_at(hosts->site, id)->host;
    return number == TARGET_NONE ? NULL : hosts->list[number];
}

void hosts_wake(struct hosts *hosts, struct host *host)
{
    if (host->first == TARGET_NONE || host->robots_state == ROBOTS_ASKED)
        return;
    list_remove(&host->link);
    list_append(&hosts->ready, &host->link);
}

void hosts_wake_due(struct hosts *hosts, int64_t now_ms)
{
    LIST_EACH (&hosts->waiting, link) {
        struct host *host = CONTAINER_OF(link, struct host, link);
        if (pace_next_ms(&host->pace, now_ms) <= now_ms)
            hosts_wake(hosts, host);
    }
}

struct str target_path(struct str url)
{
    struct str rest = url;
    (void)str_cut(&rest, '/');
    (void)str_cut(&rest, '/');
    return str_from(rest, str_index(rest, '/'));
}

/* --- queues --- */

void hosts_adopt(struct hosts *hosts, uint32_t id, const struct url *url)
{
    site_at(hosts->site, id)->host = url->has_host ? host_of(hosts, url)->number : TARGET_NONE;
}

void hosts_save(const struct hosts *hosts, struct buf *to)
{
    for (uint32_t i = 0; i < hosts->count; i++) {
        if (hosts->list[i]->has_sitemaps)
            record_add_text(to, str_of_c(hosts->list[i]->origin));
    }
    record_add_text(to, STR_NONE);
}

bool hosts_load(struct hosts *hosts, struct str *bytes)
{
    struct str origin;
    struct url url = {0};
    bool is_fine;
    while ((is_fine = record_take_text(bytes, &origin)) && origin.len) {
        if (url_parse(&url, origin, NULL, NULL))
            host_of(hosts, &url)->has_sitemaps = true;
    }
    url_done(&url);
    return is_fine;
}

void hosts_enqueue(struct hosts *hosts, uint32_t id, const struct url *url)
{
    struct target *target = site_at(hosts->site, id);
    struct host *host = url->kind == URL_FILE ? NULL : host_of(hosts, url);
    uint32_t *first = host ? &host->first : &hosts->files_first;
    uint32_t *last = host ? &host->last : &hosts->files_last;
    target->state = TARGET_QUEUED;
    target->next = TARGET_NONE;
    hosts->queued++;
    if (*first == TARGET_NONE)
        *first = id;
    else
        site_at(hosts->site, *last)->next = id;
    *last = id;
    if (host) {
        target->host = host->number;
        hosts_wake(hosts, host);
    }
}

uint32_t hosts_dequeue(struct hosts *hosts, struct host *host)
{
    uint32_t *first = host ? &host->first : &hosts->files_first, id = *first;
    struct target *target = site_at(hosts->site, id);
    *first = target->next;
    target->next = TARGET_NONE;
    hosts->queued--;
    return id;
}
