/* base/random.h: unpredictable bytes from the kernel. */
#pragma once

#include "base/base.h"

void random_bytes(void *to, size_t len);
uint64_t random_u64(void);
