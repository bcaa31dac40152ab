/* exchange/stage.h: a request is a table of stages. */
#pragma once

#include <stdbool.h>

struct exchange;

/* What a stage says when it returns. */
enum stage_end {
    STAGE_NEXT,     /* go on with the next stage */
    STAGE_WAIT,     /* run me again after exchange_wake(); on the loop only */
    STAGE_BLOCKS,   /* run me again, on a worker: I would block the loop */
    STAGE_RETURNS,  /* run me again, on the loop: I would have to wait */
    STAGE_COMPUTES, /* run me again, where executor_compute() does: I have much to compute */
    STAGE_AGAIN,    /* run all again from the stage that looks; see exchange_again() */
    STAGE_DONE,     /* the answer is complete */
};

/* On which thread a stage runs. */
enum stage_thread {
    ON_LOOP,          /* does not block */
    ON_WORKER,        /* may block */
    ANYWHERE,         /* does not block, and runs where the one before it did */
    THREAD_OF_HANDLER /* from here on a handler's own: it says where that is (exchange/handler.h) */
};

struct stage {
    const char *name;
    enum stage_end (*run)(struct exchange *x);
    unsigned thread;
    bool looks; /* the first that looks at what others may change: AGAIN comes back here */
};
