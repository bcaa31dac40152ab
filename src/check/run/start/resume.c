/* A run that goes on where another ended: by a kill, an interrupt, a limit, or trouble of its own.
 * Its targets, links and names are the site's, and come from a log (model/run_log.c). Here is the
 * rest: what its starts were, what is inside, and how much was counted.
 *
 * What was under way when it was saved is asked for again, and counts once. So is what was
 * NOT_CHECKED: that is never a verdict on a link. robots.txt is read again, since it may have
 * changed, but the sitemaps that it named stay what they were. Cookies are gone, unless a jar has
 * them; and traps that were seen are told of, but those that are left are seen anew. */
#include "check/run/start/resume.h"

#include "check/model/record.h"
#include "check/run/soft404.h"
#include "check/run/start/start.h"
#include "check/run/visit.h"

/* --- saving --- */

/* Without what is under way, which will be counted when it is asked for again. */
static struct crawl_counts settled_counts(const struct crawl *crawl)
{
    struct crawl_counts counts = crawl->counts;
    LIST_EACH (&crawl->visits, link) {
        const struct visit *visit = CONTAINER_OF(link, struct visit, link);
        bool is_counted = visit->kind == VISIT_TARGET &&
                          !(site_at(crawl->site, visit->target)->flags & TARGET_IS_FREE);
        counts.fetched -= is_counted;
    }
    return counts;
}

void resume_save(struct crawl *crawl, struct run_log_more *more)
{
    const struct crawl_counts counts = settled_counts(crawl);
    record_add_text(&more->state, str_of((const char *)&counts, sizeof(counts)));
    starts_save(crawl, &more->state);
    scope_save(crawl->scope, &more->state);
    hosts_save(&crawl->hosts, &more->state);
    soft404_save(crawl->soft404, &more->added);
}

/* --- loading --- */

/* What is left out of a trap is settled. */
static bool is_left(const struct target *target)
{
    if (target->flags & TARGET_IS_TRAPPED)
        return false;
    return target->state == TARGET_QUEUED ||
           (target->state == TARGET_DONE && target->verdict == VERDICT_NOT_CHECKED);
}

static bool may_read_more(const struct crawl *crawl)
{
    uint64_t most = crawl->options->pages_max;
    return most == 0 || crawl->counts.pages < most;
}

/* Its links were beyond --max-pages, and this time they are not. */
static bool is_read_again(const struct crawl *crawl, const struct target *target)
{
    return target->state == TARGET_DONE && target->flags & TARGET_IS_BEYOND && may_read_more(crawl);
}

static void load_target(struct crawl *crawl, uint32_t id, const struct url *url)
{
    struct target *target = site_at(crawl->site, id);
    bool is_again = is_read_again(crawl, target);
    if (target->host != TARGET_NONE)
        hosts_adopt(&crawl->hosts, id, url);
    if (target->verdict == VERDICT_ROBOTS && target->host != TARGET_NONE)
        hosts_of_target(&crawl->hosts, id)->left_by_robots++;
    if (is_again)
        target->flags |= TARGET_IS_FREE; /* it was counted */
    if (is_again || is_left(target)) {
        target->flags &= ~(uint32_t)TARGET_IS_BEYOND;
        target->note = 0;
        hosts_enqueue(&crawl->hosts, id, url);
    } else {
        crawl->counts.done += target->state == TARGET_DONE;
        crawl->counts.failed += crawl_counts_as_failed(target);
    }
    crawl->counts.beyond += (target->flags & TARGET_IS_BEYOND) != 0;
}

static bool load_counts(struct crawl *crawl, struct str *bytes)
{
    struct str counts;
    if (!record_take_text(bytes, &counts) || counts.len != sizeof(crawl->counts))
        return false;
    memcpy(&crawl->counts, counts.at, counts.len);
    crawl->counts.done = crawl->counts.failed = crawl->counts.beyond = 0;
    return true;
}

bool resume_load(struct crawl *crawl, const struct run_log_more *more)
{
    struct str bytes = buf_str(&more->state);
    struct url url = {0};
    bool is_fine = load_counts(crawl, &bytes) && starts_load(crawl, &bytes) &&
                   scope_load(crawl->scope, &bytes) && hosts_load(&crawl->hosts, &bytes) &&
                   soft404_load(crawl->soft404, buf_str(&more->added));
    for (uint32_t id = 0; id < site_target_count(crawl->site) && is_fine; id++) {
        is_fine = url_parse(&url, site_url(crawl->site, id), NULL, NULL);
        if (is_fine)
            load_target(crawl, id, &url);
    }
    url_done(&url);
    return is_fine;
}

bool resume_has_left(const struct crawl *crawl)
{
    bool has = crawl->counts.beyond > 0;
    for (uint32_t id = 0; id < site_target_count(crawl->site) && !has; id++)
        has = is_left(site_at(crawl->site, id));
    return has;
}
