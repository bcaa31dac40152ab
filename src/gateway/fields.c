#include "gateway/fields.h"

static const struct {
    struct str name;
    enum way ways[2]; /* by direction */
} rows[] = {
#define GATEWAY_FIELD(name, to_origin, to_client, ...)                                             \
    {STR_INIT(name), {[TO_ORIGIN] = WAY_##to_origin, [TO_CLIENT] = WAY_##to_client}},
#include "gateway/fields.def"
#undef GATEWAY_FIELD
};

enum way field_way(struct str name, enum way_direction direction)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq_nocase(rows[i].name, name))
            return rows[i].ways[direction];
    }
    return WAY_PASSES;
}

bool field_is_named(const struct http_fields *fields, struct str name)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct http_field_line *line = &fields->lines[i];
        if (line->id == FIELD_CONNECTION && http_list_has(line->value, name))
            return true;
    }
    return false;
}
