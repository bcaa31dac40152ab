/* A query sees of a resource what a PROPFIND of who asks would be told: the response to one is
 * written, and read again. So there is one place that knows which value a property has, whether it
 * is there at all, and what is withheld from whom (dav/prop/answer.c), and a property that comes to
 * davit can be searched by without a word here.
 *
 * That costs some microseconds for a member; a query that is about names and kinds alone asks for
 * no property, and nothing is written. */
#include "extension/search/subject.h"

#include "dav/prop/answer.h"
#include "xml/reader.h"

#define HEAD "<D:multistatus xmlns:D=\"DAV:\">"
#define TAIL "</D:multistatus>"

void search_scratch_init(struct search_scratch *scratch, const struct exchange *x,
                         const struct search_query *query)
{
    scratch->x = x;
    scratch->query = query;
    struct multistatus_body *body = &scratch->body;
    *body = (struct multistatus_body){.has_begun = true};
    spool_init(&body->spool, -1, SIZE_MAX); /* no more than one resource may have */
    body->ms.out = spool_buf(&body->spool);
}

void search_scratch_done(struct search_scratch *scratch)
{
    spool_done(&scratch->body.spool);
}

/* --- reading --- */

enum { DEPTH_OF_PROPERTY = 5 }; /* multistatus, response, propstat, prop */

struct values_reader {
    struct xml_events events;
    struct arena *arena;
    const struct propfind_request *props;
    struct search_value *values;
    struct search_value *value; /* that is being read; NULL: none is */
    struct buf text;
};

static bool values_start(struct xml_events *events, const struct xml_element *element)
{
    struct values_reader *reader = CONTAINER_OF(events, struct values_reader, events);
    if (element->depth > DEPTH_OF_PROPERTY && reader->value)
        reader->value->is_text = false;
    if (element->depth != DEPTH_OF_PROPERTY)
        return true;
    reader->value = NULL;
    buf_clear(&reader->text);
    for (size_t i = 0; i < reader->props->name_count; i++) {
        const struct prop_name *name = &reader->props->names[i];
        if (!xml_name_is(&element->name, name->ns, name->name))
            continue;
        reader->value = &reader->values[i];
        *reader->value = (struct search_value){
            .is_defined = true, .is_text = true, .lang = arena_str(reader->arena, element->lang)};
    }
    return true;
}

static bool values_text(struct xml_events *events, struct str text)
{
    struct values_reader *reader = CONTAINER_OF(events, struct values_reader, events);
    if (reader->value && reader->value->is_text)
        buf_add(&reader->text, text);
    return true;
}

static bool values_end(struct xml_events *events, unsigned depth)
{
    struct values_reader *reader = CONTAINER_OF(events, struct values_reader, events);
    if (depth != DEPTH_OF_PROPERTY || !reader->value)
        return true;
    if (reader->value->is_text)
        reader->value->text = arena_str(reader->arena, buf_str(&reader->text));
    reader->value = NULL;
    return true;
}

static bool read_values(struct str document, struct arena *arena,
                        const struct propfind_request *props, struct search_value *values)
{
    static const struct xml_limits limits = {
        .depth_max = 1024, .attr_count_max = 1024, .ns_bytes_max = 65536};
    struct values_reader reader = {.events = {values_start, values_text, values_end},
                                   .arena = arena,
                                   .props = props,
                                   .values = values};
    bool is_read = xml_read(document, &reader.events, &limits) == XML_OK;
    buf_done(&reader.text);
    return is_read;
}

bool search_subject_read(struct search_scratch *scratch, struct arena *arena,
                         const struct walk_item *item, struct search_subject *out)
{
    const struct propfind_request *props = &scratch->query->props;
    struct buf *buf = spool_buf(&scratch->body.spool);
    struct search_value *values = arena_alloc(arena, (props->name_count + 1) * sizeof(*values));
    *out = (struct search_subject){
        .name = path_name(item->path), .is_collection = item->stat.is_collection, .values = values};
    if (props->name_count == 0)
        return true;
    struct prop_target target = prop_target_of(scratch->x, arena, item);
    buf_clear(buf);
    BUF_ADD(buf, HEAD);
    if (!prop_answer(&scratch->body, &target, props))
        return false;
    BUF_ADD(buf, TAIL);
    return read_values(buf_str(buf), arena, props, values);
}
