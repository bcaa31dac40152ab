/* check/model/run_log.h: what a run has found so far, in a file beside the history; so a run that
 * is killed, or ended early, can be gone on with. */
#pragma once

#include "check/model/history.h"

struct run_log;

/* What stands at the beginning of the file. The text is copied when it is written, and the log's
 * when it is read. */
struct run_log_head {
    struct history_run run; /* as it was begun */
    uint64_t mark;          /* by which the history knows it again */
    struct str settings;    /* what it is to look at */
};

enum run_log_rc {
    RUN_LOG_OK,
    RUN_LOG_NONE,    /* there is no such file */
    RUN_LOG_BUSY,    /* another process is at that run */
    RUN_LOG_STRANGE, /* it cannot be read, is damaged, or another davit's; `err` says which */
};

/* A log that was there is written over; another file of that name is not. NULL: `err` says why.
 * Gives. */
NODISCARD struct run_log *run_log_create(const char *path, const struct run_log_head *head,
                                         struct err *err);
/* That of another run, for run_log_load(). Gives, when it is OK. */
NODISCARD enum run_log_rc run_log_open(const char *path, struct run_log **log_out, struct err *err);
/* The file stays, for who goes on with the run. NULL is fine. */
void run_log_free(struct run_log *log);
/* There is nothing to go on with. */
void run_log_remove(struct run_log *log);

const struct run_log_head *run_log_head(const struct run_log *log);

/* The site of a run that begins, still empty. */
void run_log_watch(const struct run_log *log, struct site *site);

/* What the site does not know of, and who asks for a log keeps beside it: all of it as it is now,
 * and what came since the last time. */
struct run_log_more {
    struct buf state;
    struct buf added;
};

/* Makes of an empty site what the run had found when it was last saved: what it was about to look
 * at is QUEUED, and has a host of TARGET_NONE or none that means anything. `more` has the last
 * state, empty when nothing was saved, and all that was added. False: the file is damaged, and the
 * site of no use. */
NODISCARD bool run_log_load(struct run_log *log, struct site *site, struct run_log_more *more,
                            struct err *err);

/* What has changed since the last time. Whoever is killed meanwhile has saved what he had the time
 * before. False: the file cannot be written. */
NODISCARD bool run_log_save(struct run_log *log, struct site *site, const struct run_log_more *more,
                            struct err *err);
