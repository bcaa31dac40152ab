/* One object with one member, `operations`: an array of objects, whose members are texts. `after`
 * is an array of ids, or one of them, and `overwrite` may be true or false. A member that is null
 * is not there. */
#include "extension/batch/read.h"

#include "text/json/json_reader.h"

static bool is_malformed(struct batch *batch)
{
    return batch_is_invalid(batch, STR_NONE,
                            "the body is no JSON, or not {\"operations\": [{...}, ...]}");
}

/* Ids with spaces between, as XML has them. */
static bool read_ids(struct batch *batch, struct json_reader *reader, struct str *ids_out)
{
    struct arena *arena = batch->x->arena;
    struct buf ids = {0};
    struct str id = STR_NONE;
    bool is_read = json_enter_array(reader);
    while (is_read && json_next(reader)) {
        is_read = json_take_string(reader, arena, &id);
        if (ids.len)
            buf_add_char(&ids, ' ');
        buf_add(&ids, id);
    }
    *ids_out = arena_str(arena, buf_str(&ids));
    buf_done(&ids);
    return is_read && !reader->is_malformed;
}

static bool read_word(struct batch *batch, struct json_reader *reader, struct batch_draft *draft,
                      struct str name)
{
    struct str word;
    if (!json_take_plain(reader, &word))
        return is_malformed(batch);
    if (str_eq(word, STR("null")))
        return true;
    if (str_eq(name, STR("overwrite")) && str_eq(word, STR("true")))
        return batch_set(batch, draft, name, STR("T"));
    if (str_eq(name, STR("overwrite")) && str_eq(word, STR("false")))
        return batch_set(batch, draft, name, STR("F"));
    return batch_is_invalid(batch, draft->id, "a member is no text");
}

static bool read_member(struct batch *batch, struct json_reader *reader, struct batch_draft *draft,
                        struct str name)
{
    struct str value;
    if (json_peek(reader) == JSON_ARRAY && str_eq(name, STR("after")))
        return read_ids(batch, reader, &value) ? batch_set(batch, draft, name, value)
                                               : is_malformed(batch);
    if (json_peek(reader) == JSON_WORD)
        return read_word(batch, reader, draft, name);
    if (json_peek(reader) != JSON_STRING)
        return batch_is_invalid(batch, draft->id, "a member is no text");
    if (!json_take_string(reader, batch->x->arena, &value))
        return is_malformed(batch);
    if (!str_eq(name, STR("body")))
        return batch_set(batch, draft, name, value);
    if (draft->body.at)
        return batch_is_invalid(batch, draft->id, "a member stands there twice");
    draft->body = value;
    return true;
}

static bool read_operation(struct batch *batch, struct json_reader *reader)
{
    struct batch_draft draft = {0};
    struct str name;
    if (!json_enter_object(reader))
        return is_malformed(batch);
    while (json_next_member(reader, batch->x->arena, &name)) {
        if (!read_member(batch, reader, &draft, name))
            return false;
    }
    return reader->is_malformed ? is_malformed(batch) : batch_add(batch, &draft);
}

void batch_read_json(struct batch *batch, struct str body)
{
    struct json_reader reader;
    struct str name;
    json_reader_init(&reader, body);
    bool is_read = json_enter_object(&reader) &&
                   json_next_member(&reader, batch->x->arena, &name) &&
                   str_eq(name, STR("operations")) && json_enter_array(&reader);
    while (is_read && json_next(&reader))
        is_read = read_operation(batch, &reader);
    if (!is_read || json_next_member(&reader, batch->x->arena, &name) || !json_is_over(&reader))
        (void)is_malformed(batch); /* unless a defect was found before */
}
