/* gateway/origin/tally.h: what requests to an origin have come to since the server was started,
 * whatever settings are in force. Each loop counts for itself; any thread may read. */
#pragma once

#include "base/metrics/cells.h"
#include "base/str.h"

struct davit_ms_verdict;

enum origin_outcome {
    ORIGIN_CLASS, /* + the first digit of its status */
    ORIGIN_CLASSES_END = ORIGIN_CLASS + 9,
#define GATEWAY_FAILURE(end, ...) ORIGIN_##end,
#include "gateway/failures.def"
#undef GATEWAY_FAILURE
#define ORIGIN_OUTCOME(name) ORIGIN_##name,
#include "gateway/origin/outcomes.def"
#undef ORIGIN_OUTCOME
    ORIGIN_OUTCOME_COUNT
};

/* "2xx", "REFUSED". */
const char *origin_outcome_name(size_t outcome);
/* There was no answer, though one was waited for. */
bool origin_outcome_is_failure(size_t outcome);

struct origin_cells {
#define METRIC(id, kind, name, unit, label, other, help)                                           \
    metric_cell id[METRIC_CELLS(kind, label, other)];
#include "gateway/origin/metrics.def"
#undef METRIC
};

enum {
#define METRIC(id, ...) ORIGIN_AT_##id = METRIC_AT(origin_cells, id),
#include "gateway/origin/metrics.def"
#undef METRIC
    ORIGIN_CELL_COUNT = sizeof(struct origin_cells) / sizeof(metric_cell)
};

extern const struct metric_row origin_metric_rows[];
extern const size_t origin_metric_row_count;

struct origin_tally;

/* Of all origins that there have been, for so many loops. Gives. */
NODISCARD struct origin_tallies *origin_tallies_new(unsigned loop_count);
void origin_tallies_free(struct origin_tallies *all); /* NULL is fine */

/* That of a mount and its origin: the same as before, if there was one. Not from two threads at a
 * time. */
struct origin_tally *origin_tally_of(struct origin_tallies *all, struct str mount,
                                     struct str origin);

/* A loop's own cells: only its thread adds to them. */
struct origin_cells *origin_tally_cells(struct origin_tally *tally, unsigned loop_index);

/* What a request that was sent has come to. */
void origin_count(struct origin_cells *cells, enum origin_outcome outcome);
void origin_count_members(struct origin_cells *cells, const struct davit_ms_verdict *verdict);

/* The head of an answer has taken so long. */
void origin_tally_head(struct origin_tally *tally, struct origin_cells *cells, int64_t us);

/* One was not sent. Any thread. */
void origin_tally_let_alone(struct origin_tally *tally);

/* Remembers why a request has failed: copies. */
void origin_tally_failure(struct origin_tally *tally, enum origin_outcome outcome, const char *why);

/* What all loops have counted: ORIGIN_CELL_COUNT numbers. */
void origin_tally_read(const struct origin_tally *tally, uint64_t *sum_out);

/* The same in a few words. */
struct origin_sums {
    uint64_t answered;      /* with any status; of them */
    uint64_t server_errors; /* with a 5xx, and */
    uint64_t cut_off;       /* broken off behind the head */
    uint64_t unanswered;
    uint64_t let_alone; /* not asked */
};
void origin_tally_sum_up(const struct origin_tally *tally, struct origin_sums *sums_out);

enum { ORIGIN_WHY_BYTES = 256 };

struct origin_last {
    int64_t head_us;             /* of the last answer; -1: there was none */
    int64_t failed_s;            /* wall clock; 0: nothing has failed */
    enum origin_outcome outcome; /* of the last failure */
    char why[ORIGIN_WHY_BYTES];
};
void origin_tally_last(struct origin_tally *tally, struct origin_last *last_out);
