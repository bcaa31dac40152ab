/* XML. However a document is split, the reader reports the same; every element, made a fragment, is
 * read again as the tree that it was, alone and pasted into an answer. */
#include "fuzz.h"
#include "support/xml_tree.h"

static const struct xml_limits limits = {.depth_max = 20,
                                         .element_count_max = 200,
                                         .attr_count_max = 12,
                                         .ns_bytes_max = 40,
                                         .names_bytes_max = 3000};

static enum xml_rc read_split(struct xml_tree *tree, struct str bytes, struct fuzz_random *random)
{
    struct xml_reader *reader = xml_reader_new(&tree->events, &limits);
    enum xml_rc rc = XML_OK;
    while (bytes.len && rc == XML_OK) {
        struct str piece = str_first(bytes, fuzz_below(random, 16));
        bytes = str_from(bytes, piece.len);
        rc = xml_reader_feed(reader, piece, false);
    }
    if (rc == XML_OK)
        rc = xml_reader_feed(reader, STR_NONE, true);
    FUZZ_CHECK(xml_reader_line(reader) >= 1);
    xml_reader_free(reader);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(bytes);
    struct xml_tree whole, split;
    xml_tree_init(&whole, 1);
    xml_tree_init(&split, 1);
    enum xml_rc rc = xml_read(bytes, &whole.events, &limits);
    FUZZ_CHECK(read_split(&split, bytes, &random) == rc);
    if (rc == XML_OK) {
        FUZZ_CHECK(str_eq(buf_str(&whole.log), buf_str(&split.log)));
        FUZZ_CHECK(str_eq(buf_str(&whole.scopes), buf_str(&split.scopes)));
        FUZZ_CHECK(whole.tree_count == 1);
    }
    xml_tree_done(&whole);
    xml_tree_done(&split);
    for (unsigned depth = 1; depth <= 4; depth++) {
        const char *complaint = xml_fragments_check(bytes, depth, NULL);
        if (complaint)
            fprintf(stderr, "at depth %u: %s\n", depth, complaint);
        FUZZ_CHECK(!complaint);
    }
    return 0;
}
