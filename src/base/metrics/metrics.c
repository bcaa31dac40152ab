/* Each thread that counts has a block of cells, which it alone writes: an addition costs a load and
 * a store in a cache line of its own. Who reads sums up all blocks; he may see one number a little
 * earlier than another, which is what reading at a moment means where several threads work.
 *
 * A block is taken when its thread counts for the first time, and left when the thread ends, with
 * what is in it: the next thread goes on counting there, so that nothing is lost and there are no
 * more blocks than there were threads at a time. Blocks are in a list that only grows, and are
 * never freed; so neither taking one nor reading needs a lock.
 *
 * - Rejected: cells handed down as arguments. Half of what counts (a cache, a lock table, TLS) has
 *   nobody above it that knows threads; and a stage that moves to a worker would take its loop's
 *   cells along, where two write them.
 * - Rejected: atomic additions to cells of all. Each costs as much as the rest of what is counted
 *   for a request when several processors do it. */
#include "base/metrics/metrics.h"

#include <pthread.h>

#include "base/mem.h"

enum { CACHE_LINES = 2, CACHE_LINE_BYTES = 64 };

struct block {
    struct block *next;
    atomic_bool is_taken;
    char apart[CACHE_LINES * CACHE_LINE_BYTES]; /* from what others write */
    struct metric_cells cells;
    char apart_too[CACHE_LINES * CACHE_LINE_BYTES];
};

static _Atomic(struct block *) blocks;
static _Thread_local struct block *own;
static pthread_once_t has_key = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* only for what happens when a thread ends */

const struct metric_row metric_rows[] = {
#define METRIC(...) METRIC_ROW(metric_cells, __VA_ARGS__)
#include "base/metrics/metrics.def"
#undef METRIC
};
const size_t metric_row_count = ARRAY_LEN(metric_rows);

static const struct {
    int64_t us;
    const char *text;
} bounds[METRIC_BOUNDS] = {
    {100, "0.0001"},    {250, "0.00025"},   {500, "0.0005"},    {1000, "0.001"},  {2500, "0.0025"},
    {5000, "0.005"},    {10000, "0.01"},    {25000, "0.025"},   {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"},   {500000, "0.5"},    {1000000, "1.0"},   {2500000, "2.5"}, {5000000, "5.0"},
    {10000000, "10.0"}, {30000000, "30.0"}, {60000000, "60.0"},
};

/* --- cells --- */

void metric_cells_observe(metric_cell *cells, int64_t us)
{
    size_t bucket = 0;
    while (bucket < METRIC_BOUNDS && us > bounds[bucket].us)
        bucket++;
    metric_cell_add(&cells[bucket], 1);
    metric_cell_add(&cells[METRIC_SUM_AT], (uint64_t)(us > 0 ? us : 0));
}

double metric_bound(size_t bucket)
{
    return (double)bounds[bucket].us / 1e6;
}

const char *metric_bound_text(size_t bucket)
{
    return bounds[bucket].text;
}

void metric_cells_sum(const metric_cell *cells, size_t count, uint64_t *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] += atomic_load_explicit(&cells[i], memory_order_relaxed);
}

/* --- blocks --- */

static void leave(void *arg)
{
    struct block *block = arg;
    atomic_store(&block->is_taken, false);
}

static void make_key(void)
{
    if (pthread_key_create(&key, leave) != 0)
        BUG("no key is left for threads");
}

/* One that a thread has left; NULL: all are in use. */
static struct block *find_left(void)
{
    struct block *block = atomic_load(&blocks);
    while (block && atomic_exchange(&block->is_taken, true))
        block = block->next;
    return block;
}

static struct block *new_block(void)
{
    struct block *block = MEM_NEW(struct block);
    atomic_store(&block->is_taken, true);
    block->next = atomic_load(&blocks);
    while (!atomic_compare_exchange_weak(&blocks, &block->next, block))
        continue;
    return block;
}

static void take_block(void)
{
    (void)pthread_once(&has_key, make_key); /* cannot fail */
    own = find_left();
    if (!own)
        own = new_block();
    if (pthread_setspecific(key, own) != 0)
        BUG("a thread cannot remember what it counts");
}

metric_cell *metrics_own(void)
{
    if (!own)
        take_block();
    return (metric_cell *)(void *)&own->cells;
}

void metrics_read(uint64_t *sum_out)
{
    memset(sum_out, 0, METRIC_CELL_COUNT * sizeof(*sum_out));
    for (const struct block *block = atomic_load(&blocks); block; block = block->next)
        metric_cells_sum((const metric_cell *)(const void *)&block->cells, METRIC_CELL_COUNT,
                         sum_out);
}
