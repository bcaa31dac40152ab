/* store/directory/state/salvage.h: what can still be read of a database that is damaged. */
#pragma once

#include "base/err.h"
#include "store/directory/state/db.h"

enum { SALVAGE_NAME_BYTES = 64 };

/* Gives the database in `dir_fd` another name, which is *name_out. */
NODISCARD bool salvage_set_aside(int dir_fd, char name_out[SALVAGE_NAME_BYTES], struct err *err);

/* Copies dead properties from the database of that name, as many as can be read, and says how many
 * that were. */
size_t salvage_props(int dir_fd, const char *name, struct state_db *to);
