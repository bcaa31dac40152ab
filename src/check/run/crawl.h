/* check/run/crawl.h: a run: from the starts to a verdict for each target. */
#pragma once

#include "check/run/events.h"
#include "check/run/options.h"

struct crawl;
struct run_log;

/* Borrows all until freed. NULL: `err` says why. Gives. */
NODISCARD struct crawl *crawl_new(const struct check_options *options, struct site *site,
                                  struct crawl_events *events, struct err *err);
void crawl_free(struct crawl *crawl);

/* Another start: a URL, a file, a folder, or "-" for a list on standard input. */
NODISCARD bool crawl_add_start(struct crawl *crawl, const char *start, struct err *err);

/* What it finds is saved in the log now and then, from before the first start; borrowed until
 * freed. */
void crawl_keep(struct crawl *crawl, struct run_log *log);
/* It goes on with the run that the log has, and saves in it. *is_begun_out: it has the starts of
 * that; otherwise they are to be added. False: the log is of no use, and nor is the crawl. */
NODISCARD bool crawl_resume(struct crawl *crawl, struct run_log *log, bool *is_begun_out,
                            struct err *err);
/* After the run: whether there is something to go on with. */
bool crawl_has_left(const struct crawl *crawl);
/* Why what it has found could not be saved; NULL: it was. */
const char *crawl_keep_trouble(const struct crawl *crawl);

/* What is to be told of the start `number`, appended: that it was not read, where it led, what of
 * it was left out; nothing where there is nothing. After the run. False: there is no such start. */
bool crawl_describe_start(const struct crawl *crawl, size_t number, struct buf *to);

/* Runs to the end. False: it could not be finished, `err` says why; what was not looked at is
 * NOT_CHECKED. */
NODISCARD bool crawl_run(struct crawl *crawl, struct err *err);

const struct crawl_counts *crawl_counts(const struct crawl *crawl);

/* What a host's robots.txt had against us. */
struct crawl_left_out {
    const char *origin;
    uint64_t count;
    bool is_closed; /* it cannot be had, and so all is left out */
};
/* One host after the other. False: behind the last. */
bool crawl_robots_host(const struct crawl *crawl, size_t number, struct crawl_left_out *left_out);
