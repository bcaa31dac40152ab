/* Most properties are a piece of text, so that is what is gathered until an element comes within;
 * only then the content becomes XML text.
 *
 * That text must stand alone: whoever gets it may paste it anywhere. Each element within declares
 * what its names use and what is not in force within the content yet. It does so where it stands
 * and not once on top, as xml/fragment.c does for the server: the content may have several tops.
 * What that repeats counts against the bound.
 *
 * Invariants
 *  (1) every prefix of a name that stands in the content is declared in the content, at its element
 *      or above, as what it stood for in the document; a name without prefix and namespace that
 *      stands on top undoes the default namespace of the place it is pasted to;
 *  (2) no element declares a prefix twice;
 *  (3) what the element itself declares is kept in its attributes, but for its own prefix, which
 *      whoever writes the element has to declare anyway. Prefixes in values (QNames) then still
 *      mean what they meant;
 *  (4) nothing is appended beyond room that was reserved (base/buf.h): without memory there is a
 *      result, not an end. */
#include "multistatus/capture.h"

#include "base/mem.h"
#include "xml/writer.h"

enum { ESCAPED_BYTES_MAX = 6 }; /* of one byte: &quot; */

struct capture_scope {
    unsigned depth; /* of the element that declares it */
    size_t prefix_len, ns_len;
    size_t text_at; /* the prefix, and behind it the namespace, in scope_text */
};

void capture_done(struct capture *capture)
{
    buf_done(&capture->content);
    buf_done(&capture->attributes);
    buf_done(&capture->names);
    buf_done(&capture->scope_text);
    mem_free(capture->scopes.items);
    *capture = (struct capture){0};
}

/* --- the namespaces in force --- */

/* Of the newest declaration of `prefix`; false: there is none within the content. */
static bool find_scope(const struct capture *capture, struct str prefix, struct str *ns_out)
{
    const struct capture_scope *scopes = capture->scopes.items;
    for (size_t i = capture->scopes.count; i > 0; i--) {
        const struct capture_scope *scope = &scopes[i - 1];
        struct str text = str_from(buf_str(&capture->scope_text), scope->text_at);
        if (!str_eq(str_first(text, scope->prefix_len), prefix))
            continue;
        *ns_out = str_first(str_from(text, scope->prefix_len), scope->ns_len);
        return true;
    }
    return false;
}

static bool push_scope(struct capture *capture, struct str prefix, struct str ns)
{
    if (!buf_try_reserve(&capture->scope_text, prefix.len + ns.len))
        return false;
    struct capture_scope *scope = keep_list_add(&capture->scopes, sizeof(*scope));
    if (!scope)
        return false;
    *scope = (struct capture_scope){capture->depth, prefix.len, ns.len, capture->scope_text.len};
    buf_add(&capture->scope_text, prefix);
    buf_add(&capture->scope_text, ns);
    return true;
}

static void pop_scopes(struct capture *capture)
{
    const struct capture_scope *scopes = capture->scopes.items;
    while (capture->scopes.count && scopes[capture->scopes.count - 1].depth == capture->depth)
        capture->scope_text.len = scopes[--capture->scopes.count].text_at;
}

/* --- pieces; each reserves before it appends --- */

static bool add_declaration(struct buf *to, struct str prefix, struct str ns)
{
    if (!buf_try_reserve(to, 16 + prefix.len + ESCAPED_BYTES_MAX * ns.len))
        return false;
    BUF_ADD(to, " xmlns");
    if (prefix.len)
        buf_add_char(to, ':');
    buf_add(to, prefix);
    BUF_ADD(to, "=\"");
    xml_add_attr(to, ns);
    buf_add_char(to, '"');
    return true;
}

static void add_name(struct buf *to, const struct xml_name *name)
{
    buf_add(to, name->prefix);
    if (name->prefix.len)
        buf_add_char(to, ':');
    buf_add(to, name->local);
}

static bool add_attr(struct buf *to, const struct xml_attr *attr)
{
    const struct xml_name *name = &attr->name;
    if (!buf_try_reserve(to, 8 + name->prefix.len + name->local.len +
                                 ESCAPED_BYTES_MAX * attr->value.len))
        return false;
    buf_add_char(to, ' ');
    add_name(to, name);
    BUF_ADD(to, "=\"");
    xml_add_attr(to, attr->value);
    buf_add_char(to, '"');
    return true;
}

static bool add_escaped(struct buf *to, struct str text)
{
    if (!buf_try_reserve(to, ESCAPED_BYTES_MAX * text.len))
        return false;
    xml_add_text(to, text);
    return true;
}

