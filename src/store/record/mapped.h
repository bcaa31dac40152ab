/* store/record/mapped.h: the bytes of a file as memory that is shared with the kernel: what is
 * written there outlives the process, and costs no system call. Any thread, one at a time. */
#pragma once

#include "base/str.h"

struct mapped {
    char *at; /* NULL: nothing is mapped */
    size_t len;
};

/* The first `len` bytes of what is open for reading and writing. False: it cannot be mapped. */
NODISCARD bool mapped_open(struct mapped *mapped, int fd, size_t len);

/* False: a part of it is not there any more (somebody has cut the file off) or cannot be had (the
 * disk is full, or fails); some of the bytes may have been written. */
NODISCARD bool mapped_write(struct mapped *mapped, size_t offset, struct str bytes);

void mapped_close(struct mapped *mapped); /* of nothing is fine */
