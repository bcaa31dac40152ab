#include "support/xml_tree.h"

#include "base/mem.h"

/* No XML document can hold these. */
#define END_OF_RECORD "\x1e"
#define END_OF_PART   "\x1f"

struct tree_binding {
    unsigned depth;
    char *prefix;
    char *ns;
};

const struct xml_limits xml_limits_wide = {
    .depth_max = 200, .element_count_max = 100000, .attr_count_max = 200, .ns_bytes_max = 100000};

static size_t binding_count(const struct xml_tree *tree)
{
    return tree->bindings.len / sizeof(struct tree_binding);
}

static struct tree_binding *binding_at(const struct xml_tree *tree, size_t i)
{
    return (struct tree_binding *)(void *)tree->bindings.at + i;
}

static void drop_binding(struct xml_tree *tree)
{
    struct tree_binding *last = binding_at(tree, binding_count(tree) - 1);
    mem_free(last->prefix);
    mem_free(last->ns);
    tree->bindings.len -= sizeof(*last);
}

static void log_text(struct xml_tree *tree)
{
    if (tree->text.len == 0)
        return;
    BUF_ADD(&tree->log, "text" END_OF_PART);
    buf_add(&tree->log, buf_str(&tree->text));
    BUF_ADD(&tree->log, END_OF_RECORD);
    buf_clear(&tree->text);
}

static void log_name(struct xml_tree *tree, const struct xml_name *name)
{
    buf_add(&tree->log, name->prefix);
    BUF_ADD(&tree->log, ":{");
    buf_add(&tree->log, name->ns);
    BUF_ADD(&tree->log, "}");
    buf_add(&tree->log, name->local);
}

/* "prefix=ns" for each prefix that is declared, as it is in force. */
static void log_scopes(struct xml_tree *tree)
{
    for (size_t i = binding_count(tree); i > 0; i--) {
        const struct tree_binding *binding = binding_at(tree, i - 1);
        bool is_hidden = false;
        for (size_t j = i; j < binding_count(tree); j++)
            is_hidden |= strcmp(binding_at(tree, j)->prefix, binding->prefix) == 0;
        if (!is_hidden)
            buf_addf(&tree->scopes, "%s=%s" END_OF_PART, binding->prefix, binding->ns);
    }
    BUF_ADD(&tree->scopes, END_OF_RECORD);
}

static bool is_xml_lang(const struct xml_name *name)
{
    return xml_name_is(name, STR(XML_NS), STR("lang"));
}

static bool tree_start(struct xml_events *events, const struct xml_element *element)
{
    struct xml_tree *tree = CONTAINER_OF(events, struct xml_tree, events);
    tree->depth = element->depth;
    if (element->depth < tree->top_depth) {
        if (tree->fragment)
            xml_fragment_enter(tree->fragment, element);
        return true;
    }
    log_text(tree);
    for (size_t i = 0; i < element->binding_count; i++) {
        const struct xml_binding *from = &element->bindings[i];
        if (str_eq(from->prefix, STR("xml")))
            continue; /* in force everywhere, said or not */
        struct tree_binding binding = {element->depth,
                                       mem_copy_text(from->prefix.at, from->prefix.len),
                                       mem_copy_text(from->ns.at, from->ns.len)};
        buf_add(&tree->bindings, str_of((const char *)&binding, sizeof(binding)));
    }
    BUF_ADD(&tree->log, "start" END_OF_PART);
    log_name(tree, &element->name);
    for (size_t i = 0; i < element->attr_count; i++) {
        if (is_xml_lang(&element->attrs[i].name))
            continue; /* below, as what is in force: a fragment may say it at another place */
        BUF_ADD(&tree->log, END_OF_PART);
        log_name(tree, &element->attrs[i].name);
        BUF_ADD(&tree->log, "=");
        buf_add(&tree->log, element->attrs[i].value);
    }
    BUF_ADD(&tree->log, END_OF_PART "lang=");
    buf_add(&tree->log, element->lang);
    BUF_ADD(&tree->log, END_OF_RECORD);
    log_scopes(tree);
    if (tree->fragment)
        xml_fragment_start(tree->fragment, element);
    return true;
}

static bool tree_text(struct xml_events *events, struct str text)
{
    struct xml_tree *tree = CONTAINER_OF(events, struct xml_tree, events);
    if (tree->depth < tree->top_depth)
        return true;
    buf_add(&tree->text, text);
    if (tree->fragment)
        xml_fragment_text(tree->fragment, text);
    return true;
}

static bool tree_end(struct xml_events *events, unsigned depth)
{
    struct xml_tree *tree = CONTAINER_OF(events, struct xml_tree, events);
    tree->depth = depth - 1;
    if (depth < tree->top_depth) {
        if (tree->fragment)
            xml_fragment_leave(tree->fragment);
        return true;
    }
    log_text(tree);
    BUF_ADD(&tree->log, "end" END_OF_RECORD);
    while (binding_count(tree) && binding_at(tree, binding_count(tree) - 1)->depth == depth)
        drop_binding(tree);
    if (tree->fragment)
        xml_fragment_end(tree->fragment);
    if (depth == tree->top_depth) {
        tree->tree_count++;
        if (tree->tree_done)
            tree->tree_done(tree);
    }
    return true;
}

