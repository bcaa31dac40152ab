/* expat, made bounded. expat reports names as "namespace SEP local SEP prefix"; SEP is a character
 * that no XML document can hold, so that the split is safe. Namespace declarations are reported
 * before the element they stand on; they are gathered until it starts.
 *
 * expat keeps its own copies; the strings in an event are views into them, valid during the
 * call. What stops a parse is remembered in `rc`, because XML_StopParser() only says "aborted".
 *
 * libdavit reads with this, so running out of memory is a result and not the end: expat gets its
 * memory where everybody else does, and what is kept here is kept in room that was reserved.
 *
 * A pause is expat's own: it keeps what it has not parsed yet. */
#include "xml/reader.h"

#include <expat.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"

static const char SEPARATOR = '\x01';

/* Attributes or namespaces of one element: few have more. */
enum { ATTR_ROOM = 8 };

/* xml:lang as set by the element at `depth`: where it stands in `lang_text`. */
struct lang {
    unsigned depth;
    size_t at, len;
};

struct xml_reader {
    XML_Parser parser;
    struct xml_events *events;
    struct xml_limits limits;
    enum xml_rc rc;
    unsigned depth;
    unsigned element_count;
    size_t names_bytes;
    struct xml_attr *attrs;       /* room for attr_room of them */
    struct xml_binding *bindings; /* likewise */
    size_t attr_room;             /* attr_count_max, when an element has needed more than a few */
    struct buf binding_text;      /* what the bindings view */
    size_t binding_count;
    struct lang *langs; /* a stack; depth_max of them, when there is one */
    size_t lang_count;
    struct buf lang_text;
};

static void stop(struct xml_reader *reader, enum xml_rc rc)
{
    if (reader->rc == XML_OK)
        reader->rc = rc;
    (void)XML_StopParser(reader->parser, XML_FALSE); /* fails only when it is stopped already */
}

static struct xml_name name_of(const char *triplet)
{
    const char *local = strchr(triplet, SEPARATOR);
    if (!local)
        return (struct xml_name){.local = str_of_c(triplet)};
    struct xml_name name = {.ns = str_of(triplet, (size_t)(local - triplet))};
    const char *prefix = strchr(++local, SEPARATOR);
    if (!prefix) {
        name.local = str_of_c(local);
        return name;
    }
    name.local = str_of(local, (size_t)(prefix - local));
    name.prefix = str_of_c(prefix + 1);
    return name;
}

bool xml_name_is(const struct xml_name *name, struct str ns, struct str local)
{
    return str_eq(name->local, local) && str_eq(name->ns, ns);
}

/* For one more than `count` attributes, or bindings: within the limit, which the caller knows. */
static bool has_room(struct xml_reader *reader, size_t count)
{
    size_t room = reader->limits.attr_count_max;
    if (count < reader->attr_room)
        return true;
    struct xml_attr *attrs = mem_try_resize(reader->attrs, room * sizeof(*attrs));
    if (!attrs)
        return false;
    reader->attrs = attrs;
    struct xml_binding *bindings = mem_try_resize(reader->bindings, room * sizeof(*bindings));
    if (!bindings)
        return false;
    reader->bindings = bindings;
    reader->attr_room = room;
    return true;
}

static void on_binding(void *data, const char *prefix, const char *uri)
{
    struct xml_reader *reader = data;
    if (reader->rc != XML_OK)
        return;
    struct str ns = str_of_c(uri);
    size_t prefix_len = prefix ? strlen(prefix) : 0;
    if (reader->binding_count == reader->limits.attr_count_max ||
        size_max(ns.len, prefix_len) > reader->limits.ns_bytes_max) {
        stop(reader, XML_LIMIT);
        return;
    }
    if (!has_room(reader, reader->binding_count) ||
        !buf_try_reserve(&reader->binding_text, prefix_len + ns.len)) {
        stop(reader, XML_NO_MEMORY);
        return;
    }
    /* Lengths now, pointers when the element starts: the buffer may move until then. */
    struct xml_binding *binding = &reader->bindings[reader->binding_count++];
    binding->prefix = str_of(NULL, prefix_len);
    binding->ns = str_of(NULL, ns.len);
    buf_add(&reader->binding_text, str_of(prefix, binding->prefix.len));
    buf_add(&reader->binding_text, ns);
}

static void place_bindings(struct xml_reader *reader)
{
    struct str rest = buf_str(&reader->binding_text);
    for (size_t i = 0; i < reader->binding_count; i++) {
        struct xml_binding *binding = &reader->bindings[i];
        binding->prefix = str_first(rest, binding->prefix.len);
        rest = str_from(rest, binding->prefix.len);
        binding->ns = str_first(rest, binding->ns.len);
        rest = str_from(rest, binding->ns.len);
    }
}

/* A short document can have a long namespace in each of its many names, and expat makes and hashes
 * every one of them. False: that is more work than it may be. */
static bool count_name(struct xml_reader *reader, const struct xml_name *name)
{
    reader->names_bytes += name->ns.len + name->local.len;
    return !reader->limits.names_bytes_max || reader->names_bytes <= reader->limits.names_bytes_max;
}

