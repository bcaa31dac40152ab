/* tests/support/failing_mem.h: base/mem.h whose n-th allocation fails. A program that links
 * failing_mem.c gets this one instead of davit's: expat, too, takes its memory from there. */
#pragma once

#include "base/base.h"

/* The allocation after `count` more fails, and all behind it; SIZE_MAX: none does. */
void failing_mem_after(size_t count);

/* From now on only pieces of so many bytes and more are counted, and fail. */
void failing_mem_from(size_t bytes);

/* How many there have been since. */
size_t failing_mem_count(void);

/* Pieces that have not been freed. */
size_t failing_mem_live(void);
