/* base/clock.h: the two clocks, behind one door so that tests can hold them still. */
#pragma once

#include "base/base.h"

/* Milliseconds that only go forward; for timeouts. */
int64_t clock_mono_ms(void);

/* Microseconds of the same clock; for durations in logs. */
int64_t clock_mono_us(void);

/* Milliseconds since 1970-01-01 UTC; for dates, and for lock expiry that outlives the process. */
int64_t clock_wall_ms(void);

/* Microseconds of the same clock. */
int64_t clock_wall_us(void);

/* Tests only: both clocks stand at `ms` until the next call; a negative value sets them free. */
void clock_freeze(int64_t ms);
