/* A fragment writes each element with the prefix that the client used, because content may use it
 * too, as QName values do (RFC 4918 §4.3 asks servers to keep prefixes for their sake). What the
 * client declares within the fragment is written where the client wrote it. What is used and was
 * declared outside is declared on the top element: outside, a prefix stands for one thing only, so
 * one declaration serves all who use it, and a client cannot make us write a long name for each of
 * many short elements. The top element's start tag has long been written by then; `outside` is put
 * into it when the fragment ends.
 *
 * A prefix that stands in text or in the value of an attribute ("k:foo") is kept with its
 * declaration, also where only an element around the fragment declares it: when the fragment ends,
 * it is looked through for what may be one. That finds too much now and then (a "k:" that is none),
 * which does no harm: one declaration more.
 *
 * `prefixes` finds the declaration in force by its prefix. One that shadows another takes its place
 * there until its element ends.
 *
 * Invariants
 *  (1) every prefix that stands in `text` is declared in `text`, at its element or above, as what
 *      it stood for in the client's document;
 *  (2) no element declares a prefix twice: one is taken from outside only when nothing within the
 *      fragment has it in force, and then from the top on;
 *  (3) what the client undid (xmlns="") is written below the top although nothing is in force yet:
 *      a later sibling may bring the default namespace in from outside;
 *  (4) `names` holds the names of the open elements only, so memory is bounded by depth, not
 *      length.
 *
 * Comments and processing instructions never get here; CDATA comes as text (RFC 4918 §4.3 lets both
 * go). The default namespace is not kept for the sake of text: any word could be a name in it.
 *
 * Rejected: to declare all that is in force around a fragment, since a client could make us keep it
 * with each of many short values; and renaming prefixes to our own, which is simpler and breaks
 * content that uses them. */
#include "xml/fragment.h"

#include "base/mem.h"
#include "xml/writer.h"

/* A declaration that is in force, or shadowed by one that is. */
struct xml_scope {
    struct map_entry entry;     /* its key is the prefix */
    struct xml_scope *shadowed; /* what the prefix stands for when this one ends; NULL: nothing */
    struct xml_scope *older;
    unsigned depth; /* of the element that declares it; 0: from outside, for the whole fragment */
    struct str ns;
    char text[]; /* prefix and ns */
};

static struct xml_scope *scope_of(struct map_entry *entry)
{
    return entry ? CONTAINER_OF(entry, struct xml_scope, entry) : NULL;
}

static void push_scope(struct map *in_force, struct xml_scope **stack, unsigned depth,
                       struct xml_binding binding)
{
    struct str prefix = binding.prefix;
    struct str ns = binding.ns;
    struct xml_scope *scope = mem_new(1, sizeof(*scope) + prefix.len + ns.len);
    if (prefix.len)
        memcpy(scope->text, prefix.at, prefix.len);
    if (ns.len)
        memcpy(scope->text + prefix.len, ns.at, ns.len);
    scope->ns = str_of(scope->text + prefix.len, ns.len);
    scope->depth = depth;
    scope->older = *stack;
    *stack = scope;
    scope->shadowed = scope_of(map_find(in_force, prefix));
    if (scope->shadowed)
        map_remove(in_force, &scope->shadowed->entry);
    map_add(in_force, &scope->entry, str_of(scope->text, prefix.len));
}

/* The newest of `stack`. */
static void pop_scope(struct map *in_force, struct xml_scope **stack)
{
    struct xml_scope *scope = *stack;
    *stack = scope->older;
    map_remove(in_force, &scope->entry);
    if (scope->shadowed)
        map_add(in_force, &scope->shadowed->entry, scope->shadowed->entry.key);
    mem_free(scope);
}

static void add_declaration(struct buf *to, struct str prefix, struct str ns)
{
    BUF_ADD(to, " xmlns");
    if (prefix.len)
        buf_add_char(to, ':');
    buf_add(to, prefix);
    BUF_ADD(to, "=\"");
    xml_add_attr(to, ns);
    buf_add_char(to, '"');
}

/* A declaration of the client's own. */
static void declare(struct xml_fragment *fragment, const struct xml_binding *binding)
{
    const struct xml_scope *now = scope_of(map_find(&fragment->prefixes, binding->prefix));
    bool is_undone = binding->prefix.len == 0 && binding->ns.len == 0;
    if (str_eq(binding->prefix, STR("xml")) || (now && str_eq(now->ns, binding->ns)))
        return;
    push_scope(&fragment->prefixes, &fragment->scopes, fragment->depth, *binding);
    if (!is_undone || fragment->depth > 1) /* nothing is in force above the top */
        add_declaration(&fragment->text, binding->prefix, binding->ns);
}

static void declare_outside(struct xml_fragment *fragment, struct xml_binding binding)
{
    push_scope(&fragment->prefixes, &fragment->outside_scopes, 0, binding);
    add_declaration(&fragment->outside, binding.prefix, binding.ns);
}

