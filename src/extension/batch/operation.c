/* Phase one. What a batch may be is asked here for all forms in which it comes: XML, JSON, and
 * Exchange's methods. A defect of any operation is an answer about all of them, and nothing has
 * been done: what an operation comes to can be asked only when those before it have been, so
 * whether it *may* be done is never asked here, and whether it *can be meant* always is.
 *
 * Invariants
 *  (1) an operation comes after those that it names: so there are no circles, and the order of the
 *      document is one in which all can be done;
 *  (2) what an operation is about lies in the collection that the batch was sent to, and so does
 *      where it copies or moves to: who stands before us and judges by URLs has judged it;
 *  (3) what an operation has, its method can have; a member that nobody knows might be a condition
 *      with a slip in its name, and is a defect;
 *  (4) each part is one operation's content, and each operation's part has come.
 *
 * Ids are the client's, and are echoed: visible characters, so that they stand in an attribute as
 * they came, and lists of them are parted by spaces. */
#include "extension/batch/operation.h"

#include "exchange/destination.h"
#include "text/uri.h"
#include "xml/writer.h"

enum { ID_BYTES_MAX = 64, ROOM_FIRST = 16 };

/* An operation's, each of which it may have once. What says how a message is framed, or is about
 * the batch's own, is none of them. */
static const enum http_field known_fields[] = {
    FIELD_CONTENT_DIGEST,
    FIELD_CONTENT_TYPE,
    FIELD_DEPTH,
    FIELD_IF,
    FIELD_IF_MATCH,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_IF_NONE_MATCH,
    FIELD_LOCK_TOKEN,
    FIELD_IF_UNMODIFIED_SINCE,
    FIELD_OC_CHECKSUM,
    FIELD_OVERWRITE,
    FIELD_REPR_DIGEST,
    FIELD_TIMEOUT,
    FIELD_X_OC_MTIME,
};

static const struct {
    enum method_id id;
    unsigned takes;
} known_methods[] = {
#define BATCH_METHOD(name, takes) {METHOD_##name, takes},
#include "extension/batch/methods.def"
#undef BATCH_METHOD
};

void batch_init(struct batch *batch, struct exchange *x)
{
    *batch = (struct batch){.x = x};
}

void batch_done(struct batch *batch)
{
    map_done(&batch->ids);
    map_done(&batch->parts);
}

/* --- defects --- */

bool batch_refuse(struct batch *batch, enum dav_condition condition, struct str id,
                  const char *text)
{
    struct buf xml = {0};
    if (!dav_is_fine(batch->defect))
        return false;
    batch->defect = dav_condition(condition, text);
    if (id.at) {
        BUF_ADD(&xml, "<V:id>");
        xml_add_text(&xml, id);
        BUF_ADD(&xml, "</V:id>");
    }
    BUF_ADD(&xml, "<V:reason>");
    xml_add_text(&xml, str_of_c(text));
    BUF_ADD(&xml, "</V:reason>");
    batch->defect.condition_xml = arena_str(batch->x->arena, buf_str(&xml));
    buf_done(&xml);
    return false;
}

bool batch_is_invalid(struct batch *batch, struct str id, const char *text)
{
    return batch_refuse(batch, CONDITION_BATCH_VALID, id, text);
}

/* --- members of a draft --- */

static struct str *member_of(struct batch_draft *draft, struct str name)
{
    const struct {
        struct str name;
        struct str *value;
    } members[] = {
        {STR("id"), &draft->id},       {STR("method"), &draft->method},
        {STR("href"), &draft->href},   {STR("destination"), &draft->destination},
        {STR("after"), &draft->after}, {STR("part"), &draft->part},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (str_eq(members[i].name, name))
            return members[i].value;
    }
    return NULL;
}

static bool is_known_field(enum http_field id)
{
    for (size_t i = 0; i < ARRAY_LEN(known_fields); i++) {
        if (known_fields[i] == id)
            return true;
    }
    return false;
}

static struct str field_of(const struct batch_field *fields, enum http_field id)
{
    for (; fields; fields = fields->next) {
        if (fields->id == id)
            return fields->value;
    }
    return STR_NONE;
}

static void add_field(struct batch *batch, struct batch_field **fields, enum http_field id,
                      struct str value)
{
    struct batch_field *field = ARENA_NEW(batch->x->arena, struct batch_field);
    *field = (struct batch_field){*fields, id, value};
    *fields = field;
}

bool batch_set(struct batch *batch, struct batch_draft *draft, struct str name, struct str value)
{
    struct str *member = member_of(draft, name);
    if (member && member->at)
        return batch_is_invalid(batch, draft->id, "a member stands there twice");
    if (member) {
        *member = value.at ? value : STR("");
        return true;
    }
    enum http_field id = http_field_find(name);
    if (!is_known_field(id))
        return batch_is_invalid(batch, draft->id, "an operation has no member of that name");
    if (field_of(draft->fields, id).at)
        return batch_is_invalid(batch, draft->id, "a member stands there twice");
    if (!http_is_field_value(value))
        return batch_is_invalid(batch, draft->id, "a condition has characters that no field has");
    add_field(batch, &draft->fields, id, value.at ? value : STR(""));
    return true;
}

