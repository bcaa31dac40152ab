/* base/err.h: an error of the outside world, for a person to read. On the stack, no malloc.
 * The first of davit's three error vocabularies; store_rc and dav_result are the others. */
#pragma once

#include "base/base.h"

struct err {
    int code; /* an errno value, or 0 where none fits */
    char text[240];
};

/* Whether the system lacked something just then: descriptors, memory, the answer of a disk. */
bool err_may_pass(const struct err *err);

/* Always returns false, so that a failing function can `return err_set(...)`; one that fails in
 * another way ignores it. */
bool err_set(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same with ": " and the name of errno `code` behind the text. */
bool err_sys(struct err *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);