/* A prefix that a name has: declared already, or outside. */
static void use(struct xml_fragment *fragment, const struct xml_name *name)
{
    const struct xml_scope *now = scope_of(map_find(&fragment->prefixes, name->prefix));
    assert(!now || str_eq(now->ns, name->ns));
    if (now || name->ns.len == 0 || str_eq(name->prefix, STR("xml")))
        return;
    declare_outside(fragment, (struct xml_binding){name->prefix, name->ns});
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

void xml_fragment_clear(struct xml_fragment *fragment)
{
    while (fragment->scopes)
        pop_scope(&fragment->prefixes, &fragment->scopes);
    while (fragment->outside_scopes)
        pop_scope(&fragment->prefixes, &fragment->outside_scopes);
    buf_clear(&fragment->text);
    buf_clear(&fragment->names);
    buf_clear(&fragment->outside);
    fragment->is_tag_open = false;
    fragment->depth = 0;
}

void xml_fragment_done(struct xml_fragment *fragment)
{
    xml_fragment_clear(fragment);
    while (fragment->around_scopes)
        pop_scope(&fragment->around, &fragment->around_scopes);
    map_done(&fragment->prefixes);
    map_done(&fragment->around);
    buf_done(&fragment->text);
    buf_done(&fragment->names);
    buf_done(&fragment->outside);
}

enum {
    ESCAPED_BYTES_MAX = 6, /* of one byte */
    TAG_BYTES = 16,        /* what stands around names and values, generously */
};

static size_t binding_bytes(struct str prefix, struct str ns)
{
    return (prefix.len + ns.len) * ESCAPED_BYTES_MAX + TAG_BYTES;
}

void xml_fragment_enter(struct xml_fragment *fragment, const struct xml_element *element)
{
    fragment->around_depth++;
    for (size_t i = 0; i < element->binding_count; i++) {
        const struct xml_binding *binding = &element->bindings[i];
        if (!binding->prefix.len || str_eq(binding->prefix, STR("xml")))
            continue;
        push_scope(&fragment->around, &fragment->around_scopes, fragment->around_depth, *binding);
        fragment->around_bytes += binding_bytes(binding->prefix, binding->ns);
    }
}

void xml_fragment_leave(struct xml_fragment *fragment)
{
    assert(fragment->around_depth > 0);
    struct xml_scope *scope;
    while ((scope = fragment->around_scopes) && scope->depth == fragment->around_depth) {
        fragment->around_bytes -= binding_bytes(scope->entry.key, scope->ns);
        pop_scope(&fragment->around, &fragment->around_scopes);
    }
    fragment->around_depth--;
}

/* No more than that is written of a start tag. */
static size_t tag_bytes(const struct xml_element *element)
{
    size_t bytes = element->name.local.len + element->name.ns.len + element->name.prefix.len;
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        bytes += attr->name.local.len + attr->name.ns.len + attr->name.prefix.len + attr->value.len;
    }
    for (size_t i = 0; i < element->binding_count; i++)
        bytes += element->bindings[i].ns.len + element->bindings[i].prefix.len;
    bytes += element->lang.len;
    return bytes * ESCAPED_BYTES_MAX +
           (2 + element->attr_count + element->binding_count) * 2 * TAG_BYTES;
}

bool xml_fragment_reserve(struct xml_fragment *fragment, const struct xml_element *element,
                          struct str text)
{
    size_t tag = element ? tag_bytes(element) : 0;
    size_t ends = fragment->names.len + fragment->outside.len + fragment->depth * TAG_BYTES;
    size_t around = fragment->around_bytes;
    return buf_try_reserve(&fragment->names, tag) &&
           buf_try_reserve(&fragment->outside, tag + around) &&
           buf_try_reserve(&fragment->text, 3 * tag + text.len * ESCAPED_BYTES_MAX + ends + around);
}

void xml_fragment_start(struct xml_fragment *fragment, const struct xml_element *element)
{
    close_tag(fragment);
    fragment->depth++;
    buf_add_char(&fragment->text, '<');
    add_name(&fragment->text, &element->name);
    fragment->is_tag_open = true;
    if (fragment->depth == 1)
        fragment->outside_at = fragment->text.len;
    for (size_t i = 0; i < element->binding_count; i++)
        declare(fragment, &element->bindings[i]);
    use(fragment, &element->name);
    bool has_lang = false;
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        if (attr->name.prefix.len) /* without one, an attribute is in no namespace */
            use(fragment, &attr->name);
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

/* What a prefix may hold, of ASCII. Nothing of what stands around one in text: '<', '"', ';'. */
static bool is_in_prefix(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (unsigned char)c >= 0x80 || strchr("._-", c);
}

/* Declares what is declared around the fragment and may be used in its text, unless the top element
 * has that prefix in force. */
static void declare_mentioned(struct xml_fragment *fragment)
{
    struct str text = buf_str(&fragment->text);
    if (!fragment->around_scopes)
        return;
    for (size_t from = 0, at = 0; at < text.len; at++) {
        if (is_in_prefix(text.at[at]))
            continue;
        struct str prefix = str_of(text.at + from, at - from);
        from = at + 1;
        if (text.at[at] != ':' || !prefix.len || map_find(&fragment->prefixes, prefix))
            continue;
        const struct xml_scope *around = scope_of(map_find(&fragment->around, prefix));
        if (around)
            declare_outside(fragment, (struct xml_binding){around->entry.key, around->ns});
    }
}

/* Puts what was used from outside into the top element's start tag. */
static void insert_outside(struct xml_fragment *fragment)
{
    struct str outside = buf_str(&fragment->outside);
    (void)buf_reserve(&fragment->text, outside.len); /* where it goes is computed below */
    char *at = fragment->text.at + fragment->outside_at;
    memmove(at + outside.len, at, fragment->text.len - fragment->outside_at);
    if (outside.len)
        memcpy(at, outside.at, outside.len);
    fragment->text.len += outside.len;
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
    if (fragment->depth == 1)
        declare_mentioned(fragment);
    while (fragment->scopes && fragment->scopes->depth == fragment->depth)
        pop_scope(&fragment->prefixes, &fragment->scopes);
    if (--fragment->depth == 0)
        insert_outside(fragment);
}
