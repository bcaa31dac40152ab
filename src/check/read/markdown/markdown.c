/* Markdown by the reference: libcmark-gfm, which GitHub's pages are made with, says what is a link.
 * What it does not say is ours: how headings are called in URLs, what the HTML within it has, links
 * of wikis, and what stands before the document.
 *
 * A reader of our own, which this was, has to know nearly all of CommonMark to see where a link is
 * none: every shortcut was an alarm about a link that nobody could click, or silence about one.
 *
 *     bytes -> windows -> source.c (lines) -> the parser's tree -> walk -> links
 *                                                                  '-> HTML -> links, anchors
 *
 * The walk gives the reader of HTML what a browser would get, but for the links: text, headings as
 * headings, and raw HTML with its position. So headings of both kinds are found in one place, and
 * a tag that a paragraph divides is one tag. What GitHub makes text of (<title>, <textarea> and
 * others that swallow what follows) is text, unless it ends where it begins.
 *
 * The tree of a document has some hundred bytes for each of its own, so that a long document is
 * read in windows that end between paragraphs. Changelogs of megabytes exist; a reference finds
 * the definitions of its window.
 *
 * Invariants
 *  (1) what is found does not depend on how the bytes were split;
 *  (2) what stands within an image is no link and no image, but its alternative text. */
#include "check/read/markdown/markdown.h"

#include <cmark-gfm-core-extensions.h>

#include "base/mem.h"
#include "check/read/html_links.h"
#include "check/read/markdown/locate.h"
#include "check/read/markdown/names.h"
#include "text/utf8_clean.h"

enum { TEXT_BYTES_MAX = 120, TEXT_ROOM = 4096, NESTED_MAX = 16 };

struct markdown_reader {
    struct finder *finder;
    struct finder html_finder; /* of the HTML within */
    struct html_links *html;
    struct heading_names names;
    struct arena folding;
    enum wikilinks wikilinks;
    struct buf held; /* the window */
    struct buf clean;
    struct source source;
    bool has_begun; /* a window was read */
};

/* --- what the HTML has --- */

static void on_html_link(struct finder *finder, const struct found_link *link)
{
    struct markdown_reader *reader = CONTAINER_OF(finder, struct markdown_reader, html_finder);
    reader->finder->link(reader->finder, link);
}

static void on_html_anchor(struct finder *finder, struct str name)
{
    struct markdown_reader *reader = CONTAINER_OF(finder, struct markdown_reader, html_finder);
    if (reader->finder->anchor && name.len)
        reader->finder->anchor(reader->finder, heading_name_fold(&reader->folding, name));
    arena_reset(&reader->folding);
}

static void on_html_heading(struct finder *finder, struct str text)
{
    struct markdown_reader *reader = CONTAINER_OF(finder, struct markdown_reader, html_finder);
    heading_names_add(&reader->names, text, finder);
}

struct markdown_reader *markdown_reader_new(struct finder *finder)
{
    struct markdown_reader *reader = MEM_NEW(struct markdown_reader);
    reader->finder = finder;
    reader->html_finder =
        (struct finder){.link = on_html_link, .anchor = on_html_anchor, .heading = on_html_heading};
    reader->html = html_links_new(&reader->html_finder);
    reader->source.first_number = 1;
    cmark_gfm_core_extensions_ensure_registered();
    return reader;
}

void markdown_reader_free(struct markdown_reader *reader)
{
    if (!reader)
        return;
    html_links_free(reader->html);
    heading_names_done(&reader->names);
    arena_done(&reader->folding);
    source_done(&reader->source);
    buf_done(&reader->held);
    buf_done(&reader->clean);
    mem_free(reader);
}

void markdown_reader_want_wikilinks(struct markdown_reader *reader, enum wikilinks style)
{
    reader->wikilinks = style;
}

/* --- giving HTML its due --- */

static void feed_text(struct html_links *html, struct str text)
{
    while (text.len) {
        size_t len = 0;
        while (len < text.len && text.at[len] != '<' && text.at[len] != '&')
            len++;
        html_links_feed(html, str_first(text, len));
        if (len < text.len)
            html_links_feed(html, text.at[len] == '<' ? STR("&lt;") : STR("&amp;"));
        text = str_from(text, len + 1);
    }
}

/* Elements that GitHub makes text of ("Disallowed Raw HTML", GFM 6.11). */
static const struct str swallowers[] = {
    STR_INIT("title"),    STR_INIT("textarea"), STR_INIT("style"),
    STR_INIT("xmp"),      STR_INIT("iframe"),   STR_INIT("noembed"),
    STR_INIT("noframes"), STR_INIT("script"),   STR_INIT("plaintext"),
};

