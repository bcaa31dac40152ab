/* An origin that is down is found out by the requests to it, each of which may wait for as long as
 * a connection may take. So after some of them in a row that were not answered no more are sent for
 * a while (the circuit is open); clients are told at once to come again. Then one is let try; when
 * it is answered the circuit is closed, and when it is not that while begins anew.
 *
 *     closed --failures_max in a row--> open --any answer--> closed
 *                                       open --after retry_ms--> one tries, the others wait
 *
 * Invariants
 *  (1) every head of an answer is a sign of life: no status opens the circuit, for it may be that
 *      of one resource; and one that was asked before it opened closes it;
 *  (2) what is a client's fault, or ours, is neither the one nor the other; a trial that comes to
 *      that makes way for the next at once;
 *  (3) one tries at a time; but nobody knows how long an answer may take, so one that says nothing
 *      for TRIAL_MS does not keep the next from trying;
 *  (4) the log is told when it opens and when it closes, not of what is refused between.
 *
 * All loops share what is known, so that each need not find it out. One word, next_ms, says whether
 * it is open and when one may try; who has changed it, by compare and exchange, is whom the change
 * belongs to: the one that tries, or that tells the log. So there is no lock.
 *
 * New settings begin with all circuits closed: who has changed something wants to see it tried.
 *
 * - Rejected: to ask origins by themselves, every so often. A request of nobody wakes disks and
 *   fills logs, and what it asks for may work while all else does not.
 * - Rejected: a share of failures within a time. It needs a window, and a share of what? A
 *   collection that makes a server's worker crash would be enough; an answer in between is not. */
#include "gateway/origin/health.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"

enum { TRIAL_MS = 60000 };

struct health {
    struct str name;
    struct health_options options;
    atomic_uint in_a_row;    /* that were not answered */
    atomic_llong changed_ms; /* when it was opened or closed, by the clock that only goes forward */
    atomic_llong next_ms;    /* from then on one may try, by the same clock; 0: it is closed */
    atomic_llong trial_ms;   /* what next_ms was set to by the one that tries */
    atomic_llong late_ms;    /* when it has kept a listing waiting, or was asked since; 0: not */
};

struct health *health_new(struct arena *arena, struct str name,
                          const struct health_options *options)
{
    struct health *health = ARENA_NEW(arena, struct health);
    health->name = arena_str(arena, name);
    health->options = *options;
    atomic_store(&health->changed_ms, clock_mono_ms());
    return health;
}

static unsigned seconds(int64_t ms)
{
    return (unsigned)((ms + 999) / 1000);
}

/* For so many seconds. A trial may keep it longer than others are told. */
static unsigned wait_s(const struct health *health, int64_t left_ms)
{
    int64_t retry_ms = health->options.retry_ms;
    return seconds(left_ms < retry_ms ? left_ms : retry_ms);
}

enum health_pass health_pass(struct health *health, unsigned *after_s_out)
{
    long long next_ms = atomic_load(&health->next_ms);
    int64_t now_ms = next_ms ? clock_mono_ms() : 0;
    if (!next_ms)
        return HEALTH_ASK;
    if (next_ms <= now_ms &&
        atomic_compare_exchange_strong(&health->next_ms, &next_ms, now_ms + TRIAL_MS)) {
        atomic_store(&health->trial_ms, now_ms + TRIAL_MS);
        return HEALTH_TRY;
    }
    /* 1: somebody else was quicker */
    *after_s_out = wait_s(health, next_ms > now_ms ? next_ms - now_ms : 1);
    return HEALTH_WAIT;
}

bool health_waits(const struct health *health, unsigned *after_s_out)
{
    long long next_ms = atomic_load(&health->next_ms);
    int64_t now_ms = next_ms ? clock_mono_ms() : 0;
    if (next_ms <= now_ms)
        return false;
    *after_s_out = wait_s(health, next_ms - now_ms);
    return true;
}

/* --- what came of a request --- */

