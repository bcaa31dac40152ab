#include "exchange/method.h"

static const struct method methods[METHOD_COUNT] = {
#define METHOD(name, flags, right, where) {{#name, sizeof(#name) - 1}, METHOD_##name, flags, right},
#include "exchange/methods.def"
#undef METHOD
};

const struct method *method_find(struct str name)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (str_eq(methods[i].name, name))
            return &methods[i];
    }
    return NULL;
}

const struct method *method_other(struct arena *arena, struct str name)
{
    struct method *method = ARENA_NEW(arena, struct method);
    *method = (struct method){name, METHOD_OTHER, 0, ACCESS_ADMIN};
    return method;
}

const struct method *method_of(enum method_id id)
{
    return &methods[id];
}
