/* Pages as XML: whole, and split anywhere, they have the same links and anchors, and the same is
 * wrong with them. Before a fault the number of elements that begin is that of those that end; so a
 * page of which nothing is wrong can be put into another one. */
#include "check/read/html_links.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str page = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(page);
    struct buf fault = {0}, fault_split = {0};
    struct finds whole = read_page(page, NULL, &fault);
    struct finds split = read_page(page, &random, &fault_split);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    FUZZ_CHECK(str_eq(buf_str(&fault), buf_str(&fault_split)));
    if (fault.len == 0)
        check_within(page);
    buf_done(&whole.lines);
    buf_done(&split.lines);
    buf_done(&fault);
    buf_done(&fault_split);
    return 0;
}
