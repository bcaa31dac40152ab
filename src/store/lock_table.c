/* Three indexes over the same entries: by token, by root path, and, only to count them, by who
 * holds them. The second also has a node for each ancestor of a lock's root that counts the locks
 * below it, so that "is anything locked in this tree" is one look-up, and a table without locks
 * answers everything at once.
 *
 * An expired lock is treated as absent everywhere from the moment it expires, and is dropped when
 * lock_table_expire() comes by. */
#include "store/lock_table.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

struct lock_entry {
    struct map_entry by_token;
    struct list link; /* of its node */
    struct lock lock; /* its strings are in text[] */
    char text[];
};

struct lock_node {
    struct map_entry by_path;
    struct list entries; /* locks rooted here */
    size_t below;        /* how many are rooted strictly below */
    char path[];
};

/* Whoever holds locks, and has a name. */
struct lock_holder {
    struct map_entry by_name;
    size_t count;
    char name[];
};

struct lock_table {
    pthread_mutex_t mutex;
    struct map tokens;
    struct map nodes;
    struct map holders;
    uint64_t text_bytes;    /* of all entries and nodes */
    int64_t next_expiry_ms; /* no lock expires before; spares the search for those that have */
};

/* --- entries --- */

static struct str pack(char **at, struct str text)
{
    char *to = *at;
    if (text.len)
        memcpy(to, text.at, text.len);
    *at += text.len;
    return str_of(to, text.len);
}

static size_t text_bytes(const struct lock *lock)
{
    return lock->token.len + lock->root.len + lock->owner_xml.len + lock->principal.len;
}

static struct lock_entry *new_entry(const struct lock *lock)
{
    struct lock_entry *entry = mem_new(1, sizeof(*entry) + text_bytes(lock) + 1);
    char *at = entry->text;
    entry->lock = *lock;
    entry->lock.token = pack(&at, lock->token);
    struct str root = pack(&at, path_str(lock->root));
    entry->lock.root = (struct res_path){root.at, root.len};
    entry->lock.owner_xml = pack(&at, lock->owner_xml);
    entry->lock.principal = pack(&at, lock->principal);
    return entry;
}

static struct lock_entry *entry_of(struct list *link)
{
    return CONTAINER_OF(link, struct lock_entry, link);
}

static bool is_live(const struct lock_entry *entry, int64_t now_ms)
{
    return entry->lock.expires_ms > now_ms;
}

/* --- nodes --- */

static struct lock_node *find_node(const struct lock_table *table, struct res_path path)
{
    struct map_entry *entry = map_find(&table->nodes, path_str(path));
    return entry ? CONTAINER_OF(entry, struct lock_node, by_path) : NULL;
}

static struct lock_node *get_node(struct lock_table *table, struct res_path path)
{
    struct lock_node *node = find_node(table, path);
    if (node)
        return node;
    node = mem_new(1, sizeof(*node) + path.len + 1);
    if (path.len)
        memcpy(node->path, path.at, path.len);
    list_init(&node->entries);
    map_add(&table->nodes, &node->by_path, str_of(node->path, path.len));
    table->text_bytes += path.len;
    return node;
}

static void drop_if_unused(struct lock_table *table, struct lock_node *node)
{
    if (node->below || !list_is_empty(&node->entries))
        return;
    table->text_bytes -= node->by_path.key.len;
    map_remove(&table->nodes, &node->by_path);
    mem_free(node);
}

static void count_below(struct lock_table *table, struct res_path path, bool is_in)
{
    while (!path_is_root(path)) {
        path = path_parent(path);
        struct lock_node *node = get_node(table, path);
        node->below += is_in ? (size_t)1 : (size_t)-1;
        drop_if_unused(table, node);
    }
}

/* --- holders --- */

static struct lock_holder *find_holder(const struct lock_table *table, struct str name)
{
    struct map_entry *entry = name.len ? map_find(&table->holders, name) : NULL;
    return entry ? CONTAINER_OF(entry, struct lock_holder, by_name) : NULL;
}

static void count_held(struct lock_table *table, struct str name, bool is_in)
{
    struct lock_holder *holder = find_holder(table, name);
    if (name.len == 0)
        return;
    if (!holder) {
        holder = mem_new(1, sizeof(*holder) + name.len);
        memcpy(holder->name, name.at, name.len);
        map_add(&table->holders, &holder->by_name, str_of(holder->name, name.len));
    }
    holder->count += is_in ? (size_t)1 : (size_t)-1;
    if (holder->count)
        return;
    map_remove(&table->holders, &holder->by_name);
    mem_free(holder);
}

static void add_entry(struct lock_table *table, struct lock_entry *entry)
{
    map_add(&table->tokens, &entry->by_token, entry->lock.token);
    list_append(&get_node(table, entry->lock.root)->entries, &entry->link);
    count_below(table, entry->lock.root, true);
    count_held(table, entry->lock.principal, true);
    table->text_bytes += text_bytes(&entry->lock);
}

