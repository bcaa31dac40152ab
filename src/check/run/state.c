#include "check/run/state.h"

void crawl_finish(struct crawl *crawl, uint32_t id, enum verdict verdict)
{
    struct target *target = site_at(crawl->site, id);
    target->state = TARGET_DONE;
    target->verdict = (uint8_t)verdict;
    crawl->counts.done++;
    bool is_guess = target->flags & TARGET_IS_GUESS && !(target->flags & TARGET_IS_LINKED);
    crawl->counts.failed += verdict_rows[verdict].class == CLASS_FAIL && !is_guess;
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