/* --- what an operation is about --- */

/* An absolute URI of this server, an absolute path, or one from the collection on. */
static bool resolve(struct batch *batch, struct str id, struct str text,
                    struct batch_operation *operation_out)
{
    struct exchange *x = batch->x;
    struct uri uri;
    struct buf whole = {0};
    bool is_relative = !str_starts(text, STR("/")) && str_index(text, ':') >= str_index(text, '/');
    if (is_relative)
        path_encode(&whole, x->path, true);
    buf_add(&whole, text);
    text = arena_str(x->arena, buf_str(&whole));
    buf_done(&whole);
    if (!uri_parse_lenient(text, &uri) || uri.query.len ||
        path_decode(x->arena, uri.path, &operation_out->path, &operation_out->has_slash) != PATH_OK)
        return batch_is_invalid(batch, id, "an href or destination is no path or URI");
    bool is_ours = !uri.scheme.len || authority_is_ours(x, uri.host, uri.port);
    if (!is_ours || !path_is_within(operation_out->path, x->path))
        return batch_refuse(batch, CONDITION_BATCH_WITHIN_SCOPE, id,
                            "an operation is about what is not in the collection that the batch "
                            "was sent to");
    return true;
}

/* Where to, as a field has it. */
static bool resolve_destination(struct batch *batch, const struct batch_draft *draft,
                                struct batch_operation *operation)
{
    struct batch_operation to;
    struct buf value = {0};
    if (!resolve(batch, draft->id, draft->destination, &to))
        return false;
    path_encode(&value, to.path, to.has_slash);
    add_field(batch, &operation->fields, FIELD_DESTINATION,
              arena_str(batch->x->arena, buf_str(&value)));
    buf_done(&value);
    return true;
}

static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        if ((unsigned char)id.at[i] <= ' ' || id.at[i] == 0x7f)
            return false;
    }
    return id.len && id.len <= ID_BYTES_MAX;
}

/* SIZE_MAX: it is none that an operation may have. */
static size_t find_method(struct str name)
{
    const struct method *method = method_find(name);
    for (size_t i = 0; method && i < ARRAY_LEN(known_methods); i++) {
        if (known_methods[i].id == method->id)
            return i;
    }
    return SIZE_MAX;
}

/* --- after what --- */

static size_t number_of(const struct batch *batch, struct str id)
{
    struct map_entry *entry = map_find(&batch->ids, id);
    if (!entry)
        return SIZE_MAX;
    const struct batch_operation *found = CONTAINER_OF(entry, struct batch_operation, by_id);
    return found->number;
}

static bool read_after(struct batch *batch, const struct batch_draft *draft,
                       struct batch_operation *operation)
{
    struct str rest = draft->after;
    size_t count = 0;
    for (size_t i = 0; i < rest.len; i++)
        count += rest.at[i] == ' ';
    size_t *after = arena_alloc(batch->x->arena, (count + 1) * sizeof(*after));
    operation->after = after;
    while (rest.len) {
        struct str id = str_cut(&rest, ' ');
        size_t number = id.len ? number_of(batch, id) : SIZE_MAX;
        if (id.len && number == SIZE_MAX)
            return batch_is_invalid(batch, draft->id,
                                    "an operation is to come after one that does not stand before "
                                    "it");
        if (id.len)
            after[operation->after_count++] = number;
    }
    return true;
}

/* --- an operation --- */

static bool check_draft(struct batch *batch, const struct batch_draft *draft, unsigned takes)
{
    bool has_body = draft->body.at || draft->part.at;
    if (draft->body.at && draft->part.at)
        return batch_is_invalid(batch, draft->id, "an operation has a body and a part");
    if (has_body && !(takes & (BATCH_TAKES_XML | BATCH_TAKES_CONTENT)))
        return batch_is_invalid(batch, draft->id, "an operation of this method has no body");
    if (draft->part.at && !(takes & BATCH_TAKES_CONTENT))
        return batch_is_invalid(batch, draft->id, "only a PUT has its content in a part");
    if (draft->is_body_xml && !(takes & BATCH_TAKES_XML))
        return batch_is_invalid(batch, draft->id,
                                "the body of a PUT is text; what is none comes as a part");
    if (draft->destination.at && !(takes & BATCH_TAKES_DESTINATION))
        return batch_is_invalid(batch, draft->id, "only COPY and MOVE have a destination");
    if (!draft->destination.at && (takes & BATCH_TAKES_DESTINATION))
        return batch_is_invalid(batch, draft->id, "the destination is missing");
    return true;
}

