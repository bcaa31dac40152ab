#include "base/turn.h"

static _Thread_local uint64_t number;

uint64_t turn_current(void)
{
    return number;
}

void turn_next(void)
{
    number++;
}

void turn_over(void)
{
    number = 0;
}
