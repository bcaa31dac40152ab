/* Every request that a rule has let pass may ask what is kept with its resource, on a loop's
 * thread, and a listing asks for each member. So all of it is in memory: it is as much as people
 * have set by hand. The store has it as well, and says after each change what is so
 * (store/store.c); this is only what was said last.
 *
 * Paths are sorted by their bytes: what lies below "a" stands together, from "a/" on. A path is
 * looked up, and each collection above it: a few comparisons in memory, and where nothing is kept
 * at all, none.
 *
 * While a tree is moved nobody can say where it is. So what was kept at the old place is asked
 * about the new one as well, beside what is kept there: who looks in between is granted what both
 * grant.
 *
 * Rejected: a cache of what the database says. What it does not know it would have to ask for on a
 * loop. */
#include "store/acl/table.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"

struct entry {
    char *bytes; /* the path, and behind it the text */
    size_t path_len;
    size_t text_len;
};

struct acl_table {
    pthread_rwlock_t lock; /* guards all but is_empty */
    struct entry *entries;
    size_t count, room, count_max;
    struct list moves;
    uint64_t mark;
    atomic_bool is_empty;
};

struct acl_table *acl_table_new(size_t count_max)
{
    struct acl_table *table = MEM_NEW(struct acl_table);
    pthread_rwlock_init(&table->lock, NULL);
    list_init(&table->moves);
    table->count_max = count_max;
    atomic_store(&table->is_empty, true);
    return table;
}

void acl_table_free(struct acl_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        mem_free(table->entries[i].bytes);
    mem_free(table->entries);
    pthread_rwlock_destroy(&table->lock);
    mem_free(table);
}

bool acl_table_is_empty(struct acl_table *table)
{
    return atomic_load(&table->is_empty);
}

static struct str path_of(const struct entry *entry)
{
    return str_of(entry->bytes, entry->path_len);
}

