/* store/directory/state/salvage.h: what can still be read of a database that is damaged. */
#pragma once

#include "store/directory/state/db.h"

/* Copies what can be read of state.db in `dir_fd` to another database, and says how many dead
 * properties that were. False: it cannot be written there. */
NODISCARD bool salvage_rows(int dir_fd, sqlite3 *to, size_t *count_out);
