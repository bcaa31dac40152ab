/* tests/contract/points.h: the system and database calls by which the directory backend changes
 * things, as points at which it can be made to die or to fail. The linker puts points.c in between
 * (meson.build: --wrap). Only the calls of this program's own code count, not SQLite's. */
#pragma once

#include "base/base.h"

enum point_mode {
    POINT_DIE,        /* the process ends before the call, as by kill -9 */
    POINT_FAIL,       /* the call fails with an I/O error and does nothing */
    POINT_FAIL_TWICE, /* so do it and the next: also what was to undo it */
    POINT_FULL, /* so do it and all after it that write to the database or to the journal of locks
                 */
};

enum { POINT_DEAD = 99 }; /* the exit status of who dies at a point */

/* At the n-th call from now on (from 1). 0: none. */
void points_arm(unsigned n, enum point_mode mode);

/* How many calls there have been since. */
unsigned points_count(void);

/* Whether the call that has failed was a flush: what came before it may last or not. */
bool points_was_flush(void);

/* Whether what was flushed last since then is a collection. */
bool points_ended_with_collection(void);
