/* The counts of an origin live longer than the settings that name it: for who watches, a counter
 * that begins anew with every reload would hide what came just before. So there is a list of all
 * mounts and origins that have ever been configured, and settings that name the same ones go on
 * with theirs. It only grows, by what an administrator writes.
 *
 * A loop counts in cells of its own (base/metrics/cells.h). Requests that began under settings that
 * are in force no more are still on their loop, so there is one who writes.
 *
 * What went wrong last is a text, and cannot be read in one piece without care. A flag that is spun
 * for guards it: it is held for a copy, taken only where something failed or somebody looks. */
#include "gateway/origin/tally.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "davit/multistatus.h"
#include "http/status.h"

enum { APART_BYTES = 128 };

struct loop_part {
    struct origin_cells cells;
    char apart[APART_BYTES]; /* from what another loop writes */
};

struct origin_tally {
    struct list link;
    char *mount;
    char *origin;
    unsigned loop_count;
    struct loop_part *loops;
    _Atomic int64_t head_us;    /* of the last answer */
    _Atomic uint64_t let_alone; /* by workers, too: they have no cells */
    atomic_flag is_busy;        /* guards what follows */
    struct origin_last last;
};

struct origin_tallies {
    struct list list;
    unsigned loop_count;
};

const struct metric_row origin_metric_rows[] = {
#define METRIC(...) METRIC_ROW(origin_cells, __VA_ARGS__)
#include "gateway/origin/metrics.def"
#undef METRIC
};
const size_t origin_metric_row_count = ARRAY_LEN(origin_metric_rows);

static const struct {
    const char *name;
    bool is_failure;
} outcomes[ORIGIN_OUTCOME_COUNT] = {
    {"none", false}, {"1xx", false}, {"2xx", false}, {"3xx", false}, {"4xx", false},
    {"5xx", false},  {"6xx", false}, {"7xx", false}, {"8xx", false}, {"9xx", false},
#define GATEWAY_FAILURE(end, ...) {#end, true},
#include "gateway/failures.def"
#undef GATEWAY_FAILURE
#define ORIGIN_OUTCOME(name) {#name, false},
#include "gateway/origin/outcomes.def"
#undef ORIGIN_OUTCOME
};
static_assert((int)ORIGIN_OUTCOME_COUNT <= LABEL_ROOM_OUTCOME, "there is a cell for each outcome");

const char *origin_outcome_name(size_t outcome)
{
    return outcomes[outcome].name;
}

bool origin_outcome_is_failure(size_t outcome)
{
    return outcomes[outcome].is_failure;
}

/* --- all of them --- */

struct origin_tallies *origin_tallies_new(unsigned loop_count)
{
    struct origin_tallies *all = MEM_NEW(struct origin_tallies);
    list_init(&all->list);
    all->loop_count = loop_count;
    return all;
}

static void free_tally(struct origin_tally *tally)
{
    list_remove(&tally->link);
    mem_free(tally->mount);
    mem_free(tally->origin);
    mem_free(tally->loops);
    mem_free(tally);
}

void origin_tallies_free(struct origin_tallies *all)
{
    if (!all)
        return;
    while (!list_is_empty(&all->list))
        free_tally(CONTAINER_OF(all->list.next, struct origin_tally, link));
    mem_free(all);
}

struct origin_tally *origin_tally_of(struct origin_tallies *all, struct str mount,
                                     struct str origin)
{
    LIST_EACH (&all->list, link) {
        struct origin_tally *tally = CONTAINER_OF(link, struct origin_tally, link);
        if (str_eq(str_of_c(tally->mount), mount) && str_eq(str_of_c(tally->origin), origin))
            return tally;
    }
    struct origin_tally *tally = MEM_NEW(struct origin_tally);
    tally->mount = mem_copy_text(mount.at, mount.len);
    tally->origin = mem_copy_text(origin.at, origin.len);
    tally->loop_count = all->loop_count;
    tally->loops = mem_new(all->loop_count, sizeof(*tally->loops));
    atomic_store(&tally->head_us, -1);
    atomic_flag_clear(&tally->is_busy);
    list_append(&all->list, &tally->link);
    return tally;
}

/* --- one --- */

struct origin_cells *origin_tally_cells(struct origin_tally *tally, unsigned loop_index)
{
    assert(loop_index < tally->loop_count);
    return &tally->loops[loop_index].cells;
}

void origin_count(struct origin_cells *cells, enum origin_outcome outcome)
{
    metric_cell_add(&cells->REQUESTS[outcome], 1);
}

void origin_count_members(struct origin_cells *cells, const struct davit_ms_verdict *verdict)
{
    metric_cell_add(&cells->MEMBERS[STATUS_INDEX_SUCCESSES], verdict->success_count);
    for (size_t i = 0; i < verdict->failure_count; i++)
        metric_cell_add(&cells->MEMBERS[http_status_index(verdict->failures[i].status)],
                        verdict->failures[i].count);
}

void origin_tally_head(struct origin_tally *tally, struct origin_cells *cells, int64_t us)
{
    metric_cells_observe(cells->HEAD_SECONDS, us);
    atomic_store_explicit(&tally->head_us, us, memory_order_relaxed);
}

void origin_tally_let_alone(struct origin_tally *tally)
{
    atomic_fetch_add_explicit(&tally->let_alone, 1, memory_order_relaxed);
}

static void begin(struct origin_tally *tally)
{
    while (atomic_flag_test_and_set_explicit(&tally->is_busy, memory_order_acquire))
        continue;
}

static void end(struct origin_tally *tally)
{
    atomic_flag_clear_explicit(&tally->is_busy, memory_order_release);
}

void origin_tally_failure(struct origin_tally *tally, enum origin_outcome outcome, const char *why)
{
    begin(tally);
    tally->last.failed_s = clock_wall_ms() / 1000;
    tally->last.outcome = outcome;
    (void)snprintf(tally->last.why, sizeof(tally->last.why), "%s", why); /* or its beginning */
    end(tally);
}

void origin_tally_last(struct origin_tally *tally, struct origin_last *last_out)
{
    begin(tally);
    *last_out = tally->last;
    end(tally);
    last_out->head_us = atomic_load_explicit(&tally->head_us, memory_order_relaxed);
}

void origin_tally_read(const struct origin_tally *tally, uint64_t *sum_out)
{
    memset(sum_out, 0, ORIGIN_CELL_COUNT * sizeof(*sum_out));
    for (unsigned i = 0; i < tally->loop_count; i++)
        metric_cells_sum((const metric_cell *)(const void *)&tally->loops[i].cells,
                         ORIGIN_CELL_COUNT, sum_out);
    sum_out[ORIGIN_AT_REQUESTS + ORIGIN_LET_ALONE] +=
        atomic_load_explicit(&tally->let_alone, memory_order_relaxed);
}

void origin_tally_sum_up(const struct origin_tally *tally, struct origin_sums *sums_out)
{
    uint64_t cells[ORIGIN_CELL_COUNT];
    const uint64_t *requests = &cells[ORIGIN_AT_REQUESTS];
    origin_tally_read(tally, cells);
    *sums_out = (struct origin_sums){.server_errors = requests[ORIGIN_CLASS + 5],
                                     .cut_off = cells[ORIGIN_AT_CUT_OFF],
                                     .let_alone = requests[ORIGIN_LET_ALONE]};
    for (size_t i = 0; i < ORIGIN_OUTCOME_COUNT; i++) {
        if (i <= ORIGIN_CLASSES_END)
            sums_out->answered += requests[i];
        else if (origin_outcome_is_failure(i))
            sums_out->unanswered += requests[i];
    }
}
