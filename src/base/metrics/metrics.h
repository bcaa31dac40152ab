/* base/metrics/metrics.h: counting what metrics.def has. Any thread, anywhere; each counts in cells
 * of its own. */
#pragma once

#include "base/metrics/cells.h"

struct metric_cells {
#define METRIC(id, kind, name, unit, label, other, help)                                           \
    metric_cell id[METRIC_CELLS(kind, label, other)];
#include "base/metrics/metrics.def"
#undef METRIC
};

/* A metric is known by its first cell. */
enum metric {
#define METRIC(id, ...) METRIC_##id = METRIC_AT(metric_cells, id),
#include "base/metrics/metrics.def"
#undef METRIC
    METRIC_CELL_COUNT = sizeof(struct metric_cells) / sizeof(metric_cell)
};

extern const struct metric_row metric_rows[];
extern const size_t metric_row_count;

/* Why a connection was refused: LABEL_REFUSAL. */
enum metric_refusal { REFUSAL_LIMIT, REFUSAL_ADDRESS, REFUSAL_DESCRIPTORS };

/* The calling thread's cells. */
metric_cell *metrics_own(void);

/* `at`: of the label's value; of two labels metric_at(). */
static inline void metric_add(enum metric metric, size_t at, uint64_t n)
{
    metric_cell_add(metrics_own() + metric + at, n);
}

static inline void metric_observe(enum metric metric, size_t at, int64_t us)
{
    metric_cells_observe(metrics_own() + metric + at * METRIC_CELLS_HISTOGRAM, us);
}

/* Of METHOD and STATUS. */
static inline size_t metric_at(size_t method, size_t status)
{
    return method * LABEL_ROOM_STATUS + status;
}

/* What all threads have counted, also those that have ended: METRIC_CELL_COUNT numbers. */
void metrics_read(uint64_t *sum_out);