static void remove_entry(struct lock_table *table, struct lock_entry *entry)
{
    struct lock_node *node = find_node(table, entry->lock.root);
    map_remove(&table->tokens, &entry->by_token);
    list_remove(&entry->link);
    table->text_bytes -= text_bytes(&entry->lock);
    count_held(table, entry->lock.principal, false);
    count_below(table, entry->lock.root, false);
    drop_if_unused(table, node);
    mem_free(entry);
}

/* --- the table --- */

struct lock_table *lock_table_new(void)
{
    struct lock_table *table = MEM_NEW(struct lock_table);
    pthread_mutex_init(&table->mutex, NULL);
    table->next_expiry_ms = INT64_MAX;
    return table;
}

void lock_table_free(struct lock_table *table)
{
    if (!table)
        return;
    lock_table_remove_tree(table, PATH_ROOT);
    map_done(&table->tokens);
    map_done(&table->nodes);
    map_done(&table->holders);
    pthread_mutex_destroy(&table->mutex);
    mem_free(table);
}

size_t lock_table_count(struct lock_table *table)
{
    pthread_mutex_lock(&table->mutex);
    size_t count = table->tokens.count;
    pthread_mutex_unlock(&table->mutex);
    return count;
}

static struct lock_entry *find_token(const struct lock_table *table, struct str token)
{
    struct map_entry *found = map_find(&table->tokens, token);
    return found ? CONTAINER_OF(found, struct lock_entry, by_token) : NULL;
}

void lock_table_put(struct lock_table *table, const struct lock *lock)
{
    struct lock_entry *entry = new_entry(lock);
    pthread_mutex_lock(&table->mutex);
    struct lock_entry *old = find_token(table, lock->token);
    if (old)
        remove_entry(table, old);
    add_entry(table, entry);
    if (lock->expires_ms < table->next_expiry_ms)
        table->next_expiry_ms = lock->expires_ms;
    pthread_mutex_unlock(&table->mutex);
}

static size_t count_rooted(const struct lock_table *table, struct res_path path)
{
    const struct lock_node *node = find_node(table, path);
    size_t count = 0;
    if (node) {
        LIST_EACH (&node->entries, link)
            count++;
    }
    return count;
}

static bool has_room(const struct lock_table *table, const struct lock *lock,
                     const struct limits *limits)
{
    const struct lock_holder *holder = find_holder(table, lock->principal);
    const struct lock_entry *old = find_token(table, lock->token);
    uint64_t others = table->text_bytes - (old ? text_bytes(&old->lock) : 0);
    if (others + text_bytes(lock) > limits->lock_bytes)
        return old && text_bytes(lock) <= text_bytes(&old->lock); /* it was lowered */
    if (old)                                                      /* a refresh adds none */
        return true;
    return table->tokens.count < limits->lock_count &&
           (!holder || holder->count < limits->locks_per_user) &&
           count_rooted(table, lock->root) < limits->locks_per_resource;
}

bool lock_table_has_room(struct lock_table *table, const struct lock *lock,
                         const struct limits *limits)
{
    pthread_mutex_lock(&table->mutex);
    bool has = has_room(table, lock, limits);
    pthread_mutex_unlock(&table->mutex);
    return has;
}

bool lock_table_has(struct lock_table *table, struct str token)
{
    pthread_mutex_lock(&table->mutex);
    bool has = find_token(table, token) != NULL;
    pthread_mutex_unlock(&table->mutex);
    return has;
}

bool lock_table_remove(struct lock_table *table, struct str token)
{
    pthread_mutex_lock(&table->mutex);
    struct lock_entry *entry = find_token(table, token);
    bool was_live = entry && is_live(entry, clock_boot_ms());
    if (entry)
        remove_entry(table, entry);
    pthread_mutex_unlock(&table->mutex);
    return was_live;
}

bool lock_table_has_within(struct lock_table *table, struct res_path path)
{
    pthread_mutex_lock(&table->mutex);
    bool has = find_node(table, path) != NULL;
    pthread_mutex_unlock(&table->mutex);
    return has;
}

bool lock_table_has_below(struct lock_table *table, struct res_path path)
{
    pthread_mutex_lock(&table->mutex);
    const struct lock_node *node = find_node(table, path);
    bool has = node && node->below > 0;
    pthread_mutex_unlock(&table->mutex);
    return has;
}

/* Calls fn for each lock rooted at `path` or below; fn may remove it. */
static void each_within(struct lock_table *table, struct res_path path,
                        void (*fn)(struct lock_table *table, struct lock_entry *entry, void *arg),
                        void *arg)
{
    if (!find_node(table, path))
        return;
    struct map_entry *next = map_next(&table->tokens, NULL);
    while (next) {
        struct map_entry *current = next;
        next = map_next(&table->tokens, current);
        struct lock_entry *entry = CONTAINER_OF(current, struct lock_entry, by_token);
        if (path_is_within(entry->lock.root, path))
            fn(table, entry, arg);
    }
}

static void remove_found(struct lock_table *table, struct lock_entry *entry, void *arg)
{
    (void)arg; /* each one goes */
    remove_entry(table, entry);
}

void lock_table_remove_tree(struct lock_table *table, struct res_path path)
{
    pthread_mutex_lock(&table->mutex);
    each_within(table, path, remove_found, NULL);
    pthread_mutex_unlock(&table->mutex);
}

