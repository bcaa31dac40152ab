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

/* Origins that hand fields to programs as variables (RFC 3875 §4.1.18) cannot tell '_' from '-'. */
static bool is_same(struct str a, struct str b)
{
    bool is_same = a.len == b.len;
    for (size_t i = 0; i < a.len && is_same; i++)
        is_same = str_eq_nocase(str_of(a.at + i, 1), str_of(b.at + i, 1)) ||
                  (a.at[i] == '-' && b.at[i] == '_');
    return is_same;
}

enum way field_way(struct str name, enum way_direction direction)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (is_same(rows[i].name, name))
            return rows[i].ways[direction];
    }
    return WAY_PASSES;
}

bool field_is_named(const struct http_fields *fields, const struct http_field_line *named)
{
    if (named->id != FIELD_OTHER)
        return false;
    for (size_t i = 0; i < fields->count; i++) {
        const struct http_field_line *line = &fields->lines[i];
        if (line->id == FIELD_CONNECTION && http_list_has(line->value, named->name))
            return true;
    }
    return false;
}