/* Which of them begins with the '<' at the start of `html`; ARRAY_LEN(swallowers): none. */
static size_t swallower_at(struct str html)
{
    size_t i = 0;
    for (struct str name = str_from(html, 1); i < ARRAY_LEN(swallowers); i++) {
        struct str behind = str_from(name, swallowers[i].len);
        if (str_starts_nocase(name, swallowers[i]) && behind.len &&
            strchr(" \t\r\n/>", behind.at[0]))
            break;
    }
    return i;
}

/* Where "</name" is; SIZE_MAX: nowhere. */
static size_t end_tag(struct str html, struct str name)
{
    for (size_t at = 0; at < html.len; at++) {
        if (html.at[at] == '<' && str_starts(str_from(html, at + 1), STR("/")) &&
            str_starts_nocase(str_from(html, at + 2), name))
            return at;
    }
    return SIZE_MAX;
}

/* Blanks the '<' of elements that do not end in this piece of HTML. */
static void tame(struct buf *html)
{
    bool has_no_end[ARRAY_LEN(swallowers)] = {false}; /* from here on */
    for (size_t at = 0; at < html->len; at++) {
        if (html->at[at] != '<')
            continue;
        struct str rest = str_from(buf_str(html), at);
        size_t which = swallower_at(rest);
        if (which == ARRAY_LEN(swallowers))
            continue;
        size_t end = has_no_end[which] ? SIZE_MAX : end_tag(rest, swallowers[which]);
        has_no_end[which] = end == SIZE_MAX;
        if (end == SIZE_MAX)
            html->at[at] = ' ';
        else
            at += end;
    }
}

static size_t next_line(struct str source, size_t at)
{
    struct str rest = str_from(source, at);
    return size_min(at + str_index(rest, '\n') + 1, source.len);
}

/* HTML that stands in lines of its own or of a paragraph: each line where it is in the source,
 * where quotes and lists may have something before it. */
static void feed_html(struct markdown_reader *reader, struct locator *locator, cmark_node *node)
{
    struct str source = reader->source.text, literal = str_of_c(cmark_node_get_literal(node));
    size_t at = locate_text(locator, node, literal);
    buf_clear(&reader->clean);
    buf_add(&reader->clean, literal);
    tame(&reader->clean);
    for (struct str rest = buf_str(&reader->clean); rest.len;) {
        size_t len = str_index(rest, '\n');
        size_t with_end = size_min(len + 1, rest.len);
        html_links_at(reader->html, source_position(&reader->source, at));
        html_links_feed(reader->html, str_first(rest, with_end));
        literal = str_from(literal, with_end);
        rest = str_from(rest, with_end);
        if (rest.len == 0)
            return;
        size_t line_at = next_line(source, at);
        struct str line = str_first(literal, str_index(literal, '\n'));
        struct str there = str_from(source, line_at);
        there = str_first(there, str_index(there, '\n'));
        const char *found = line.len ? memmem(there.at, there.len, line.at, line.len) : NULL;
        at = found ? (size_t)(found - source.at) : line_at;
    }
}

/* --- the walk --- */

struct walk {
    struct markdown_reader *reader;
    struct locator locator;
    struct buf text;           /* of the links and images that are open */
    size_t starts[NESTED_MAX]; /* where in it theirs begins */
    size_t open_count;         /* of links and images, beyond NESTED_MAX as well */
    size_t image_count;        /* of the images among them */
};

static void add_text(struct walk *walk, struct str text)
{
    bool is_line_end = str_eq(text, STR("\n"));
    if (walk->open_count && walk->text.len < TEXT_ROOM)
        buf_add(&walk->text, is_line_end ? STR(" ") : str_first(text, TEXT_ROOM - walk->text.len));
    if (walk->image_count == 0)
        feed_text(walk->reader->html, text);
}

static void tell(struct walk *walk, enum link_kind kind, struct str url, struct str text,
                 size_t offset)
{
    finder_link(walk->reader->finder, kind, url, str_trim(utf8_first(text, TEXT_BYTES_MAX)),
                source_position(&walk->reader->source, offset));
}

static void open_link(struct walk *walk, bool is_image)
{
    if (walk->open_count == 0)
        buf_clear(&walk->text);
    if (walk->open_count < NESTED_MAX)
        walk->starts[walk->open_count] = walk->text.len;
    walk->open_count++;
    walk->image_count += is_image;
}

static void close_link(struct walk *walk, cmark_node *node, bool is_image)
{
    walk->open_count--;
    walk->image_count -= is_image;
    size_t start = walk->open_count < NESTED_MAX ? walk->starts[walk->open_count] : walk->text.len;
    struct str text = str_from(buf_str(&walk->text), start);
    size_t offset = locate_link(&walk->locator, node, text);
    if (walk->image_count == 0)
        tell(walk, is_image ? LINK_MARKDOWN_IMAGE : LINK_MARKDOWN_LINK,
             str_of_c(cmark_node_get_url(node)), text, offset);
}

