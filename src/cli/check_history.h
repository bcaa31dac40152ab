/* cli/check_history.h: what `davit check` remembers of its runs, and going on with one. */
#pragma once

#include "check/model/run_log.h"
#include "check/report/report.h"
#include "cli/check_options.h"

/* The exit status of a run that has not looked at all that it was to look at. */
enum { EXIT_UNFINISHED = 3 };

/* A zeroed one remembers nothing, as where no history is named. */
struct check_history {
    const struct check_command *command;
    struct history *history;
    struct history_query query;
    struct history_run run;
    struct run_log *log; /* of this run; NULL: nothing is saved before its end */
    bool is_resumed;     /* `log` is another's, and this run goes on with it */
    char *path;          /* of logs */
};

/* Opens the file that the command names, if any. What a killed run has left there is recorded,
 * unless this run goes on with it. False: it cannot be done, `err` says why. */
NODISCARD bool check_history_open(struct check_history *history,
                                  const struct check_command *command, struct err *err);
void check_history_close(struct check_history *history);

/* The run begins, or goes on. *has_starts_out: it has its starts already. */
NODISCARD bool check_history_begin(struct check_history *history, struct crawl *crawl,
                                   int64_t *started_ms, bool *has_starts_out, struct err *err);

/* Nothing came of it, so there is nothing to go on with. */
void check_history_drop(struct check_history *history);

bool check_history_may_fetch(struct check_history *history, struct str url);
bool check_history_is_known(struct check_history *history, struct str url, enum target_wish wish,
                            struct crawl_known *known_out);

/* The run has ended. */
NODISCARD bool check_history_record(struct check_history *history, struct crawl *crawl,
                                    struct site *site, bool is_complete, struct err *err);

/* Prints what is new, fixed and still bad, and how much cannot be told. Returns the exit status.
 */
int check_history_compare(struct check_history *history);
