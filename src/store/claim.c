/* Multi-granularity locking on paths. A set of ranges is kept as counters on the paths that the
 * ranges name and on all their ancestors, so that a conflict is found in as many steps as the path
 * has segments, however many claims are held:
 *
 *   a range on P conflicts with   what is counted at P itself,
 *                                 trees counted at an ancestor of P,
 *                                 and, for a tree at P, what is counted below P.
 *
 * There are two sets: what is held, and what waits. A newcomer that conflicts with either waits;
 * so a tree is not starved by a stream of small changes inside it. On each release the waiting
 * claims are looked at in order, each against the held ones and those waiting before it. */
#include "store/claim.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"

/* Ranges counted at a path: [is_write]. */
struct claim_node {
    struct map_entry entry;
    unsigned self[2];
    unsigned tree[2];
    unsigned below[2];
    char path[];
};

struct claim_set {
    struct map nodes;
};

struct claims {
    pthread_mutex_t mutex;
    struct claim_set held;
    struct claim_set waiting;
    struct list queue; /* the waiting claims, in order */
};

static struct claim_node *find_node(const struct claim_set *set, struct res_path path)
{
    struct map_entry *entry = map_find(&set->nodes, path_str(path));
    return entry ? CONTAINER_OF(entry, struct claim_node, entry) : NULL;
}

static struct claim_node *get_node(struct claim_set *set, struct res_path path)
{
    struct claim_node *node = find_node(set, path);
    if (node)
        return node;
    node = mem_new(1, sizeof(*node) + path.len + 1);
    if (path.len)
        memcpy(node->path, path.at, path.len);
    map_add(&set->nodes, &node->entry, str_of(node->path, path.len));
    return node;
}

static void drop_if_unused(struct claim_set *set, struct claim_node *node)
{
    if (node->self[0] | node->self[1] | node->tree[0] | node->tree[1] | node->below[0] |
        node->below[1])
        return;
    map_remove(&set->nodes, &node->entry);
    mem_free(node);
}

/* Counts a range in, or out. */
static void count_range(struct claim_set *set, const struct claim_range *range, bool is_in)
{
    unsigned delta = is_in ? 1 : -1U;
    struct res_path path = range->path;
    struct claim_node *node = get_node(set, path);
    *(range->reach == CLAIM_TREE ? &node->tree[range->is_write] : &node->self[range->is_write]) +=
        delta;
    drop_if_unused(set, node);
    while (!path_is_root(path)) {
        path = path_parent(path);
        node = get_node(set, path);
        node->below[range->is_write] += delta;
        drop_if_unused(set, node);
    }
}

/* Readers disturb only writers; writers disturb everybody. */
static bool disturbs(const unsigned counts[2], bool is_write)
{
    return counts[1] > 0 || (is_write && counts[0] > 0);
}

static bool range_conflicts(const struct claim_set *set, const struct claim_range *range)
{
    struct res_path path = range->path;
    bool is_write = range->is_write;
    const struct claim_node *node = find_node(set, path);
    if (node && (disturbs(node->self, is_write) || disturbs(node->tree, is_write)))
        return true;
    if (node && range->reach == CLAIM_TREE && disturbs(node->below, is_write))
        return true;
    while (!path_is_root(path)) {
        path = path_parent(path);
        node = find_node(set, path);
        if (node && disturbs(node->tree, is_write))
            return true;
    }
    return false;
}

static bool conflicts(const struct claim_set *set, const struct claim *claim)
{
    for (size_t i = 0; i < claim->range_count; i++) {
        if (range_conflicts(set, &claim->ranges[i]))
            return true;
    }
    return false;
}

static void count_claim(struct claim_set *set, const struct claim *claim, bool is_in)
{
    for (size_t i = 0; i < claim->range_count; i++)
        count_range(set, &claim->ranges[i], is_in);
}

static void tell_granted(struct job *job)
{
    struct claim *claim = CONTAINER_OF(job, struct claim, job);
    claim->granted(claim);
}

struct claims *claims_new(void)
{
    struct claims *claims = MEM_NEW(struct claims);
    pthread_mutex_init(&claims->mutex, NULL);
    list_init(&claims->queue);
    return claims;
}

void claims_free(struct claims *claims)
{
    if (!claims)
        return;
    assert(claims->held.nodes.count == 0 && claims->waiting.nodes.count == 0);
    map_done(&claims->held.nodes);
    map_done(&claims->waiting.nodes);
    pthread_mutex_destroy(&claims->mutex);
    mem_free(claims);
}

bool claims_take(struct claims *claims, struct claim *claim)
{
    pthread_mutex_lock(&claims->mutex);
    claim->is_held = !conflicts(&claims->held, claim) && !conflicts(&claims->waiting, claim);
    bool is_held = claim->is_held;
    if (is_held) {
        count_claim(&claims->held, claim, true);
    } else {
        list_append(&claims->queue, &claim->link);
        count_claim(&claims->waiting, claim, true);
    }
    pthread_mutex_unlock(&claims->mutex);
    return is_held;
}

static void grant_waiting(struct claims *claims)
{
    LIST_EACH (&claims->queue, link)
        count_claim(&claims->waiting, CONTAINER_OF(link, struct claim, link), false);
    LIST_EACH (&claims->queue, link) {
        struct claim *claim = CONTAINER_OF(link, struct claim, link);
        if (conflicts(&claims->held, claim) || conflicts(&claims->waiting, claim)) {
            count_claim(&claims->waiting, claim, true);
            continue;
        }
        list_remove(&claim->link);
        count_claim(&claims->held, claim, true);
        claim->is_held = true;
        claim->job.done = tell_granted;
        executor_post(claim->executor, &claim->job);
    }
}

void claims_release(struct claims *claims, struct claim *claim)
{
    pthread_mutex_lock(&claims->mutex);
    assert(claim->is_held);
    claim->is_held = false;
    count_claim(&claims->held, claim, false);
    grant_waiting(claims);
    pthread_mutex_unlock(&claims->mutex);
}
