/* base/random.h: unpredictable bytes from the kernel. */
#pragma once

#include "base/base.h"

void random_bytes(void *to, size_t len);
/* False: the kernel gives none. For code that must come back with an error then (libdavit). */
NODISCARD bool random_try_bytes(void *to, size_t len);
uint64_t random_u64(void);
/* Bytes for a name that nobody can guess: the kernel is asked for many at a time. Not for keys,
 * which are to be nowhere before they are used. */
void random_name_bytes(void *to, size_t len);
