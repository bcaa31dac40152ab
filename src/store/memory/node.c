/* Nodes and what they hold: the whole of the memory backend's data.
 *
 *   node (collection) --members--> node --blob--> content, counted
 *                                       --props-> an arena of its own
 *
 * Members are in no order and are looked for one by one: this backend is an oracle for tests, where
 * being plainly right counts more than being fast. Content is shared by copies and by those who
 * read it, so that a reader keeps what was there when it began. */
#include "store/memory/node.h"

#include "base/mem.h"
#include "store/backend.h"

/* --- content --- */

struct blob *blob_new(struct str bytes)
{
    struct blob *blob = mem_new(1, sizeof(*blob) + bytes.len);
    blob->refs = 1;
    blob->len = bytes.len;
    if (bytes.len)
        memcpy(blob->bytes, bytes.at, bytes.len);
    return blob;
}

struct blob *blob_ref(struct blob *blob)
{
    if (blob)
        blob->refs++;
    return blob;
}

void blob_unref(struct blob *blob)
{
    if (!blob)
        return;
    assert(blob->refs > 0);
    if (--blob->refs == 0)
        mem_free(blob);
}

/* --- nodes --- */

static struct node *node_of(struct list *link)
{
    return CONTAINER_OF(link, struct node, link);
}

static void set_name(struct node *node, struct str name)
{
    struct buf copy = {0};
    buf_add(&copy, name); /* before the old one goes: it may be the same */
    buf_done(&node->name);
    node->name = copy;
}

struct node *node_new(struct str name, const struct store_stat *stat)
{
    struct node *node = MEM_NEW(struct node);
    list_init(&node->link);
    list_init(&node->members);
    node->stat = *stat;
    set_name(node, name);
    return node;
}

static void free_alone(struct node *node)
{
    list_remove(&node->link);
    arena_done(&node->props.arena);
    blob_unref(node->blob);
    buf_done(&node->name);
    mem_free(node);
}

void node_free(struct node *node)
{
    while (!list_is_empty(&node->members)) { /* those of a member become its own: no recursion */
        struct node *member = node_of(node->members.next);
        list_splice(&node->members, &member->members);
        free_alone(member);
    }
    free_alone(node);
}

struct node *node_member(const struct node *collection, struct str name)
{
    LIST_EACH (&collection->members, link) {
        if (str_eq(buf_str(&node_of(link)->name), name))
            return node_of(link);
    }
    return NULL;
}

struct node *node_find(struct node *root, struct res_path path)
{
    struct node *node = root;
    struct str rest = path_str(path);
    while (node && rest.len)
        node = node_member(node, str_cut(&rest, '/'));
    return node;
}

void node_place(struct node *node, struct node *collection, struct str name)
{
    assert(!node_member(collection, name));
    list_remove(&node->link);
    set_name(node, name);
    list_append(&collection->members, &node->link);
}

/* But for who may do what, which is no copy's (store/store.c). */
static void copy_props(struct node *to, const struct store_props *from)
{
    struct arena arena = {0};
    struct store_props props = {.items =
                                    arena_alloc(&arena, (from->count + 1) * sizeof(*props.items))};
    for (size_t i = 0; i < from->count; i++) {
        if (!str_eq(from->items[i].name, STORE_ACL_NAME))
            props.items[props.count++] = from->items[i];
    }
    node_set_props(to, &props);
    arena_done(&arena);
}

struct node *node_copy(const struct node *node)
{
    struct node *copy = node_new(buf_str(&node->name), &node->stat);
    copy->blob = blob_ref(node->blob);
    copy_props(copy, &node->props.list);
    return copy;
}

/* --- properties --- */

void node_set_props(struct node *node, const struct store_props *props)
{
    struct prop_set set = {0};
    if (props->count)
        set.list.items = arena_alloc(&set.arena, props->count * sizeof(*set.list.items));
    for (size_t i = 0; i < props->count; i++) {
        const struct store_prop *prop = &props->items[i];
        set.list.items[set.list.count++] =
            (struct store_prop){arena_str(&set.arena, prop->ns), arena_str(&set.arena, prop->name),
                                arena_str(&set.arena, prop->xml)};
    }
    arena_done(&node->props.arena);
    node->props = set;
}