/* What is listed is a request of its own. */
static bool check_depth(struct batch *batch, const struct batch_draft *draft,
                        struct batch_operation *operation)
{
    struct str depth = field_of(operation->fields, FIELD_DEPTH);
    if (operation->method->id != METHOD_PROPFIND)
        return true;
    if (!depth.at)
        add_field(batch, &operation->fields, FIELD_DEPTH, STR("0"));
    else if (!str_eq(depth, STR("0")))
        return batch_is_invalid(batch, draft->id, "PROPFIND has no Depth but 0 here");
    return true;
}

static bool read_draft(struct batch *batch, const struct batch_draft *draft,
                       struct batch_operation *operation)
{
    size_t row = find_method(draft->method);
    if (!is_id(draft->id))
        return batch_is_invalid(batch, STR_NONE, "an operation has no id, or one that is none");
    if (map_find(&batch->ids, draft->id))
        return batch_is_invalid(batch, draft->id, "two operations have the same id");
    if (row == SIZE_MAX)
        return batch_is_invalid(batch, draft->id, "there is no such method, or not in a batch");
    if (!draft->href.at)
        return batch_is_invalid(batch, draft->id, "the href is missing");
    *operation = (struct batch_operation){.id = draft->id,
                                          .number = batch->count,
                                          .method = method_of(known_methods[row].id),
                                          .fields = draft->fields,
                                          .body = draft->body,
                                          .part_id = draft->part};
    return check_draft(batch, draft, known_methods[row].takes) &&
           check_depth(batch, draft, operation) && read_after(batch, draft, operation) &&
           resolve(batch, draft->id, draft->href, operation) &&
           (!draft->destination.at || resolve_destination(batch, draft, operation));
}

/* Pointers, which stay: the map's entries are in what they point at. */
static void keep(struct batch *batch, struct batch_operation *operation)
{
    bool is_full = batch->count == 0 ||
                   (batch->count >= ROOM_FIRST && (batch->count & (batch->count - 1)) == 0);
    if (is_full) {
        size_t room = batch->count ? batch->count * 2 : ROOM_FIRST;
        struct batch_operation **grown =
            arena_alloc(batch->x->arena, room * sizeof(struct batch_operation *));
        if (batch->count)
            memcpy(grown, batch->operations, batch->count * sizeof(struct batch_operation *));
        batch->operations = grown;
    }
    batch->operations[batch->count++] = operation;
    map_add(&batch->ids, &operation->by_id, operation->id);
}

bool batch_add(struct batch *batch, const struct batch_draft *draft)
{
    enum { PATH_COPIES = 4, ROUND_BYTES = 512 };
    struct exchange *x = batch->x;
    uint64_t bytes = ROUND_BYTES + draft->after.len * sizeof(size_t) +
                     PATH_COPIES * (x->path.len + draft->href.len + draft->destination.len);
    if (batch->count >= x->service->limits->batch_operations)
        return batch_refuse(batch, CONDITION_BATCH_WITHIN_LIMITS, STR_NONE,
                            "there are too many operations in one batch");
    if (!exchange_hold(x, bytes)) {
        batch->defect = dav_busy();
        return false;
    }
    struct batch_operation *operation = ARENA_NEW(x->arena, struct batch_operation);
    if (!read_draft(batch, draft, operation))
        return false;
    keep(batch, operation);
    return true;
}

/* --- parts --- */

bool batch_add_part(struct batch *batch, struct str id, struct batch_part *part)
{
    if (map_find(&batch->parts, id))
        return batch_is_invalid(batch, STR_NONE, "two parts have the same Content-ID");
    map_add(&batch->parts, &part->by_id, id);
    return true;
}

static bool give_part(struct batch *batch, struct batch_operation *operation)
{
    struct map_entry *entry = map_find(&batch->parts, operation->part_id);
    if (!entry)
        return batch_is_invalid(batch, operation->id, "the part with its content has not come");
    struct batch_part *part = CONTAINER_OF(entry, struct batch_part, by_id);
    if (part->is_used)
        return batch_is_invalid(batch, operation->id, "another operation has the same part");
    part->is_used = true;
    operation->part = part;
    if (part->type.at && !field_of(operation->fields, FIELD_CONTENT_TYPE).at)
        add_field(batch, &operation->fields, FIELD_CONTENT_TYPE, part->type);
    return true;
}

struct dav_result batch_check(struct batch *batch)
{
    size_t used = 0;
    if (dav_is_fine(batch->defect) && !batch->count)
        (void)batch_is_invalid(batch, STR_NONE, "there is no operation in it"); /* the defect */
    for (size_t i = 0; i < batch->count && dav_is_fine(batch->defect); i++) {
        struct batch_operation *operation = batch->operations[i];
        used += operation->part_id.at && give_part(batch, operation);
    }
    if (dav_is_fine(batch->defect) && used < batch->parts.count)
        (void)batch_is_invalid(batch, STR_NONE, "a part is no operation's content"); /* likewise */
    return batch->defect;
}
