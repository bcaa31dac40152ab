#include "support/exchange.h"

void bare_exchange_init(struct bare_exchange *bare)
{
    *bare = (struct bare_exchange){
        .limits = limits_default(),
        .stream.request = {.method = STR("GET"), .path = STR("/"), .host = STR("dav.test")},
        .x.path = PATH_ROOT,
    };
    bare->service.limits = &bare->limits;
    bare->stream.arena = &bare->arena;
    bare->x.stream = &bare->stream;
    bare->x.arena = &bare->arena;
    bare->x.service = &bare->service;
}

void bare_exchange_done(struct bare_exchange *bare)
{
    arena_done(&bare->arena);
}

void bare_exchange_add(struct bare_exchange *bare, enum http_field id, struct str value)
{
    if (!value.at)
        return;
    struct http_field_line line = {id, http_field_name(id), value};
    http_fields_add(&bare->stream.request.fields, &bare->arena, &line);
}