static enum xml_rc place_attrs(struct xml_reader *reader, const char **pairs, size_t *count_out)
{
    size_t count = 0;
    for (; pairs[0]; pairs += 2) {
        if (count + reader->binding_count >= reader->limits.attr_count_max)
            return XML_LIMIT;
        if (!has_room(reader, count))
            return XML_NO_MEMORY;
        struct xml_attr *attr = &reader->attrs[count++];
        attr->name = name_of(pairs[0]);
        attr->value = str_of_c(pairs[1]);
        if (!count_name(reader, &attr->name))
            return XML_LIMIT;
        if (!xml_name_is(&attr->name, STR(XML_NS), STR("lang")))
            continue;
        if (!reader->langs)
            reader->langs = mem_try_new(reader->limits.depth_max, sizeof(*reader->langs));
        if (!reader->langs || !buf_try_reserve(&reader->lang_text, attr->value.len))
            return XML_NO_MEMORY;
        struct lang *lang = &reader->langs[reader->lang_count++];
        *lang = (struct lang){reader->depth, reader->lang_text.len, attr->value.len};
        buf_add(&reader->lang_text, attr->value);
    }
    *count_out = count;
    return XML_OK;
}

static void on_start(void *data, const char *triplet, const char **pairs)
{
    struct xml_reader *reader = data;
    if (reader->rc != XML_OK)
        return;
    struct xml_element element = {.name = name_of(triplet), .depth = ++reader->depth};
    const struct xml_limits *limits = &reader->limits;
    enum xml_rc rc = XML_LIMIT;
    if (reader->depth <= limits->depth_max && count_name(reader, &element.name) &&
        (!limits->element_count_max || ++reader->element_count <= limits->element_count_max))
        rc = place_attrs(reader, pairs, &element.attr_count);
    if (rc != XML_OK) {
        stop(reader, rc);
        return;
    }
    place_bindings(reader);
    element.attrs = reader->attrs;
    element.bindings = reader->bindings;
    element.binding_count = reader->binding_count;
    if (reader->lang_count) {
        const struct lang *lang = &reader->langs[reader->lang_count - 1];
        element.lang = str_first(str_from(buf_str(&reader->lang_text), lang->at), lang->len);
    }
    bool goes_on = reader->events->start(reader->events, &element);
    reader->binding_count = 0;
    buf_clear(&reader->binding_text);
    if (!goes_on)
        stop(reader, XML_STOPPED);
}

static void on_text(void *data, const char *text, int len)
{
    struct xml_reader *reader = data;
    if (reader->rc == XML_OK && !reader->events->text(reader->events, str_of(text, (size_t)len)))
        stop(reader, XML_STOPPED);
}

static void on_end(void *data, const char *triplet)
{
    (void)triplet; /* expat has matched it with the start */
    struct xml_reader *reader = data;
    if (reader->rc != XML_OK)
        return;
    if (!reader->events->end(reader->events, reader->depth))
        stop(reader, XML_STOPPED);
    if (reader->lang_count && reader->langs[reader->lang_count - 1].depth == reader->depth)
        reader->lang_text.len = reader->langs[--reader->lang_count].at;
    reader->depth--;
}

static void on_doctype(void *data, const char *name, const char *system_id, const char *public_id,
                       int has_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_subset; /* refused whatever it says */
    stop(data, XML_FORBIDDEN);
}

static void *expat_new(size_t size)
{
    return mem_try_resize(NULL, size);
}

/* What expat mixes into its hashes, so that nobody can make them collide: one for the process. By
 * itself it asks the kernel for one with each document. 0: there is none to be had, and it may. */
static unsigned long hash_salt(void)
{
    static atomic_ulong salt;
    unsigned long known = atomic_load_explicit(&salt, memory_order_relaxed);
    unsigned long value;
    if (known || !random_try_bytes(&value, sizeof(value)))
        return known;
    value |= 1;
    return atomic_compare_exchange_strong(&salt, &known, value) ? value : known;
}

/* False: there is no memory. */
static bool allocate(struct xml_reader *reader)
{
    static const XML_Memory_Handling_Suite memory = {expat_new, mem_try_resize, mem_free};
    static const XML_Char separator[] = {SEPARATOR, '\0'};
    reader->attr_room = size_min(ATTR_ROOM, reader->limits.attr_count_max);
    reader->attrs = mem_try_new(reader->attr_room, sizeof(*reader->attrs));
    reader->bindings = mem_try_new(reader->attr_room, sizeof(*reader->bindings));
    reader->parser = XML_ParserCreate_MM(NULL, &memory, separator);
    return reader->attrs && reader->bindings && reader->parser;
}

struct xml_reader *xml_reader_new(struct xml_events *events, const struct xml_limits *limits)
{
    assert(limits->depth_max > 0 && limits->attr_count_max > 0 && limits->ns_bytes_max > 0);
    struct xml_reader *reader = mem_try_new(1, sizeof(*reader));
    if (!reader)
        return NULL;
    reader->events = events;
    reader->limits = *limits;
    if (!allocate(reader)) {
        xml_reader_free(reader);
        return NULL;
    }
    (void)XML_SetHashSalt(reader->parser, hash_salt()); /* it fails only while parsing */
    XML_SetReturnNSTriplet(reader->parser, 1);
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartNamespaceDeclHandler(reader->parser, on_binding);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    return reader;
}

