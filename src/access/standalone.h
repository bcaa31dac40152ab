/* access/standalone.h: shared state of a node that shares with nobody: in its own memory. */
#pragma once

#include "base/shared_state.h"

/* Remembers at most `max` records of each table, and forgets what nobody has asked about for the
 * longest time. Gives. */
NODISCARD struct shared_state *standalone_new(const size_t max[SHARED_TABLES]);
void standalone_free(struct shared_state *state);

/* How many records there are: for tests. */
size_t standalone_count(struct shared_state *state, enum shared_table table);