void xml_tree_init(struct xml_tree *tree, unsigned top_depth)
{
    *tree = (struct xml_tree){.events = {tree_start, tree_text, tree_end}, .top_depth = top_depth};
}

void xml_tree_clear(struct xml_tree *tree)
{
    buf_clear(&tree->log);
    buf_clear(&tree->scopes);
}

void xml_tree_done(struct xml_tree *tree)
{
    while (binding_count(tree))
        drop_binding(tree);
    buf_done(&tree->log);
    buf_done(&tree->scopes);
    buf_done(&tree->bindings);
    buf_done(&tree->text);
}

enum xml_rc xml_tree_read(struct xml_tree *tree, struct str document, size_t step,
                          const struct xml_limits *limits)
{
    struct xml_reader *reader = xml_reader_new(&tree->events, limits);
    enum xml_rc rc = XML_OK;
    for (size_t at = 0; at < document.len && rc == XML_OK; at += step) {
        struct str piece = str_first(str_from(document, at), step);
        rc = xml_reader_feed(reader, piece, false);
    }
    if (rc == XML_OK)
        rc = xml_reader_feed(reader, STR_NONE, true);
    xml_reader_free(reader);
    return rc;
}

/* --- fragments --- */

static struct buf complaint;

static void complain(const char *what, struct str fragment, struct str expected, struct str actual)
{
    if (complaint.len == 0)
        buf_addf(&complaint, "%s\n  fragment: %.*s\n  expected: %.*s\n  actual:   %.*s", what,
                 STR_ARGS(fragment), STR_ARGS(expected), STR_ARGS(actual));
}

/* Whether `scope` has the binding `one`. That no default namespace is in force needs no saying. */
static bool scope_has(struct str scope, struct str one)
{
    bool is_default_said = false;
    while (scope.len) {
        struct str there = str_cut(&scope, END_OF_PART[0]);
        if (str_eq(there, one))
            return true;
        is_default_said |= str_starts(there, STR("="));
    }
    return str_eq(one, STR("=")) && !is_default_said;
}

/* Every binding of `expected` is one of `actual` too, element by element. */
static bool scopes_hold(struct str expected, struct str actual)
{
    while (expected.len) {
        struct str wanted = str_cut(&expected, END_OF_RECORD[0]);
        struct str there = str_cut(&actual, END_OF_RECORD[0]);
        while (wanted.len) {
            if (!scope_has(there, str_cut(&wanted, END_OF_PART[0])))
                return false;
        }
    }
    return true;
}

static void check_reading(const struct xml_tree *original, struct str fragment, struct str document,
                          unsigned top_depth)
{
    struct xml_tree again;
    xml_tree_init(&again, top_depth);
    enum xml_rc rc = xml_tree_read(&again, document, document.len, &xml_limits_wide);
    if (rc != XML_OK)
        complain("the fragment cannot be read", fragment, STR("XML_OK"), STR("another"));
    else if (!str_eq(buf_str(&original->log), buf_str(&again.log)))
        complain("the tree has changed", fragment, buf_str(&original->log), buf_str(&again.log));
    else if (!scopes_hold(buf_str(&original->scopes), buf_str(&again.scopes)))
        complain("a declaration is lost", fragment, buf_str(&original->scopes),
                 buf_str(&again.scopes));
    xml_tree_done(&again);
}

static void check_fragment(struct xml_tree *tree)
{
    struct str fragment = buf_str(&tree->fragment->text);
    struct buf pasted = {0};
    check_reading(tree, fragment, fragment, 1);
    BUF_ADD(&pasted, "<D:multistatus xmlns:D=\"DAV:\" xmlns:x=\"urn:x\"><D:prop>");
    buf_add(&pasted, fragment);
    BUF_ADD(&pasted, "</D:prop></D:multistatus>");
    check_reading(tree, fragment, buf_str(&pasted), 3);
    buf_done(&pasted);
    xml_tree_clear(tree);
    xml_fragment_clear(tree->fragment);
}

const char *xml_fragments_check(struct str document, unsigned depth, size_t *count_out)
{
    struct xml_fragment fragment = {0};
    struct xml_tree tree;
    xml_tree_init(&tree, depth);
    tree.fragment = &fragment;
    tree.tree_done = check_fragment;
    buf_done(&complaint);
    (void)xml_tree_read(&tree, document, document.len, &xml_limits_wide); /* as far as it goes */
    if (count_out)
        *count_out = tree.tree_count;
    xml_tree_done(&tree);
    xml_fragment_done(&fragment);
    return complaint.len ? buf_c(&complaint) : NULL;
}
