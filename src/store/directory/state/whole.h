/* store/directory/state/whole.h: a database that is filled under another name, and takes the place
 * of state.db when it is whole. */
#pragma once

#include "base/err.h"
#include "store/directory/state/db.h"
#include "store/state_home.h"

#define STATE_NEW_NAME STATE_NAME ".new"

/* Makes an empty state.db.new for this user only, to be filled; what a crash has left of one goes.
 */
NODISCARD bool whole_begin(int dir_fd, struct err *err);

/* Puts state.db.new, which is complete and which nobody has open, in the place of state.db. What
 * was there is kept as *aside_out (empty: nothing was), or removed where that is NULL. False, and
 * *is_between_out: the next start will find it as the new one, so no change may be acknowledged
 * that is not in it. */
NODISCARD bool whole_put(int dir_fd, char aside_out[ASIDE_NAME_BYTES], bool *is_between_out,
                         struct err *err);

/* Ends what a crash has interrupted in the middle of that, and says so in the log. True: there is
 * nothing (any more) to be ended. */
NODISCARD bool whole_finish(int dir_fd, struct err *err);

/* By what name the database is found that counts, also in the middle of that. */
const char *whole_name(int dir_fd);
