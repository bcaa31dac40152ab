#include "check/run/state.h"

bool crawl_counts_as_failed(const struct target *target)
{
    bool is_guess = target->flags & TARGET_IS_GUESS && !(target->flags & TARGET_IS_LINKED);
    return target->state == TARGET_DONE && !is_guess &&
           verdict_rows[target->verdict].class == CLASS_FAIL;
}

void crawl_finish(struct crawl *crawl, uint32_t id, enum verdict verdict)
{
    struct target *target = site_at(crawl->site, id);
    target->state = TARGET_DONE;
    target->verdict = (uint8_t)verdict;
    crawl->counts.done++;
    crawl->counts.failed += crawl_counts_as_failed(target);
    if (crawl->events->done)
        crawl->events->done(crawl->events, id);
}

void crawl_stop(struct crawl *crawl, const char *why)
{
    if (!crawl->has_trouble)
        err_set(&crawl->trouble, 0, "%s", why);
    crawl->has_trouble = true;
    crawl->is_stopped = true;
}
