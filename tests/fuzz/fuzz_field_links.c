/* Link fields: what is found stands there, in its order, and another link in front changes nothing
 * of it. */
#include "check/read/field_links.h"
#include "finds.h"
#include "fuzz.h"

static void check_within(struct finder *finder, const struct found_link *link)
{
    struct finds *finds = CONTAINER_OF(finder, struct finds, finder);
    FUZZ_CHECK(link->raw.len && str_index(link->raw, '>') == link->raw.len);
    finds_link(&finds->finder, link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str value = fuzz_input(data, size);
    struct finds alone = finds_new(), behind = finds_new();
    struct buf longer = {0};
    alone.finder.link = behind.finder.link = check_within;
    field_links(&alone.finder, value, (struct html_position){1, 1}, true);
    BUF_ADD(&longer, "<a>; x=\"<b>, \", ");
    buf_add(&longer, value);
    field_links(&behind.finder, buf_str(&longer), (struct html_position){1, 1}, true);
    FUZZ_CHECK(str_ends(buf_str(&behind.lines), buf_str(&alone.lines)));
    FUZZ_CHECK(behind.lines.len > alone.lines.len);
    buf_done(&alone.lines);
    buf_done(&behind.lines);
    buf_done(&longer);
    return 0;
}
