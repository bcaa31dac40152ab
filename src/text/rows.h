/* text/rows.h: files that people and programs edit line by line, with columns parted by ':': users,
 * their keys, tokens. */
#pragma once

#include "base/str.h"

/* Zeroed but for the text. */
struct rows {
    struct str rest;
    unsigned line; /* of what came last, from 1 */
};

/* The next line that says something, without its end: blank ones, and those whose first character
 * is '#', do not. A view into the text. False: there is none. */
NODISCARD bool rows_next(struct rows *rows, struct str *row_out);

/* What is wrong with how a row is written, whatever it says: a byte order mark before it, no ':' at
 * all, a blank at either end of one of its first `count` columns. NULL: nothing. */
const char *row_mistake(struct str row, size_t count);
