#include "body.h"

#include "support/xml_tree.h"

const struct limits body_limits = {
    .xml_depth = 20,
    .xml_elements = 200,
    .xml_attributes = 12,
    .xml_namespace_bytes = 40,
    .xml_names_bytes = 3000,
    .lock_owner_bytes = 300,
    .property_bytes = 1 << 20,
    .property_name_bytes = 1 << 20,
};

/* --- results --- */

struct root_reader {
    struct xml_events events;
    struct str root;
};

static bool root_start(struct xml_events *events, const struct xml_element *element)
{
    const struct root_reader *reader = CONTAINER_OF(events, struct root_reader, events);
    return element->depth > 1 || xml_name_is(&element->name, STR("DAV:"), reader->root);
}

static bool root_text(struct xml_events *events, struct str text)
{
    (void)events, (void)text; /* only the XML is looked at */
    return true;
}

static bool root_end(struct xml_events *events, unsigned depth)
{
    (void)events, (void)depth; /* likewise */
    return true;
}

void body_check_result(struct str body, struct str root, struct dav_result result)
{
    static const unsigned statuses[] = {
        [XML_MALFORMED] = HTTP_BAD_REQUEST,
        [XML_FORBIDDEN] = HTTP_FORBIDDEN,
        [XML_LIMIT] = HTTP_CONTENT_TOO_LARGE,
        [XML_STOPPED] = HTTP_BAD_REQUEST,
    };
    const struct xml_limits limits = {
        .depth_max = (unsigned)body_limits.xml_depth,
        .element_count_max = (unsigned)body_limits.xml_elements,
        .attr_count_max = (unsigned)body_limits.xml_attributes,
        .ns_bytes_max = (unsigned)body_limits.xml_namespace_bytes,
        .names_bytes_max = (size_t)body_limits.xml_names_bytes,
    };
    struct root_reader reader = {.events = {root_start, root_text, root_end}, .root = root};
    enum xml_rc rc = xml_read(body, &reader.events, &limits);
    if (rc != XML_OK) /* 400 for what makes no sense may come before what is wrong with the XML */
        FUZZ_CHECK(result.status == statuses[rc] || result.status == HTTP_BAD_REQUEST);
    bool is_forbidden = result.status == HTTP_FORBIDDEN;
    FUZZ_CHECK(is_forbidden == (result.condition == CONDITION_NO_EXTERNAL_ENTITIES));
    FUZZ_CHECK(dav_is_fine(result) || result.text);
}

/* --- bodies --- */

/* What a start tag leaves to an end tag: a name that is plain enough, and white space. */
static bool is_end_of_tag(struct str text)
{
    size_t at = 0;
    while (at < text.len && (char_is_alpha(text.at[at]) || text.at[at] == ':'))
        at++;
    if (at == 0 || at == text.len || text.at[at++] != '>')
        return false;
    while (at < text.len && (text.at[at] == '\n' || text.at[at] == ' '))
        at++;
    return at == text.len;
}

bool body_insert(struct buf *to, struct str body, struct str child)
{
    size_t at = str_index_last(body, '<');
    if (at + 1 >= body.len || body.at[at + 1] != '/' || !is_end_of_tag(str_from(body, at + 2)))
        return false;
    buf_add(to, str_first(body, at));
    buf_add(to, child);
    buf_add(to, str_from(body, at));
    return true;
}

/* --- trees --- */

struct tree_logger {
    struct xml_tree tree;
    struct buf *to;
};

static void log_tree(struct xml_tree *tree)
{
    struct tree_logger *logger = CONTAINER_OF(tree, struct tree_logger, tree);
    buf_add(logger->to, buf_str(&tree->log));
    buf_add_char(logger->to, BODY_END);
    xml_tree_clear(tree);
}

void body_log_trees(struct buf *to, struct str body, unsigned depth)
{
    struct tree_logger logger = {.to = to};
    xml_tree_init(&logger.tree, depth);
    logger.tree.tree_done = log_tree;
    FUZZ_CHECK(xml_read(body, &logger.tree.events, &xml_limits_wide) == XML_OK);
    xml_tree_done(&logger.tree);
}

bool body_is_same_tree(struct str a, struct str b)
{
    struct buf logs[2] = {0};
    if (a.len == 0 || b.len == 0)
        return a.len == b.len;
    body_log_trees(&logs[0], a, 1);
    body_log_trees(&logs[1], b, 1);
    bool is_same = str_eq(buf_str(&logs[0]), buf_str(&logs[1]));
    buf_done(&logs[0]);
    buf_done(&logs[1]);
    return is_same;
}

bool body_log_is_of(struct str log, struct str ns, struct str name)
{
    struct buf expected = {0};
    buf_addf(&expected, "{%.*s}%.*s\x1f", STR_ARGS(ns), STR_ARGS(name));
    bool is_so = str_starts(str_from(log, str_index(log, '{')), buf_str(&expected));
    buf_done(&expected);
    return is_so;
}

void body_log_text(struct buf *to, struct str log)
{
    while (log.len) {
        struct str record = str_cut(&log, '\x1e');
        if (str_starts(record, STR("text\x1f")))
            buf_add(to, str_from(record, 5));
    }
}