static void remove_if_below(struct lock_table *table, struct lock_entry *entry, void *arg)
{
    const struct res_path *path = arg;
    if (!path_eq(entry->lock.root, *path))
        remove_entry(table, entry);
}

void lock_table_remove_below(struct lock_table *table, struct res_path path)
{
    pthread_mutex_lock(&table->mutex);
    each_within(table, path, remove_if_below, &path);
    pthread_mutex_unlock(&table->mutex);
}

/* --- queries --- */

struct gathering {
    struct arena *arena;
    struct lock_list *list;
    size_t cap;
    int64_t now_ms;
};

static void gather(struct gathering *gathering, const struct lock_entry *entry)
{
    struct lock_list *list = gathering->list;
    if (!is_live(entry, gathering->now_ms))
        return;
    if (list->count == gathering->cap) {
        size_t cap = gathering->cap ? gathering->cap * 2 : 4;
        struct lock *items = arena_alloc(gathering->arena, cap * sizeof(*items));
        if (list->count)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        gathering->cap = cap;
    }
    struct lock *copy = &list->items[list->count++];
    *copy = entry->lock;
    copy->token = arena_str(gathering->arena, copy->token);
    copy->root = path_copy(gathering->arena, copy->root);
    copy->owner_xml = arena_str(gathering->arena, copy->owner_xml);
    copy->principal = arena_str(gathering->arena, copy->principal);
}

/* Room for all that each_within() will find, so that many do not grow step by step. */
static void make_room(struct gathering *gathering, const struct lock_node *node)
{
    size_t count = node->below;
    LIST_EACH (&node->entries, link)
        count++;
    gathering->cap = count;
    gathering->list->items = arena_alloc(gathering->arena, count * sizeof(struct lock));
}

static void gather_found(struct lock_table *table, struct lock_entry *entry, void *arg)
{
    (void)table; /* nothing is changed */
    gather(arg, entry);
}

static void gather_rooted(struct gathering *gathering, const struct lock_node *node, bool is_above)
{
    LIST_EACH (&node->entries, link) {
        if (!is_above || entry_of(link)->lock.is_infinite)
            gather(gathering, entry_of(link));
    }
}

static void gather_covering(struct lock_table *table, struct gathering *gathering,
                            struct res_path path)
{
    struct res_path at = path;
    for (;;) {
        const struct lock_node *node = find_node(table, at);
        if (node)
            gather_rooted(gathering, node, at.len != path.len);
        if (path_is_root(at))
            return;
        at = path_parent(at);
    }
}

static int compare_locks(const void *a, const void *b)
{
    const struct lock *left = a;
    const struct lock *right = b;
    int order = str_compare(path_str(left->root), path_str(right->root));
    return order ? order : str_compare(left->token, right->token);
}

void lock_table_query(struct lock_table *table, struct arena *arena, struct res_path path,
                      enum lock_query query, struct lock_list *locks_out)
{
    const struct lock_node *node;
    *locks_out = (struct lock_list){0};
    struct gathering gathering = {.arena = arena, .list = locks_out, .now_ms = clock_boot_ms()};
    pthread_mutex_lock(&table->mutex);
    if (table->tokens.count && query == LOCKS_COVERING) {
        gather_covering(table, &gathering, path);
    } else if ((node = find_node(table, path)) != NULL) {
        make_room(&gathering, node);
        each_within(table, path, gather_found, &gathering);
    }
    pthread_mutex_unlock(&table->mutex);
    if (locks_out->count > 1)
        qsort(locks_out->items, locks_out->count, sizeof(struct lock), compare_locks);
}

void lock_table_each(struct lock_table *table, void (*fn)(const struct lock *lock, void *arg),
                     void *arg)
{
    pthread_mutex_lock(&table->mutex);
    struct map_entry *entry = NULL;
    while ((entry = map_next(&table->tokens, entry)) != NULL)
        fn(&CONTAINER_OF(entry, struct lock_entry, by_token)->lock, arg);
    pthread_mutex_unlock(&table->mutex);
}

struct expiry {
    int64_t now_ms;
    int64_t next_ms; /* when the first of those that stay expires */
    size_t count;
};

static void remove_expired(struct lock_table *table, struct lock_entry *entry, void *arg)
{
    struct expiry *expiry = arg;
    if (is_live(entry, expiry->now_ms)) {
        if (entry->lock.expires_ms < expiry->next_ms)
            expiry->next_ms = entry->lock.expires_ms;
        return;
    }
    remove_entry(table, entry);
    expiry->count++;
}

size_t lock_table_expire(struct lock_table *table, int64_t now_ms)
{
    struct expiry expiry = {.now_ms = now_ms, .next_ms = INT64_MAX};
    pthread_mutex_lock(&table->mutex);
    if (now_ms >= table->next_expiry_ms) {
        each_within(table, PATH_ROOT, remove_expired, &expiry);
        table->next_expiry_ms = expiry.next_ms;
    }
    pthread_mutex_unlock(&table->mutex);
    return expiry.count;
}
