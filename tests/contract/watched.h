/* tests/contract/watched.h: whether something is remembered. */
#pragma once

#include <stdbool.h>

/* A store of this process watches the inode that `file` is. */
bool is_watched(const char *file);
