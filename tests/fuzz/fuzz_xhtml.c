/* Pages as XML: whole, and split anywhere, they have the same links and anchors, and the same is
 * wrong with them. No element ends that has not begun, and those of a page of which nothing is
 * wrong have all ended; so it can be put into another one. */
#include "check/read/html_links.h"
#include "check/read/xhtml_reader.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_page(struct str page, struct fuzz_random *random, struct buf *fault)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct html_links *links = html_links_new(&finds->finder);
    html_links_read_xml(links);
    while (page.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : page.len;
        html_links_feed(links, str_first(page, step));
        page = str_from(page, step);
    }
    html_links_end(links);
    buf_add(fault, html_links_fault(links));
    html_links_free(links);
    return *finds;
}

/* As the content of an element, without its declarations. */
static void check_within(struct str page)
{
    struct buf outer = {0}, fault = {0};
    BUF_ADD(&outer, "<outer>");
    buf_add(&outer, page);
    BUF_ADD(&outer, "</outer>");
    struct finds finds = read_page(buf_str(&outer), NULL, &fault);
    FUZZ_CHECK(fault.len == 0);
    buf_done(&finds.lines);
    buf_done(&outer);
    buf_done(&fault);
}

struct balance {
    struct html_events events;
    size_t begun, ended;
};

static void on_start(struct html_events *events, const struct html_tag *tag)
{
    struct balance *balance = CONTAINER_OF(events, struct balance, events);
    (void)tag; /* only how many */
    balance->begun++;
}

static void on_end(struct html_events *events, struct str name)
{
    struct balance *balance = CONTAINER_OF(events, struct balance, events);
    (void)name; /* likewise */
    balance->ended++;
    FUZZ_CHECK(balance->ended <= balance->begun);
}

static void check_balance(struct str page)
{
    struct balance balance = {.events = {.start = on_start, .end = on_end}};
    struct xhtml_reader *reader = xhtml_reader_new(&balance.events);
    struct str rest;
    struct html_position at;
    bool is_xml =
        xhtml_reader_feed(reader, page, &rest, &at) && xhtml_reader_end(reader, &rest, &at);
    bool has_fault = xhtml_reader_fault(reader).len;
    FUZZ_CHECK(is_xml || has_fault);
    FUZZ_CHECK(has_fault || balance.begun == balance.ended);
    xhtml_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str page = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(page);
    struct buf fault = {0}, fault_split = {0};
    struct finds whole = read_page(page, NULL, &fault);
    struct finds split = read_page(page, &random, &fault_split);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    FUZZ_CHECK(str_eq(buf_str(&fault), buf_str(&fault_split)));
    check_balance(page);
    if (fault.len == 0)
        check_within(page);
    buf_done(&whole.lines);
    buf_done(&split.lines);
    buf_done(&fault);
    buf_done(&fault_split);
    return 0;
}