static bool close_tag(struct capture *capture)
{
    if (capture->is_tag_open) {
        if (!buf_try_reserve(&capture->content, 1))
            return false;
        buf_add_char(&capture->content, '>');
    }
    capture->is_tag_open = false;
    return true;
}

/* Declares what a name uses, where that is not in force. */
static bool use(struct capture *capture, const struct xml_name *name)
{
    struct str ns;
    if (str_eq(name->prefix, STR("xml")) || find_scope(capture, name->prefix, &ns))
        return true;
    return push_scope(capture, name->prefix, name->ns) &&
           add_declaration(&capture->content, name->prefix, name->ns);
}

static bool declare(struct capture *capture, const struct xml_binding *binding)
{
    if (str_eq(binding->prefix, STR("xml")))
        return true;
    return push_scope(capture, binding->prefix, binding->ns) &&
           add_declaration(&capture->content, binding->prefix, binding->ns);
}

/* --- the element itself --- */

/* Its names live in `names` until it ends: ns, local name, prefix, language. */
static bool capture_begin(struct capture *capture, const struct xml_element *element)
{
    const struct xml_name *name = &element->name;
    struct buf *names = &capture->names;
    buf_clear(&capture->content);
    buf_clear(&capture->attributes);
    buf_clear(names);
    buf_clear(&capture->scope_text);
    capture->scopes.count = 0;
    capture->has_elements = false;
    capture->is_tag_open = false;
    if (!buf_try_reserve(names,
                         name->ns.len + name->local.len + name->prefix.len + element->lang.len))
        return false;
    buf_add(names, name->ns);
    buf_add(names, name->local);
    buf_add(names, name->prefix);
    buf_add(names, element->lang);
    capture->ns_len = name->ns.len;
    capture->name_len = name->local.len;
    capture->prefix_len = name->prefix.len;
    capture->lang_len = element->lang.len;
    for (size_t i = 0; i < element->binding_count; i++) {
        const struct xml_binding *binding = &element->bindings[i];
        if (!str_eq(binding->prefix, name->prefix) && !str_eq(binding->prefix, STR("xml")) &&
            !add_declaration(&capture->attributes, binding->prefix, binding->ns))
            return false;
    }
    return true;
}

static bool is_declared_on(const struct xml_element *element, struct str prefix)
{
    for (size_t i = 0; i < element->binding_count; i++) {
        if (str_eq(element->bindings[i].prefix, prefix))
            return true;
    }
    return false;
}

/* Whether an attribute before `end` has the same prefix. */
static bool is_used_before(const struct xml_element *element, size_t end)
{
    for (size_t i = 0; i < end; i++) {
        if (str_eq(element->attrs[i].name.prefix, element->attrs[end].name.prefix))
            return true;
    }
    return false;
}

static bool keep_attributes(struct capture *capture, const struct xml_element *element)
{
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        struct str prefix = attr->name.prefix;
        bool is_xml = str_eq(prefix, STR("xml"));
        if (is_xml && str_eq(attr->name.local, STR("lang")))
            continue; /* in `lang` */
        bool is_known = !prefix.len || is_xml || str_eq(prefix, element->name.prefix) ||
                        is_declared_on(element, prefix) || is_used_before(element, i);
        if (!is_known && !add_declaration(&capture->attributes, prefix, attr->name.ns))
            return false;
        if (!add_attr(&capture->attributes, attr))
            return false;
    }
    return true;
}

/* Text becomes XML text when the first element comes. */
static bool become_xml(struct capture *capture)
{
    struct str plain = buf_str(&capture->content);
    if (capture->has_elements)
        return true;
    capture->has_elements = true;
    if (plain.len == 0)
        return true;
    struct buf escaped = {0};
    bool is_fine = add_escaped(&escaped, plain);
    if (is_fine) {
        struct buf swapped = capture->content;
        capture->content = escaped;
        escaped = swapped;
    }
    buf_done(&escaped);
    return is_fine;
}

/* --- events --- */

