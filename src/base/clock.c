#include "base/clock.h"

#include <stdatomic.h>

static _Atomic int64_t frozen_ms = -1;
static _Atomic int64_t ahead_ms;

static int64_t read_us(clockid_t id)
{
    if (frozen_ms >= 0)
        return frozen_ms * 1000;
    struct timespec now;
    int rc = clock_gettime(id, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
    return read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME) + ahead_ms * 1000;
}

void clock_freeze(int64_t ms)
{
    frozen_ms = ms;
}

void clock_set_ahead(int64_t ms)
{
    ahead_ms = ms;
}
