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

/* Whether it need not be fetched: it was fine and not too long ago. A failure is never taken from
 * the cache. Nobody remembers the names in a page, so for those it is fetched again. */
struct history_known {
    enum verdict verdict;
    unsigned status;
};
bool history_knows(struct history *history, const struct history_query *query, struct str url,
                   enum target_wish wish, struct history_known *known_out);

/* --- runs --- */

struct history_run {
    int64_t id;
    int64_t started_ms;
    int64_t ended_ms;
    verdict_set bad; /* what counts as bad */
    struct outcome_rules rules;
    unsigned after_bad; /* fewer bad runs in a row than that are held back; 0, 1: none */
    bool is_complete;   /* it has looked at all that it was to look at */
};

/* A run that begins; `mark` is anything that another run will not have. False: `err` says why. */
NODISCARD bool history_begin_run(struct history *history, int64_t started_ms, uint64_t mark,
                                 int64_t *id_out, struct err *err);

enum history_run_state {
    HISTORY_RUN_UNKNOWN, /* of another history */
    HISTORY_RUN_OPEN,    /* not recorded: it goes on, or was killed */
    HISTORY_RUN_CUT,     /* recorded, and not complete */
    HISTORY_RUN_OVER,
};
enum history_run_state history_run_state(struct history *history, int64_t id, uint64_t mark);
/* It goes on: until it is recorded anew it is OPEN. */
NODISCARD bool history_reopen_run(struct history *history, int64_t id, struct err *err);

/* Writes all linked targets, and the faults of places, in one transaction, and sets what is known
 * of the past of each (site_past(), site_fault()). A run that is recorded again counts once, with
 * what it has found by then. */
NODISCARD bool history_record(struct history *history, struct site *site,
                              const struct history_run *run, struct err *err);

/* --- comparing the last two runs --- */

enum history_change {
    HISTORY_NEW,
    HISTORY_FIXED,
    HISTORY_STILL,
    HISTORY_UNKNOWN, /* bad in one of them, and the other, which is not complete, has not looked */
    HISTORY_CHANGE_COUNT,
};
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
