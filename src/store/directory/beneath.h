/* store/directory/beneath.h: opening what lies beneath a directory, and nothing else. */
#pragma once

#include <linux/openat2.h>
#include <sys/stat.h>

#include "base/base.h"

/* Whether openat2(2) may be called at all; where it may not, that is logged once, and
 * beneath_open() does without. Before its first use. */
void beneath_probe(int dir_fd);

/* As openat2(2) beneath dir_fd; `resolve` may add RESOLVE_NO_SYMLINKS and RESOLVE_NO_XDEV. Magic
 * links are never followed, and nothing is made. The descriptor, or -1 and errno: ELOOP for a link
 * that is not to be followed, EXDEV for what leads out. Gives: close it. */
NODISCARD int beneath_open(int dir_fd, const char *path, int flags, unsigned resolve);

/* The directory `name` of dir_fd, or "..", to be read: through no link, and not into another mount
 * (EXDEV). As above. */
NODISCARD int beneath_step(int dir_fd, const char *name);

/* Whether two descriptors are of one mount: rename(2) goes no further. */
bool beneath_is_same_mount(int fd, int other_fd);

/* The same of what statx(2) has said with STATX_MNT_ID. */
bool beneath_is_one_mount(const struct statx *a, const struct statx *b);