void xml_reader_free(struct xml_reader *reader)
{
    if (!reader)
        return;
    if (reader->parser)
        XML_ParserFree(reader->parser);
    buf_done(&reader->binding_text);
    buf_done(&reader->lang_text);
    mem_free(reader->attrs);
    mem_free(reader->bindings);
    mem_free(reader->langs);
    mem_free(reader);
}

/* What a call of expat has come to. */
static enum xml_rc result_of(struct xml_reader *reader, enum XML_Status status)
{
    if (status == XML_STATUS_OK)
        return XML_OK;
    if (status == XML_STATUS_SUSPENDED)
        return XML_PAUSED;
    if (reader->rc == XML_OK)
        reader->rc =
            XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY ? XML_NO_MEMORY : XML_MALFORMED;
    return reader->rc;
}

enum xml_rc xml_reader_feed(struct xml_reader *reader, struct str bytes, bool is_last)
{
    return result_of(reader, XML_Parse(reader->parser, bytes.at, int_of_size(bytes.len), is_last));
}

void xml_reader_want_text(struct xml_reader *reader, bool is_wanted)
{
    XML_SetCharacterDataHandler(reader->parser, is_wanted ? on_text : NULL);
}

void xml_reader_pause(struct xml_reader *reader)
{
    if (reader->rc == XML_OK)
        (void)XML_StopParser(reader->parser, XML_TRUE); /* fails only when it is stopped already */
}

enum xml_rc xml_reader_resume(struct xml_reader *reader)
{
    return result_of(reader, XML_ResumeParser(reader->parser));
}

enum xml_rc xml_read(struct str document, struct xml_events *events,
                     const struct xml_limits *limits)
{
    enum { SLICE_BYTES = 65536 }; /* expat keeps a copy of what it is fed, and more */
    struct xml_reader *reader = xml_reader_new(events, limits);
    enum xml_rc rc = reader ? XML_OK : XML_NO_MEMORY;
    bool is_last = false;
    while (rc == XML_OK && !is_last) {
        struct str slice = str_first(document, SLICE_BYTES);
        document = str_from(document, slice.len);
        is_last = document.len == 0;
        rc = xml_reader_feed(reader, slice, is_last);
    }
    xml_reader_free(reader);
    return rc;
}

/* --- is it in there? --- */

struct search {
    struct xml_events events;
    const struct xml_name *name;
    unsigned depth;
    bool is_found;
};

static bool search_start(struct xml_events *events, const struct xml_element *element)
{
    struct search *search = CONTAINER_OF(events, struct search, events);
    if (element->depth == search->depth)
        search->is_found |= xml_name_is(&element->name, search->name->ns, search->name->local);
    return search->is_found || search->depth > 1;
}

static bool search_text(struct xml_events *events, struct str text)
{
    (void)events, (void)text;
    return true;
}

static bool search_end(struct xml_events *events, unsigned depth)
{
    (void)events, (void)depth;
    return true;
}

bool xml_has(struct str document, unsigned depth, const struct xml_name *name,
             const struct xml_limits *limits)
{
    struct search search = {{search_start, search_text, search_end}, name, depth, false};
    return xml_read(document, &search.events, limits) == XML_OK && search.is_found;
}

unsigned long xml_reader_line(const struct xml_reader *reader)
{
    return XML_GetCurrentLineNumber(reader->parser);
}

struct xml_where xml_reader_where(const struct xml_reader *reader)
{
    XML_Index byte = XML_GetCurrentByteIndex(reader->parser);
    return (struct xml_where){
        .byte = byte < 0 ? 0 : (uint64_t)byte, /* nothing has been read */
        .line = XML_GetCurrentLineNumber(reader->parser),
        .column = XML_GetCurrentColumnNumber(reader->parser) + 1,
    };
}

struct xml_extent xml_reader_extent(const struct xml_reader *reader)
{
    XML_Index byte = XML_GetCurrentByteIndex(reader->parser);
    int count = XML_GetCurrentByteCount(reader->parser);
    uint64_t from = byte < 0 ? 0 : (uint64_t)byte; /* nothing has been read */
    return (struct xml_extent){from, from + (uint64_t)count};
}

bool xml_reader_is_cut_off(const struct xml_reader *reader)
{
    switch (XML_GetErrorCode(reader->parser)) {
    case XML_ERROR_NO_ELEMENTS:
    case XML_ERROR_UNCLOSED_TOKEN:
    case XML_ERROR_PARTIAL_CHAR:
    case XML_ERROR_UNCLOSED_CDATA_SECTION:
        return true;
    default:
        return false;
    }
}

const char *xml_reader_message(const struct xml_reader *reader)
{
    const char *text = XML_ErrorString(XML_GetErrorCode(reader->parser));
    return text ? text : "";
}
