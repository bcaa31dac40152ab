/* The format xml, and the canonical form of an element.
 *
 * Two bodies that say the same can differ in prefixes, in the order of members, propstats and
 * properties, in white space and in escapes. In canonical form they are the same text, so that
 * diff(1) and `davit read --diff` see only what matters.
 *
 * An element is read again as a small tree, because whether its white space means something is
 * known only when all of it has come: it does where there is other text beside its elements (mixed
 * content), and then nothing is indented.
 *
 * Members are sorted by href, so all are held as text until the end. This is the one format that
 * does not run in constant memory. */
#include "multistatus/print/canonical.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/status.h"
#include "multistatus/print/printer_priv.h"
#include "multistatus/writer.h"
#include "xml/reader.h"
#include "xml/writer.h"

enum { DEPTH_MAX = 320 };

/* --- a tree --- */

struct attr {
    struct str ns, local, value;
};

struct node {
    struct node *parent, *first, *last, *next;
    struct str ns, local; /* of an element; local.at == NULL: this is text */
    struct str text;
    struct attr *attrs;
    size_t attr_count;
    bool is_mixed; /* text other than white space stands in it */
};

struct tree {
    struct xml_events events;
    struct arena arena;
    struct node top; /* its first child is the element */
    struct node *open;
};

static struct node *add_node(struct tree *tree)
{
    struct node *node = ARENA_NEW(&tree->arena, struct node);
    struct node *parent = tree->open;
    node->parent = parent;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static int compare_attrs(const void *a, const void *b)
{
    const struct attr *left = a;
    const struct attr *right = b;
    int order = str_compare(left->ns, right->ns);
    return order ? order : str_compare(left->local, right->local);
}

static bool tree_start(struct xml_events *events, const struct xml_element *element)
{
    struct tree *tree = CONTAINER_OF(events, struct tree, events);
    struct node *node = add_node(tree);
    node->ns = arena_str(&tree->arena, element->name.ns);
    node->local = arena_str(&tree->arena, element->name.local);
    node->attrs = arena_alloc(&tree->arena, element->attr_count * sizeof(*node->attrs));
    node->attr_count = element->attr_count;
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        node->attrs[i] = (struct attr){arena_str(&tree->arena, attr->name.ns),
                                       arena_str(&tree->arena, attr->name.local),
                                       arena_str(&tree->arena, attr->value)};
    }
    if (node->attr_count)
        qsort(node->attrs, node->attr_count, sizeof(*node->attrs), compare_attrs);
    tree->open = node;
    return true;
}

static bool is_blank(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!strchr(" \t\r\n", text.at[i]))
            return false;
    }
    return true;
}

static bool tree_text(struct xml_events *events, struct str text)
{
    struct tree *tree = CONTAINER_OF(events, struct tree, events);
    struct node *node = add_node(tree);
    node->text = arena_str(&tree->arena, text);
    tree->open->is_mixed |= !is_blank(text);
    return true;
}

static bool tree_end(struct xml_events *events, unsigned depth)
{
    struct tree *tree = CONTAINER_OF(events, struct tree, events);
    (void)depth; /* as it started */
    tree->open = tree->open->parent;
    return true;
}

/* --- writing it --- */

void canonical_indent(struct buf *to, int indent)
{
    if (indent < 0)
        return;
    buf_add_char(to, '\n');
    for (int i = 0; i < indent; i++)
        BUF_ADD(to, "  ");
}

/* What could steer a terminal becomes a reference, which means the same, in all that stands in `to`
 * from `start` on: it is XML, and none of it can stand in a name. */
static void make_visible(struct buf *to, size_t start)
{
    struct buf raw = {0};
    if (!utf8_is_steering(str_from(buf_str(to), start)))
        return;
    buf_add(&raw, str_from(buf_str(to), start));
    to->len = start;
    struct str rest = buf_str(&raw);
    while (rest.len) {
        uint32_t c = 0;
        size_t len = utf8_take(rest, &c);
        bool is_plain = !len || c < 0x7f || !utf8_is_steering(str_first(rest, len));
        len = len ? len : 1;
        if (is_plain)
            buf_add(to, str_first(rest, len));
        else
            buf_addf(to, "&#x%x;", (unsigned)c);
        rest = str_from(rest, len);
    }
    buf_done(&raw);
}

static void add_name(struct buf *to, const struct node *node)
{
    if (str_eq(node->ns, STR("DAV:")))
        BUF_ADD(to, "D:");
    buf_add(to, node->local);
}

