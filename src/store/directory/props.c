/* Dead properties: rows of the state database under the resource's path. They must follow what
 * davit does to the tree, and must not turn up on a resource that later gets the same path; both
 * are the work of the functions here that the tree operations call.
 *
 * After an operation that was only partly done, what is on disk decides: the properties of a path
 * go, or follow, when the resource is no longer there. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/directory/dir_priv.h"

bool dir_may_have_props(struct store *store, struct res_path path)
{
    const struct dir_store *dir = dir_of(store);
    return dir->state && state_may_have_props(dir->state, path);
}

static bool is_there(const struct dir_store *dir, struct res_path path)
{
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return errno != ENOENT && errno != ENOTDIR; /* when in doubt, nothing is thrown away */
    (void)close(fd);                                /* O_PATH: nothing to lose */
    return true;
}

/* --- reading --- */

static void add_prop(struct arena *arena, struct store_props *props, size_t *cap,
                     const struct store_prop *prop)
{
    if (props->count == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        struct store_prop *items = arena_alloc(arena, *cap * sizeof(*items));
        if (props->count)
            memcpy(items, props->items, props->count * sizeof(*items));
        props->items = items;
    }
    props->items[props->count++] = (struct store_prop){
        arena_str(arena, prop->ns), arena_str(arena, prop->name), arena_str(arena, prop->xml)};
}

enum store_rc dir_props(struct store *store, struct arena *arena, struct res_path path,
                        struct store_props *props_out)
{
    struct dir_store *dir = dir_of(store);
    size_t cap = 0;
    enum store_rc rc;
    *props_out = (struct store_props){0};
    if (!dir_may_have_props(store, path))
        return STORE_OK;
    struct state_db *db = state_read(dir->state);
    if (!db)
        return STORE_FAILED;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_OF);
    state_bind(statement, 1, path_str(path));
    while ((rc = state_step(statement)) == STORE_OK) {
        struct store_prop prop = {state_column(statement, 0), state_column(statement, 1),
                                  state_column(statement, 2)};
        add_prop(arena, props_out, &cap, &prop);
    }
    state_read_end(dir->state, db);
    return rc == STORE_END ? STORE_OK : rc;
}

/* --- patching --- */

struct patch_change {
    struct state_change change;
    struct dir_store *dir;
    struct res_path path;
    const struct store_patch *patch;
};

static enum store_rc patch_row(struct state_db *db, struct res_path path,
                               const struct store_prop *prop)
{
    sqlite3_stmt *statement = state_prepare(db, prop->xml.len ? SQL_PROP_SET : SQL_PROP_REMOVE);
    state_bind(statement, 1, path_str(path));
    state_bind(statement, 2, prop->ns);
    state_bind(statement, 3, prop->name);
    if (prop->xml.len)
        state_bind(statement, 4, prop->xml);
    return state_run(statement);
}

static enum store_rc count_props(struct state_db *db, struct res_path path, uint64_t *count_out)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_PROP_COUNT);
    state_bind(statement, 1, path_str(path));
    enum store_rc rc = state_step(statement);
    if (rc != STORE_OK)
        return STORE_FAILED;
    *count_out = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement); /* the step has succeeded */
    return STORE_OK;
}

static enum store_rc patch_props(const struct patch_change *self, struct state_db *db)
{
    uint64_t before;
    uint64_t after;
    enum store_rc rc = count_props(db, self->path, &before);
    for (size_t i = 0; i < self->patch->prop_count && rc == STORE_OK; i++)
        rc = patch_row(db, self->path, &self->patch->props[i]);
    if (rc == STORE_OK)
        rc = count_props(db, self->path, &after);
    if (rc != STORE_OK)
        return rc;
    /* More than that can be there when the limit was lowered: they may change, and become fewer. */
    bool is_too_many = after > self->dir->limits->property_count && after > before;
    return is_too_many ? STORE_NO_SPACE : STORE_OK;
}

