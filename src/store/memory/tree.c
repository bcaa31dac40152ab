/* Tree operations. Each follows the same rules as in any backend (promise 14): whoever would be
 * removed or moved is asked about first, top down; what is refused stays, and so do the
 * collections above it; what stays keeps its properties and locks.
 *
 * Everything runs under the store's one mutex, so nobody sees a tree half done. A copy or move over
 * a destination that could only partly be removed goes member by member into what has stayed. */
#include "store/memory/tree.h"

#include "base/mem.h"

struct walk {
    struct memory_store *memory;
    struct store_visitor *visitor;
    struct res_path replaced; /* at != NULL: its lock stays, for what comes in its place */
    struct arena arena;       /* of the paths */
    struct buf at;            /* where a removal is */
    size_t failures;
};

static struct res_path buf_path(const struct buf *buf)
{
    return (struct res_path){buf->at, buf->len};
}

static void walk_done(struct walk *walk)
{
    arena_done(&walk->arena);
    buf_done(&walk->at);
}

static bool fail(struct walk *walk, const struct node *node, struct res_path path, enum store_rc rc,
                 unsigned reason)
{
    walk->failures++;
    walk->visitor->failed(walk->visitor, path, node->stat.is_collection, rc, reason);
    return false;
}

static bool may(struct walk *walk, const struct node *node, struct res_path path)
{
    unsigned reason = walk->visitor->refuse(walk->visitor, path);
    return reason == 0 || fail(walk, node, path, STORE_REFUSED, reason);
}

static bool is_too_deep(const struct walk *walk, unsigned depth)
{
    return depth > walk->memory->limits->walk_depth;
}

/* --- remove --- */

/* A node that the walk is within. */
struct step {
    struct step *outer;
    struct node *node;
    struct list *next; /* of its members */
    size_t outer_len;  /* of the path */
    bool has_stayed;   /* some member */
};

/* Enters the node that the path is at; NULL when it is refused. */
static struct step *enter(struct walk *walk, struct step *outer, struct node *node, size_t len)
{
    if (!may(walk, node, buf_path(&walk->at)))
        return NULL;
    struct step *step = MEM_NEW(struct step);
    *step = (struct step){outer, node, node->members.next, len, false};
    return step;
}

/* All members have been asked about: it goes, unless one of them has stayed. */
static struct step *leave(struct walk *walk, struct step *step)
{
    struct step *outer = step->outer;
    struct res_path path = buf_path(&walk->at);
    if (step->has_stayed && outer)
        outer->has_stayed = true;
    if (!step->has_stayed) {
        node_free(step->node);
        if (!walk->replaced.at || !path_eq(path, walk->replaced))
            lock_table_remove_tree(walk->memory->locks, path);
    }
    walk->at.len = step->outer_len;
    mem_free(step);
    return outer;
}

/* To any depth, so without recursion. True: it is gone, with all below it. */
static bool remove_tree(struct walk *walk, struct node *node, struct res_path path)
{
    bool is_gone = false;
    buf_clear(&walk->at);
    buf_add(&walk->at, path_str(path));
    struct step *step = enter(walk, NULL, node, walk->at.len);
    while (step) {
        struct list *link = step->next;
        if (link == &step->node->members) {
            is_gone = !step->has_stayed;
            step = leave(walk, step);
            continue;
        }
        struct node *member = CONTAINER_OF(link, struct node, link);
        size_t len = walk->at.len;
        step->next = link->next;
        buf_add_char(&walk->at, '/');
        buf_add(&walk->at, buf_str(&member->name));
        struct step *inner = enter(walk, step, member, len);
        if (!inner) {
            step->has_stayed = true;
            walk->at.len = len;
        }
        step = inner ? inner : step;
    }
    return is_gone;
}

