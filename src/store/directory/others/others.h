/* store/directory/others/others.h: what other programs change below a root, found and put into the
 * log of changes, while davit runs and while it did not. */
#pragma once

#include "base/err.h"
#include "store/directory/others/lookout.h"

struct others;

/* Begins to look, on a thread of its own. Borrows all until it is stopped. Gives; NULL: `err` says
 * why. */
NODISCARD struct others *others_start(const struct others_options *options, struct err *err);

/* Returns when what is known is kept, or that has taken too long. NULL is fine. */
void others_stop(struct others *others);
