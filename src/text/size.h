/* text/size.h: numbers of bytes for people. */
#pragma once

#include "base/buf.h"

/* Three digits at most, or two of them: "999 B", "1.5 KiB", "27 MiB"; rounded to the nearest. */
void size_add(struct buf *to, uint64_t bytes);

/* All of it: "1,536 bytes". */
void size_exact_add(struct buf *to, uint64_t bytes);
