/* store/change_runs.h: which process has given which numbers of changes. Each is a run, and has an
 * id that no other has; its numbers are from its first one to the next run's. */
#pragma once

#include "base/base.h"

enum { RUNS_MAX = 64 };

struct run {
    uint64_t id;
    uint64_t first;
};

/* Zeroed: none. */
struct runs {
    struct run items[RUNS_MAX];
    size_t count;
};

/* Puts back what was kept, in order. False: these are too many. */
NODISCARD bool runs_restore(struct runs *runs, const struct run *run);

/* A new one, after the number `head`. The oldest of too many lends its numbers to the next. */
void runs_begin(struct runs *runs, uint64_t head);

/* Whose number it is. There is one. */
uint64_t runs_find(const struct runs *runs, uint64_t seq);