static enum store_rc patch_attributes(const struct patch_change *self)
{
    const struct store_patch *patch = self->patch;
    struct stat st;
    if (!patch->sets_modified && !patch->sets_executable)
        return STORE_OK;
    int fd = dir_open_beneath(self->dir, self->path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return dir_rc(errno, "opening a resource");
    int code = fstat(fd, &st) < 0 ? errno : 0;
    mode_t x_bits = (st.st_mode & 0444) >> 2; /* who may read may execute */
    mode_t mode = (st.st_mode & 0666) | (patch->is_executable ? x_bits : 0);
    if (!code && patch->sets_executable && S_ISREG(st.st_mode) && fchmod(fd, mode) < 0)
        code = errno;
    if (!code && patch->sets_modified)
        code = dir_set_modified(fd, &patch->modified_s);
    if (!code)
        code = flush_wait(self->dir->flush, fd);
    (void)close(fd); /* nothing was written through it */
    return code ? dir_rc(code, "setting a resource's attributes") : STORE_OK;
}

static enum store_rc run_patch(struct state_change *change, struct state_db *db)
{
    const struct patch_change *self = CONTAINER_OF(change, struct patch_change, change);
    enum store_rc rc = patch_props(self, db);
    /* Last, since it cannot be rolled back; only the commit can still fail. */
    return rc == STORE_OK ? patch_attributes(self) : rc;
}

enum store_rc dir_patch(struct store *store, struct res_path path, const struct store_patch *patch)
{
    struct patch_change self = {{.run = run_patch}, dir_of(store), path, patch};
    struct store_stat stat;
    if (self.dir->is_read_only)
        return STORE_DENIED;
    enum store_rc rc = dir_stat(store, path, &stat);
    if (rc != STORE_OK)
        return rc;
    if (patch->prop_count == 0)
        return patch_attributes(&self);
    /* Noted first: a reader that looks between commit and note would miss them. */
    state_note_props(self.dir->state, path);
    return state_write(self.dir->state, &self.change);
}

/* --- following the tree --- */

struct path_list {
    struct arena arena;
    struct res_path *items;
    size_t count;
    size_t cap;
};

static void add_path(struct path_list *list, struct res_path path)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 16;
        struct res_path *items = arena_alloc(&list->arena, list->cap * sizeof(*items));
        if (list->count)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
    }
    list->items[list->count++] = path_copy(&list->arena, path);
}

/* The paths at `tree` and below it that have dead properties. */
static enum store_rc find_paths(struct dir_store *dir, struct res_path tree, struct path_list *list)
{
    enum store_rc rc;
    if (!dir->state || !state_has_any_props(dir->state))
        return STORE_OK;
    struct state_db *db = state_read(dir->state);
    if (!db)
        return STORE_FAILED;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_WITHIN);
    state_bind_tree(statement, 1, tree);
    while ((rc = state_step(statement)) == STORE_OK) {
        struct str path = state_column(statement, 0);
        add_path(list, (struct res_path){path.at, path.len});
    }
    state_read_end(dir->state, db);
    return rc == STORE_END ? STORE_OK : rc;
}

/* What is to happen to rows, in one transaction. */
struct follow {
    struct state_change change;
    struct dir_store *dir;
    struct path_list paths;
    struct lock_list locks; /* to go */
    struct res_path from, to;
    bool is_partial;
    int64_t intent;
    enum store_rc (*row)(struct follow *follow, struct state_db *db, struct res_path path);
};

static enum store_rc run_on_paths(struct state_db *db, enum state_sql sql, struct res_path first,
                                  const struct res_path *second)
{
    sqlite3_stmt *statement = state_prepare(db, sql);
    state_bind(statement, 1, path_str(first));
    if (second)
        state_bind(statement, 2, path_str(*second));
    return state_run(statement);
}

static enum store_rc run_follow(struct state_change *change, struct state_db *db)
{
    struct follow *follow = CONTAINER_OF(change, struct follow, change);
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; i < follow->paths.count && rc == STORE_OK; i++)
        rc = follow->row(follow, db, follow->paths.items[i]);
    for (size_t i = 0; i < follow->locks.count && rc == STORE_OK; i++) {
        sqlite3_stmt *statement = state_prepare(db, SQL_LOCK_REMOVE);
        state_bind(statement, 1, follow->locks.items[i].token);
        rc = state_run(statement);
    }
    if (rc == STORE_OK && follow->intent) {
        sqlite3_stmt *statement = state_prepare(db, SQL_INTENT_REMOVE);
        if (statement)
            (void)sqlite3_bind_int64(statement, 1, follow->intent); /* the step would fail */
        rc = state_run(statement);
    }
    return rc;
}

/* The locks rooted within `tree` whose resource has gone, or all of them. */
static void find_locks(struct follow *follow, struct res_path tree, bool is_partial)
{
    struct lock_list found;
    if (!lock_table_has_within(follow->dir->locks, tree))
        return;
    lock_table_query(follow->dir->locks, &follow->paths.arena, tree, LOCKS_WITHIN, &found);
    follow->locks.items = found.items;
    for (size_t i = 0; i < found.count; i++) {
        if (!is_partial || !is_there(follow->dir, found.items[i].root))
            follow->locks.items[follow->locks.count++] = found.items[i];
    }
}

