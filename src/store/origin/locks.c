/* Only so much of a lock is read as is needed to judge the client's If and to say whose token is
 * missing: token, root, and whether it is exclusive. An owner may hold elements of any name, an
 * href among them; so an element counts by its depth and by what it stands in. Before RFC 4918 a
 * lock said nothing of its root: then it is taken to be the resource itself.
 *
 * The value of a property stands alone, and is several elements; so a root is put around it. */
#include "store/origin/locks.h"

#include "store/origin/inquiry.h"
#include "store/origin/origin_state.h"
#include "xml/reader.h"

enum { LOCKS_MAX = 64, TEXT_BYTES_MAX = 4096 };

/* Depths: a root that we put around it, activelock, what is in that, and in that. */
enum { DEPTH_LOCK = 2, DEPTH_PART = 3, DEPTH_HREF = 4 };

enum part { PART_OTHER, PART_TOKEN, PART_ROOT, PART_SCOPE };

struct lock_reader {
    struct xml_events events;
    const struct origin *origin;
    struct arena *arena;
    struct lock_list *locks;
    struct res_path path; /* of the resource: where a lock says no root */
    struct lock lock;     /* that is being read */
    enum part part;
    bool is_href;
    struct buf text;
};

static struct lock_reader *reader_of(struct xml_events *events)
{
    return CONTAINER_OF(events, struct lock_reader, events);
}

static enum part part_of(const struct xml_name *name)
{
    if (xml_name_is(name, STR("DAV:"), STR("locktoken")))
        return PART_TOKEN;
    if (xml_name_is(name, STR("DAV:"), STR("lockroot")))
        return PART_ROOT;
    return xml_name_is(name, STR("DAV:"), STR("lockscope")) ? PART_SCOPE : PART_OTHER;
}

static bool on_start(struct xml_events *events, const struct xml_element *element)
{
    struct lock_reader *reader = reader_of(events);
    if (element->depth == DEPTH_LOCK)
        reader->lock =
            (struct lock){.root = reader->path,
                          .is_infinite = true,
                          .principal = principal_holder(&reader->origin->x->signed_in.principal)};
    if (element->depth == DEPTH_PART)
        reader->part = part_of(&element->name);
    if (element->depth == DEPTH_HREF && reader->part == PART_SCOPE)
        reader->lock.is_exclusive |= xml_name_is(&element->name, STR("DAV:"), STR("exclusive"));
    reader->is_href =
        element->depth == DEPTH_HREF && xml_name_is(&element->name, STR("DAV:"), STR("href"));
    buf_clear(&reader->text);
    return true;
}

static bool on_text(struct xml_events *events, struct str text)
{
    struct lock_reader *reader = reader_of(events);
    if (reader->is_href && reader->text.len + text.len <= TEXT_BYTES_MAX)
        buf_add(&reader->text, text);
    return true;
}

static void take_href(struct lock_reader *reader)
{
    struct str text = str_trim(buf_str(&reader->text));
    struct res_path root;
    if (reader->part == PART_TOKEN)
        reader->lock.token = arena_str(reader->arena, text);
    if (reader->part == PART_ROOT && origin_path(reader->arena, text, &root))
        reader->lock.root = root;
}

static bool on_end(struct xml_events *events, unsigned depth)
{
    struct lock_reader *reader = reader_of(events);
    if (depth == DEPTH_HREF && reader->is_href)
        take_href(reader);
    reader->is_href = false;
    if (depth == DEPTH_LOCK && reader->locks->count < LOCKS_MAX)
        reader->locks->items[reader->locks->count++] = reader->lock;
    return true;
}

void locks_of_xml(const struct origin *origin, struct arena *arena, struct str xml,
                  struct res_path path, struct lock_list *locks_out)
{
    static const struct xml_limits limits = {
        .depth_max = 100, .attr_count_max = 64, .ns_bytes_max = 8192};
    struct lock_reader reader = {.events = {on_start, on_text, on_end},
                                 .origin = origin,
                                 .arena = arena,
                                 .locks = locks_out,
                                 .path = path};
    struct buf document = {0};
    *locks_out = (struct lock_list){.items = arena_alloc(arena, LOCKS_MAX * sizeof(struct lock))};
    buf_addf(&document, "<locks>%.*s</locks>", STR_ARGS(xml));
    (void)!xml_read(buf_str(&document), &reader.events, &limits); /* it was well-formed */
    buf_done(&document);
    buf_done(&reader.text);
}
