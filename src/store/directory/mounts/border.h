/* store/directory/mounts/border.h: where rename(2) and link(2) go no further. */
#pragma once

#include "base/base.h"

/* Whether what is `name` in from_fd, or from_fd itself where that is NULL, can be given a name in
 * to_fd by a rename: not from one mount to another, not into a directory that is encrypted with
 * another key or that hands another project down. Nothing is followed. */
NODISCARD bool border_lets_pass(int from_fd, const char *name, int to_fd);

/* Whether only trying shows if a directory can be renamed: in an overlay, where it may be of a
 * lower layer. */
NODISCARD bool border_may_be_hidden(int fd);
