/* The registry of a davit whose storage is slow (store/slow): linked in the place of the shipped
 * one, so that the suites show where a request would hold up a loop. While a file exists of the
 * name in DAVIT_SLOW_HOLD no byte of an upload arrives. */
#include <stdlib.h>

#include "store/directory/directory.h"
#include "store/registry.h"
#include "store/slow/slow.h"

enum store_roots store_compare_roots(const char *root, const char *other)
{
    return directory_compare_roots(root, other);
}

bool store_open(const char *name, const struct store_options *options, struct store **store_out,
                struct err *err)
{
    struct store_options inside = *options;
    (void)name; /* the server knows of one */
    if (options->before)
        inside.before = slow_store_inner(options->before);
    if (!directory_store_open(&inside, store_out, err))
        return false;
    *store_out = slow_store_new(*store_out, getenv("DAVIT_SLOW_HOLD"));
    return true;
}
