/* Dead properties: rows of the state database under the resource's path. follow.c keeps them with
 * the resource when the tree changes.
 *
 * Most resources have none, and a listing asks for each: state_may_have_props() says so for sure
 * from memory, by a filter of the paths that ever had one, and the database is left alone.
 *
 * A patch is one change of the database (state_write): all of its instructions are on disk, or none
 * is. Attributes of the file (its modification time, whether it is executable) are set last, within
 * that change, since they cannot be rolled back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/directory/owed.h"

bool dir_may_have_props(struct store *store, struct res_path path)
{
    const struct dir_store *dir = dir_of(store);
    return dir->state && state_may_have_props(dir->state, path);
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

static enum store_rc read_props(const struct dir_store *dir, struct arena *arena,
                                struct res_path path, struct store_props *props_out)
{
    size_t cap = 0;
    enum store_rc rc;
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

enum store_rc dir_props(struct store *store, struct arena *arena, struct res_path path,
                        struct store_props *props_out)
{
    const struct dir_store *dir = dir_of(store);
    struct res_path at;
    unsigned seen;
    enum store_rc rc;
    *props_out = (struct store_props){0};
    if (!dir_may_have_props(store, path))
        return STORE_OK;
    do {
        rc = STORE_OK;
        *props_out = (struct store_props){0};
        if (dir_owed_find(dir, path, arena, &at, &seen))
            rc = read_props(dir, arena, at, props_out);
    } while (dir_owed_has_changed(dir, seen));
    return rc;
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

/* The database may be on another file system: one that is read-only has one answer for all changes.
 */
static enum store_rc check_writable(const struct dir_store *dir, struct res_path path)
{
    struct statvfs fs;
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return dir_rc(errno, "opening a resource");
    bool is_read_only = fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY);
    (void)close(fd); /* O_PATH: nothing to lose */
    return is_read_only ? STORE_READ_ONLY : STORE_OK;
}

enum store_rc dir_patch(struct store *store, struct res_path path, const struct store_patch *patch)
{
    struct patch_change self = {{.run = run_patch}, dir_of(store), path, patch};
    struct store_stat stat;
    if (self.dir->is_read_only)
        return STORE_DENIED;
    enum store_rc rc = dir_stat(store, path, &stat);
    if (rc == STORE_OK)
        rc = check_writable(self.dir, path);
    if (rc == STORE_OK)
        rc = dir_owed_settle(self.dir, path);
    if (rc != STORE_OK)
        return rc;
    if (patch->prop_count == 0)
        return patch_attributes(&self);
    /* Noted first: a reader that looks between commit and note would miss them. */
    state_note_props(self.dir->state, path);
    return state_write(self.dir->state, &self.change);
}
