/* base/files.h: opening the administrator's files, which only root may be able to. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum file_use {
    FILE_READ,
    FILE_APPEND, /* made where it is not there */
};

typedef int file_opener(const char *path, enum file_use use);

/* A descriptor, or -1 and errno. */
NODISCARD int file_open(const char *path, enum file_use use);

/* With the rights of this process. */
NODISCARD int file_open_here(const char *path, enum file_use use);

/* What file_open() is from now on: for who has given up his rights, on the main thread. */
void file_open_by(file_opener *opener);

enum { FILE_SMALL_BYTES_MAX = 16 << 20 };

/* The content of a small file, with a NUL behind it: configuration, users, keys. Gives memory from
 * the arena. */
NODISCARD bool file_read_small(const char *path, struct arena *arena, struct str *text_out,
                               struct err *err);
