#include "client/call.h"

struct str call_field(const struct call *call, struct str name)
{
    for (size_t i = call->answer.count; i > 0; i--) {
        if (str_eq_nocase(call->answer.lines[i - 1].name, name))
            return call->answer.lines[i - 1].value;
    }
    return STR_NONE;
}

void call_free(struct call *call)
{
    assert(!call->transfer);
    arena_done(&call->arena);
}
