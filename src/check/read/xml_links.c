/* Links in XML that is not HTML. Which elements and attributes hold them depends on what kind of
 * document it is, and that on its first element: `rows` has what each kind has. Names count without
 * their namespace where the web writes them with several or none: sitemaps of old, RSS, and feeds
 * that mix both. But what RSS has as text, modules have as something else (<slash:comments> is a
 * number), so there it is RSS's or Atom's own.
 *
 * A <guid> is a link unless it says that it is none. Most that are none do not say so: what only
 * might be one has to look like one.
 *
 * A link that is an element's text is known at its end; it is told of where the element began. What
 * is not well-formed is read up to the fault. */
#include "check/read/xml_links.h"

#include "base/buf.h"
#include "base/mem.h"
#include "xml/reader.h"

enum { DEPTH_MAX = 32, ATTRS_MAX = 64, NS_BYTES_MAX = 1024, URL_BYTES_MAX = 1 << 16 };

struct xml_links {
    struct xml_events events;
    struct finder *finder;
    struct xml_reader *reader;
    enum xml_document document;
    bool is_broken;

    int text_depth; /* of the element whose text is a link; 0: none */
    enum link_kind text_kind;
    struct html_position text_at;
    bool text_may_be_none;
    struct buf text;

    uint64_t based; /* a bit for each depth, from the lowest: its element has an xml:base */
};
static_assert(DEPTH_MAX < 64, "a bit for each");

