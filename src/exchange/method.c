#include "exchange/method.h"

static struct method methods[METHOD_COUNT] = {
#define METHOD(name, flags, right, where) {{#name, sizeof(#name) - 1}, METHOD_##name, flags, right},
#include "exchange/methods.def"
#undef METHOD
};

static enum method_id end = METHOD_LOADED;

enum method_id method_end(void)
{
    return end;
}

const struct method *method_add(struct str name, unsigned flags, enum access_class right)
{
    if (end == METHOD_COUNT || method_find(name))
        return NULL;
    methods[end] = (struct method){name, end, flags, right};
    return &methods[end++];
}

const struct method *method_find(struct str name)
{
    for (size_t i = 0; i < end; i++) {
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
