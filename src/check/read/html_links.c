/* Links out of HTML. links.def says which attributes are links; this file looks each tag up there
 * and knows the few whose meaning depends on other attributes: <link rel>, <meta>, <base>, <form>.
 *
 * The text of <a> is known only when it ends, so such a link is held until then; all others are
 * told of at once. A link in <template> is none: it is not part of the page, and often has blanks
 * to be filled by a script; but one with a shadowrootmode is shown in place of its parent's
 * content. The names in it are nobody else's, and what is a base there is none (HTML 4.12.3).
 *
 * A srcdoc is a page of its own, relative to the page around it unless it has a <base>. Its names
 * cannot be led to from elsewhere, so what leads to them from within is left alone.
 *
 * Invariants
 *  (1) at most one <a> is held: another one, or the end, closes it, as in the tree of the page;
 *  (2) text is asked of the tokenizer only within <a>, <style>, scripts that may have links, and
 *      headings that somebody asks for. */
#include "check/read/html_links.h"

#include "base/mem.h"
#include "check/read/css.h"
#include "check/read/field_links.h"
#include "check/read/html_reader.h"
#include "check/read/script/script_links.h"
#include "check/read/srcset.h"
#include "check/read/xhtml_reader.h"
#include "text/utf8_clean.h"

enum { TEXT_BYTES_MAX = 120, HEADING_BYTES_MAX = 4096, LETTERS = 26, SRCDOC_DEPTH_MAX = 4 };

struct html_links {
    struct html_events events;
    struct finder *finder;
    struct html_reader *reader;
    struct xhtml_reader *xml;       /* of what is XML; NULL: it is HTML */
    bool is_xml;                    /* and could be read as such so far */
    uint8_t first_row[LETTERS + 1]; /* of the elements that begin with this letter */

    bool is_held; /* an <a> that has not ended */
    struct buf held_raw;
    struct buf held_text;
    struct html_position held_at;
    enum link_kind held_kind;

    bool is_in_heading; /* one that has not ended; only when the finder wants to know */
    struct buf heading;

    bool is_in_style;
    enum script_kind script_kind; /* of the <script> that we are in; SCRIPT_NONE: of nothing */
    struct script_links *script;  /* NULL: none of its text has come */
    bool has_base;
    unsigned template_depth;
    unsigned inert_depth; /* of the outermost <template> that is not shown; 0: we are in none */

    unsigned srcdoc_depth; /* of this page, in those around it */
    struct finder inner_finder;
};

/* --- the table --- */

/* The rows of HTML are sorted by element; they end with the first that is not found in HTML. */
static void index_rows(struct html_links *links)
{
    size_t row = LINK_A_HREF;
    for (size_t letter = 0; letter <= LETTERS; letter++) {
        while (row < LINK_CSS_URL && link_rows[row].element.at[0] < (char)('a' + letter))
            row++;
        links->first_row[letter] = (uint8_t)row;
    }
}

/* --- the text of a link, and of a heading --- */

static void want_text(struct html_links *links)
{
    bool wants = links->is_held || links->is_in_heading || links->is_in_style ||
                 links->script_kind != SCRIPT_NONE;
    if (links->is_xml)
        xhtml_reader_want_text(links->xml, wants);
    html_reader_want_text(links->reader, wants);
}

static void close_held(struct html_links *links)
{
    if (!links->is_held)
        return;
    links->is_held = false;
    want_text(links);
    struct str text = str_trim(utf8_first(buf_str(&links->held_text), TEXT_BYTES_MAX));
    finder_link(links->finder, links->held_kind, buf_str(&links->held_raw), text, links->held_at);
}

static void hold(struct html_links *links, enum link_kind kind, const struct html_attr *attr)
{
    close_held(links);
    links->is_held = true;
    links->held_kind = kind;
    links->held_at = attr->at;
    buf_clear(&links->held_raw);
    buf_add(&links->held_raw, attr->value);
    buf_clear(&links->held_text);
    want_text(links);
}

