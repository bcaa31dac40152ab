/* store/directory/mounts/neighbours.h: other davits that serve a part of what this one does. */
#pragma once

#include "base/err.h"

/* False: another davit, as far as can be seen from here, serves a directory that lies in the open
 * one, that it lies in, or that shows in it. `name` is what to call it in the message. */
NODISCARD bool neighbours_check(int root_fd, const char *name, struct err *err);
