/* check/run/start/resume.h: what a run must know, beside its site, to be gone on with. */
#pragma once

#include "check/model/run_log.h"
#include "check/run/state.h"

/* As it is now, and what came since the last time. */
void resume_save(struct crawl *crawl, struct run_log_more *more);

/* The site is what was saved with it. All that has no verdict, or none of its own, is queued again.
 * False: it makes no sense. */
NODISCARD bool resume_load(struct crawl *crawl, const struct run_log_more *more);

/* Whether something of the run is left to be looked at. */
bool resume_has_left(const struct crawl *crawl);