static bool start_within(struct capture *capture, const struct xml_element *element)
{
    const struct xml_name *name = &element->name;
    struct buf *content = &capture->content;
    size_t name_len = name->prefix.len + name->local.len;
    if (!become_xml(capture) || !close_tag(capture) || !buf_try_reserve(content, name_len + 2) ||
        !buf_try_reserve(&capture->names, name_len + 2))
        return false;
    buf_add_char(&capture->names, '\0');
    add_name(&capture->names, name);
    buf_add_char(content, '<');
    add_name(content, name);
    capture->is_tag_open = true;
    for (size_t i = 0; i < element->binding_count; i++) {
        if (!declare(capture, &element->bindings[i]))
            return false;
    }
    if (!use(capture, name))
        return false;
    for (size_t i = 0; i < element->attr_count; i++) {
        const struct xml_attr *attr = &element->attrs[i];
        /* Without a prefix, an attribute is in no namespace. */
        if (attr->name.prefix.len && !use(capture, &attr->name))
            return false;
        if (!add_attr(content, attr))
            return false;
    }
    return true;
}

static enum xml_rc within_bounds(const struct capture *capture)
{
    return capture->content.len + capture->attributes.len <= capture->bytes_max ? XML_OK
                                                                                : XML_LIMIT;
}

enum xml_rc capture_start(struct capture *capture, const struct xml_element *element)
{
    bool is_first = capture->depth++ == 0;
    bool is_fine = is_first ? capture_begin(capture, element) && keep_attributes(capture, element)
                            : start_within(capture, element);
    return is_fine ? within_bounds(capture) : XML_NO_MEMORY;
}

enum xml_rc capture_text(struct capture *capture, struct str text)
{
    struct buf *content = &capture->content;
    if (capture->has_elements) {
        if (!close_tag(capture) || !add_escaped(content, text))
            return XML_NO_MEMORY;
        return within_bounds(capture);
    }
    if (!buf_try_reserve(content, text.len))
        return XML_NO_MEMORY;
    buf_add(content, text);
    return within_bounds(capture);
}

static bool end_within(struct capture *capture)
{
    size_t at = str_index_last(buf_str(&capture->names), '\0');
    struct str name = str_from(buf_str(&capture->names), at + 1);
    if (!buf_try_reserve(&capture->content, name.len + 4))
        return false;
    if (capture->is_tag_open) {
        BUF_ADD(&capture->content, "/>");
        capture->is_tag_open = false;
    } else {
        BUF_ADD(&capture->content, "</");
        buf_add(&capture->content, name);
        buf_add_char(&capture->content, '>');
    }
    capture->names.len = at;
    pop_scopes(capture);
    return true;
}

static bool needs_escape(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '&' || c == '<' || c == '>' || c == '\r')
            return true;
    }
    return false;
}

/* Copies the next `len` bytes of *from; most namespaces and prefixes are the usual ones. */
static bool keep_next(struct keep *keep, struct str *from, size_t len, struct str usual,
                      struct davit_ms_text *to)
{
    struct str next = str_of(from->at, len);
    *from = str_of(from->at + len, from->len - len);
    *to = usual.len && str_eq(next, usual) ? (struct davit_ms_text){usual.at, usual.len}
                                           : keep_text(keep, next);
    return to->at;
}

static bool keep_content(struct capture *capture, struct keep *keep,
                         struct davit_ms_element *element)
{
    struct str content = buf_str(&capture->content);
    element->has_elements = capture->has_elements;
    if (capture->has_elements) {
        element->text = keep_text(keep, STR_NONE);
        element->value = keep_text(keep, content);
        return element->value.at;
    }
    element->text = element->value = keep_text(keep, content);
    if (!element->text.at || !needs_escape(content))
        return element->text.at;
    buf_clear(&capture->scope_text); /* free for use: nothing is open */
    if (!add_escaped(&capture->scope_text, content))
        return false;
    element->value = keep_text(keep, buf_str(&capture->scope_text));
    return element->value.at;
}

enum xml_rc capture_end(struct capture *capture)
{
    assert(capture->depth > 1);
    bool is_fine = end_within(capture);
    capture->depth--;
    return is_fine ? within_bounds(capture) : XML_NO_MEMORY;
}

enum xml_rc capture_finish(struct capture *capture, struct keep *keep,
                           struct davit_ms_element *element_out)
{
    struct str names = buf_str(&capture->names);
    struct davit_ms_element *to = element_out;
    capture->depth = 0;
    to->attributes = keep_text(keep, buf_str(&capture->attributes));
    bool is_fine = to->attributes.at &&
                   keep_next(keep, &names, capture->ns_len, STR("DAV:"), &to->ns) &&
                   keep_next(keep, &names, capture->name_len, STR_NONE, &to->name) &&
                   keep_next(keep, &names, capture->prefix_len, STR("D"), &to->prefix) &&
                   keep_next(keep, &names, capture->lang_len, STR_NONE, &to->lang) &&
                   keep_content(capture, keep, to);
    return is_fine ? within_bounds(capture) : XML_NO_MEMORY;
}