enum store_rc memory_remove(struct store_change *change, struct res_path path,
                            struct store_visitor *visitor)
{
    struct walk walk = {.memory = memory_of(change->store), .visitor = visitor};
    enum store_rc rc = STORE_NOT_FOUND;
    if (walk.memory->is_read_only || path_is_root(path))
        return STORE_DENIED;
    pthread_mutex_lock(&walk.memory->mutex);
    struct node *node = node_find(walk.memory->root, path);
    if (node)
        rc = remove_tree(&walk, node, path) ? STORE_OK : STORE_PARTIAL;
    pthread_mutex_unlock(&walk.memory->mutex);
    walk_done(&walk);
    return rc;
}

/* --- putting in place --- */

/* Something that goes to `to`, in `parent`. */
struct graft {
    struct node *node;
    struct res_path from; /* at == NULL: a copy, in no collection yet; nobody is asked about it */
    struct res_path to;
    struct node *parent;
    unsigned depth;
};

static bool graft(struct walk *walk, const struct graft *graft);

/* Moves the members into the collection that is at the target. True: none is left behind. */
static bool graft_members(struct walk *walk, const struct graft *above, struct node *target)
{
    bool is_empty = true;
    LIST_EACH (&above->node->members, link) {
        struct node *member = CONTAINER_OF(link, struct node, link);
        struct str name = buf_str(&member->name);
        struct graft below = {.node = member, .parent = target, .depth = above->depth + 1};
        below.to = path_join(&walk->arena, above->to, name);
        if (above->from.at)
            below.from = path_join(&walk->arena, above->from, name);
        bool is_gone = (!above->from.at || may(walk, member, below.from)) && graft(walk, &below);
        is_empty = is_empty && is_gone;
    }
    return is_empty;
}

/* True: nothing is left of the node where it was. */
static bool graft(struct walk *walk, const struct graft *graft)
{
    struct store_visitor *visitor = walk->visitor;
    struct node *node = graft->node;
    struct node *target = node_member(graft->parent, path_name(graft->to));
    bool is_new = !target;
    bool is_whole =
        !graft->from.at || !node->stat.is_collection || !visitor->may_refuse(visitor, graft->from);
    if (is_new && is_whole) {
        node_place(node, graft->parent, path_name(graft->to));
        if (graft->from.at)
            lock_table_remove_tree(walk->memory->locks, graft->from);
        return true;
    }
    /* What stands in the way was reported when it could not be removed. Nothing goes into a
     * collection that was refused itself. */
    if (!is_new && (!target->stat.is_collection || !node->stat.is_collection ||
                    visitor->refuse(visitor, graft->to)))
        return false;
    if (is_too_deep(walk, graft->depth))
        return fail(walk, node, graft->from, STORE_TOO_DEEP, 0);
    if (is_new) {
        struct store_stat stat = memory_new_stat(walk->memory, true);
        target = node_new(STR_NONE, &stat);
        node_place(target, graft->parent, path_name(graft->to));
    }
    if (!graft_members(walk, graft, target))
        return false;
    if (is_new)
        node_set_props(target, &node->props.list);
    node_free(node);
    if (graft->from.at)
        lock_table_remove_tree(walk->memory->locks, graft->from);
    return true;
}

/* Removes what is at `to` and puts the node there. True: nothing is left of it where it was. */
static bool replace(struct walk *walk, struct node *node, struct res_path from, struct res_path to)
{
    struct memory_store *memory = walk->memory;
    struct node *old = node_find(memory->root, to);
    walk->replaced = to; /* RFC 4918 §7.6 */
    if (!old || remove_tree(walk, old, to))
        lock_table_remove_below(memory->locks, to); /* also those on what was never there */
    struct graft whole = {.node = node, .from = from, .to = to};
    whole.parent = memory_parent(memory, to);
    bool is_gone = graft(walk, &whole);
    if (!node_find(memory->root, to)) /* nothing has come in its place */
        lock_table_remove_tree(memory->locks, to);
    return is_gone;
}

/* What a copy brings; a move brings nothing that was not in the room already. */
static bool has_room(const struct store_change *change, const struct store_transfer *transfer,
                     const struct node *node, bool is_move)
{
    struct memory_store *memory = memory_of(change->store);
    const struct node *old = node_find(memory->root, transfer->to);
    if (is_move && path_is_within(transfer->from, change->room.base))
        return true;
    return memory_has_room(memory, change, old ? memory_bytes(old) : 0,
                           transfer->is_deep ? memory_bytes(node) : memory_bytes_alone(node));
}

