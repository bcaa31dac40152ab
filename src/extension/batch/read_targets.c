/* Exchange's methods for many (BPROPFIND, BPROPPATCH, BDELETE, BCOPY, BMOVE) say one thing about
 * several targets, which lie in the collection that they are sent to:
 *
 *     <D:propfind xmlns:D="DAV:">
 *       <D:target><D:href>a</D:href><D:href>b</D:href></D:target>
 *       <D:prop><D:getetag/></D:prop>
 *     </D:propfind>
 *
 * What stands beside the targets is the body of each operation. Of BCOPY and BMOVE a target may
 * have a `dest` beside its href; otherwise Destination names a collection, in which each keeps its
 * name. Overwrite, Depth and Timeout mean each operation. Ids are the targets' numbers.
 *
 * No document describes them now; this is what clients of that server were told to send. */
#include "extension/batch/read.h"

#include "exchange/body.h"
#include "xml/fragment.h"

static const struct {
    enum method_id of_many, of_one;
    struct str root; /* of its body */
    bool has_rest;   /* what stands beside the targets is a body */
} rows[] = {
    {METHOD_BPROPFIND, METHOD_PROPFIND, STR_INIT("propfind"), true},
    {METHOD_BPROPPATCH, METHOD_PROPPATCH, STR_INIT("propertyupdate"), true},
    {METHOD_BDELETE, METHOD_DELETE, STR_INIT("delete"), false},
    {METHOD_BCOPY, METHOD_COPY, STR_INIT("copy"), false},
    {METHOD_BMOVE, METHOD_MOVE, STR_INIT("move"), false},
};

struct target_href {
    struct target_href *next;
    struct str href;
    struct str dest; /* at == NULL: it has none */
};

enum place { IN_OTHER, IN_HREF, IN_DEST };

struct targets_reader {
    struct xml_events events;
    struct batch *batch;
    size_t row;
    struct target_href *first, *last;
    struct xml_fragment fragment;
    struct buf rest; /* what stands beside the targets */
    struct buf text;
    bool is_in_target;
    enum place place;
};

static struct targets_reader *reader_of(struct xml_events *events)
{
    return CONTAINER_OF(events, struct targets_reader, events);
}

static bool refuse(struct targets_reader *reader, const char *text)
{
    return batch_is_invalid(reader->batch, STR_NONE, text);
}

static bool is_dav(const struct xml_element *element, struct str local)
{
    return xml_name_is(&element->name, STR("DAV:"), local);
}

static bool start(struct xml_events *events, const struct xml_element *element)
{
    enum { ROOT = 1, CHILD, MEMBER };
    struct targets_reader *reader = reader_of(events);
    if (element->depth == CHILD)
        reader->is_in_target = is_dav(element, STR("target"));
    if (element->depth == ROOT || reader->is_in_target) {
        xml_fragment_enter(&reader->fragment, element);
    } else {
        if (element->depth == CHILD)
            xml_fragment_clear(&reader->fragment);
        xml_fragment_start(&reader->fragment, element);
    }
    if (element->depth == ROOT)
        return is_dav(element, rows[reader->row].root) ||
               refuse(reader, "the body is not what this method has");
    if (!reader->is_in_target || element->depth != MEMBER)
        return true;
    buf_clear(&reader->text);
    reader->place = is_dav(element, STR("href"))   ? IN_HREF
                    : is_dav(element, STR("dest")) ? IN_DEST
                                                   : IN_OTHER;
    return true;
}

static bool text(struct xml_events *events, struct str text)
{
    struct targets_reader *reader = reader_of(events);
    if (reader->fragment.depth)
        xml_fragment_text(&reader->fragment, text);
    else
        buf_add(&reader->text, text);
    return true;
}

static bool take_member(struct targets_reader *reader)
{
    struct arena *arena = reader->batch->x->arena;
    struct str value = str_trim(buf_str(&reader->text));
    value = value.len ? arena_str(arena, value) : STR("");
    if (reader->place == IN_HREF) {
        struct target_href *target = ARENA_NEW(arena, struct target_href);
        target->href = value;
        if (reader->last)
            reader->last->next = target;
        else
            reader->first = target;
        reader->last = target;
    } else if (reader->place == IN_DEST) {
        if (!reader->last)
            return refuse(reader, "a dest has no href before it");
        reader->last->dest = value;
    }
    reader->place = IN_OTHER;
    return true;
}

