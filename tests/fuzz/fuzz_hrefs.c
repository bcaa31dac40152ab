/* URLs in XML. With nothing to map every byte stays; with all to map, what comes out is the tree that
 * went in but for the URLs, each of which is the text of a DAV:href; nothing depends on how the bytes were split. */
#include "fuzz.h"
#include "gateway/hrefs.h"
#include "support/xml_tree.h"

static const struct xml_limits wide = {
    .depth_max = 600, .attr_count_max = 300, .ns_bytes_max = 10000};

#define MARK "\xe2\x98\x83mapped"

struct mapper {
    struct href_reader base;
    bool maps;
    size_t count;
};

static bool map(struct href_reader *base, struct str uri, struct buf *to)
{
    struct mapper *mapper = CONTAINER_OF(base, struct mapper, base);
    FUZZ_CHECK(uri.len > 0);
    if (!mapper->maps)
        return false;
    mapper->count++;
    BUF_ADD(to, MARK);
    buf_add(to, uri);
    return true;
}

static unsigned keep_all(struct href_reader *base, struct str uri, bool is_value)
{
    (void)base, (void)uri, (void)is_value; /* whatever it is */
    return 200;
}

struct pieces {
    struct source base;
    struct str rest;
    struct fuzz_random *random;
};

static enum pull pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct pieces *pieces = CONTAINER_OF(self, struct pieces, base);
    (void)err; /* memory does not fail */
    if (pieces->rest.len == 0)
        return PULL_END;
    struct str piece = str_first(pieces->rest, size_min(want, 1 + fuzz_below(pieces->random, 40)));
    buf_add(into, piece);
    pieces->rest = str_from(pieces->rest, piece.len);
    return PULL_DATA;
}

static const struct source_ops pieces_ops = {.name = "pieces", .pull = pull};

/* False: it cannot be read. */
static bool read_split(struct str text, enum hrefs_direction direction, struct mapper *mapper,
                       struct buf *to)
{
    struct arena arena = {0};
    struct fuzz_random random = fuzz_random_of(text);
    struct pieces pieces = {{.ops = &pieces_ops}, text, &random};
    struct source *source = hrefs_source(&arena, &pieces.base, direction, &mapper->base);
    enum pull pulled = PULL_DATA;
    struct err err;
    while (pulled == PULL_DATA)
        pulled = source_pull(source, to, 1 + fuzz_below(&random, 60), &err);
    source_close(&source);
    arena_done(&arena);
    return pulled == PULL_END;
}

/* The tree of a document as text, without the marks; says how many there were. */
static size_t log_tree(struct str document, struct buf *to)
{
    struct xml_tree tree;
    size_t marks = 0;
    xml_tree_init(&tree, 1);
    FUZZ_CHECK(xml_tree_read(&tree, document, SIZE_MAX / 2, &wide) == XML_OK);
    for (struct str rest = buf_str(&tree.log); rest.len;) {
        bool is_mark = str_starts(rest, STR(MARK));
        marks += is_mark;
        if (!is_mark)
            buf_add_char(to, rest.at[0]);
        rest = str_from(rest, is_mark ? sizeof(MARK) - 1 : 1);
    }
    xml_tree_done(&tree);
    return marks;
}

/* What somebody is asked about first is still a document, of no more than was in it, where it is of a
 * kind that can be looked through. */
static void check_kept(struct str text, enum hrefs_direction direction, size_t count)
{
    struct mapper mapper = {.base = {.map = map, .judge = keep_all}, .maps = true};
    struct buf kept = {0}, tree = {0};
    if (read_split(text, direction, &mapper, &kept))
        FUZZ_CHECK(log_tree(buf_str(&kept), &tree) <= count);
    buf_done(&kept);
    buf_done(&tree);
}

static void check_direction(struct str text, enum hrefs_direction direction)
{
    struct mapper nothing = {.base.map = map};
    struct mapper all = {.base.map = map, .maps = true};
    struct mapper again = {.base.map = map, .maps = true};
    struct buf same = {0}, whole = {0}, split = {0}, before = {0}, behind = {0};
    struct err err;
    bool is_read = text.len && hrefs_map(text, direction, &nothing.base, &same, &err);
    FUZZ_CHECK(!is_read || str_eq(text, buf_str(&same)));
    if (is_read) {
        FUZZ_CHECK(hrefs_map(text, direction, &all.base, &whole, &err));
        FUZZ_CHECK(read_split(text, direction, &again, &split));
        FUZZ_CHECK(str_eq(buf_str(&whole), buf_str(&split)) && all.count == again.count);
        FUZZ_CHECK(log_tree(text, &before) == 0);
        FUZZ_CHECK(log_tree(buf_str(&whole), &behind) == all.count);
        FUZZ_CHECK(str_eq(buf_str(&before), buf_str(&behind)));
        check_kept(text, direction, all.count);
    }
    buf_done(&same);
    buf_done(&whole);
    buf_done(&split);
    buf_done(&before);
    buf_done(&behind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_input(data, size);
    for (size_t i = 0; i + 3 <= text.len; i++) {
        if (str_starts(str_from(text, i), STR("\xe2\x98\x83")))
            return 0; /* it must be us who have put it there */
    }
    check_direction(text, HREFS_OF_ANSWER);
    check_direction(text, HREFS_OF_REQUEST);
    return 0;
}
