/* store/memory/node.h: the tree that the memory backend keeps. Nothing here locks: the store's
 * mutex is held by whoever calls. */
#pragma once

#include "base/list.h"
#include "store/types.h"

/* Content that is shared by a resource, its copies, and those who read it. */
struct blob {
    unsigned refs;
    size_t len;
    struct content_hashes hashes; /* as far as they are known */
    char bytes[];
};

/* Dead properties: the list and its texts are in the arena. */
struct prop_set {
    struct arena arena;
    struct store_props list;
};

struct node {
    struct list link;    /* of its parent's members */
    struct list members; /* of a collection */
    struct store_stat stat;
    struct blob *blob; /* NULL for a collection */
    struct prop_set props;
    struct buf name; /* empty for the root */
};

NODISCARD struct blob *blob_new(struct str bytes);
struct blob *blob_ref(struct blob *blob);
void blob_unref(struct blob *blob); /* NULL is fine */

/* A node of its own, in no collection: is freed with node_free(). */
NODISCARD struct node *node_new(struct str name, const struct store_stat *stat);

/* Frees it with all below it, and takes it out of its collection. */
void node_free(struct node *node);

/* NULL when there is none. */
struct node *node_find(struct node *root, struct res_path path);
struct node *node_member(const struct node *collection, struct str name);

/* Makes the node a member of that collection under that name, wherever it was before. */
void node_place(struct node *node, struct node *collection, struct str name);

/* The node alone, without members. Shares the blob. */
NODISCARD struct node *node_copy(const struct node *node);

/* Replaces all properties. Copies. */
void node_set_props(struct node *node, const struct store_props *props);
