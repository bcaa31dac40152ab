/* base/metrics/cells.h: numbers that one thread counts and others may read: without locks, and with
 * no more than a load and a store, since nobody else writes. What is counted where says a table of
 * rows; a row has a cell for each value of its labels, a histogram several. */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

typedef _Atomic uint64_t metric_cell;

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,     /* goes down, too: by adding what is negative, modulo 2^64 */
    METRIC_HISTOGRAM, /* of durations: a cell for each bucket, and one for the sum */
};

/* A label, and room for its values: base counts by their numbers, and who knows their names writes
 * them (server/monitor/labels.c). */
#define METRIC_LABELS(label)                                                                       \
    label(NONE, NULL, 1) label(METHOD, "method", 40) label(STATUS, "status", 80)                   \
        label(REFUSAL, "reason", 3) label(OUTCOME, "outcome", 40)

enum metric_label {
#define LABEL(id, name, room) LABEL_##id,
    METRIC_LABELS(LABEL)
#undef LABEL
        LABEL_COUNT
};

enum {
#define LABEL(id, name, room) LABEL_ROOM_##id = (room),
    METRIC_LABELS(LABEL)
#undef LABEL
};

enum {
    METRIC_BOUNDS = 18,
    METRIC_SUM_AT = METRIC_BOUNDS + 1, /* behind the bucket of what is beyond all bounds */
    METRIC_CELLS_COUNTER = 1,
    METRIC_CELLS_GAUGE = 1,
    METRIC_CELLS_HISTOGRAM = METRIC_SUM_AT + 1,
};

/* The first label's value by rows, the second's within. */
#define METRIC_CELLS(kind, label, other)                                                           \
    ((size_t)METRIC_CELLS_##kind * LABEL_ROOM_##label * LABEL_ROOM_##other)

struct metric_row {
    const char *name; /* as OpenMetrics has it: of a counter without its _total */
    const char *unit; /* the name ends in it; "": none */
    enum metric_kind kind;
    enum metric_label labels[2];
    const char *help;
    size_t at; /* its first cell */
};

/* A row of metrics.def as a struct metric_row; `cells` is the struct that has them. */
#define METRIC_ROW(cells, id, kind, name, unit, label, other, help)                                \
    {name, unit, METRIC_##kind, {LABEL_##label, LABEL_##other}, help, METRIC_AT(cells, id)},
#define METRIC_AT(cells, id) (offsetof(struct cells, id) / sizeof(metric_cell))

static inline void metric_cell_add(metric_cell *cell, uint64_t n)
{
    uint64_t before = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, before + n, memory_order_relaxed);
}

/* Into a histogram's cells. */
void metric_cells_observe(metric_cell *cells, int64_t us);

/* The upper bound of a bucket in seconds, and as text. */
double metric_bound(size_t bucket);
const char *metric_bound_text(size_t bucket);

/* Adds them to a sum. */
void metric_cells_sum(const metric_cell *cells, size_t count, uint64_t *sum);
