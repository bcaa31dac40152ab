/* Style sheets: whole, and split anywhere, they have the same links. */
#include "check/read/css.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_sheet(struct str css, struct fuzz_random *random)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct css_reader *reader = css_reader_new(&finds->finder, (struct html_position){1, 1});
    while (css.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : css.len;
        css_reader_feed(reader, str_first(css, step));
        css = str_from(css, step);
    }
    css_reader_end(reader);
    css_reader_free(reader);
    return *finds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str css = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(css);
    struct finds whole = read_sheet(css, NULL), split = read_sheet(css, &random);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    buf_done(&whole.lines);
    buf_done(&split.lines);
    return 0;
}
