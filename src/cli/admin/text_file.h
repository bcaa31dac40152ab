/* cli/admin/text_file.h: small files of lines that davit's commands change. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Replaces the line that begins with `name` and a ':' by `line` (without its end), or adds it at
 * the end; an empty `line` removes it. The file is replaced whole, or not at all, and is its
 * owner's alone when it is new. *was_there_out: there was such a line. */
NODISCARD bool text_file_set(const char *path, struct str name, struct str line,
                             bool *was_there_out, struct err *err);

/* A password, into memory of the arena: from a file, from standard input ("-"), or asked for twice
 * where `path` is NULL and there is a terminal. */
NODISCARD bool password_read(const char *path, struct arena *arena, struct str *password_out,
                             struct err *err);
