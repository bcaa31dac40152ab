#include "server/listen/crowd.h"

#include "base/mem.h"

enum {
    MANY = 256,
    FEW_OF = 8, /* an eighth is left: what comes and goes in between would ask for it again */
};

static void trim(struct job *job)
{
    (void)job; /* it is about all memory */
    mem_trim();
}

static void trimmed(struct job *job)
{
    atomic_store(&CONTAINER_OF(job, struct crowd, job)->is_trimming, false);
}

void crowd_init(struct crowd *crowd)
{
    *crowd = (struct crowd){.job = {.work = trim, .done = trimmed}};
}

/* Of two that enter at once one may be missed in `most`, which is no matter. */
size_t crowd_enter(struct crowd *crowd)
{
    size_t before = atomic_fetch_add(&crowd->count, 1);
    if (before >= atomic_load(&crowd->most))
        atomic_store(&crowd->most, before + 1);
    return before;
}

void crowd_leave(struct crowd *crowd, struct executor *executor)
{
    size_t left = atomic_fetch_sub(&crowd->count, 1) - 1;
    size_t most = atomic_load(&crowd->most);
    if (most < MANY || left > most / FEW_OF || atomic_exchange(&crowd->is_trimming, true))
        return;
    atomic_store(&crowd->most, left);
    executor_submit(executor, &crowd->job);
}
