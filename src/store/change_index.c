/* Changes are numbered. One has a row in the list of changes, and reaches its place and all
 * collections above that, each of which notes its number as its newest. So what a collection's tag
 * is, is there to be read, and what has changed below it since a number is what follows in the
 * list and is below it.
 *
 * Places are nodes of a tree, found by the collection that they are in and their name. Whoever is
 * reached by a change goes to the end of `recent`, what is inside before what is outside; so the
 * list is in the order of the newest changes, and its first node has nothing in it.
 *
 * What is not remembered is not guessed. The list forgets its oldest rows (horizon); of what
 * changed before, nothing is known. Places of files go with their rows, those of collections stay,
 * since their tags must not change when they have not; when there are too many, the oldest go, and
 * all that have no node have one tag (floor): the number of the newest that went, which none of
 * them has had before.
 *
 * A collection that goes, or comes with all that is in it, has one row. Nodes within it say
 * nothing any more: it says for all of them that they are other than before (whole). When it is
 * gone and something is made there again, nobody knows what had been in it; a list of what has
 * changed cannot say what is not there any more, and is not to be had for the time before (broken).
 *
 * A row that is superseded says by which change. Whoever is told, a few at a time, of changes up to
 * one that came before that is told of neither, and must know.
 *
 * What is changed at the collection itself after it has come has a row of its own beside that one,
 * which goes on to say what came with it: no other row does. Who is told of both hears of the
 * collection once, by the first. And where it is said of a collection that is there that it has
 * come, as of one that davit has made and that is found again, the rows in it stay: somebody may
 * have been told of what they say is gone.
 *
 * Invariants
 *  (1) rows are in the order of their numbers; one without a node was superseded;
 *  (2) a node's `own` is 0, or the number of a row that leads to it; one more does, of the number
 *      `whole`, if that is remembered, is not `own`, and is not of its going;
 *  (3) a node's `seq` and `broken` are at least those of all nodes below it;
 *  (4) a node has nodes in it, has a row, or keeps a tag;
 *  (5) floor <= horizon <= head, and all rows are above the horizon.
 * (1), (2) and (5) are asserted where they are relied upon.
 *
 * Rejected: a row for each collection above, which a database would index. It multiplies what is
 * written by the depth, and says nothing that the path does not. */
#include "store/change_index.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum { LOOKED_AT_MAX = 4096, ROWS_FEW = 64, CHANGES_MIN = 4, CHANGES_MAX = 1 << 30 };

struct node {
    struct map_entry entry;
    struct list link;     /* in `recent` */
    struct list children; /* by their `sibling` */
    struct list sibling;
    struct node *parent;       /* NULL: it is the root */
    struct change_state state; /* but for the path */
    char key[];                /* the parent's address and the name */
};

struct row {
    uint64_t seq;
    struct node *node;
    uint64_t by; /* without a node: which change has superseded it */
};

struct change_index {
    size_t max;
    struct map nodes;
    struct list recent;
    struct node *root;
    struct row *rows; /* from `first` on */
    size_t first, count, room;
    size_t live; /* rows that lead to a node */
    uint64_t head, horizon, floor;
    uint64_t squeezed; /* up to this change, rows that were superseded are not there any more */
};

/* --- nodes --- */

static struct node *node_of(struct list *link)
{
    return CONTAINER_OF(link, struct node, link);
}

static struct str name_of(const struct node *node)
{
    return str_from(node->entry.key, sizeof(node->parent));
}

static struct node *find_child(const struct change_index *index, const struct node *parent,
                               struct str name)
{
    char few[sizeof(parent) + 256];
    struct buf more = {0};
    struct str key = {few, sizeof(parent) + name.len};
    if (key.len > sizeof(few))
        key.at = buf_reserve(&more, key.len);
    memcpy((char *)(uintptr_t)key.at, &parent, sizeof(parent));
    memcpy((char *)(uintptr_t)key.at + sizeof(parent), name.at, name.len);
    struct map_entry *entry = map_find(&index->nodes, key);
    buf_done(&more);
    return entry ? CONTAINER_OF(entry, struct node, entry) : NULL;
}

static struct node *add_node(struct change_index *index, struct node *parent, struct str name)
{
    struct node *node = mem_new(1, sizeof(*node) + sizeof(parent) + name.len);
    memcpy(node->key, &parent, sizeof(parent));
    if (name.len)
        memcpy(node->key + sizeof(parent), name.at, name.len);
    node->parent = parent;
    list_init(&node->children);
    list_init(&node->sibling);
    list_append(&index->recent, &node->link);
    if (parent) {
        list_append(&parent->children, &node->sibling);
        parent->state.keeps_tag = true;
    }
    map_add(&index->nodes, &node->entry, str_of(node->key, sizeof(parent) + name.len));
    return node;
}

