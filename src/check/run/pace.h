/* check/run/pace.h: how fast a host is asked. */
#pragma once

#include "base/base.h"

/* Of one host. Times are of the clock that only goes forward. */
struct pace {
    unsigned limit;     /* requests at a time, now */
    unsigned limit_max; /* and at most */
    unsigned under_way;
    int64_t interval_ms; /* between the beginnings of two */
    int64_t next_ms;     /* not before */
    unsigned good_in_row;
    unsigned recent;     /* answers in the window */
    unsigned recent_bad; /* and how many of them say that the host is in trouble */
    unsigned pauses;
    bool is_loopback;  /* never made to wait */
    bool is_kept_free; /* for a request that wants to be the only one */
};

void pace_init(struct pace *pace, unsigned limit_max, double rate, bool is_loopback);

/* robots.txt, or the user, wants so many seconds between requests. */
void pace_set_delay(struct pace *pace, double seconds);

/* When the next request may begin; INT64_MAX: when one has ended. */
int64_t pace_next_ms(const struct pace *pace, int64_t now_ms);
void pace_begin(struct pace *pace, int64_t now_ms);

enum pace_end {
    PACE_GOOD,
    PACE_BAD,       /* an answer that broke off, or one of 5xx */
    PACE_THROTTLED, /* 429 or 503, or no connection: perhaps it is asked too much */
};
void pace_end(struct pace *pace, enum pace_end end, int64_t now_ms);

/* Nothing more is begun, until it is idle and the one that wants to be alone has ended. False: not
 * idle yet. */
NODISCARD bool pace_keep_free(struct pace *pace);
void pace_release(struct pace *pace);

/* Nothing before then. */
void pace_wait_until(struct pace *pace, int64_t at_ms);

/* What Retry-After says in milliseconds from now; -1: nothing that can be read. `wall_ms` is the
 * time of day. */
int64_t retry_after_ms(const char *text, size_t len, int64_t wall_ms);

/* How long to wait before try number `tries` (from 1), with jitter. */
int64_t retry_wait_ms(unsigned tries, bool is_loopback, uint64_t random);