/* Elements whose text is a link, or an attribute of which is. */
static const struct {
    enum xml_document document;
    struct str element;
    struct str attribute; /* empty: the text */
    enum link_kind kind;
} rows[] = {
    {XML_DOCUMENT_SITEMAP, STR_INIT("loc"), {NULL, 0}, LINK_SITEMAP_LOC},
    {XML_DOCUMENT_SITEMAP, STR_INIT("link"), STR_INIT("href"), LINK_SITEMAP_LOC},
    {XML_DOCUMENT_SITEMAP_INDEX, STR_INIT("loc"), {NULL, 0}, LINK_SITEMAP_SITEMAP},
    {XML_DOCUMENT_FEED, STR_INIT("link"), STR_INIT("href"), LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("link"), {NULL, 0}, LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("comments"), {NULL, 0}, LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("docs"), {NULL, 0}, LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("uri"), {NULL, 0}, LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("guid"), {NULL, 0}, LINK_FEED_GUID},
    {XML_DOCUMENT_FEED, STR_INIT("source"), STR_INIT("url"), LINK_FEED_LINK},
    {XML_DOCUMENT_FEED, STR_INIT("url"), {NULL, 0}, LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("icon"), {NULL, 0}, LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("logo"), {NULL, 0}, LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("enclosure"), STR_INIT("url"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("content"), STR_INIT("src"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("content"), STR_INIT("url"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("player"), STR_INIT("url"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("thumbnail"), STR_INIT("url"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_FEED, STR_INIT("image"), STR_INIT("href"), LINK_FEED_ENCLOSURE},
    {XML_DOCUMENT_OPML, STR_INIT("outline"), STR_INIT("xmlUrl"), LINK_OPML_XML},
    {XML_DOCUMENT_OPML, STR_INIT("outline"), STR_INIT("htmlUrl"), LINK_OPML_HTML},
    {XML_DOCUMENT_OPML, STR_INIT("outline"), STR_INIT("url"), LINK_OPML_URL},
};

static enum xml_document document_of(struct str root)
{
    if (str_eq(root, STR("urlset")))
        return XML_DOCUMENT_SITEMAP;
    if (str_eq(root, STR("sitemapindex")))
        return XML_DOCUMENT_SITEMAP_INDEX;
    if (str_eq(root, STR("opml")))
        return XML_DOCUMENT_OPML;
    bool is_feed =
        str_eq(root, STR("rss")) || str_eq(root, STR("feed")) || str_eq(root, STR("RDF"));
    return is_feed ? XML_DOCUMENT_FEED : XML_DOCUMENT_OTHER;
}

static struct html_position position(const struct xml_links *links)
{
    struct xml_where where = xml_reader_where(links->reader);
    return (struct html_position){(uint32_t)u64_min(where.line, UINT32_MAX),
                                  (uint32_t)u64_min(where.column, UINT32_MAX)};
}

static struct str space_trimmed(struct str text)
{
    while (text.len && (unsigned char)text.at[0] <= ' ')
        text = str_from(text, 1);
    while (text.len && (unsigned char)text.at[text.len - 1] <= ' ')
        text.len--;
    return text;
}

static struct str attr_value(const struct xml_element *element, struct str name)
{
    for (size_t i = 0; i < element->attr_count; i++) {
        if (str_eq(element->attrs[i].name.local, name))
            return element->attrs[i].value;
    }
    return STR_NONE;
}

/* --- links --- */

/* RSS's or Atom's, and of no module. */
static bool is_own(const struct xml_name *name)
{
    return name->prefix.len == 0 || str_eq(name->ns, STR("http://www.w3.org/2005/Atom")) ||
           str_eq(name->ns, STR("http://purl.org/rss/1.0/"));
}

/* What one sends something to: a hub for who subscribes, what an author edits. */
static bool is_for_programs(const struct xml_element *element)
{
    struct str rel = attr_value(element, STR("rel"));
    return str_eq(rel, STR("hub")) || str_eq(rel, STR("edit")) || str_eq(rel, STR("edit-media"));
}

static void add_attr(struct xml_links *links, const struct xml_element *element, struct str name,
                     enum link_kind kind)
{
    struct str raw = space_trimmed(attr_value(element, name));
    struct str text =
        links->document == XML_DOCUMENT_OPML ? attr_value(element, STR("text")) : STR_NONE;
    if (kind == LINK_FEED_LINK && is_for_programs(element))
        kind = LINK_FEED_EDIT;
    if (raw.len)
        finder_link(links->finder, kind, raw, text, position(links));
}

static void begin_text(struct xml_links *links, const struct xml_element *element,
                       enum link_kind kind)
{
    struct str is_link = attr_value(element, STR("isPermaLink"));
    if (!is_own(&element->name) || str_eq_nocase(is_link, STR("false")))
        return;
    links->text_depth = (int)element->depth;
    links->text_kind = kind;
    links->text_may_be_none = kind == LINK_FEED_GUID && is_link.len == 0;
    links->text_at = position(links);
    buf_clear(&links->text);
}

static void end_text(struct xml_links *links)
{
    struct str raw = space_trimmed(buf_str(&links->text));
    bool is_link = !links->text_may_be_none || str_starts_nocase(raw, STR("http://")) ||
                   str_starts_nocase(raw, STR("https://"));
    if (raw.len && is_link)
        finder_link(links->finder, links->text_kind, raw, STR_NONE, links->text_at);
}

static void enter_base(struct xml_links *links, const struct xml_element *element)
{
    struct finder *finder = links->finder;
    for (size_t i = 0; i < element->attr_count && finder->enter; i++) {
        if (xml_name_is(&element->attrs[i].name, STR(XML_NS), STR("base"))) {
            links->based |= (uint64_t)1 << element->depth;
            finder->enter(finder, element->attrs[i].value);
        }
    }
}

/* --- elements --- */

static bool on_start(struct xml_events *events, const struct xml_element *element)
{
    struct xml_links *links = CONTAINER_OF(events, struct xml_links, events);
    if (element->depth == 1)
        links->document = document_of(element->name.local);
    if (links->document == XML_DOCUMENT_FEED)
        enter_base(links, element);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].document != links->document || !str_eq(rows[i].element, element->name.local))
            continue;
        if (rows[i].attribute.len)
            add_attr(links, element, rows[i].attribute, rows[i].kind);
        else
            begin_text(links, element, rows[i].kind);
    }
    return true;
}

static bool on_text(struct xml_events *events, struct str text)
{
    struct xml_links *links = CONTAINER_OF(events, struct xml_links, events);
    if (links->text_depth && links->text.len < URL_BYTES_MAX)
        buf_add(&links->text, text);
    return true;
}

static bool on_end(struct xml_events *events, unsigned depth)
{
    struct xml_links *links = CONTAINER_OF(events, struct xml_links, events);
    uint64_t bit = (uint64_t)1 << depth;
    if (links->text_depth == (int)depth) {
        links->text_depth = 0;
        end_text(links);
    }
    if (links->based & bit) {
        links->based &= ~bit;
        links->finder->leave(links->finder);
    }
    return true;
}

static struct str without_mark(struct str start)
{
    return str_starts(start, STR("\xef\xbb\xbf")) ? str_from(start, 3) : start;
}

bool has_xml_declaration(struct str start)
{
    return str_starts(without_mark(start), STR("<?xml"));
}

/* What stands before the first element: space, and what begins so and ends so. */
static bool skip_prolog(struct str *rest)
{
    static const struct {
        struct str start, end;
    } parts[] = {{STR_INIT("<?"), STR_INIT("?>")},
                 {STR_INIT("<!--"), STR_INIT("-->")},
                 {STR_INIT("<!DOCTYPE"), STR_INIT(">")}};
    *rest = space_trimmed(*rest);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *end = str_starts(*rest, parts[i].start)
                              ? memmem(rest->at, rest->len, parts[i].end.at, parts[i].end.len)
                              : NULL;
        if (end) {
            *rest = str_from(*rest, (size_t)(end - rest->at) + parts[i].end.len);
            return true;
        }
    }
    return false;
}

bool xml_is_xhtml(struct str start)
{
    static const struct str ns = STR_INIT("http://www.w3.org/1999/xhtml");
    struct str rest = without_mark(start);
    while (skip_prolog(&rest))
        ;
    struct str tag = str_first(rest, str_index(rest, '>'));
    return str_starts(tag, STR("<html")) && memmem(tag.at, tag.len, ns.at, ns.len);
}

struct xml_links *xml_links_new(struct finder *finder)
{
    static const struct xml_limits limits = {
        .depth_max = DEPTH_MAX, .attr_count_max = ATTRS_MAX, .ns_bytes_max = NS_BYTES_MAX};
    struct xml_links *links = MEM_NEW(struct xml_links);
    links->events = (struct xml_events){.start = on_start, .text = on_text, .end = on_end};
    links->finder = finder;
    links->reader = xml_reader_new(&links->events, &limits);
    links->is_broken = links->reader == NULL;
    return links;
}

void xml_links_free(struct xml_links *links)
{
    if (!links)
        return;
    xml_reader_free(links->reader);
    buf_done(&links->text);
    mem_free(links);
}

bool xml_links_feed(struct xml_links *links, struct str bytes, bool is_last)
{
    if (!links->is_broken)
        links->is_broken = xml_reader_feed(links->reader, bytes, is_last) != XML_OK;
    return !links->is_broken;
}

enum xml_document xml_links_document(const struct xml_links *links)
{
    return links->document;
}
