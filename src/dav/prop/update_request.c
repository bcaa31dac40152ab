/* The bodies that set properties: a propertyupdate (RFC 4918 §14.19), whose instructions stand in
 * their order, and the mkcol of an extended MKCOL (RFC 5689 §5.1), which is one without removals.
 * They are read by one small machine over the events of xml/reader.h, as those of
 * dav/prop/request.c are: depth 2 is set or remove, 3 their prop, 4 a property, and what is deeper
 * its value.
 *
 * Values are kept as text while they are read (xml/fragment.h), each with the namespaces that it
 * uses; names and values live in the exchange's arena. */
#include "dav/from_store.h"
#include "dav/prop/request.h"
#include "xml/fragment.h"

struct proppatch_reader {
    struct xml_events events;
    struct arena *arena;
    struct proppatch_request *request;
    struct dav_result stopped;
    bool is_in_update; /* within set or remove */
    bool is_removal;
    bool is_in_prop; /* within the prop of one of them */
    size_t name_bytes_left;
    size_t value_bytes_left;
    struct xml_fragment fragment;
    struct buf text;
    unsigned types; /* elements right within the property */
    unsigned other_types;
};

enum { LIVE_TEXT_BYTES = 256 }; /* what means something to us is shorter */

/* Room for the next event; false: the property is not kept, and there is no use in going on. */
static bool make_room(struct proppatch_reader *reader, const struct xml_element *element,
                      struct str text)
{
    if (reader->fragment.text.len > reader->value_bytes_left) /* no resource may have so much */
        reader->stopped = dav_from_store(STORE_NO_SPACE);
    else if (!xml_fragment_reserve(&reader->fragment, element, text))
        reader->stopped = dav_from_store(STORE_BUSY);
    return dav_is_fine(reader->stopped);
}

static bool add_update(struct proppatch_reader *reader, const struct xml_element *element)
{
    struct proppatch_request *request = reader->request;
    if (!body_count_name(&reader->name_bytes_left, element, &reader->stopped))
        return false;
    request->updates = body_grow(reader->arena, request->updates, request->update_count,
                                 sizeof(*request->updates));
    request->updates[request->update_count++] = (struct prop_update){
        .name = body_name(element, reader->arena), .is_removal = reader->is_removal};
    return true;
}

static bool is_root(struct proppatch_reader *reader, const struct xml_element *element)
{
    bool is_mkcol = reader->request->is_mkcol;
    if (is_mkcol && !body_is_dav(element, STR("mkcol"))) /* RFC 4918 §9.3 */
        reader->stopped =
            dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "the request body is not a DAV:mkcol");
    if (!is_mkcol && !body_is_dav(element, STR("propertyupdate")))
        reader->stopped =
            dav_error(HTTP_BAD_REQUEST, "the request body is not a DAV:propertyupdate");
    return dav_is_fine(reader->stopped);
}

static bool proppatch_start(struct xml_events *events, const struct xml_element *element)
{
    struct proppatch_reader *reader = CONTAINER_OF(events, struct proppatch_reader, events);
    if (element->depth == 1 && !is_root(reader, element))
        return false;
    if (element->depth == 2) {
        bool is_mkcol = reader->request->is_mkcol;
        reader->is_removal = !is_mkcol && body_is_dav(element, STR("remove"));
        reader->is_in_update = reader->is_removal || body_is_dav(element, STR("set"));
    } else if (element->depth == 3) {
        reader->is_in_prop = reader->is_in_update && body_is_dav(element, STR("prop"));
    }
    if (element->depth < 4) {
        xml_fragment_enter(&reader->fragment, element);
    } else if (reader->is_in_prop) {
        if (element->depth == 4 && !add_update(reader, element))
            return false;
        if (!make_room(reader, element, STR_NONE))
            return false;
        xml_fragment_start(&reader->fragment, element);
        reader->types += element->depth == 5;
        reader->other_types += element->depth == 5 && !body_is_dav(element, STR("collection"));
    }
    return true;
}

static bool proppatch_text(struct xml_events *events, struct str text)
{
    struct proppatch_reader *reader = CONTAINER_OF(events, struct proppatch_reader, events);
    if (reader->fragment.depth == 0)
        return true;
    if (!make_room(reader, NULL, text))
        return false;
    xml_fragment_text(&reader->fragment, text);
    if (reader->text.len <= LIVE_TEXT_BYTES)
        buf_add(&reader->text, str_first(text, LIVE_TEXT_BYTES + 1));
    return true;
}

/* A property is complete. False: there is no memory to keep it in, or it is too long. */
static bool keep_update(struct proppatch_reader *reader, struct prop_update *update)
{
    struct str xml = buf_str(&reader->fragment.text);
    if (update->is_removal)
        return true;
    if (!make_room(reader, NULL, STR_NONE))
        return false;
    if (!arena_try_str(reader->arena, xml, &update->xml))
        reader->stopped = dav_from_store(STORE_BUSY);
    reader->value_bytes_left -= xml.len;
    return update->xml.at;
}

static bool proppatch_end(struct xml_events *events, unsigned depth)
{
    struct proppatch_reader *reader = CONTAINER_OF(events, struct proppatch_reader, events);
    struct proppatch_request *request = reader->request;
    if (depth < 4)
        xml_fragment_leave(&reader->fragment);
    if (depth < 4 || !reader->is_in_prop)
        return true;
    xml_fragment_end(&reader->fragment);
    if (depth > 4)
        return true;
    struct prop_update *update = &request->updates[request->update_count - 1];
    if (!keep_update(reader, update))
        return false;
    if (reader->text.len <= LIVE_TEXT_BYTES)
        update->text = arena_str(reader->arena, buf_str(&reader->text));
    update->is_collection = reader->types && !reader->other_types;
    reader->types = reader->other_types = 0;
    xml_fragment_clear(&reader->fragment);
    buf_clear(&reader->text);
    return true;
}

static struct dav_result parse(struct str body, const struct limits *limits, struct arena *arena,
                               struct proppatch_request *request)
{
    struct proppatch_reader reader = {.events = {proppatch_start, proppatch_text, proppatch_end},
                                      .arena = arena,
                                      .name_bytes_left = (size_t)limits->property_name_bytes,
                                      .value_bytes_left = (size_t)limits->property_bytes,
                                      .request = request};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    xml_fragment_done(&reader.fragment);
    buf_done(&reader.text);
    return result;
}

struct dav_result proppatch_parse(struct str body, const struct limits *limits, struct arena *arena,
                                  struct proppatch_request *request_out)
{
    struct proppatch_request request = {0};
    struct dav_result result = parse(body, limits, arena, &request);
    if (dav_is_fine(result) && request.update_count == 0)
        result = dav_error(HTTP_BAD_REQUEST, "the propertyupdate names no property");
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}

struct dav_result mkcol_parse(struct str body, const struct limits *limits, struct arena *arena,
                              struct proppatch_request *request_out)
{
    struct proppatch_request request = {.is_mkcol = true};
    struct dav_result result = parse(body, limits, arena, &request);
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}
