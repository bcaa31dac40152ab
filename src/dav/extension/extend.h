/* dav/extension/extend.h: making dav know an extension. */
#pragma once

#include "dav/extension.h"

/* One more; before there are requests. Borrows the row for good. False: something of it has
 * somebody already who takes it, or there is no room; the process must not go on then. */
NODISCARD bool dav_extend(const struct dav_extension *row, struct err *err);
