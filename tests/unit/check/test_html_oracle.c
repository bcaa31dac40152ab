/* The tokenizer against gumbo, which follows the HTML standard: over pages put together by chance
 * from pieces that are hard on each other, both must see the same tags with the same attributes.
 *
 * They differ, rarely, where an end tag closes what was left open around SVG: that takes the whole
 * tree to know. Such pages are counted, and only so many may be. */
#include <gumbo.h>

#include "check/read/html_reader.h"
#include "support/test.h"

enum { PAGES = 20000, PIECES_MAX = 14, DIFFERENT_MAX = PAGES / 1000, LINES_MAX = 4096 };

static const char *const pieces[] = {
    "<a href=x>",
    "<a href=\"b\">",
    "<a href='c&amp;d&copy=1&copy2&notit;&#x41;&#128;&#0;'>",
    "</a>",
    "<p>",
    "</p>",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--->",
    "<!",
    "<?x>",
    "<![CDATA[",
    "]]>",
    "<script>",
    "</script>",
    "<script src=s>",
    "<!--<script>",
    "</script ",
    "<style>",
    "</style>",
    "<textarea>",
    "</textarea>",
    "<title>",
    "</title>",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<img src=i>",
    "<img/src=j/>",
    "<div id=1 id=2>",
    "</div>",
    "<use href=#q />",
    "<foreignObject>",
    "</foreignObject>",
    "<desc>",
    "<",
    "/",
    ">",
    "\"",
    "'",
    "=",
    "a",
    "href",
    "-",
    "!",
    " ",
    "\n",
    "\r\n",
    "&lt;",
    "&",
    "<iframe src=f>",
    "</iframe>",
    "<noscript>",
    "</noscript>",
    "<xmp>",
    "</xmp>",
    "<A HREF=Y>",
    "<a\thref = \"z\" >",
    "<a href=x/>",
    "<a\fhref='q'",
    "<b =x href=1>",
    "<a/ /href=k>",
    "</",
    "</ x>",
    "text",
    "\xc3\xa9",
    "<br>",
    "<h1 id=h>",
    "<ul><li id=l>",
    "<noembed>",
    "</noembed>",
    "<title/>",
    "<path/>",
    "<svg/>",
};

static bool is_compared(const char *name)
{
    return strcmp(name, "href") == 0 || strcmp(name, "src") == 0 || strcmp(name, "id") == 0;
}

/* --- ours --- */

struct seen {
    struct html_events events;
    struct buf lines;
};

static void on_start(struct html_events *events, const struct html_tag *tag)
{
    struct seen *seen = CONTAINER_OF(events, struct seen, events);
    static const struct str names[] = {STR_INIT("href"), STR_INIT("src"), STR_INIT("id")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct html_attr *attr = html_attr_find(tag, names[i]);
        if (attr)
            buf_addf(&seen->lines, "%.*s=%.*s\n", STR_ARGS(names[i]), STR_ARGS(attr->value));
    }
}

static void on_end(struct html_events *events, struct str name)
{
    (void)events, (void)name;
}

static void read_page(struct str page, size_t step, struct buf *lines)
{
    struct seen seen = {.events = {.start = on_start, .end = on_end}};
    struct html_reader *reader = html_reader_new(&seen.events);
    for (size_t at = 0; at < page.len; at += step)
        html_reader_feed(reader, str_first(str_from(page, at), step));
    html_reader_end(reader);
    html_reader_free(reader);
    *lines = seen.lines;
}

/* --- gumbo's --- */

static void walk(const GumboNode *node, struct buf *lines)
{
    const GumboVector *children = &node->v.element.children;
    if (node->type == GUMBO_NODE_DOCUMENT) {
        children = &node->v.document.children;
    } else if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE) {
        for (unsigned i = 0; i < node->v.element.attributes.length; i++) {
            const GumboAttribute *attr = node->v.element.attributes.data[i];
            if (is_compared(attr->name))
                buf_addf(lines, "%s=%s\n", attr->name, attr->value);
        }
    } else {
        return;
    }
    for (unsigned i = 0; i < children->length; i++)
        walk(children->data[i], lines);
}

/* --- comparing --- */

static int compare_lines(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The lines in order and once each: a tree holds some tags twice, at other places. */
static void sort_lines(struct buf *lines)
{
    static struct str each[LINES_MAX];
    struct str rest = buf_str(lines);
    struct buf sorted = {0};
    size_t count = 0;
    while (rest.len && count < LINES_MAX)
        each[count++] = str_cut(&rest, '\n');
    qsort(each, count, sizeof(each[0]), compare_lines);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !str_eq(each[i], each[i - 1]))
            buf_addf(&sorted, "%.*s\n", STR_ARGS(each[i]));
    }
    buf_done(lines);
    *lines = sorted;
}

static bool is_same(struct str page)
{
    struct buf ours = {0}, split = {0}, theirs = {0};
    read_page(page, page.len, &ours);
    read_page(page, 1, &split);
    check_bytes(page.at, buf_str(&split), buf_str(&ours));
    GumboOutput *output = gumbo_parse_with_options(&kGumboDefaultOptions, page.at, page.len);
    walk(output->document, &theirs);
    gumbo_destroy_output(&kGumboDefaultOptions, output);
    sort_lines(&ours);
    sort_lines(&theirs);
    bool is_same = str_eq(buf_str(&ours), buf_str(&theirs));
    buf_done(&ours);
    buf_done(&split);
    buf_done(&theirs);
    return is_same;
}

TEST(tags_are_those_of_an_html5_library)
{
    struct rng rng = {3};
    struct buf page = {0};
    unsigned different = 0;
    for (int i = 0; i < PAGES; i++) {
        buf_clear(&page);
        BUF_ADD(&page, "<!doctype html><html><head></head><body>");
        for (size_t n = 1 + rng_below(&rng, PIECES_MAX); n > 0; n--)
            buf_add(&page, str_of_c(pieces[rng_below(&rng, ARRAY_LEN(pieces))]));
        buf_add_char(&page, '\0');
        page.len--;
        different += !is_same(buf_str(&page));
    }
    buf_done(&page);
    assert_in_range(different, 0, DIFFERENT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_those_of_an_html5_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
