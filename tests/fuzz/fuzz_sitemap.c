/* Sitemaps and feeds: whole, and split anywhere, they have the same links, and are broken or not.
 */
#include "check/read/xml_links.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_document(struct str xml, struct fuzz_random *random, bool *is_fine)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct xml_links *links = xml_links_new(&finds->finder);
    while (xml.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : xml.len;
        (void)!xml_links_feed(links, str_first(xml, step), false); /* the end says it again */
        xml = str_from(xml, step);
    }
    *is_fine = xml_links_feed(links, STR_NONE, true);
    xml_links_free(links);
    return *finds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str xml = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(xml);
    bool is_fine, is_fine_split;
    struct finds whole = read_document(xml, NULL, &is_fine);
    struct finds split = read_document(xml, &random, &is_fine_split);
    FUZZ_CHECK(is_fine == is_fine_split);
    FUZZ_CHECK(!is_fine || str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    buf_done(&whole.lines);
    buf_done(&split.lines);
    return 0;
}