static enum store_rc follow_run(struct follow *follow)
{
    enum store_rc rc = STORE_OK;
    follow->change.run = run_follow;
    if (follow->paths.count || follow->locks.count || follow->intent)
        rc = state_write(follow->dir->state, &follow->change);
    for (size_t i = 0; i < follow->locks.count && rc == STORE_OK; i++)
        (void)lock_table_remove(follow->dir->locks,
                                follow->locks.items[i].token); /* it may have expired */
    arena_done(&follow->paths.arena);
    return rc;
}

static enum store_rc row_removed(struct follow *follow, struct state_db *db, struct res_path path)
{
    if (follow->is_partial && is_there(follow->dir, path))
        return STORE_OK;
    return run_on_paths(db, SQL_PROPS_REMOVE, path, NULL);
}

enum store_rc dir_props_removed(struct dir_store *dir, struct res_path path, bool is_partial)
{
    struct follow follow = {.dir = dir, .is_partial = is_partial, .row = row_removed};
    enum store_rc rc = find_paths(dir, path, &follow.paths);
    if (rc != STORE_OK) {
        arena_done(&follow.paths.arena);
        return rc;
    }
    find_locks(&follow, path, is_partial);
    return follow_run(&follow);
}

enum store_rc dir_props_clear(struct dir_store *dir, struct res_path path)
{
    struct follow follow = {.dir = dir, .row = row_removed};
    if (!dir->state || !state_may_have_props(dir->state, path))
        return STORE_OK;
    add_path(&follow.paths, path);
    return follow_run(&follow);
}

static enum store_rc row_copied(struct follow *follow, struct state_db *db, struct res_path path)
{
    struct res_path to = path_rebase(&follow->paths.arena, path, follow->from, follow->to);
    if (!is_there(follow->dir, to))
        return STORE_OK;
    state_note_props(follow->dir->state, to);
    enum store_rc rc = run_on_paths(db, SQL_PROPS_REMOVE, to, NULL);
    return rc == STORE_OK ? run_on_paths(db, SQL_PROPS_COPY, path, &to) : rc;
}

enum store_rc dir_props_copied(struct dir_store *dir, struct res_path from, struct res_path to,
                               bool is_deep)
{
    struct follow follow = {.dir = dir, .from = from, .to = to, .row = row_copied};
    enum store_rc rc = STORE_OK;
    if (is_deep)
        rc = find_paths(dir, from, &follow.paths);
    else if (dir->state && state_may_have_props(dir->state, from))
        add_path(&follow.paths, from);
    if (rc == STORE_OK)
        return follow_run(&follow);
    arena_done(&follow.paths.arena);
    return rc;
}

static enum store_rc row_moved(struct follow *follow, struct state_db *db, struct res_path path)
{
    struct res_path to = path_rebase(&follow->paths.arena, path, follow->from, follow->to);
    if (is_there(follow->dir, path) || !is_there(follow->dir, to))
        return STORE_OK;
    state_note_props(follow->dir->state, to);
    enum store_rc rc = run_on_paths(db, SQL_PROPS_REMOVE, to, NULL);
    return rc == STORE_OK ? run_on_paths(db, SQL_PROPS_RENAME, path, &to) : rc;
}

enum store_rc dir_props_moved(struct dir_store *dir, struct res_path from, struct res_path to,
                              int64_t intent)
{
    struct follow follow = {.dir = dir, .from = from, .to = to, .intent = intent, .row = row_moved};
    enum store_rc rc = find_paths(dir, from, &follow.paths);
    if (rc != STORE_OK) {
        arena_done(&follow.paths.arena);
        return rc;
    }
    find_locks(&follow, from, true);
    return follow_run(&follow);
}

struct intent_change {
    struct state_change change;
    struct res_path from, to;
    int64_t id;
};

static enum store_rc add_intent(struct state_change *change, struct state_db *db)
{
    struct intent_change *self = CONTAINER_OF(change, struct intent_change, change);
    enum store_rc rc = run_on_paths(db, SQL_INTENT_ADD, self->from, &self->to);
    self->id = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

enum store_rc dir_move_intent(struct dir_store *dir, struct res_path from, struct res_path to,
                              int64_t *intent_out)
{
    struct intent_change self = {.change.run = add_intent, .from = from, .to = to};
    struct path_list paths = {0};
    enum store_rc rc = find_paths(dir, from, &paths);
    if (rc == STORE_OK && paths.count)
        rc = state_write(dir->state, &self.change);
    arena_done(&paths.arena);
    *intent_out = self.id;
    return rc;
}
