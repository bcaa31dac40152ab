#include "dav/method.h"

static const struct {
    const struct stage *stages;
    unsigned flags;
} rows[METHOD_COUNT] = {
#define DAV_METHOD(name, stages, flags) [METHOD_##name] = {stages, flags},
#include "dav/methods.def"
#undef DAV_METHOD
};

const struct stage *dav_method_stages(const struct method *method)
{
    return rows[method->id].stages;
}

unsigned dav_method_flags(const struct method *method)
{
    return rows[method->id].flags;
}

void dav_methods_allow(struct buf *to, unsigned flags, bool is_root, bool is_read_only)
{
    bool is_first = true;
    for (enum method_id id = 0; id < METHOD_COUNT; id++) {
        const struct method *method = method_of(id);
        bool is_write = !(method->flags & METHOD_IS_SAFE);
        if (!rows[id].stages || !(rows[id].flags & flags) || (is_write && is_read_only) ||
            (is_root && is_write && !(rows[id].flags & METHOD_ON_ROOT)))
            continue;
        if (!is_first)
            BUF_ADD(to, ", ");
        is_first = false;
        buf_add(to, method->name);
    }
}