static struct node *find_node(const struct change_index *index, struct res_path path)
{
    struct node *node = index->root;
    for (struct str rest = path_str(path); node && rest.len;)
        node = find_child(index, node, str_cut(&rest, '/'));
    return node;
}

static struct node *make_node(struct change_index *index, struct res_path path)
{
    struct node *node = index->root;
    for (struct str rest = path_str(path); rest.len;) {
        struct str name = str_cut(&rest, '/');
        struct node *child = find_child(index, node, name);
        node = child ? child : add_node(index, node, name);
    }
    return node;
}

/* --- rows --- */

/* The first row above that number, or the end. */
static size_t find_row(const struct change_index *index, uint64_t seq)
{
    size_t low = index->first;
    size_t high = index->first + index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->rows[middle].seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the node has a row that says what came with it, beside its own (2). */
static bool keeps_whole(const struct node *node)
{
    return node->state.own > node->state.whole && node->state.whole > node->state.went;
}

static void clear_row(struct change_index *index, struct row *row)
{
    if (row->node->state.own == row->seq)
        row->node->state.own = 0;
    row->node = NULL;
    row->by = index->head;
    index->live--;
}

/* Its own. */
static void drop_row(struct change_index *index, struct node *node)
{
    if (!node->state.own)
        return;
    struct row *row = &index->rows[find_row(index, node->state.own - 1)];
    assert(row->node == node); /* (2) */
    clear_row(index, row);
}

/* The node has no row any more. */
static void drop_rows(struct change_index *index, struct node *node)
{
    if (keeps_whole(node) && node->state.whole > index->horizon) {
        struct row *row = &index->rows[find_row(index, node->state.whole - 1)];
        assert(row->node == node); /* (2) */
        clear_row(index, row);
    }
    drop_row(index, node);
}

/* Takes one that has nothing in it. */
static void free_node(struct change_index *index, struct node *node)
{
    assert(list_is_empty(&node->children) && node->parent);
    drop_rows(index, node);
    list_remove(&node->link);
    list_remove(&node->sibling);
    map_remove(&index->nodes, &node->entry);
    mem_free(node);
}

/* Frees all that is in it: from the innermost outwards, since it may be deep. */
static void empty_node(struct change_index *index, struct node *node)
{
    struct node *at = node;
    for (;;) {
        while (!list_is_empty(&at->children))
            at = CONTAINER_OF(at->children.next, struct node, sibling);
        if (at == node)
            return;
        struct node *outer = at->parent;
        free_node(index, at);
        at = outer;
    }
}

/* --- forgetting --- */

/* What the first rows say, up to that number, is known no more. */
static void drop_until(struct change_index *index, uint64_t seq)
{
    while (index->count && index->rows[index->first].seq <= seq) {
        struct row *row = &index->rows[index->first];
        struct node *node = row->node;
        if (node) {
            clear_row(index, row);
            if (list_is_empty(&node->children) && !node->state.keeps_tag && node->parent)
                free_node(index, node);
        }
        index->first++;
        index->count--;
    }
    index->horizon = u64_max(index->horizon, seq);
}

static void squeeze(struct change_index *index)
{
    size_t kept = 0;
    for (size_t i = 0; i < index->count; i++) {
        struct row row = index->rows[index->first + i];
        if (row.node)
            index->rows[kept++] = row;
    }
    if (kept < index->count)
        index->squeezed = index->head;
    index->first = 0;
    index->count = kept;
    assert(kept == index->live); /* (1) */
}

/* For one more row. */
static void make_room(struct change_index *index)
{
    if (index->first + index->count < index->room)
        return;
    squeeze(index);
    size_t most = index->max - index->max / 4;
    if (index->room == index->max && index->count >= most)
        drop_until(index, index->rows[index->count - most].seq);
    squeeze(index);
    if (index->count < index->room / 2 || index->room == index->max)
        return;
    index->room = size_min(2 * index->room, index->max);
    index->rows = mem_resize(index->rows, index->room * sizeof(*index->rows));
}

/* Of the collections, too. */
static void bound_nodes(struct change_index *index)
{
    if (index->nodes.count <= 2 * index->max + 1)
        return;
    while (index->nodes.count > index->max + index->max / 2 + 1) {
        struct node *oldest = node_of(index->recent.next);
        uint64_t seq = oldest->state.seq;
        if (oldest == index->root)
            break;
        drop_until(index, seq); /* which may free it */
        index->floor = u64_max(index->floor, seq);
        oldest = node_of(index->recent.next);
        if (oldest != index->root && oldest->state.seq <= seq)
            free_node(index, oldest);
    }
    assert(index->floor <= index->horizon && index->horizon <= index->head); /* (5) */
}

void change_index_forget(struct change_index *index)
{
    empty_node(index, index->root);
    drop_rows(index, index->root);
    index->root->state = (struct change_state){.keeps_tag = true};
    index->first = index->count = 0;
    index->horizon = index->floor = index->head;
}

/* --- changes --- */

static void reach(struct change_index *index, struct node *node, uint64_t seq)
{
    for (; node; node = node->parent) {
        node->state.seq = seq;
        list_remove(&node->link);
        list_append(&index->recent, &node->link);
    }
}

static void note_broken(struct node *node, uint64_t seq)
{
    for (; node; node = node->parent)
        node->state.broken = u64_max(node->state.broken, seq);
}

/* What is of the resource alone leaves the row that says what came with it. */
static void set_row(struct change_index *index, struct node *node, uint64_t seq,
                    enum change_kind kind)
{
    const struct change_state *state = &node->state;
    if (kind != CHANGE_OF_ONE || state->went == state->whole)
        drop_rows(index, node);
    else if (state->own != state->whole)
        drop_row(index, node);
    make_room(index);
    node->state.own = seq;
    index->rows[index->first + index->count++] = (struct row){.seq = seq, .node = node};
    index->live++;
}

void change_index_add(struct change_index *index, const struct change_row *row)
{
    uint64_t seq = ++index->head;
    struct node *node = make_node(index, row->path);
    struct change_state *state = &node->state;
    reach(index, node, seq); /* what is reached is not forgotten by what follows */
    set_row(index, node, seq, row->kind);
    state->is_seen = row->left == LEFT_SEEN;
    if (state->went && row->kind != CHANGE_WENT)
        note_broken(node, state->went);
    if (row->kind == CHANGE_REPLACED)
        note_broken(node, seq);
    if (row->kind == CHANGE_WENT || row->kind == CHANGE_REPLACED)
        empty_node(index, node);
    if (row->kind != CHANGE_OF_ONE) {
        state->whole = seq;
        state->keeps_tag = true;
    }
    if (row->kind == CHANGE_WENT)
        state->went = seq;
    bound_nodes(index);
}

/* --- questions --- */

/* The newest change by which all in the collection became other than before. */
static uint64_t whole_above(const struct change_index *index, struct res_path path)
{
    const struct node *node = index->root;
    struct str rest = path_str(path);
    uint64_t whole = node->state.whole;
    while (rest.len && (node = find_child(index, node, str_cut(&rest, '/'))))
        whole = u64_max(whole, node->state.whole);
    return whole;
}

uint64_t change_index_head(const struct change_index *index)
{
    return index->head;
}

uint64_t change_index_tag(const struct change_index *index, struct res_path path)
{
    const struct node *node = find_node(index, path);
    uint64_t tag = node && node->state.seq ? node->state.seq : index->floor;
    return u64_max(tag, whole_above(index, path));
}

bool change_index_knows(const struct change_index *index, struct res_path path, uint64_t since,
                        bool is_deep)
{
    const struct node *node = find_node(index, path);
    if (since >= change_index_tag(index, path))
        return true;
    return since >= index->horizon && whole_above(index, path) <= since &&
           (!is_deep || !node || node->state.broken <= since);
}

uint64_t change_index_told(const struct change_index *index, struct res_path path)
{
    const struct node *node = find_node(index, path);
    return u64_max(node ? node->state.own : 0, whole_above(index, path));
}

uint64_t change_index_told_below(const struct change_index *index, struct res_path path,
                                 struct res_path top)
{
    const struct node *node = find_node(index, top);
    struct str rest = str_from(path_str(path), top.len ? top.len + 1 : 0);
    uint64_t told = 0;
    while (node && rest.len && (node = find_child(index, node, str_cut(&rest, '/'))))
        told = u64_max(told,
                       rest.len ? node->state.whole : u64_max(node->state.own, node->state.whole));
    return told;
}

bool change_index_had_members(const struct change_index *index, struct res_path path)
{
    const struct node *node = find_node(index, path);
    return node && node->state.keeps_tag && node->state.went < node->state.seq;
}

static struct res_path path_of_node(const struct node *node, struct arena *arena)
{
    size_t len = 0;
    for (const struct node *at = node; at->parent; at = at->parent)
        len += name_of(at).len + 1;
    char *end = (char *)arena_alloc(arena, len + 1) + len;
    for (const struct node *at = node; at->parent; at = at->parent) {
        struct str name = name_of(at);
        end -= name.len + 1;
        end[0] = '/';
        memcpy(end + 1, name.at, name.len);
    }
    return len ? (struct res_path){end + 1, len - 1} : PATH_ROOT;
}

/* Whether the node is a member that is asked for. */
static bool is_asked_for(const struct node *node, const struct node *collection, bool is_deep)
{
    const struct node *at = node->parent;
    while (is_deep && at && at != collection)
        at = at->parent;
    return at == collection;
}

/* Whether the resource has been told of by the row of what came with it. */
static bool is_told_before(const struct row *row, uint64_t since)
{
    uint64_t whole = row->node->state.whole;
    return row->seq > whole && whole > since && keeps_whole(row->node);
}

enum store_rc change_index_next(const struct change_index *index, struct arena *arena,
                                struct change_query *query, struct change_found *found_out)
{
    const struct node *collection = find_node(index, query->path);
    query->after = u64_max(query->after, query->since);
    if (!collection || collection->state.seq <= query->after)
        return STORE_END;
    if (query->after < index->horizon)
        return STORE_UNAVAILABLE;
    query->is_overtaken |= index->squeezed > query->begun;
    size_t at = find_row(index, query->after);
    size_t end = index->first + index->count;
    for (size_t looked = 0; at < end && looked < LOOKED_AT_MAX; at++, looked++) {
        const struct row *row = &index->rows[at];
        if (row->seq > query->until)
            return STORE_END;
        query->after = row->seq;
        query->is_overtaken |= !row->node && row->by > query->begun;
        if (!row->node || !is_asked_for(row->node, collection, query->is_deep) ||
            is_told_before(row, query->since))
            continue;
        const struct change_state *state = &row->node->state;
        *found_out = (struct change_found){.seq = row->seq,
                                           .path = path_of_node(row->node, arena),
                                           .is_whole = state->whole == row->seq,
                                           .is_gone = state->went == row->seq,
                                           .is_seen = state->is_seen && state->own == row->seq};
        return STORE_OK;
    }
    return at < end ? STORE_AGAIN : STORE_END;
}

/* --- life --- */

struct change_bounds change_index_bounds(const struct change_index *index)
{
    return (struct change_bounds){index->head, index->horizon, index->floor};
}

void change_index_each(const struct change_index *index,
                       void (*fn)(const struct change_state *state, void *arg), void *arg)
{
    struct arena arena = {0};
    LIST_EACH (&index->recent, link) {
        struct change_state state = node_of(link)->state;
        state.path = path_of_node(node_of(link), &arena);
        fn(&state, arg);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

static void restore_row(struct change_index *index, uint64_t seq, struct node *node)
{
    if (index->count == index->room) {
        index->room *= 2;
        index->rows = mem_resize(index->rows, index->room * sizeof(*index->rows));
    }
    index->rows[index->count++] = (struct row){.seq = seq, .node = node};
    index->live++;
}

void change_index_restore(struct change_index *index, const struct change_state *state)
{
    struct node *node = make_node(index, state->path);
    node->state = *state;
    node->state.path = PATH_ROOT; /* it was borrowed */
    list_remove(&node->link);
    list_append(&index->recent, &node->link);
    if (state->own)
        restore_row(index, state->own, node);
    if (keeps_whole(node)) /* if it is forgotten, the bounds say so */
        restore_row(index, state->whole, node);
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *row = a;
    const struct row *other = b;
    return (row->seq > other->seq) - (row->seq < other->seq);
}

void change_index_restored(struct change_index *index, const struct change_bounds *bounds)
{
    if (index->count)
        qsort(index->rows, index->count, sizeof(*index->rows), compare_rows);
    index->head = bounds->head;
    index->floor = bounds->floor;
    drop_until(index, bounds->horizon);
    if (index->count > index->max) /* the bound is lower than it was */
        drop_until(index, index->rows[index->count - index->max].seq);
    squeeze(index);
    index->room = size_min(index->room, size_max(index->max, index->count));
    bound_nodes(index);
}

struct change_index *change_index_new(size_t max)
{
    struct change_index *index = MEM_NEW(struct change_index);
    index->max = size_min(size_max(max, CHANGES_MIN), CHANGES_MAX);
    index->room = size_min(ROWS_FEW, index->max);
    index->rows = mem_new(index->room, sizeof(*index->rows));
    list_init(&index->recent);
    index->root = add_node(index, NULL, STR_NONE);
    index->root->state.keeps_tag = true;
    return index;
}

void change_index_free(struct change_index *index)
{
    if (!index)
        return;
    change_index_forget(index);
    map_remove(&index->nodes, &index->root->entry);
    mem_free(index->root);
    map_done(&index->nodes);
    mem_free(index->rows);
    mem_free(index);
}
