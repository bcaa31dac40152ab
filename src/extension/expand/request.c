/* The body of an expand-property (RFC 3253 §3.8) is one kind of element within itself: a property,
 * and in it those that are asked of what its hrefs lead to. So the state is a frame for each depth,
 * which says where a property stands; what stands within it has a node of its own, made when there
 * is something. A property that is named twice is one, and what is asked of it comes together.
 *
 * Names of properties are attributes here and not elements: nothing has checked that they are
 * names. They are written into answers as such, so that is asked of expat, which is to find one
 * element of that name and nothing else. */
#include "extension/expand/request.h"

#include "exchange/body.h"
#include "xml/writer.h"

struct reading_node {
    struct expand_node node;
    struct names_reader names;
    struct reading_node *before; /* that was made */
};

/* A property that is open, and what is asked of what it leads to. */
struct frame {
    struct expand_node *within; /* NULL: of the report itself */
    size_t index;
};

struct expand_reader {
    struct xml_events events;
    struct arena *arena;
    const struct limits *limits;
    struct reading_node *root;
    struct reading_node *last; /* of all that were made */
    size_t bytes_left;         /* of names, in all of them */
    struct frame *frames;      /* by depth */
    unsigned skipped;          /* the depth of the element that is passed over; 0: none is */
    bool wants_locks;
    struct dav_result stopped;
};

static bool refuse(struct expand_reader *reader, struct dav_result result)
{
    reader->stopped = result;
    return false;
}

/* --- names --- */

struct name_check {
    struct xml_events events;
    const struct xml_name *name;
    bool is_it;
};

static bool check_start(struct xml_events *events, const struct xml_element *element)
{
    struct name_check *check = CONTAINER_OF(events, struct name_check, events);
    check->is_it = xml_name_is(&element->name, check->name->ns, check->name->local);
    return check->is_it;
}

static bool is_xml_name(const struct xml_name *name, const struct limits *limits)
{
    struct name_check check = {{check_start, body_ignore_text, body_ignore_end}, name, false};
    struct xml_limits bounds = exchange_xml_bounds(limits);
    struct buf text = {0};
    BUF_ADD(&text, "<");
    if (name->ns.len)
        BUF_ADD(&text, "x:");
    buf_add(&text, name->local);
    if (name->ns.len) {
        BUF_ADD(&text, " xmlns:x=\"");
        xml_add_attr(&text, name->ns);
        BUF_ADD(&text, "\"");
    }
    BUF_ADD(&text, "/>");
    bool is_name = xml_read(buf_str(&text), &check.events, &bounds) == XML_OK && check.is_it;
    buf_done(&text);
    return is_name;
}

/* Of a D:property; its local name empty: there is none. */
static struct xml_name name_in(const struct xml_element *element)
{
    struct xml_name name = {.ns = STR(NS_DAV)};
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        if (xml_name_is(&attr->name, STR_NONE, STR("name")))
            name.local = attr->value;
        if (xml_name_is(&attr->name, STR_NONE, STR("namespace")))
            name.ns = attr->value;
    }
    return name;
}

/* --- the tree --- */

static struct reading_node *make_node(struct expand_reader *reader)
{
    struct reading_node *made = ARENA_NEW(reader->arena, struct reading_node);
    made->node.props.kind = PROPFIND_PROPS;
    made->names.arena = reader->arena;
    made->names.request = &made->node.props;
    made->names.seen.arena = reader->arena;
    made->before = reader->last;
    reader->last = made;
    return made;
}

/* Where the properties belong that stand within that one. */
static struct reading_node *node_within(struct expand_reader *reader, const struct frame *frame)
{
    if (!frame->within)
        return reader->root;
    struct expand_node **inner = &frame->within->inner[frame->index];
    if (!*inner)
        *inner = &make_node(reader)->node;
    frame->within->expands = true;
    return CONTAINER_OF(*inner, struct reading_node, node);
}

/* One that is named twice is the same: what is asked of it comes together. */
static bool add(struct expand_reader *reader, struct reading_node *to,
                const struct xml_element *named, size_t *index_out)
{
    struct propfind_request *props = &to->node.props;
    size_t count = props->name_count;
    to->names.bytes_left = reader->bytes_left;
    if (!names_read(&to->names, named, &reader->stopped))
        return false;
    reader->bytes_left = to->names.bytes_left;
    reader->wants_locks |= props->wants_locks;
    *index_out = name_set_add(&to->names.seen, named->name.ns, named->name.local, count);
    if (props->name_count > count) {
        to->node.inner = body_grow(reader->arena, to->node.inner, count, sizeof(*to->node.inner));
        to->node.inner[count] = NULL;
    }
    return true;
}

static bool expand_start(struct xml_events *events, const struct xml_element *element)
{
    struct expand_reader *reader = CONTAINER_OF(events, struct expand_reader, events);
    unsigned depth = element->depth;
    if (reader->skipped)
        return true;
    if (depth == 1)
        return body_is_dav(element, STR("expand-property")) ||
               refuse(reader,
                      dav_error(HTTP_BAD_REQUEST, "the request body is not a DAV:expand-property"));
    if (!body_is_dav(element, STR("property"))) { /* RFC 4918 §17 */
        reader->skipped = depth;
        return true;
    }
    if (depth > reader->limits->expand_depth + 1)
        return refuse(reader, dav_error(HTTP_CONTENT_TOO_LARGE,
                                        "properties are asked for within too many others"));
    const struct xml_element named = {.name = name_in(element)};
    if (!is_xml_name(&named.name, reader->limits))
        return refuse(
            reader, dav_error(HTTP_BAD_REQUEST, "a DAV:property must have the name of a property"));
    struct reading_node *to = node_within(reader, &reader->frames[depth - 2]);
    reader->frames[depth - 1].within = &to->node;
    return add(reader, to, &named, &reader->frames[depth - 1].index);
}

static bool expand_end(struct xml_events *events, unsigned depth)
{
    struct expand_reader *reader = CONTAINER_OF(events, struct expand_reader, events);
    if (reader->skipped == depth)
        reader->skipped = 0;
    return true;
}

struct dav_result expand_parse(struct str body, const struct limits *limits, struct arena *arena,
                               struct expand_node **root_out)
{
    struct expand_reader reader = {.events = {expand_start, body_ignore_text, expand_end},
                                   .arena = arena,
                                   .limits = limits,
                                   .bytes_left = (size_t)limits->property_name_bytes};
    size_t frame_count = (size_t)u64_min(limits->expand_depth, limits->xml_depth) + 1;
    reader.frames = arena_alloc(arena, frame_count * sizeof(*reader.frames));
    reader.root = make_node(&reader);
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    for (struct reading_node *made = reader.last; made; made = made->before)
        name_set_done(&made->names.seen);
    reader.root->node.props.wants_locks = reader.wants_locks;
    if (dav_is_fine(result))
        *root_out = &reader.root->node;
    return result;
}