/* White space of any length counts as one space. */
static void add_held_text(struct html_links *links, struct str text)
{
    struct buf *to = &links->held_text;
    for (size_t i = 0; i < text.len && to->len < TEXT_BYTES_MAX + 4; i++) {
        bool is_space = (unsigned char)text.at[i] <= ' ';
        if (!is_space)
            buf_add_char(to, text.at[i]);
        else if (to->len && to->at[to->len - 1] != ' ')
            buf_add_char(to, ' ');
    }
}

static bool is_heading(struct str name)
{
    return name.len == 2 && name.at[0] == 'h' && name.at[1] >= '1' && name.at[1] <= '6';
}

static void close_heading(struct html_links *links)
{
    if (!links->is_in_heading)
        return;
    links->is_in_heading = false;
    want_text(links);
    links->finder->heading(links->finder, buf_str(&links->heading));
}

/* One that has not ended is ended by the next. */
static void open_heading(struct html_links *links, struct str name)
{
    if (!links->finder->heading || !is_heading(name))
        return;
    close_heading(links);
    links->is_in_heading = true;
    buf_clear(&links->heading);
    want_text(links);
}

static struct str attr_value(const struct html_tag *tag, struct str name)
{
    const struct html_attr *attr = html_attr_find(tag, name);
    return attr ? attr->value : STR_NONE;
}

static struct str label_of(const struct html_tag *tag)
{
    static const struct str names[] = {STR_INIT("alt"), STR_INIT("aria-label"), STR_INIT("title"),
                                       STR_INIT("rel"), STR_INIT("property"),   STR_INIT("name")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str value = str_trim(attr_value(tag, names[i]));
        if (value.len)
            return utf8_first(value, TEXT_BYTES_MAX);
    }
    return STR_NONE;
}

/* --- elements whose links depend on more than one attribute --- */

static bool has_word(struct str text, struct str word)
{
    struct str value;
    while (spaced_take(&text, &value)) {
        if (str_eq_nocase(value, word))
            return true;
    }
    return false;
}

/* Origins that a browser should connect to early are no resources. */
static bool is_link_element_wanted(const struct html_tag *tag)
{
    struct str rel = attr_value(tag, STR("rel"));
    return !has_word(rel, STR("preconnect")) && !has_word(rel, STR("dns-prefetch"));
}

/* Properties of Open Graph and Twitter cards whose content is a URL. */
static bool is_url_property(struct str name)
{
    static const struct str names[] = {
        STR_INIT("og:url"),
        STR_INIT("og:image"),
        STR_INIT("og:image:url"),
        STR_INIT("og:image:secure_url"),
        STR_INIT("og:video"),
        STR_INIT("og:video:url"),
        STR_INIT("og:video:secure_url"),
        STR_INIT("og:audio"),
        STR_INIT("og:audio:url"),
        STR_INIT("og:audio:secure_url"),
        STR_INIT("twitter:image"),
        STR_INIT("twitter:image:src"),
        STR_INIT("twitter:player"),
        STR_INIT("msapplication-tileimage"),
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(names[i], name))
            return true;
    }
    return false;
}

static void add_meta(struct html_links *links, const struct html_tag *tag,
                     const struct html_attr *content)
{
    struct str property = attr_value(tag, STR("property"));
    struct str name = attr_value(tag, STR("name"));
    struct str url = content->value;
    if (str_eq_nocase(attr_value(tag, STR("http-equiv")), STR("link"))) {
        field_links(links->finder, content->value, content->at, false);
        return;
    }
    if (str_eq_nocase(attr_value(tag, STR("http-equiv")), STR("refresh"))) {
        if (!refresh_url(content->value, &url))
            return;
    } else if (!is_url_property(property) && !is_url_property(name)) {
        return;
    }
    finder_link(links->finder, LINK_META_CONTENT, url, label_of(tag), content->at);
}

