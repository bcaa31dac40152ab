/* store/directory/state/own.h: directories and files of our own, which nobody else can have put
 * anything in. */
#pragma once

#include "base/err.h"

/* A directory that nobody else can have put anything in, made where it is missing: it is no link,
 * it belongs to this process's user or to root, and nobody else may write to it. `is_named_so`: the
 * administrator has named it, so that it may be reached by a link. -1: `err` says why. Gives. */
NODISCARD int own_directory_open(int at_fd, const char *name, bool is_named_so, struct err *err);

/* Nobody else has it as his own from now on, until it is closed. False: somebody has. */
NODISCARD bool own_directory_claim(int fd, const char *name, struct err *err);

/* A file in such a directory, by the same rule: it must have no other name, and is for this user
 * only. It need not be there. */
NODISCARD bool own_file_check(int dir_fd, const char *name, struct err *err);
