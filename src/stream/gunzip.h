/* stream/gunzip.h: what gzip has packed (RFC 1952), for files that are kept so. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Whether it begins as gzip does. */
bool gunzip_applies(struct str bytes);

/* Appends what `bytes` hold, all members of it. False: it is damaged or cut off, or more than
 * `bytes_max`; what could be unpacked stands in `to`. */
NODISCARD bool gunzip(struct str bytes, size_t bytes_max, struct buf *to, struct err *err);
