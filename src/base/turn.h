/* base/turn.h: the number of an event loop's turn.
 *
 * Whatever a loop thread does in a turn answers to what had been received when the turn began. A
 * store that has looked at the world once in a turn need not look again for the next request of the
 * same turn: nobody can have sent it after a change that the look did not see. */
#pragma once

#include "base/base.h"

/* Of this thread; 0: it is no loop, and each call stands for itself. */
uint64_t turn_current(void);

/* A loop has woken up, or has received something: what comes next is a turn of its own. */
void turn_next(void);

/* The thread is no loop any more. */
void turn_over(void);
