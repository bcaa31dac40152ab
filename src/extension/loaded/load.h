/* extension/loaded/load.h: [extension "name"] load = FILE. */
#pragma once

#include "base/err.h"

/* Loads the shared object, which stays until the process ends, and makes dav know what it adds.
 * Before there are requests. False: `err` says why it cannot be used, or what in it somebody has
 * already; the process must not go on then. */
NODISCARD bool extension_load(const char *name, const char *path, struct err *err);