static void add_style(struct html_links *links, struct str css, struct html_position at,
                      enum link_kind kind)
{
    struct css_reader *reader = css_reader_new(links->finder, at);
    css_reader_want_kind(reader, kind);
    css_reader_feed(reader, css);
    css_reader_end(reader);
    css_reader_free(reader);
}

/* A form that sends nothing anywhere. */
static bool is_dialog(const struct html_tag *tag)
{
    return str_eq_nocase(attr_value(tag, STR("method")), STR("dialog"));
}

/* Without a method it is GET: a link, though one that expects a query (HTML 4.10.21.3). */
static bool is_post(const struct html_tag *tag)
{
    return str_eq_nocase(attr_value(tag, STR("method")), STR("post"));
}

/* Where the element's other attributes make it another kind. */
static enum link_kind kind_of_link(const struct html_tag *tag)
{
    static const struct {
        struct str rel;
        enum link_kind kind;
    } rows[] = {
        {STR_INIT("pingback"), LINK_LINK_PINGBACK}, /* programs send something there */
        {STR_INIT("webmention"), LINK_LINK_PINGBACK},
        {STR_INIT("manifest"), LINK_LINK_MANIFEST},
        {STR_INIT("modulepreload"), LINK_LINK_MODULEPRELOAD},
    };
    struct str rel = attr_value(tag, STR("rel"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (has_word(rel, rows[i].rel))
            return rows[i].kind;
    }
    return LINK_LINK_HREF;
}

static enum link_kind kind_of_script(const struct html_tag *tag)
{
    bool is_module = script_kind_of(attr_value(tag, STR("type"))) == SCRIPT_MODULE;
    return is_module ? LINK_SCRIPT_MODULE : LINK_SCRIPT_SRC;
}

/* --- a page in an attribute --- */

struct base_search {
    struct html_events events;
    struct buf href;
    bool is_found;
};

static void on_base_start(struct html_events *events, const struct html_tag *tag)
{
    struct base_search *search = CONTAINER_OF(events, struct base_search, events);
    const struct html_attr *href =
        str_eq(tag->name, STR("base")) ? html_attr_find(tag, STR("href")) : NULL;
    if (href && !search->is_found) {
        search->is_found = true;
        buf_add(&search->href, href->value);
    }
}

static void on_any_end(struct html_events *events, struct str name)
{
    (void)events, (void)name; /* only start tags say it */
}

/* Its own base is wanted before its first link. */
static bool find_base(struct str page, struct buf *href)
{
    struct base_search search = {.events = {.start = on_base_start, .end = on_any_end}};
    struct html_reader *reader = html_reader_new(&search.events);
    html_reader_feed(reader, page);
    html_reader_free(reader);
    *href = search.href;
    return search.is_found;
}

static void on_inner_link(struct finder *finder, const struct found_link *link)
{
    struct html_links *links = CONTAINER_OF(finder, struct html_links, inner_finder);
    if (!str_starts(link->raw, STR("#")))
        links->finder->link(links->finder, link);
}

static void on_inner_enter(struct finder *finder, struct str base)
{
    struct html_links *links = CONTAINER_OF(finder, struct html_links, inner_finder);
    links->finder->enter(links->finder, base);
}

static void on_inner_leave(struct finder *finder)
{
    struct html_links *links = CONTAINER_OF(finder, struct html_links, inner_finder);
    links->finder->leave(links->finder);
}

static void add_srcdoc(struct html_links *links, const struct html_attr *attr)
{
    struct finder *finder = links->finder;
    struct buf base = {0};
    if (links->srcdoc_depth == SRCDOC_DEPTH_MAX)
        return;
    bool has_base = finder->enter && find_base(attr->value, &base);
    if (has_base)
        finder->enter(finder, buf_str(&base));
    links->inner_finder = (struct finder){.link = on_inner_link};
    if (finder->enter) {
        links->inner_finder.enter = on_inner_enter;
        links->inner_finder.leave = on_inner_leave;
    }
    struct html_links *inner = html_links_new(&links->inner_finder);
    inner->srcdoc_depth = links->srcdoc_depth + 1;
    html_links_at(inner, attr->at);
    html_links_feed(inner, attr->value);
    html_links_end(inner);
    html_links_free(inner);
    if (has_base)
        finder->leave(finder);
    buf_done(&base);
}

/* --- tags --- */

static void add_several(struct html_links *links, enum link_kind kind, const struct html_tag *tag,
                        const struct html_attr *attr)
{
    struct str rest = attr->value, url;
    bool is_srcset = link_rows[kind].form == FORM_SRCSET;
    while (is_srcset ? srcset_take(&rest, &url) : spaced_take(&rest, &url)) {
        if (url.len)
            finder_link(links->finder, kind, url, label_of(tag), attr->at);
    }
}

static void add_attr(struct html_links *links, enum link_kind kind, const struct html_tag *tag,
                     const struct html_attr *attr)
{
    if (kind == LINK_A_HREF || kind == LINK_A_XLINK) {
        hold(links, kind, attr);
    } else if (kind == LINK_META_CONTENT) {
        add_meta(links, tag, attr);
    } else if (kind == LINK_LINK_HREF && !is_link_element_wanted(tag)) {
        return;
    } else if (kind == LINK_FORM_ACTION && is_dialog(tag)) {
        return;
    } else if (kind == LINK_FORM_ACTION && is_post(tag)) {
        finder_link(links->finder, LINK_FORM_POST, attr->value, label_of(tag), attr->at);
    } else if (kind == LINK_LINK_HREF) {
        finder_link(links->finder, kind_of_link(tag), attr->value, label_of(tag), attr->at);
    } else if (kind == LINK_SCRIPT_SRC) {
        finder_link(links->finder, kind_of_script(tag), attr->value, label_of(tag), attr->at);
    } else if (link_rows[kind].role == ROLE_HINT && link_has_blanks(attr->value)) {
        return;
    } else if (kind == LINK_IFRAME_SRCDOC) {
        add_srcdoc(links, attr);
    } else if (link_rows[kind].form == FORM_LIST || link_rows[kind].form == FORM_SRCSET) {
        add_several(links, kind, tag, attr);
    } else {
        finder_link(links->finder, kind, attr->value, label_of(tag), attr->at);
    }
}

static void add_anchors(struct html_links *links, const struct html_tag *tag)
{
    struct finder *finder = links->finder;
    if (!finder->anchor || links->template_depth)
        return;
    for (size_t i = 0; i < tag->attr_count; i++) {
        const struct html_attr *attr = &tag->attrs[i];
        bool is_name = str_eq(tag->name, STR("a")) && str_eq(attr->name, STR("name"));
        if (attr->value.len && (is_name || str_eq(attr->name, STR("id"))))
            finder->anchor(finder, attr->value);
    }
}

/* <a> within <a> ends the one before, also when it is no link. */
static void close_before(struct html_links *links, const struct html_tag *tag)
{
    if (str_eq(tag->name, STR("a")))
        close_held(links);
    if (links->is_held && str_eq(tag->name, STR("img")))
        add_held_text(links, attr_value(tag, STR("alt")));
}

static void add_rows(struct html_links *links, const struct html_tag *tag)
{
    char first = tag->name.at[0];
    if (first < 'a' || first > 'z')
        return;
    size_t row = links->first_row[first - 'a'];
    size_t end = links->first_row[first - 'a' + 1];
    for (; row < end; row++) {
        if (!str_eq(link_rows[row].element, tag->name))
            continue;
        const struct html_attr *attr = html_attr_find(tag, link_rows[row].attribute);
        if (attr)
            add_attr(links, (enum link_kind)row, tag, attr);
    }
}

static void add_styles(struct html_links *links, const struct html_tag *tag)
{
    const struct html_attr *style = html_attr_find(tag, link_rows[LINK_ANY_STYLE].attribute);
    if (style)
        add_style(links, style->value, style->at, LINK_CSS_URL);
    for (int row = LINK_ANY_STYLE + 1; row < LINK_A_HREF && tag->is_foreign; row++) {
        const struct html_attr *attr = html_attr_find(tag, link_rows[row].attribute);
        if (attr)
            add_style(links, attr->value, attr->at, (enum link_kind)row);
    }
}

/* The first one of the page counts. */
static void note_base(struct html_links *links, const struct html_tag *tag)
{
    const struct html_attr *base =
        str_eq(tag->name, STR("base")) ? html_attr_find(tag, STR("href")) : NULL;
    if (!base || links->has_base || !links->finder->base || links->template_depth)
        return;
    links->has_base = true;
    links->finder->base(links->finder, base->value);
}

static void open_template(struct html_links *links, const struct html_tag *tag)
{
    struct str mode = attr_value(tag, STR("shadowrootmode"));
    bool is_shown = str_eq_nocase(mode, STR("open")) || str_eq_nocase(mode, STR("closed"));
    links->template_depth++;
    if (!is_shown && !links->inert_depth)
        links->inert_depth = links->template_depth;
}

static void close_template(struct html_links *links)
{
    if (links->template_depth == links->inert_depth)
        links->inert_depth = 0;
    if (links->template_depth)
        links->template_depth--;
}

/* What comes from elsewhere stands in place of what is written in it. */
static void open_script(struct html_links *links, const struct html_tag *tag)
{
    bool is_elsewhere = html_attr_find(tag, STR("src"));
    links->script_kind = is_elsewhere ? SCRIPT_NONE : script_kind_of(attr_value(tag, STR("type")));
    want_text(links);
}

static void close_script(struct html_links *links)
{
    script_links_free(links->script);
    links->script = NULL;
    links->script_kind = SCRIPT_NONE;
    want_text(links);
}

static void add_script(struct html_links *links, struct str text, struct html_position at)
{
    if (!links->script)
        links->script = script_links_new(links->finder, links->script_kind, at);
    script_links_feed(links->script, text);
}

static void on_start(struct html_events *events, const struct html_tag *tag)
{
    struct html_links *links = CONTAINER_OF(events, struct html_links, events);
    if (str_eq(tag->name, STR("template")) && !tag->is_foreign)
        open_template(links, tag);
    if (links->inert_depth)
        return;
    close_before(links, tag);
    open_heading(links, tag->name);
    add_anchors(links, tag);
    note_base(links, tag);
    add_styles(links, tag);
    add_rows(links, tag);
    if (str_eq(tag->name, STR("script")) && !tag->is_self_closing)
        open_script(links, tag);
    if (str_eq(tag->name, STR("style")) && !tag->is_self_closing) {
        links->is_in_style = true;
        want_text(links);
    }
}

static void on_end(struct html_events *events, struct str name)
{
    struct html_links *links = CONTAINER_OF(events, struct html_links, events);
    if (str_eq(name, STR("template")))
        close_template(links);
    if (str_eq(name, STR("a")))
        close_held(links);
    if (is_heading(name))
        close_heading(links);
    if (links->script_kind != SCRIPT_NONE && str_eq(name, STR("script")))
        close_script(links);
    if (links->is_in_style && str_eq(name, STR("style"))) {
        links->is_in_style = false;
        want_text(links);
    }
}

static void on_text(struct html_events *events, struct str element, struct str text,
                    struct html_position at)
{
    struct html_links *links = CONTAINER_OF(events, struct html_links, events);
    if (links->is_in_style)
        add_style(links, text, at, LINK_CSS_URL);
    if (links->script_kind != SCRIPT_NONE)
        add_script(links, text, at);
    if (links->is_in_style || str_eq(element, STR("script")))
        return;
    if (links->is_held)
        add_held_text(links, text);
    if (links->is_in_heading)
        buf_add(&links->heading, str_first(text, HEADING_BYTES_MAX - links->heading.len));
}

struct html_links *html_links_new(struct finder *finder)
{
    struct html_links *links = MEM_NEW(struct html_links);
    links->events = (struct html_events){.start = on_start, .end = on_end, .text = on_text};
    links->finder = finder;
    links->reader = html_reader_new(&links->events);
    index_rows(links);
    return links;
}

void html_links_free(struct html_links *links)
{
    if (!links)
        return;
    html_reader_free(links->reader);
    xhtml_reader_free(links->xml);
    script_links_free(links->script);
    buf_done(&links->held_raw);
    buf_done(&links->held_text);
    buf_done(&links->heading);
    mem_free(links);
}

void html_links_read_xml(struct html_links *links)
{
    links->xml = xhtml_reader_new(&links->events);
    links->is_xml = true;
}

struct str html_links_fault(const struct html_links *links)
{
    return links->xml ? xhtml_reader_fault(links->xml) : STR_NONE;
}

/* It is no XML from here on. */
static void go_on_as_html(struct html_links *links, struct str rest, struct html_position at)
{
    links->is_xml = false;
    html_reader_at(links->reader, at);
    html_reader_feed(links->reader, rest);
}

void html_links_feed(struct html_links *links, struct str bytes)
{
    struct str rest;
    struct html_position at;
    if (!links->is_xml)
        html_reader_feed(links->reader, bytes);
    else if (!xhtml_reader_feed(links->xml, bytes, &rest, &at))
        go_on_as_html(links, rest, at);
}

void html_links_at(struct html_links *links, struct html_position at)
{
    html_reader_at(links->reader, at);
}

void html_links_end(struct html_links *links)
{
    struct str rest;
    struct html_position at;
    if (links->is_xml && !xhtml_reader_end(links->xml, &rest, &at))
        go_on_as_html(links, rest, at);
    html_reader_end(links->reader);
    close_held(links);
    close_heading(links);
}

/* --- <meta charset> --- */

struct charset_search {
    struct html_events events;
    enum charset found;
};

/* "text/html; charset=..." (HTML 2.5.2). */
static enum charset charset_in_content(struct str text)
{
    while (text.len) {
        if (!str_starts_nocase(text, STR("charset"))) {
            text = str_from(text, 1);
            continue;
        }
        text = str_from(text, STR("charset").len);
        struct str value = str_trim(text);
        if (value.len == 0 || value.at[0] != '=')
            continue;
        value = str_trim(str_from(value, 1));
        if (value.len && (value.at[0] == '"' || value.at[0] == '\''))
            return charset_of_label(
                str_first(str_from(value, 1), str_index(str_from(value, 1), value.at[0])));
        struct str word = STR_NONE;
        return spaced_take(&value, &word) ? charset_of_label(str_cut(&word, ';')) : CHARSET_NONE;
    }
    return CHARSET_NONE;
}

static void on_search_start(struct html_events *events, const struct html_tag *tag)
{
    struct charset_search *search = CONTAINER_OF(events, struct charset_search, events);
    if (search->found != CHARSET_NONE || !str_eq(tag->name, STR("meta")))
        return;
    const struct html_attr *charset = html_attr_find(tag, STR("charset"));
    if (charset)
        search->found = charset_of_label(charset->value);
    else if (str_eq_nocase(attr_value(tag, STR("http-equiv")), STR("content-type")))
        search->found = charset_in_content(attr_value(tag, STR("content")));
}

enum charset html_links_charset(struct str start)
{
    struct charset_search search = {.events = {.start = on_search_start, .end = on_any_end}};
    struct html_reader *reader = html_reader_new(&search.events);
    html_reader_feed(reader, start);
    html_reader_free(reader);
    bool is_wide = search.found == CHARSET_UTF_16LE || search.found == CHARSET_UTF_16BE;
    return is_wide ? CHARSET_UTF_8 : search.found;
}