/* Where the first is that does not come before the path. */
static size_t place_of(const struct acl_table *table, struct str path)
{
    size_t from = 0;
    size_t to = table->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (str_compare(path_of(&table->entries[middle]), path) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_at(const struct acl_table *table, size_t place, struct res_path path)
{
    return place < table->count && str_eq(path_of(&table->entries[place]), path_str(path));
}

/* FNV-1a of both, which no restart changes; it tells states apart, and keeps nobody out. */
static uint64_t mark_of(const struct entry *entry)
{
    uint64_t mark = 14695981039346656037U + entry->path_len;
    for (size_t i = 0; i < entry->path_len + entry->text_len; i++)
        mark = (mark ^ (unsigned char)entry->bytes[i]) * 1099511628211U;
    return mark;
}

static struct entry entry_new(struct res_path path, struct str text)
{
    struct entry entry = {mem_new(1, path.len + text.len + 1), path.len, text.len};
    memcpy(entry.bytes, path.at, path.len);
    memcpy(entry.bytes + path.len, text.at, text.len);
    return entry;
}

static void remove_at(struct acl_table *table, size_t place)
{
    struct entry *entry = &table->entries[place];
    table->mark -= mark_of(entry);
    mem_free(entry->bytes);
    memmove(entry, entry + 1, (--table->count - place) * sizeof(*entry));
}

static void insert_at(struct acl_table *table, size_t place, struct entry entry)
{
    if (table->count == table->room) {
        table->room = table->room ? 2 * table->room : 16;
        table->entries = mem_resize(table->entries, table->room * sizeof(*table->entries));
    }
    struct entry *at = &table->entries[place];
    memmove(at + 1, at, (table->count++ - place) * sizeof(*at));
    *at = entry;
    table->mark += mark_of(at);
}

bool acl_table_has_room(struct acl_table *table, struct res_path path)
{
    pthread_rwlock_rdlock(&table->lock);
    bool has_room =
        table->count < table->count_max || is_at(table, place_of(table, path_str(path)), path);
    pthread_rwlock_unlock(&table->lock);
    return has_room;
}

void acl_table_set(struct acl_table *table, struct res_path path, struct str text)
{
    pthread_rwlock_wrlock(&table->lock);
    size_t place = place_of(table, path_str(path));
    if (is_at(table, place, path))
        remove_at(table, place);
    if (text.len)
        insert_at(table, place, entry_new(path, text));
    atomic_store(&table->is_empty, table->count == 0);
    pthread_rwlock_unlock(&table->lock);
}

/* --- looking --- */

static const struct kept_acl *nearest(const struct acl_table *table, struct arena *arena,
                                      struct res_path path, const struct kept_acl *next)
{
    for (size_t levels = 0;; levels++) {
        size_t place = place_of(table, path_str(path));
        if (is_at(table, place, path)) {
            const struct entry *entry = &table->entries[place];
            struct kept_acl *found = ARENA_NEW(arena, struct kept_acl);
            found->text = arena_str(arena, str_of(entry->bytes + entry->path_len, entry->text_len));
            found->levels = levels;
            found->next = next;
            return found;
        }
        if (path_is_root(path))
            return next;
        path = path_parent(path);
    }
}

const struct kept_acl *acl_table_find(struct acl_table *table, struct arena *arena,
                                      struct res_path path)
{
    const struct kept_acl *found = NULL;
    if (acl_table_is_empty(table))
        return NULL;
    pthread_rwlock_rdlock(&table->lock);
    LIST_EACH (&table->moves, link) {
        const struct acl_move *move = CONTAINER_OF(link, struct acl_move, link);
        if (path_is_within(path, move->to))
            found = nearest(table, arena, path_rebase(arena, path, move->to, move->from), found);
    }
    found = nearest(table, arena, path, found);
    pthread_rwlock_unlock(&table->lock);
    return found;
}

/* How many there are below the path, from *first_out on. */
static size_t count_below(const struct acl_table *table, struct res_path path, size_t *first_out)
{
    struct buf below = {0};
    size_t count = 0;
    buf_add(&below, path_str(path));
    buf_add(&below, path.len ? STR("/") : STR_NONE);
    size_t first = place_of(table, buf_str(&below));
    first += is_at(table, first, path); /* the root, which is no path below itself */
    while (first + count < table->count &&
           str_starts(path_of(&table->entries[first + count]), buf_str(&below)))
        count++;
    buf_done(&below);
    *first_out = first;
    return count;
}

bool acl_table_differs_below(struct acl_table *table, struct res_path path)
{
    size_t first;
    if (acl_table_is_empty(table))
        return false;
    pthread_rwlock_rdlock(&table->lock);
    bool differs = !list_is_empty(&table->moves) || count_below(table, path, &first);
    pthread_rwlock_unlock(&table->lock);
    return differs;
}

struct res_path *acl_table_paths(struct acl_table *table, struct arena *arena, struct res_path tree,
                                 size_t *count_out)
{
    size_t first;
    *count_out = 0;
    if (acl_table_is_empty(table))
        return NULL;
    pthread_rwlock_rdlock(&table->lock);
    size_t count = count_below(table, tree, &first);
    struct res_path *paths = arena_alloc(arena, (count + 1) * sizeof(*paths));
    if (is_at(table, place_of(table, path_str(tree)), tree))
        paths[(*count_out)++] = path_copy(arena, tree);
    for (size_t i = 0; i < count; i++) {
        struct str path = path_of(&table->entries[first + i]);
        paths[(*count_out)++] = path_copy(arena, (struct res_path){path.at, path.len});
    }
    pthread_rwlock_unlock(&table->lock);
    return paths;
}

uint64_t acl_table_mark(struct acl_table *table)
{
    pthread_rwlock_rdlock(&table->lock);
    uint64_t mark = table->mark;
    pthread_rwlock_unlock(&table->lock);
    return mark;
}

/* --- moves --- */

void acl_table_begin_move(struct acl_table *table, struct acl_move *move)
{
    pthread_rwlock_wrlock(&table->lock);
    list_append(&table->moves, &move->link);
    pthread_rwlock_unlock(&table->lock);
}

void acl_table_end_move(struct acl_table *table, struct acl_move *move)
{
    pthread_rwlock_wrlock(&table->lock);
    list_remove(&move->link);
    pthread_rwlock_unlock(&table->lock);
}