static bool end(struct xml_events *events, unsigned depth)
{
    enum { ROOT = 1, CHILD, MEMBER };
    struct targets_reader *reader = reader_of(events);
    if (!reader->fragment.depth) {
        xml_fragment_leave(&reader->fragment);
        return depth != MEMBER || take_member(reader);
    }
    xml_fragment_end(&reader->fragment);
    if (depth == CHILD)
        buf_add(&reader->rest, buf_str(&reader->fragment.text));
    return true;
}

/* --- operations --- */

static size_t row_of(enum method_id id)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].of_many == id)
            return i;
    }
    BUG("no such method");
}

static struct str body_of(struct targets_reader *reader)
{
    struct buf body = {0};
    struct str root = rows[reader->row].root;
    if (!rows[reader->row].has_rest)
        return STR_NONE;
    buf_addf(&body, "<D:%.*s xmlns:D=\"DAV:\">", STR_ARGS(root));
    buf_add(&body, buf_str(&reader->rest));
    buf_addf(&body, "</D:%.*s>", STR_ARGS(root));
    struct str whole = arena_str(reader->batch->x->arena, buf_str(&body));
    buf_done(&body);
    return whole;
}

/* In the collection that Destination names, by the name that it has. */
static struct str destination_of(struct arena *arena, const struct target_href *target,
                                 struct str collection)
{
    struct str name = target->href;
    struct buf whole = {0};
    if (target->dest.at || !collection.at)
        return target->dest;
    while (name.len && name.at[name.len - 1] == '/')
        name.len--;
    name = str_from(name, str_index_last(name, '/') < name.len ? str_index_last(name, '/') + 1 : 0);
    buf_add(&whole, collection);
    if (!str_ends(collection, STR("/")))
        buf_add_char(&whole, '/');
    buf_add(&whole, name);
    struct str text = arena_str(arena, buf_str(&whole));
    buf_done(&whole);
    return text;
}

/* What the request says of all of them. */
static bool set_fields(struct batch *batch, struct batch_draft *draft)
{
    static const struct {
        enum http_field id;
        struct str name;
    } fields[] = {{FIELD_DEPTH, STR_INIT("depth")},
                  {FIELD_OVERWRITE, STR_INIT("overwrite")},
                  {FIELD_TIMEOUT, STR_INIT("timeout")}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct str value = exchange_field(batch->x, fields[i].id);
        if (value.at && !batch_set(batch, draft, fields[i].name, value))
            return false;
    }
    return true;
}

static bool add_operation(struct targets_reader *reader, const struct target_href *target,
                          struct str body)
{
    enum { NUMBER_BYTES = 24 };
    struct batch *batch = reader->batch;
    struct arena *arena = batch->x->arena;
    char number[NUMBER_BYTES];
    str_print(number, sizeof(number), "%zu", batch->count + 1);
    struct batch_draft draft = {
        .id = arena_str(arena, str_of_c(number)),
        .method = method_of(rows[reader->row].of_one)->name,
        .href = target->href,
        .destination = destination_of(arena, target, exchange_field(batch->x, FIELD_DESTINATION)),
        .body = body,
        .is_body_xml = body.at != NULL,
    };
    return set_fields(batch, &draft) && batch_add(batch, &draft);
}

void batch_read_targets(struct batch *batch, struct str body)
{
    struct targets_reader reader = {
        .events = {start, text, end}, .batch = batch, .row = row_of(batch->x->method->id)};
    struct xml_limits bounds = exchange_xml_bounds(batch->x->service->limits);
    struct dav_result result =
        exchange_xml_result(xml_read(body, &reader.events, &bounds), batch->defect);
    struct str of_each = body_of(&reader);
    if (dav_is_fine(batch->defect))
        batch->defect = result;
    for (const struct target_href *target = reader.first; target && dav_is_fine(batch->defect);
         target = target->next)
        (void)add_operation(&reader, target, of_each); /* the defect */
    xml_fragment_done(&reader.fragment);
    buf_done(&reader.rest);
    buf_done(&reader.text);
}
