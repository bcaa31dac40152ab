/* tests/support/xml_tree.h: what the XML reader reports, as text that can be compared, and the
 * check that a fragment is the tree that it was taken from. */
#pragma once

#include "base/buf.h"
#include "xml/fragment.h"
#include "xml/reader.h"

/* Everything that matters of one or more trees: names with prefixes, attributes, text in one piece,
 * the language in force. Comparing two logs compares the trees. `scopes` holds, for each element,
 * the declarations in force since the tree's top, which content may refer to. */
struct xml_tree {
    struct xml_events events;
    unsigned top_depth; /* elements at this depth are the tops of trees; all above is left out */
    struct buf log;
    struct buf scopes;
    struct buf bindings; /* struct tree_binding: the stack of those in force */
    struct buf text;     /* a run that is still arriving */
    unsigned depth;

    struct xml_fragment *fragment;            /* NULL, or what gets the events of a tree */
    void (*tree_done)(struct xml_tree *tree); /* called when a tree has ended; or NULL */
    size_t tree_count;
};

void xml_tree_init(struct xml_tree *tree, unsigned top_depth);
void xml_tree_clear(struct xml_tree *tree); /* forgets what has been logged */
void xml_tree_done(struct xml_tree *tree);

/* Reads a document into `tree`, `step` bytes at a time. */
enum xml_rc xml_tree_read(struct xml_tree *tree, struct str document, size_t step,
                          const struct xml_limits *limits);

/* Enough for any test that is not about limits. */
extern const struct xml_limits xml_limits_wide;

/* Makes a fragment of each element at `depth`, reads it alone and inside a multistatus, and
 * compares. Returns NULL when all is well, otherwise a text that says what is not; it lives until
 * the next call. `count_out` may be NULL. */
const char *xml_fragments_check(struct str document, unsigned depth, size_t *count_out);
