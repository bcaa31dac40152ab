/* check/run/crawl.h: a run: from the starts to a verdict for each target. */
#pragma once

#include "check/model/site.h"
#include "check/run/options.h"

struct crawl;

struct crawl_counts {
    uint64_t requests; /* sent, of all kinds */
    uint64_t fetched;  /* targets that were asked for: what a quota counts */
    uint64_t done;     /* targets that have a verdict */
    uint64_t queued;
    uint64_t failed; /* of those done, so far; redirects not followed to their end */
    uint64_t pages;  /* read for their links */
    uint64_t bytes;  /* of bodies */
    uint64_t retries;
    uint64_t left_by_robots;
    uint64_t throttled; /* answers that said to ask less */
};

/* What another run found. */
struct crawl_known {
    enum verdict verdict;
    unsigned status;
};

/* Embedded by who watches. All but `turn` may be NULL. */
struct crawl_events {
    /* Whether one more link may be fetched; false ends the run politely. */
    bool (*may_fetch)(struct crawl_events *events, struct str url);
    /* Whether it is known from another run, so that it need not be fetched for that. */
    bool (*is_known)(struct crawl_events *events, struct str url, enum target_wish wish,
                     struct crawl_known *known_out);
    /* A target has its verdict. */
    void (*done)(struct crawl_events *events, uint32_t target);
    /* Now and then, several times a second. False: stop here. */
    bool (*turn)(struct crawl_events *events, const struct crawl_counts *counts);
};

/* Borrows all until freed. NULL: `err` says why. Gives. */
NODISCARD struct crawl *crawl_new(const struct check_options *options, struct site *site,
                                  struct crawl_events *events, struct err *err);
void crawl_free(struct crawl *crawl);

/* Another start: a URL, a file, a folder, or "-" for a list on standard input. */
NODISCARD bool crawl_add_start(struct crawl *crawl, const char *start, struct err *err);

/* What is beneath a start is inside, also when it is another run that is gone on with. */
void crawl_add_scope(struct crawl *crawl, const char *start);

/* A target that an earlier run came not to, and then each link to it; `page` is empty for the
 * command line. */
void crawl_resume(struct crawl *crawl, struct str url, unsigned depth, unsigned flags);
void crawl_resume_place(struct crawl *crawl, struct str url, struct str page, struct place *place);

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
