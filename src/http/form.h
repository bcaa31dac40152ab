/* http/form.h: what a page's form, or a query, says: application/x-www-form-urlencoded. */
#pragma once

#include "base/arena.h"

/* The value of that name (URL Standard §5.1), in memory from the arena. False: there is none, or
 * there are two, of which nobody can know which is meant. */
NODISCARD bool form_find(struct str form, struct str name, struct arena *arena,
                         struct str *value_out);
