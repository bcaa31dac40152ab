#include "gateway/union/united.h"

void united_choose(const struct exchange *x, const struct gateway *gateway)
{
    relay_of(x)->gateway = gateway;
}

void united_pass_on(const struct exchange *x, struct ask *ask)
{
    united_choose(x, ask->gateway);
    relay_of(x)->ask = ask;
    united_of(x)->is_sent = true;
}

void united_tell_missing(struct exchange *x, uint64_t missing)
{
    const struct gateway *mates = x->handler->shared;
    struct http_field_line line = {.id = FIELD_OTHER, .name = STR("Davit-Missing")};
    struct buf names = {0};
    for (size_t i = 0; i < mates->mate_count; i++) {
        if (missing & UINT64_C(1) << i)
            buf_addf(&names, "%s%.*s", names.len ? ", " : "", STR_ARGS(mates[i].label));
    }
    line.value = arena_str(x->arena, buf_str(&names));
    if (names.len)
        http_fields_add(&x->stream->response.fields, x->arena, &line);
    buf_done(&names);
}
