/* exchange/clients/told.h: who has been told what, for a while: of so many as there is room for. */
#pragma once

#include "base/arena.h"

struct told;

/* Room for about so many. Memory from the arena. */
struct told *told_new(struct arena *arena, size_t count_max);

/* Whether `key` has not been told within the last `period_ms`; then it is from now on. On any
 * thread. */
NODISCARD bool told_claim(struct told *told, uint64_t key, int64_t now_ms, int64_t period_ms);
