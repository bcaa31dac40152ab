/* check/model/history.h: what is remembered from run to run: SQLite. */
#pragma once

#include "check/model/outcome.h"

struct history;

/* Opens the file, made if need be. Several processes may have it open. NULL: `err` says why. Gives.
 */
NODISCARD struct history *history_open(const char *path, struct err *err);
void history_close(struct history *history);

struct history_query {
    int64_t now_ms;       /* time of day */
    int64_t cache_age_ms; /* 0: nothing is taken from the cache */
};

/* Whether it need not be fetched: it was fine and not too long ago, or the run that this one goes
 * on with has looked at it. A failure is never taken from the cache. Nobody remembers the names in
 * a page, so for those it is fetched again. */
struct history_known {
    enum verdict verdict;
    unsigned status;
};
bool history_knows(struct history *history, const struct history_query *query, struct str url,
                   enum target_wish wish, struct history_known *known_out);

/* --- a run that a quota cut short --- */

/* Calls each() for the URLs that it left; `depth` and `flags` as they were. Then place() for each
 * link to them; `page` is empty for the command line, and the place's own page and target are not
 * set. Returns how many URLs. From then on history_knows() knows what that run had looked at. */
struct history_pending {
    void (*each)(struct history_pending *pending, struct str url, unsigned depth, unsigned flags);
    void (*place)(struct history_pending *pending, struct str url, struct str page,
                  struct place *place);
};
uint64_t history_resume(struct history *history, struct history_pending *pending);

/* --- the end of a run --- */

struct history_run {
    int64_t started_ms;
    int64_t ended_ms;
    verdict_set bad; /* what counts as bad */
    struct outcome_rules rules;
    unsigned after_bad; /* fewer bad runs in a row than that are held back; 0, 1: none */
    bool is_cut_short;  /* by a quota: what was left is kept for history_resume() */
};

/* Writes all linked targets, and the faults of places, in one transaction, and sets what is known
 * of the past of each (site_past(), site_fault()). */
NODISCARD bool history_record(struct history *history, struct site *site,
                              const struct history_run *run, struct err *err);

/* --- comparing the last two runs --- */

enum history_change { HISTORY_NEW, HISTORY_FIXED, HISTORY_STILL };
struct history_changed {
    enum history_change change;
    struct str url;
    struct str verdict;
    unsigned status;
    int64_t bad_since_ms;
};
struct history_changes {
    void (*each)(struct history_changes *changes, const struct history_changed *changed);
};
/* False: there are no two runs, or the file cannot be read. */
NODISCARD bool history_compare(struct history *history, struct history_changes *changes,
                               struct err *err);

/* --- quota --- */

struct history_quota {
    const char *account;
    uint64_t per_day;
};

/* One more link for the account today (UTC); free when it had that one fetched today before. False:
 * the day's are used up, by all processes that have the file open together. */
NODISCARD bool history_take_quota(struct history *history, const struct history_quota *quota,
                                  struct str url, int64_t now_ms);
