#include "store/change_runs.h"

#include <string.h>

#include "base/random.h"

bool runs_restore(struct runs *runs, const struct run *run)
{
    if (runs->count == RUNS_MAX)
        return false;
    runs->items[runs->count++] = *run;
    return true;
}

void runs_begin(struct runs *runs, uint64_t head)
{
    if (runs->count == RUNS_MAX) {
        memmove(runs->items, runs->items + 1, (RUNS_MAX - 1) * sizeof(*runs->items));
        runs->count--;
        runs->items[0].first = 0;
    }
    if (runs->count && runs->items[runs->count - 1].first > head)
        runs->count--; /* it has no number */
    runs->items[runs->count] = (struct run){random_u64(), runs->count ? head + 1 : 0};
    runs->count++;
}

uint64_t runs_find(const struct runs *runs, uint64_t seq)
{
    size_t at = runs->count - 1;
    while (at && runs->items[at].first > seq)
        at--;
    return runs->items[at].id;
}
