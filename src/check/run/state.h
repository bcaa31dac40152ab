/* check/run/state.h: what the files of a run share. */
#pragma once

#include "check/model/traps.h"
#include "check/run/events.h"
#include "check/run/hosts.h"
#include "check/run/scope.h"
#include "client/solo.h"

/* Whether this machine's clock is that of others: asked when a certificate is not valid now. */
enum clock_state { CLOCK_UNKNOWN, CLOCK_IS_RIGHT, CLOCK_IS_WRONG };

struct run_log;
struct soft404;
struct start;

struct crawl {
    const struct check_options *options;
    struct site *site;
    struct crawl_events *events;
    struct crawl_counts counts;
    struct scope *scope;
    struct solo *solo;
    struct hosts hosts;
    struct start *starts;
    size_t start_count;
    struct arena start_arena; /* their texts */
    struct run_log *log;      /* where what is found is saved; NULL: nowhere */
    struct err keep_trouble;
    int64_t save_ms; /* when to do so again */
    int64_t started_ms;
    struct list visits; /* all of them */
    unsigned sleeping;  /* of those, that wait to be tried again */
    unsigned under_way; /* requests */
    bool is_stopped;
    bool is_draining;      /* nothing more is started; what is under way may end */
    const char *stop_note; /* for what was not looked at */
    bool has_trouble;
    struct err trouble;
    struct url url;    /* room for link_add() */
    struct buf format; /* likewise */
    struct buf piece;  /* of a body, on its way to who reads it */
    struct buf remapped;
    struct soft404 *soft404;
    struct traps *traps;
    enum clock_state clock;
};

/* Whether it is bad by what is known so far. */
bool crawl_counts_as_failed(const struct target *target);

/* A target has its verdict. */
void crawl_finish(struct crawl *crawl, uint32_t id, enum verdict verdict);

/* Trouble of our own: the run ends. */
void crawl_stop(struct crawl *crawl, const char *why);
