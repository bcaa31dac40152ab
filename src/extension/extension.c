#include "extension/extension.h"

#include "dav/extension/extend.h"

#define EXTENSION(name) extern const struct dav_extension name##_extension;
#include "extension/extensions.def"
#undef EXTENSION

static const struct dav_extension *const rows[] = {
#define EXTENSION(name) &name##_extension,
#include "extension/extensions.def"
#undef EXTENSION
};

void extensions_add(void)
{
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!dav_extend(rows[i], &err))
            BUG("two rows of extensions.def want the same");
    }
}
