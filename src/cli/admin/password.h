/* cli/admin/password.h: passwords that people type. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* A password, into memory of the arena: from a file, from standard input ("-"), or asked for twice
 * where `path` is NULL and there is a terminal. */
NODISCARD bool password_read(const char *path, struct arena *arena, struct str *password_out,
                             struct err *err);
