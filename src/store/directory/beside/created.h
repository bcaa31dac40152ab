/* store/directory/beside/created.h: when a resource was created and which one it is
 * (store_stat.id), also if its file has been replaced since. */
#pragma once

#include <sys/stat.h>

#include "store/types.h"

/* What stx says of `name` in fd, not followed, or of fd itself where the name is empty. False when
 * it is neither a file nor a directory: no resource. */
NODISCARD bool created_stat(int fd, const char *name, const struct statx *stx,
                            struct store_stat *stat_out);
/* The same, as much of it as is wanted (store_wants). */
NODISCARD bool created_stat_wanted(int fd, const char *name, unsigned wants,
                                   const struct statx *stx, struct store_stat *stat_out);

/* Keeps both, as that stat has them, with a file, if the file system can. True: its time of
 * modification is to be marked (dir_set_modified()). */
NODISCARD bool created_keep(int fd, const struct store_stat *stat);
