/* base/limits.h: the bounds of limits.def as a struct. Read-only once the server runs. */
#pragma once

#include "base/str.h"

struct limits {
#define LIMIT(name, value, unit, status, what) uint64_t name;
#include "base/limits.def"
#undef LIMIT
};

struct limit_row {
    const char *name;
    uint64_t value; /* the default */
    const char *unit;
    unsigned status;
    const char *what;
    size_t offset; /* of the member in struct limits */
};

extern const struct limit_row limit_rows[];
extern const size_t limit_row_count;

struct limits limits_default(void);

/* Sets one limit by its name; false: there is none of that name. */
NODISCARD bool limits_set(struct limits *limits, struct str name, uint64_t value);