/* Both ends of a copy or move: what their paths alone forbid is forbidden first. */
static enum store_rc check_ends(const struct store_change *change,
                                const struct store_transfer *transfer, bool is_move,
                                struct node **node_out)
{
    struct memory_store *memory = memory_of(change->store);
    if (memory->is_read_only || path_is_within(transfer->from, transfer->to))
        return STORE_DENIED;
    *node_out = node_find(memory->root, transfer->from);
    if (!*node_out)
        return STORE_NOT_FOUND;
    if (!memory_parent(memory, transfer->to))
        return STORE_NO_PARENT;
    if (transfer->expects_absent && node_find(memory->root, transfer->to))
        return STORE_EXISTS;
    return has_room(change, transfer, *node_out, is_move) ? STORE_OK : STORE_OVER_QUOTA;
}

/* --- copy --- */

static struct node *copy_alone(struct memory_store *memory, const struct node *node)
{
    struct node *copy = node_copy(node);
    struct store_stat stat = memory_new_stat(memory, false);
    copy->stat.version = stat.version;
    copy->stat.created_s = stat.created_s;
    copy->stat.id = stat.id;
    return copy;
}

static unsigned refuses_copy(const struct walk *walk, struct res_path path)
{
    struct store_visitor *visitor = walk->visitor;
    return visitor->refuse_copy ? visitor->refuse_copy(visitor, path) : 0;
}

static struct node *copy_tree(struct walk *walk, const struct node *node, struct res_path path,
                              unsigned depth)
{
    struct node *copy = copy_alone(walk->memory, node);
    LIST_EACH (&node->members, link) {
        const struct node *member = CONTAINER_OF(link, struct node, link);
        struct str name = buf_str(&member->name);
        struct res_path below = path_join(&walk->arena, path, name);
        unsigned reason = refuses_copy(walk, below);
        if (reason)
            (void)fail(walk, member, below, STORE_REFUSED, reason); /* likewise */
        else if (member->stat.is_collection && is_too_deep(walk, depth + 1))
            (void)fail(walk, member, below, STORE_TOO_DEEP, 0); /* left out; the others go on */
        else
            node_place(copy_tree(walk, member, below, depth + 1), copy, name);
    }
    return copy;
}

enum store_rc memory_copy(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor)
{
    struct memory_store *memory = memory_of(change->store);
    struct walk walk = {.memory = memory, .visitor = visitor};
    struct node *node;
    if (transfer->is_deep && path_is_within(transfer->to, transfer->from))
        return STORE_DENIED;
    pthread_mutex_lock(&memory->mutex);
    enum store_rc rc = check_ends(change, transfer, false, &node);
    if (rc == STORE_OK) {
        struct node *copy = transfer->is_deep ? copy_tree(&walk, node, transfer->from, 0)
                                              : copy_alone(memory, node);
        if (!replace(&walk, copy, (struct res_path){NULL, 0}, transfer->to))
            node_free(copy); /* what of it found its way blocked */
        rc = walk.failures ? STORE_PARTIAL : STORE_OK;
    }
    pthread_mutex_unlock(&memory->mutex);
    walk_done(&walk);
    return rc;
}

/* --- move --- */

enum store_rc memory_move(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor)
{
    struct memory_store *memory = memory_of(change->store);
    struct walk walk = {.memory = memory, .visitor = visitor};
    struct res_path from = transfer->from;
    struct node *node;
    if (path_is_within(transfer->to, from))
        return STORE_DENIED;
    pthread_mutex_lock(&memory->mutex);
    enum store_rc rc = check_ends(change, transfer, true, &node);
    if (rc == STORE_OK && may(&walk, node, from))
        (void)replace(&walk, node, from, transfer->to); /* what is left has been reported */
    if (walk.failures)
        rc = STORE_PARTIAL;
    pthread_mutex_unlock(&memory->mutex);
    walk_done(&walk);
    return rc;
}
