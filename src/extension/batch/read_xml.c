/* Depth is the state: 1 is the batch, 2 an operation, 3 what it has, 4 and below a body's elements,
 * or the D:href of a destination, as DAV likes to have it.
 *
 * A body of elements becomes text that stands alone (xml/fragment.h): what is declared around it is
 * declared in it, too. Elements of other namespaces are passed over (RFC 4918 §17); of our own one
 * that nobody knows is a defect, as a member of that name would be. */
#include "exchange/body.h"
#include "extension/batch/read.h"
#include "xml/fragment.h"

enum place { IN_OTHER, IN_HREF, IN_DESTINATION, IN_BODY };

struct batch_xml {
    struct xml_events events;
    struct batch *batch;
    struct batch_draft draft;
    bool is_operation; /* what of depth 2 is open */
    enum place place;  /* and of depth 3 */
    struct buf text;
    struct xml_fragment fragment;
    bool has_fragment;
};

static bool is_own(const struct xml_element *element, struct str local)
{
    return xml_name_is(&element->name, STR(NS_DAVIT), local);
}

static struct batch_xml *reader_of(struct xml_events *events)
{
    return CONTAINER_OF(events, struct batch_xml, events);
}

static bool refuse(struct batch_xml *reader, const char *text)
{
    return batch_is_invalid(reader->batch, reader->draft.id, text);
}

/* --- what begins --- */

static bool start_operation(struct batch_xml *reader, const struct xml_element *element)
{
    struct arena *arena = reader->batch->x->arena;
    reader->draft = (struct batch_draft){0};
    reader->is_operation = is_own(element, STR("operation"));
    if (!reader->is_operation)
        return !str_eq(element->name.ns, STR(NS_DAVIT)) ||
               refuse(reader, "there is no such element in a batch");
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        if (attr->name.ns.len)
            continue;
        if (!batch_set(reader->batch, &reader->draft, arena_str(arena, attr->name.local),
                       arena_str(arena, attr->value)))
            return false;
    }
    return true;
}

static bool start_member(struct batch_xml *reader, const struct xml_element *element)
{
    buf_clear(&reader->text);
    if (xml_name_is(&element->name, STR("DAV:"), STR("href")))
        reader->place = IN_HREF;
    else if (is_own(element, STR("destination")))
        reader->place = IN_DESTINATION;
    else if (is_own(element, STR("body")))
        reader->place = IN_BODY;
    else if (str_eq(element->name.ns, STR(NS_DAVIT)))
        return refuse(reader, "there is no such element in an operation");
    else
        reader->place = IN_OTHER;
    reader->has_fragment = false;
    return true;
}

static bool start_below(struct batch_xml *reader, const struct xml_element *element)
{
    if (reader->place == IN_HREF)
        return refuse(reader, "an href is text");
    if (reader->place != IN_BODY)
        return true;
    if (element->depth == 4 && reader->has_fragment)
        return refuse(reader, "a body has one element");
    if (element->depth == 4)
        xml_fragment_clear(&reader->fragment);
    reader->has_fragment = true;
    xml_fragment_start(&reader->fragment, element);
    return true;
}

static bool start(struct xml_events *events, const struct xml_element *element)
{
    enum { ROOT = 1, OPERATION, MEMBER };
    struct batch_xml *reader = reader_of(events);
    bool is_in_fragment = element->depth > MEMBER && reader->place == IN_BODY;
    if (!is_in_fragment)
        xml_fragment_enter(&reader->fragment, element);
    if (element->depth == ROOT)
        return is_own(element, STR("batch")) || refuse(reader, "the body is no batch");
    if (element->depth == OPERATION)
        return start_operation(reader, element);
    if (!reader->is_operation)
        return true;
    return element->depth == MEMBER ? start_member(reader, element) : start_below(reader, element);
}

/* --- what is in it --- */

static bool text(struct xml_events *events, struct str text)
{
    struct batch_xml *reader = reader_of(events);
    if (reader->fragment.depth)
        xml_fragment_text(&reader->fragment, text);
    else
        buf_add(&reader->text, text);
    return true;
}

/* --- what ends --- */

static struct str without_spaces(struct str text)
{
    while (text.len && char_is_space(text.at[0]))
        text = str_from(text, 1);
    while (text.len && char_is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static bool end_body(struct batch_xml *reader)
{
    struct arena *arena = reader->batch->x->arena;
    struct str text = buf_str(&reader->text);
    if (reader->draft.body.at)
        return refuse(reader, "an operation has two bodies");
    if (reader->has_fragment && without_spaces(text).len)
        return refuse(reader, "a body is an element or text");
    reader->draft.is_body_xml = reader->has_fragment;
    if (reader->has_fragment)
        text = buf_str(&reader->fragment.text);
    reader->draft.body = text.len ? arena_str(arena, text) : STR("");
    return true;
}

static bool end_member(struct batch_xml *reader)
{
    enum place place = reader->place;
    struct str name = place == IN_HREF ? STR("href") : STR("destination");
    struct str value = without_spaces(buf_str(&reader->text));
    reader->place = IN_OTHER;
    if (place == IN_BODY)
        return end_body(reader);
    if (place == IN_OTHER)
        return true;
    value = value.len ? arena_str(reader->batch->x->arena, value) : STR("");
    return batch_set(reader->batch, &reader->draft, name, value);
}

static bool end(struct xml_events *events, unsigned depth)
{
    enum { ROOT = 1, OPERATION, MEMBER };
    struct batch_xml *reader = reader_of(events);
    if (reader->fragment.depth) {
        xml_fragment_end(&reader->fragment);
        return true;
    }
    xml_fragment_leave(&reader->fragment);
    if (depth == MEMBER && reader->is_operation)
        return end_member(reader);
    if (depth == OPERATION && reader->is_operation)
        return batch_add(reader->batch, &reader->draft);
    return true;
}

void batch_read_xml(struct batch *batch, struct str body)
{
    struct batch_xml reader = {.events = {start, text, end}, .batch = batch};
    struct xml_limits bounds = exchange_xml_bounds(batch->x->service->limits);
    struct dav_result result =
        exchange_xml_result(xml_read(body, &reader.events, &bounds), batch->defect);
    if (dav_is_fine(batch->defect))
        batch->defect = result;
    xml_fragment_done(&reader.fragment);
    buf_done(&reader.text);
}
