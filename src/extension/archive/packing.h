/* extension/archive/packing.h: a collection and what lies below it as an archive that is pulled. */
#pragma once

#include "exchange/exchange.h"
#include "extension/archive/format.h"
#include "store/types.h"

/* How many are made at a time: the limit archive_count. */
NODISCARD bool packing_enter(const struct limits *limits);
void packing_leave(void);

/* The source of the target's archive, which packing_enter() has let in, and which leaves when it is
 * closed. Pulling it blocks. OK, or why the collection cannot be listed. Gives; memory from the
 * exchange's arena. `folder`: the name that its members are under; empty: none. */
NODISCARD enum store_rc packing_begin(struct exchange *x, const struct archive_format *format,
                                      struct str folder, struct source **source_out);
