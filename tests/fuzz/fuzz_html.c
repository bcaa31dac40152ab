/* Pages: whole, and split anywhere, they have the same links and anchors. The encoding that their
 * start says is found, too. */
#include "check/read/html_links.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_page(struct str page, struct fuzz_random *random)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct html_links *links = html_links_new(&finds->finder);
    while (page.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : page.len;
        html_links_feed(links, str_first(page, step));
        page = str_from(page, step);
    }
    html_links_end(links);
    html_links_free(links);
    return *finds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str page = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(page);
    struct finds whole = read_page(page, NULL), split = read_page(page, &random);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    FUZZ_CHECK(html_links_charset(page) != CHARSET_UTF_16LE);
    buf_done(&whole.lines);
    buf_done(&split.lines);
    return 0;
}
