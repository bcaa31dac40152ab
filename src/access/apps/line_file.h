/* access/apps/line_file.h: small files of lines, each with a name before a ':', that commands and
 * servers change: users, their keys, tokens. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* The line of that name becomes `line` (without its end), or is added at the end; an empty `line`
 * removes it. */
struct line_edit {
    struct str name;
    struct str line;
};

/* Makes one change. The file is replaced whole, or not at all, and is its owner's alone when it is
 * new. *was_there_out: there was such a line. */
NODISCARD bool line_file_set(const char *path, const struct line_edit *edit, bool *was_there_out,
                             struct err *err);

/* Appends what `text` is after the change. */
void line_change(struct buf *to, struct str text, const struct line_edit *edit, bool *was_there);

/* A file that nobody else changes until it is closed. */
struct line_file {
    const char *path; /* borrowed */
    int lock;
    struct arena arena;
    struct str text; /* empty: it is not there yet */
};

/* Waits for others for some seconds at most. False: it is closed, and `err` says why. */
NODISCARD bool line_file_open(struct line_file *file, const char *path, struct err *err);

/* As a change, on disk when it returns. False: it may have been made, or not. */
NODISCARD bool line_file_replace(const struct line_file *file, struct str text, struct err *err);
void line_file_close(struct line_file *file);
