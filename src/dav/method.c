#include "dav/method.h"

#include "base/buf.h"

static const struct dav_method methods[] = {
#define DAV_METHOD(name, stages, flags, where) {{#name, sizeof(#name) - 1}, stages, flags},
#include "dav/methods.def"
#undef DAV_METHOD
};

const struct dav_method *dav_method_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq(methods[i].name, name))
            return &methods[i];
    }
    return NULL;
}

void dav_methods_allow(struct buf *to, unsigned flag, bool is_root, bool is_read_only)
{
    bool is_first = true;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        unsigned flags = methods[i].flags;
        bool is_write = flags & METHOD_WRITES;
        if (!methods[i].stages || !(flags & flag) || (is_write && is_read_only) ||
            (is_root && is_write && !(flags & METHOD_ON_ROOT)))
            continue;
        if (!is_first)
            BUF_ADD(to, ", ");
        is_first = false;
        buf_add(to, methods[i].name);
    }
}
