#include "dav/extension/extend.h"

#include "dav/extension/known.h"
#include "dav/method.h"
#include "dav/prop/live.h"

static bool add_methods(const struct dav_extension *row, size_t number, struct err *err)
{
    for (const struct dav_method *method = row->methods; method && method->stages; method++) {
        if (!dav_method_add(method, number))
            return dav_name_is_taken(err, "a method", method_of(method->id)->name);
    }
    for (const struct dav_post *post = row->posts; post && post->stages; post++)
        dav_method_take_post(post->flags);
    return true;
}

static bool add_props(const struct dav_extension *row, size_t number, struct err *err)
{
    for (const struct dav_prop *prop = row->props; prop && prop->name.len; prop++) {
        if (dav_prop_find(prop->ns, prop->name))
            return dav_name_is_taken(err, "a property", prop->name);
        if (!dav_prop_add(prop, number, row->is_on != NULL))
            return dav_has_no_room(err);
    }
    return true;
}

bool dav_extend(const struct dav_extension *row, struct err *err)
{
    size_t number = dav_extension_count();
    return dav_know(row, err) && add_methods(row, number, err) && add_props(row, number, err);
}
