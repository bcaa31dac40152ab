#include "base/limits.h"

const struct limit_row limit_rows[] = {
#define LIMIT(name, value, unit, status, what)                                                     \
    {#name, value, unit, status, what, offsetof(struct limits, name)},
#include "base/limits.def"
#undef LIMIT
};
const size_t limit_row_count = ARRAY_LEN(limit_rows);

struct limits limits_default(void)
{
    return (struct limits){
#define LIMIT(name, value, unit, status, what) .name = (value),
#include "base/limits.def"
#undef LIMIT
    };
}

bool limits_set(struct limits *limits, struct str name, uint64_t value)
{
    for (size_t i = 0; i < limit_row_count; i++) {
        if (str_eq(str_of_c(limit_rows[i].name), name)) {
            memcpy((char *)limits + limit_rows[i].offset, &value, sizeof(value));
            return true;
        }
    }
    return false;
}
