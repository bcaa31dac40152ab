/* Markdown: whole, and split anywhere, a document has the same links and names. */
#include "check/read/markdown/markdown.h"
#include "finds.h"
#include "fuzz.h"

static struct finds read_document(struct str text, enum wikilinks wikilinks,
                                  struct fuzz_random *random)
{
    struct finds *finds = &(struct finds){0};
    *finds = finds_new();
    struct markdown_reader *reader = markdown_reader_new(&finds->finder);
    markdown_reader_want_wikilinks(reader, wikilinks);
    while (text.len) {
        size_t step = random ? 1 + fuzz_below(random, 7) : text.len;
        markdown_reader_feed(reader, str_first(text, step));
        text = str_from(text, step);
    }
    markdown_reader_end(reader);
    markdown_reader_free(reader);
    return *finds;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(text);
    enum wikilinks wikilinks = (enum wikilinks)fuzz_below(&random, WIKILINKS_OBSIDIAN + 1);
    struct finds whole = read_document(text, wikilinks, NULL);
    struct finds split = read_document(text, wikilinks, &random);
    FUZZ_CHECK(str_eq(buf_str(&whole.lines), buf_str(&split.lines)));
    buf_done(&whole.lines);
    buf_done(&split.lines);
    return 0;
}