static void on_text(struct walk *walk, cmark_node *node)
{
    struct str rest = str_of_c(cmark_node_get_literal(node)), title;
    struct buf url = {0};
    add_text(walk, rest);
    while (walk->reader->wikilinks && walk->open_count == 0 &&
           wiki_take(&rest, walk->reader->wikilinks, &url, &title)) {
        size_t offset = locate_text(&walk->locator, node, title);
        tell(walk, LINK_MARKDOWN_WIKILINK, buf_str(&url), title, offset);
        buf_clear(&url);
    }
    buf_done(&url);
}

static void on_heading(struct walk *walk, bool is_entered)
{
    html_links_feed(walk->reader->html, is_entered ? STR("<h1>") : STR("</h1>"));
}

static bool is_block(cmark_node *node)
{
    return (cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK;
}

/* What stands within others of its kind. */
static void on_enter_or_exit(struct walk *walk, cmark_node *node, bool is_entered)
{
    cmark_node_type type = cmark_node_get_type(node);
    bool is_image = type == CMARK_NODE_IMAGE;
    if (type == CMARK_NODE_HEADING)
        on_heading(walk, is_entered);
    else if ((is_image || type == CMARK_NODE_LINK) && is_entered)
        open_link(walk, is_image);
    else if (is_image || type == CMARK_NODE_LINK)
        close_link(walk, node, is_image);
    else if (!is_entered && is_block(node))
        html_links_feed(walk->reader->html, STR("\n"));
}

static void on_node(struct walk *walk, cmark_node *node, bool is_entered)
{
    cmark_node_type type = cmark_node_get_type(node);
    if (is_entered && is_block(node))
        locator_enter(&walk->locator, node);
    if (type == CMARK_NODE_TEXT) {
        on_text(walk, node);
    } else if (type == CMARK_NODE_CODE) {
        struct str code = str_of_c(cmark_node_get_literal(node));
        (void)locate_text(&walk->locator, node, code); /* what follows stands behind it */
        add_text(walk, code);
    } else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
        add_text(walk, STR("\n"));
    } else if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE) {
        feed_html(walk->reader, &walk->locator, node);
    } else {
        on_enter_or_exit(walk, node, is_entered);
    }
}

static void walk_tree(struct markdown_reader *reader, cmark_node *root)
{
    struct walk walk = {.reader = reader, .locator = {.source = &reader->source}};
    cmark_iter *iter = cmark_iter_new(root);
    for (cmark_event_type event; (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;)
        on_node(&walk, cmark_iter_get_node(iter), event == CMARK_EVENT_ENTER);
    cmark_iter_free(iter);
    buf_done(&walk.text);
}

/* --- windows --- */

static cmark_parser *new_parser(void)
{
    static const char *const extensions[] = {"table", "strikethrough", "autolink", "tasklist"};
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_FOOTNOTES);
    for (size_t i = 0; i < ARRAY_LEN(extensions); i++) {
        cmark_syntax_extension *extension = cmark_find_syntax_extension(extensions[i]);
        if (extension)
            cmark_parser_attach_syntax_extension(parser, extension);
    }
    return parser;
}

static void read_window(struct markdown_reader *reader, size_t len)
{
    struct source *source = &reader->source;
    cmark_parser *parser = new_parser();
    source->text = str_first(buf_str(&reader->held), len);
    source_feed(source, parser, reader->has_begun ? 0 : front_matter_len(source->text));
    cmark_node *root = cmark_parser_finish(parser);
    cmark_consolidate_text_nodes(root);
    walk_tree(reader, root);
    cmark_node_free(root);
    cmark_parser_free(parser);
    buf_consume(&reader->held, len);
    reader->has_begun = true;
}

/* Where a window ends that is full: before a heading, a paragraph, or a line, in its second half;
 * otherwise anywhere. */
static size_t window_end(struct str window)
{
    size_t paragraph = 0, line = 0;
    for (size_t at = window.len - 1; at > window.len / 2; at--) {
        if (window.at[at - 1] != '\n')
            continue;
        line = line ? line : at;
        size_t before = at - 1 - (window.at[at - 2] == '\r');
        if (window.at[before - 1] != '\n')
            continue;
        if (window.at[at] == '#')
            return at;
        paragraph = paragraph ? paragraph : at;
    }
    size_t end = paragraph ? paragraph : line;
    return end ? end : utf8_first(window, window.len - 1).len;
}

void markdown_reader_feed(struct markdown_reader *reader, struct str bytes)
{
    while (bytes.len) {
        size_t room = MARKDOWN_WINDOW_BYTES - reader->held.len;
        buf_add(&reader->held, str_first(bytes, room));
        bytes = str_from(bytes, room);
        if (reader->held.len == MARKDOWN_WINDOW_BYTES)
            read_window(reader, window_end(buf_str(&reader->held)));
    }
}

void markdown_reader_end(struct markdown_reader *reader)
{
    if (reader->held.len)
        read_window(reader, reader->held.len);
    html_links_end(reader->html);
}
