/* store/directory/cache/local.h: which file systems only this machine changes. */
#pragma once

#include "base/base.h"

/* Whether the kernel tells of every change to what is open: its file system is one of those whose
 * content comes from nowhere else. */
bool fs_is_local(int fd);