static void add_attrs(struct buf *to, const struct node *node)
{
    unsigned prefixes = 0;
    for (size_t i = 0; i < node->attr_count; i++) {
        const struct attr *attr = &node->attrs[i];
        bool is_xml = str_eq(attr->ns, STR(XML_NS));
        bool is_new = i == 0 || !str_eq(attr->ns, attr[-1].ns);
        if (attr->ns.len && !is_xml && is_new) {
            buf_addf(to, " xmlns:a%u=\"", ++prefixes);
            xml_add_attr(to, attr->ns);
            buf_add_char(to, '"');
        }
        buf_add_char(to, ' ');
        if (is_xml)
            BUF_ADD(to, "xml:");
        else if (attr->ns.len)
            buf_addf(to, "a%u:", prefixes);
        buf_add(to, attr->local);
        BUF_ADD(to, "=\"");
        xml_add_attr(to, attr->value);
        buf_add_char(to, '"');
    }
}

static bool has_element(const struct node *node)
{
    for (const struct node *child = node->first; child; child = child->next) {
        if (child->local.at)
            return true;
    }
    return false;
}

/* `ns`: the default namespace in force. Recursion is bounded by the depth that was read. */
static void add_node_text(struct buf *to, const struct node *node, struct str ns, int indent)
{
    bool is_dav = str_eq(node->ns, STR("DAV:"));
    buf_add_char(to, '<');
    add_name(to, node);
    if (!is_dav && !str_eq(node->ns, ns)) {
        BUF_ADD(to, " xmlns=\"");
        xml_add_attr(to, node->ns);
        buf_add_char(to, '"');
    }
    add_attrs(to, node);
    if (!is_dav)
        ns = node->ns;
    bool is_tidy = !node->is_mixed && has_element(node);
    int within = is_tidy && indent >= 0 ? indent + 1 : -1;
    size_t tag = to->len;
    buf_add_char(to, '>');
    for (const struct node *child = node->first; child; child = child->next) {
        if (child->local.at) {
            canonical_indent(to, within);
            add_node_text(to, child, ns, within);
        } else if (!is_tidy) {
            xml_add_text(to, child->text);
        }
    }
    if (to->len == tag + 1) {
        to->len = tag;
        BUF_ADD(to, "/>");
        return;
    }
    if (is_tidy)
        canonical_indent(to, indent);
    BUF_ADD(to, "</");
    add_name(to, node);
    buf_add_char(to, '>');
}

void canonical_add(struct buf *to, const struct davit_ms_element *element, int indent)
{
    static const struct xml_limits limits = {
        .depth_max = DEPTH_MAX, .attr_count_max = 256, .ns_bytes_max = 8192};
    struct tree tree = {.events = {tree_start, tree_text, tree_end}};
    struct buf document = {0};
    size_t start = to->len;
    tree.open = &tree.top;
    BUF_ADD(&document, "<D:d xmlns:D=\"DAV:\">");
    multistatus_element(&document, element);
    BUF_ADD(&document, "</D:d>");
    if (xml_read(buf_str(&document), &tree.events, &limits) == XML_OK)
        add_node_text(to, tree.top.first->first, STR_NONE, indent);
    else /* beyond a limit: it is at least the same for the same element */
        multistatus_element(to, element);
    make_visible(to, start);
    buf_done(&document);
    arena_done(&tree.arena);
}

void canonical_add_status(struct buf *to, unsigned status, struct davit_ms_text line)
{
    BUF_ADD(to, "<D:status>");
    if (status) {
        buf_addf(to, "HTTP/1.1 %u ", status);
        buf_add(to, http_reason(status));
    } else {
        xml_add_text(to, str_of_text(line));
    }
    BUF_ADD(to, "</D:status>");
}

/* --- the format --- */

struct held {
    struct str href;
    struct str text;
};

struct xml_view {
    struct printer printer;
    struct arena arena;
    struct held *held;
    size_t count, cap;
};

static void add_text_element(struct buf *to, const char *name, struct str text, int indent)
{
    canonical_indent(to, indent);
    buf_addf(to, "<D:%s>", name);
    xml_add_text(to, text);
    buf_addf(to, "</D:%s>", name);
}

static int compare_texts(const void *a, const void *b)
{
    const struct str *left = a;
    const struct str *right = b;
    return str_compare(*left, *right);
}

/* Elements in canonical form, sorted: what sorts them is their text, which begins with the name. */
static void add_sorted(struct xml_view *xml, struct buf *to, const struct printer_filter *filter,
                       const struct davit_ms_element *elements, size_t count)
{
    struct str *texts = mem_new(count, sizeof(*texts));
    struct buf text = {0};
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (filter && !printer_shows_prop(filter, &elements[i]))
            continue;
        buf_clear(&text);
        canonical_add(&text, &elements[i], 4);
        texts[shown++] = arena_str(&xml->arena, buf_str(&text));
    }
    qsort(texts, shown, sizeof(*texts), compare_texts);
    for (size_t i = 0; i < shown; i++) {
        canonical_indent(to, 4);
        buf_add(to, texts[i]);
    }
    buf_done(&text);
    mem_free(texts);
}

