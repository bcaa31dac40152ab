/* base/clock.h: the clocks, behind one door so that tests can hold them still. */
#pragma once

#include "base/base.h"

/* Milliseconds that only go forward; for timeouts. */
int64_t clock_mono_ms(void);

/* Microseconds of the same clock; for durations in logs. */
int64_t clock_mono_us(void);

/* Milliseconds that only go forward, also while the machine sleeps; for what a client counts, too:
 * the time that a lock has left. */
int64_t clock_boot_ms(void);

/* Milliseconds since 1970-01-01 UTC; for dates. It may be set at any time. */
int64_t clock_wall_ms(void);

/* Microseconds of the same clock. */
int64_t clock_wall_us(void);

/* Tests only: all clocks stand at `ms` until the next call; a negative value sets them free. */
void clock_freeze(int64_t ms);

/* Tests only: the wall clock is ahead by so much of what it would be. */
void clock_set_ahead(int64_t ms);
