/* cli/secret_file.h: files with what nobody else is to know. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* Appends the token in a file, without white space around it. False: `err` says why there is none
 * that could be sent. Who may read it, says a warning. */
NODISCARD bool secret_file_read_token(const char *path, struct buf *to, struct err *err);

/* Appends the first line of a file, without its end: a password. The rest as above. */
NODISCARD bool secret_file_read_line(const char *path, struct buf *to, struct err *err);

/* Whether it can be read; the same warning. */
NODISCARD bool secret_file_check(const char *path, struct err *err);
