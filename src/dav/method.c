#include "dav/method.h"

#include "dav/extension/known.h"

static struct {
    const struct stage *stages;
    unsigned flags;
    unsigned owner; /* the extension's number, and 1; 0: it is dav's own */
} rows[METHOD_COUNT] = {
#define DAV_METHOD(name, stages, flags) [METHOD_##name] = {stages, flags, 0},
#include "dav/methods.def"
#undef DAV_METHOD
};

bool dav_method_add(const struct dav_method *method, size_t extension)
{
    if (rows[method->id].stages)
        return false;
    rows[method->id].stages = method->stages;
    rows[method->id].flags = method->flags;
    rows[method->id].owner = (unsigned)extension + 1;
    return true;
}

void dav_method_take_post(unsigned flags)
{
    rows[METHOD_POST].flags |= flags & ~(unsigned)METHOD_READS; /* of that one alone */
}

unsigned dav_method_flags(const struct method *method)
{
    return rows[method->id].flags;
}

static bool is_on(const struct exchange *x, enum method_id id)
{
    return rows[id].stages && (!rows[id].owner || dav_extension_is_on(x, rows[id].owner - 1));
}

struct dav_method dav_method_find(const struct exchange *x)
{
    enum method_id id = x->method->id;
    const struct dav_claim *claim = dav_claim_of(x);
    const struct dav_post *post = claim || id != METHOD_POST ? NULL : dav_post_of(x);
    if (claim)
        return (struct dav_method){claim->stages, id, rows[id].flags | claim->flags};
    if (post)
        return (struct dav_method){post->stages, id, post->flags};
    return (struct dav_method){is_on(x, id) ? rows[id].stages : NULL, id, rows[id].flags};
}

/* --- where they are allowed --- */

static bool has_report(const struct method_place *place)
{
    size_t at = 0;
    return place->target && dav_next_report(place->target, &at);
}

/* The flags of those that take a POST, all together. */
static unsigned post_flags(const struct exchange *x)
{
    const struct dav_post *post;
    unsigned flags = 0;
    for (size_t at = 0; (post = dav_next_post(x, &at));)
        flags |= post->flags;
    return flags;
}

bool dav_method_is_for(const struct exchange *x, enum method_id id,
                       const struct method_place *place)
{
    bool is_write = !(method_of(id)->flags & METHOD_IS_SAFE);
    unsigned flags = id == METHOD_POST ? post_flags(x) : rows[id].flags;
    if (!is_on(x, id) || !(flags & place->flags) || (is_write && place->is_read_only) ||
        (is_write && place->is_root && !(flags & METHOD_ON_ROOT)))
        return false;
    return id != METHOD_REPORT || has_report(place);
}

void dav_methods_allow(struct buf *to, const struct exchange *x, const struct method_place *place)
{
    bool is_first = true;
    for (enum method_id id = 0; id < method_end(); id++) {
        if (!dav_method_is_for(x, id, place))
            continue;
        if (!is_first)
            BUF_ADD(to, ", ");
        is_first = false;
        buf_add(to, method_of(id)->name);
    }
}
