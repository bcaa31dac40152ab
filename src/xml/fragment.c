/* A fragment writes each element with the prefix that the client used, and declares a prefix on the
 * element that first needs it, or where the client declared it (it may be used in content, as QName
 * values are: RFC 4918 §4.3 asks servers to keep prefixes for their sake).
 *
 * `scopes` is a stack of the declarations that are in force; an entry belongs to the element at
 * `depth` and goes when that element ends. Entries refer to `strings` by offset, since both buffers
 * move when they grow.
 *
 * Invariants
 *  (1) every prefix that stands in `text` is declared in `text`, at its element or above, as what
 *      it stood for in the client's document;
 *  (2) no element declares a prefix twice: the client's own declarations are written first, and one
 *      that is in force already as the same is left out;
 *  (3) `names` holds the names of the open elements only, so memory is bounded by depth, not
 *      length.
 *
 * Comments and processing instructions never get here; CDATA comes as text (RFC 4918 §4.3 lets both
 * go). Rejected: renaming prefixes to our own. It is simpler, and breaks content that uses them. */
#include "xml/fragment.h"

#include "xml/writer.h"

struct scope {
    unsigned depth;
    uint32_t prefix_at, prefix_len;
    uint32_t ns_at, ns_len;
};

static size_t scope_count(const struct xml_fragment *fragment)
{
    return fragment->scopes.len / sizeof(struct scope);
}

static struct scope scope_at(const struct xml_fragment *fragment, size_t i)
{
    struct scope scope;
    memcpy(&scope, fragment->scopes.at + i * sizeof(scope), sizeof(scope));
    return scope;
}

static uint32_t keep(struct xml_fragment *fragment, struct str text)
{
    uint32_t at = u32_of_size(fragment->strings.len);
    buf_add(&fragment->strings, text);
    return at;
}

/* The namespace that `prefix` stands for within the fragment; *is_bound_out: it stands for one. */
static struct str resolve(const struct xml_fragment *fragment, struct str prefix,
                          bool *is_bound_out)
{
    for (size_t i = scope_count(fragment); i > 0; i--) {
        struct scope scope = scope_at(fragment, i - 1);
        const char *strings = fragment->strings.at;
        if (str_eq(str_of(strings + scope.prefix_at, scope.prefix_len), prefix)) {
            *is_bound_out = true;
            return str_of(strings + scope.ns_at, scope.ns_len);
        }
    }
    *is_bound_out = prefix.len == 0; /* no default namespace is in force outside */
    return STR_NONE;
}

static void declare(struct xml_fragment *fragment, struct str prefix, struct str ns)
{
    bool is_bound;
    if (str_eq(prefix, STR("xml")) ||
        (str_eq(resolve(fragment, prefix, &is_bound), ns) && is_bound))
        return;
    struct scope scope = {.depth = fragment->depth,
                          .prefix_len = u32_of_size(prefix.len),
                          .ns_len = u32_of_size(ns.len)};
    scope.prefix_at = keep(fragment, prefix);
    scope.ns_at = keep(fragment, ns);
    buf_add(&fragment->scopes, str_of((const char *)&scope, sizeof(scope)));
    BUF_ADD(&fragment->text, " xmlns");
    if (prefix.len)
        buf_add_char(&fragment->text, ':');
    buf_add(&fragment->text, prefix);
    BUF_ADD(&fragment->text, "=\"");
    xml_add_attr(&fragment->text, ns);
    buf_add_char(&fragment->text, '"');
}

static void add_name(struct buf *to, const struct xml_name *name)
{
    buf_add(to, name->prefix);
    if (name->prefix.len)
        buf_add_char(to, ':');
    buf_add(to, name->local);
}

static void add_attr(struct xml_fragment *fragment, const struct xml_name *name, struct str value)
{
    buf_add_char(&fragment->text, ' ');
    add_name(&fragment->text, name);
    BUF_ADD(&fragment->text, "=\"");
    xml_add_attr(&fragment->text, value);
    buf_add_char(&fragment->text, '"');
}

static void close_tag(struct xml_fragment *fragment)
{
    if (fragment->is_tag_open)
        buf_add_char(&fragment->text, '>');
    fragment->is_tag_open = false;
}

void xml_fragment_done(struct xml_fragment *fragment)
{
    buf_done(&fragment->text);
    buf_done(&fragment->scopes);
    buf_done(&fragment->strings);
    buf_done(&fragment->names);
}

void xml_fragment_clear(struct xml_fragment *fragment)
{
    buf_clear(&fragment->text);
    buf_clear(&fragment->scopes);
    buf_clear(&fragment->strings);
    buf_clear(&fragment->names);
    fragment->is_tag_open = false;
    fragment->depth = 0;
}

void xml_fragment_start(struct xml_fragment *fragment, const struct xml_element *element)
{
    close_tag(fragment);
    fragment->depth++;
    buf_add_char(&fragment->text, '<');
    add_name(&fragment->text, &element->name);
    fragment->is_tag_open = true;
    for (size_t i = 0; i < element->binding_count; i++)
        declare(fragment, element->bindings[i].prefix, element->bindings[i].ns);
    declare(fragment, element->name.prefix, element->name.ns);
    bool has_lang = false;
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        if (attr->name.ns.len)
            declare(fragment, attr->name.prefix, attr->name.ns);
        add_attr(fragment, &attr->name, attr->value);
        has_lang |= xml_name_is(&attr->name, STR(XML_NS), STR("lang"));
    }
    static const struct xml_name lang = {
        .local = {"lang", 4}, .prefix = {"xml", 3}, .ns = {XML_NS, sizeof(XML_NS) - 1}};
    if (fragment->depth == 1 && !has_lang && element->lang.len)
        add_attr(fragment, &lang, element->lang);
    /* Kept with a leading NUL, which no name holds, so that the last one can be found. */
    buf_add_char(&fragment->names, '\0');
    add_name(&fragment->names, &element->name);
}

void xml_fragment_text(struct xml_fragment *fragment, struct str text)
{
    close_tag(fragment);
    xml_add_text(&fragment->text, text);
}

void xml_fragment_end(struct xml_fragment *fragment)
{
    assert(fragment->depth > 0);
    size_t at = str_index_last(buf_str(&fragment->names), '\0');
    if (fragment->is_tag_open) {
        BUF_ADD(&fragment->text, "/>");
        fragment->is_tag_open = false;
    } else {
        BUF_ADD(&fragment->text, "</");
        buf_add(&fragment->text, str_from(buf_str(&fragment->names), at + 1));
        buf_add_char(&fragment->text, '>');
    }
    fragment->names.len = at;
    while (scope_count(fragment)) {
        struct scope scope = scope_at(fragment, scope_count(fragment) - 1);
        if (scope.depth < fragment->depth)
            break;
        fragment->scopes.len -= sizeof(scope);
        fragment->strings.len = scope.prefix_at;
    }
    fragment->depth--;
}
