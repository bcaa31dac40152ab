/* check/run/visit.h: a request of a run, and what its answer means. */
#pragma once

#include "check/run/discover.h"
#include "check/run/inside.h"
#include "client/call.h"

/* What a request is about. */
enum visit_kind {
    VISIT_TARGET,
    VISIT_ROBOTS,
    VISIT_PROBE, /* what is not there: for soft404_answer() */
    VISIT_FAR,   /* what nobody leads to: for traps_answer() */
};

/* A request under way, or one that waits to be tried again. */
struct visit {
    struct list link; /* in crawl.visits */
    struct call call;
    struct source *body; /* of the answer; NULL: it is not wanted, or over */
    struct waker waker;
    struct crawl *crawl;
    struct host *host;
    enum visit_kind kind;
    uint32_t target;   /* of a probe, or far: its number */
    unsigned tries;    /* that failed */
    int64_t waited_ms; /* for tries and Retry-After */
    int64_t wake_ms;   /* when to try again; 0: under way */
    bool is_last;      /* the lone try before it is called broken */
    bool is_watched;   /* for traps_note() */
    bool wants_names;  /* somebody did when it began */
    bool asks_time;    /* for nothing else: the certificate is not valid now */
    unsigned hops;     /* of a robots.txt */
    struct buf url;    /* of robots.txt, probes and the time */
    struct buf text;   /* of robots.txt */

    struct document document;
    struct inside *inside; /* NULL: the answer is no 207 */
    struct inside_events inside_events;
};

/* Each makes a visit, which frees itself when it is over, and wakes its host. */
void visit_target(struct crawl *crawl, struct host *host, uint32_t id);
void visit_robots(struct crawl *crawl, struct host *host);
/* What may not be there: a folder's probe, or an address far off, by its number. It begins when the
 * pace lets it. */
void visit_probe(struct crawl *crawl, struct host *host, struct str url, enum visit_kind kind,
                 uint32_t number);

/* It has waited long enough. */
void visit_again(struct visit *visit);
void visit_free(struct visit *visit);
