/* check/run/events.h: what a run tells who watches it, and what it asks. */
#pragma once

#include "check/model/site.h"

struct crawl_counts {
    uint64_t requests; /* sent, of all kinds */
    uint64_t fetched;  /* targets that were asked for: what a quota counts */
    uint64_t done;     /* targets that have a verdict */
    uint64_t queued;
    uint64_t failed; /* of those done, so far; redirects not followed to their end */
    uint64_t pages;  /* read for their links */
    uint64_t beyond; /* pages that were not: --max-pages */
    uint64_t cut;    /* pages that were too long to be read to their end */
    uint64_t prose;  /* pages of which only the addresses in their text were read */
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
