/* base/crew.h: threads that help each other with much of the same. */
#pragma once

#include "base/base.h"

/* Work in parts, of which several may be done at a time and in any order. Embedded in what they are
 * about. */
struct crew_work {
    /* Takes a part and does it; false: none is left. On several threads at once. */
    bool (*step)(struct crew_work *work);
};

struct crew {
    const struct crew_ops *ops;
    unsigned processors; /* that its threads may run on */
};

struct crew_ops {
    void (*share)(struct crew *crew, struct crew_work *work, unsigned helpers_max);
};

/* Does all parts, here and on up to helpers_max threads of the crew that have nothing to do: they
 * are not waited for, may never come, and leave between two parts when something else waits for a
 * thread. When it returns, all parts are done, nobody is at them, and what they have written is
 * seen here. A crew of NULL: here alone. Not on a loop's thread. */
static inline void crew_share(struct crew *crew, struct crew_work *work, unsigned helpers_max)
{
    if (crew && helpers_max)
        crew->ops->share(crew, work, helpers_max);
    else
        while (work->step(work))
            ;
}