static void note_answer(struct health *health)
{
    if (atomic_load(&health->in_a_row))
        atomic_store(&health->in_a_row, 0);
    if (atomic_load(&health->late_ms))
        atomic_store(&health->late_ms, 0);
    if (!atomic_load(&health->next_ms))
        return;
    int64_t now_ms = clock_mono_ms();
    int64_t open_ms = now_ms - atomic_load(&health->changed_ms);
    atomic_store(&health->changed_ms, now_ms);
    if (atomic_exchange(&health->next_ms, 0))
        log_line(LOG_WARN, "%.*s: answers again, after %u s", STR_ARGS(health->name),
                 seconds(open_ms));
}

static bool note_failure(struct health *health, const char *why)
{
    unsigned max = health->options.failures_max;
    unsigned retry_ms = health->options.retry_ms;
    unsigned in_a_row = atomic_fetch_add(&health->in_a_row, 1) + 1;
    long long closed = 0;
    if (!max || in_a_row < max || atomic_load(&health->next_ms))
        return false;
    int64_t now_ms = clock_mono_ms();
    atomic_store(&health->changed_ms, now_ms);
    if (!atomic_compare_exchange_strong(&health->next_ms, &closed, now_ms + retry_ms))
        return false;
    log_line(LOG_WARN,
             "%.*s: no answer to %u requests in a row, the last one: %s; from now on one is let "
             "try every %u s, and all others are answered with 503",
             STR_ARGS(health->name), in_a_row, why, seconds(retry_ms));
    return true;
}

/* Unless it has been closed by another meanwhile. */
static void end_trial(struct health *health, unsigned wait_ms)
{
    long long next_ms = atomic_load(&health->next_ms);
    atomic_store(&health->trial_ms, 0);
    while (next_ms &&
           !atomic_compare_exchange_weak(&health->next_ms, &next_ms, clock_mono_ms() + wait_ms))
        continue;
}

bool health_tell(struct health *health, const struct health_news *news)
{
    bool is_trial = news->pass == HEALTH_TRY;
    switch (news->evidence) {
    case HEALTH_ANSWERS:
        note_answer(health);
        return false;
    case HEALTH_NOTHING:
        if (is_trial)
            end_trial(health, 0);
        return false;
    case HEALTH_FAILS:
        if (is_trial)
            end_trial(health, health->options.retry_ms);
        return note_failure(health, news->why);
    }
    BUG("no such evidence");
}

const char *circuit_name(enum circuit circuit)
{
    static const char *const names[] = {
        [CIRCUIT_CLOSED] = "closed", [CIRCUIT_OPEN] = "open", [CIRCUIT_HALF_OPEN] = "half-open"};
    return names[circuit];
}

/* --- late for a listing --- */

void health_late(struct health *health)
{
    atomic_store(&health->late_ms, clock_mono_ms());
}

bool health_has_been_late(const struct health *health)
{
    return atomic_load(&health->late_ms) != 0;
}

bool health_is_due(struct health *health, unsigned every_ms)
{
    long long late_ms = atomic_load(&health->late_ms);
    int64_t now_ms = clock_mono_ms();
    return now_ms - late_ms >= every_ms &&
           atomic_compare_exchange_strong(&health->late_ms, &late_ms, now_ms);
}

void health_look(const struct health *health, struct health_state *state_out)
{
    int64_t now_ms = clock_mono_ms();
    long long next_ms = atomic_load(&health->next_ms);
    bool is_tried = next_ms <= now_ms || next_ms == atomic_load(&health->trial_ms);
    *state_out = (struct health_state){
        .circuit = !next_ms   ? CIRCUIT_CLOSED
                   : is_tried ? CIRCUIT_HALF_OPEN
                              : CIRCUIT_OPEN,
        .since_s = seconds(now_ms - atomic_load(&health->changed_ms)),
        .in_a_row = atomic_load(&health->in_a_row),
    };
}
