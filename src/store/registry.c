#include "store/registry.h"

#include "store/directory/directory.h"
#include "store/memory/memory.h"

static const struct backend {
    const char *name;
    bool (*open)(const struct store_options *options, struct store **store_out, struct err *err);
} backends[] = {
    {"directory", directory_store_open},
    {"memory", memory_store_open},
};

enum store_roots store_compare_roots(const char *root, const char *other)
{
    return directory_compare_roots(root, other);
}

bool store_open(const char *name, const struct store_options *options, struct store **store_out,
                struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(backends); i++) {
        if (strcmp(backends[i].name, name) == 0)
            return backends[i].open(options, store_out, err);
    }
    return err_set(err, 0, "there is no storage backend '%s'", name);
}