static void add_reason(struct xml_view *xml, struct buf *to, const struct davit_ms_reason *reason,
                       int indent)
{
    if (reason->condition_count) {
        canonical_indent(to, indent);
        BUF_ADD(to, "<D:error>");
        add_sorted(xml, to, NULL, reason->conditions, reason->condition_count);
        canonical_indent(to, indent);
        BUF_ADD(to, "</D:error>");
    }
    if (!reason->description.len)
        return;
    canonical_indent(to, indent);
    multistatus_description(to, str_of_text(reason->description),
                            str_of_text(reason->description_lang));
}

static void add_propstat(struct xml_view *xml, struct buf *to,
                         const struct davit_ms_propstat *propstat)
{
    canonical_indent(to, 2);
    BUF_ADD(to, "<D:propstat>");
    canonical_indent(to, 3);
    BUF_ADD(to, "<D:prop>");
    add_sorted(xml, to, &xml->printer.options->filter, propstat->props, propstat->prop_count);
    canonical_indent(to, 3);
    BUF_ADD(to, "</D:prop>");
    canonical_indent(to, 3);
    canonical_add_status(to, propstat->status, propstat->status_line);
    add_reason(xml, to, &propstat->reason, 3);
    canonical_indent(to, 2);
    BUF_ADD(to, "</D:propstat>");
}

static void xml_begin(struct printer *printer)
{
    BUF_ADD(printer->out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                          "<D:multistatus xmlns:D=\"DAV:\">");
}

/* The propstats in the order of their statuses; those of the same status as they came. */
static void add_propstats(struct xml_view *xml, struct buf *to,
                          const struct davit_ms_response *response)
{
    unsigned from = 0;
    for (size_t done = 0; done < response->propstat_count;) {
        unsigned next = UINT32_MAX;
        for (size_t i = 0; i < response->propstat_count; i++) {
            unsigned status = response->propstats[i].status;
            if (status >= from && status < next)
                next = status;
        }
        for (size_t i = 0; i < response->propstat_count; i++) {
            if (response->propstats[i].status != next)
                continue;
            add_propstat(xml, to, &response->propstats[i]);
            done++;
        }
        from = next + 1;
    }
}

static void xml_response(struct printer *printer, const struct davit_ms_response *response)
{
    struct xml_view *xml = CONTAINER_OF(printer, struct xml_view, printer);
    struct buf text = {0};
    canonical_indent(&text, 1);
    BUF_ADD(&text, "<D:response>");
    for (size_t i = 0; i < response->href_count; i++)
        add_text_element(&text, "href", str_of_text(response->hrefs[i].uri), 2);
    add_propstats(xml, &text, response);
    if (response->status_line.len) {
        canonical_indent(&text, 2);
        canonical_add_status(&text, response->status, response->status_line);
    }
    add_reason(xml, &text, &response->reason, 2);
    if (response->location.len) {
        canonical_indent(&text, 2);
        multistatus_location(&text, str_of_text(response->location));
    }
    add_sorted(xml, &text, NULL, response->others, response->other_count);
    canonical_indent(&text, 1);
    BUF_ADD(&text, "</D:response>");
    make_visible(&text, 0);
    if (xml->count == xml->cap) {
        xml->cap = size_max(64, xml->cap * 2);
        xml->held = mem_resize(xml->held, xml->cap * sizeof(*xml->held));
    }
    struct str href = response->href_count ? str_of_text(response->hrefs[0].uri) : STR_NONE;
    xml->held[xml->count++] =
        (struct held){arena_str(&xml->arena, href), arena_str(&xml->arena, buf_str(&text))};
    buf_done(&text);
}

static int compare_held(const void *a, const void *b)
{
    const struct held *left = a;
    const struct held *right = b;
    int order = str_compare(left->href, right->href);
    return order ? order : str_compare(left->text, right->text);
}

static void xml_end(struct printer *printer, const struct printer_end *end)
{
    struct xml_view *xml = CONTAINER_OF(printer, struct xml_view, printer);
    if (xml->count)
        qsort(xml->held, xml->count, sizeof(*xml->held), compare_held);
    for (size_t i = 0; i < xml->count; i++)
        buf_add(printer->out, xml->held[i].text);
    size_t start = printer->out->len;
    if (end->head->description.len) {
        canonical_indent(printer->out, 1);
        multistatus_description(printer->out, str_of_text(end->head->description),
                                str_of_text(end->head->description_lang));
    }
    if (end->head->sync_token.len)
        add_text_element(printer->out, "sync-token", str_of_text(end->head->sync_token), 1);
    make_visible(printer->out, start);
    /* What is cut off stays cut off. */
    if (end->verdict->is_complete || end->status)
        BUF_ADD(printer->out, "\n</D:multistatus>");
    buf_add_char(printer->out, '\n');
}

static void xml_done(struct printer *printer)
{
    struct xml_view *xml = CONTAINER_OF(printer, struct xml_view, printer);
    mem_free(xml->held);
    arena_done(&xml->arena);
}

const struct printer_ops printer_xml = {
    "xml", sizeof(struct xml_view), xml_begin, xml_response, xml_end, xml_done};
