#include "check/read/script/json_links.h"

#include "base/mem.h"
#include "check/read/script/json_reader.h"

struct json_links {
    struct json_events events;
    struct json_reader *reader;
    struct finder *finder;
    enum json_document document;
};

static const struct str elements[] = {
    [JSON_LD] = STR_INIT("json-ld"),
    [JSON_IMPORT_MAP] = STR_INIT("importmap"),
    [JSON_MANIFEST] = STR_INIT("manifest"),
};

/* What says by itself where it leads. Other strings may be names, or text; so may be what has
 * blanks for somebody to fill. */
static bool is_address(struct str value)
{
    static const struct str starts[] = {STR_INIT("https://"), STR_INIT("http://"), STR_INIT("/"),
                                        STR_INIT("./"), STR_INIT("../")};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (str_starts_nocase(value, starts[i]))
            return !link_has_blanks(value);
    }
    return false;
}

/* Of an import map whatever stands in an object counts; a '/' at the end makes it the beginning of
 * addresses (HTML 8.1.5.4). */
static struct str attribute_of(const struct json_links *links, struct str path, struct str key,
                               struct str value)
{
    switch (links->document) {
    case JSON_LD:
        return is_address(value) ? key : STR_NONE;
    case JSON_IMPORT_MAP:
        return is_address(value) && !str_ends(value, STR("/")) ? str_cut(&path, '.') : STR_NONE;
    default:
        return path;
    }
}

static void on_string(struct json_events *events, struct str path, struct str key, struct str value,
                      struct html_position at)
{
    struct json_links *links = CONTAINER_OF(events, struct json_links, events);
    struct str attribute = attribute_of(links, path, key, value);
    for (int row = LINK_CSS_URL; row < LINK_KIND_COUNT; row++) {
        if (str_eq(link_rows[row].element, elements[links->document]) &&
            str_eq(link_rows[row].attribute, attribute))
            finder_link(links->finder, (enum link_kind)row, value, STR_NONE, at);
    }
}

struct json_links *json_links_new(struct finder *finder, enum json_document document,
                                  struct html_position at)
{
    struct json_links *links = MEM_NEW(struct json_links);
    links->events.string = on_string;
    links->finder = finder;
    links->document = document;
    links->reader = json_reader_new(&links->events, at);
    return links;
}

void json_links_free(struct json_links *links)
{
    if (!links)
        return;
    json_reader_free(links->reader);
    mem_free(links);
}

void json_links_feed(struct json_links *links, struct str bytes)
{
    json_reader_feed(links->reader, bytes);
}
