/* Dead properties: rows of the state database under the resource's path. tree/follow.c keeps them
 * with the resource when the tree changes.
 *
 * Most resources have none, and a listing asks for each: state_may_have_props() says so for sure
 * from memory, by a filter of the paths that ever had one, and the database is left alone.
 *
 * A patch is one change of the database (state_write): all of its instructions are on disk, or none
 * is. Attributes of the file (its modification time, whether it is executable) are set last, within
 * that change, since they cannot be rolled back. */
#include "store/directory/props.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/directory/beside/hashes.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/read.h"
#include "store/directory/resolve.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/state.h"
#include "store/directory/tree/owed.h"

bool dir_may_have_props(struct store *store, struct res_path path)
{
    const struct dir_store *dir = dir_of(store);
    return dir->kept->state && state_may_have_props(dir->kept->state, path);
}

/* --- reading --- */

static enum store_rc show_prop(sqlite3_stmt *statement, struct store_prop_visitor *visitor)
{
    struct store_prop prop = {.ns = state_column(statement, 0), .name = state_column(statement, 1)};
    if (visitor->wants && !visitor->wants(visitor, prop.ns, prop.name))
        return STORE_OK;
    prop.xml = state_column(statement, 2);
    if (prop.xml.len == 0) /* no value is empty */
        return STORE_BUSY;
    return visitor->show(visitor, &prop);
}

/* Shows the rows of `at`. False: that is not the path any more, and nothing was shown. */
static bool show_rows(const struct dir_store *dir, struct res_path at, unsigned seen,
                      struct store_prop_visitor *visitor, enum store_rc *rc_out)
{
    struct state_db *db = state_read(dir->kept->state);
    *rc_out = STORE_FAILED;
    if (!db)
        return true;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_OF);
    state_bind(statement, 1, path_str(at));
    enum store_rc rc = state_step(statement);
    /* From this step on the database is seen as it was then: what is owed is made later, or was. */
    bool is_valid = !dir_owed_has_changed(dir, seen);
    while (is_valid && rc == STORE_OK) {
        rc = show_prop(statement, visitor);
        if (rc == STORE_OK)
            rc = state_step(statement);
    }
    state_read_end(dir->kept->state, db);
    *rc_out = rc == STORE_END ? STORE_OK : rc;
    return is_valid;
}

enum store_rc dir_props(struct store *store, struct res_path path,
                        struct store_prop_visitor *visitor)
{
    const struct dir_store *dir = dir_of(store);
    struct arena arena = {0};
    struct res_path at;
    unsigned seen;
    enum store_rc rc = STORE_OK;
    bool has_shown = !dir_may_have_props(store, path);
    while (!has_shown) {
        rc = STORE_OK;
        if (dir_owed_find(dir, path, &arena, &at, &seen))
            has_shown = show_rows(dir, at, seen, visitor, &rc);
        else
            has_shown = !dir_owed_has_changed(dir, seen);
    }
    arena_done(&arena);
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

/* How many there are of a resource, and how much. */
struct prop_size {
    uint64_t count;
    uint64_t bytes;
};

static enum store_rc measure_props(struct state_db *db, struct res_path path,
                                   struct prop_size *size_out)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_PROP_SIZE);
    state_bind(statement, 1, path_str(path));
    enum store_rc rc = state_step(statement);
    if (rc != STORE_OK)
        return STORE_FAILED;
    size_out->count = (uint64_t)sqlite3_column_int64(statement, 0);
    size_out->bytes = (uint64_t)sqlite3_column_int64(statement, 1);
    (void)sqlite3_reset(statement); /* the step has succeeded */
    return STORE_OK;
}

static enum store_rc patch_props(const struct patch_change *self, struct state_db *db)
{
    const struct limits *limits = self->dir->limits;
    struct prop_size before;
    struct prop_size after;
    enum store_rc rc = measure_props(db, self->path, &before);
    for (size_t i = 0; i < self->patch->prop_count && rc == STORE_OK; i++)
        rc = patch_row(db, self->path, &self->patch->props[i]);
    if (rc == STORE_OK)
        rc = measure_props(db, self->path, &after);
    if (rc != STORE_OK)
        return rc;
    /* More than that can be there when a limit was lowered: they may change, and become fewer. */
    bool is_too_many = after.count > limits->property_count && after.count > before.count;
    bool is_too_much = after.bytes > limits->property_bytes && after.bytes > before.bytes;
    return is_too_many || is_too_much ? STORE_NO_SPACE : STORE_OK;
}

static enum store_rc patch_attributes(const struct patch_change *self)
{
    const struct store_patch *patch = self->patch;
    struct stat st;
    if (!patch->sets_modified && !patch->sets_executable)
        return STORE_OK;
    int fd = dir_open_beneath(self->dir, self->path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return dir_rc(errno, "cannot open a resource");
    int code = fstat(fd, &st) < 0 ? errno : 0;
    mode_t x_bits = (st.st_mode & 0444) >> 2; /* who may read may execute */
    mode_t mode = (st.st_mode & 0666) | (patch->is_executable ? x_bits : 0);
    if (!code && patch->sets_executable && S_ISREG(st.st_mode) && fchmod(fd, mode) < 0)
        code = errno;
    if (!code && patch->sets_modified)
        code = hashes_set_modified(fd, patch->modified_s);
    if (!code)
        code = flush_wait(self->dir->flush, fd);
    fd_close(fd);
    return code ? dir_rc(code, "cannot set a resource's attributes") : STORE_OK;
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
        return dir_rc(errno, "cannot open a resource");
    bool is_read_only = fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_RDONLY);
    fd_close(fd);
    return is_read_only ? STORE_READ_ONLY : STORE_OK;
}

enum store_rc dir_patch(struct store *store, struct res_path path, const struct store_patch *patch)
{
    struct patch_change self = {{.run = run_patch}, dir_of(store), path, patch};
    struct store_stat stat;
    if (self.dir->is_read_only)
        return STORE_DENIED;
    enum store_rc rc = dir_stat(store, path, 0, &stat);
    if (rc == STORE_OK)
        rc = check_writable(self.dir, path);
    if (rc == STORE_OK)
        rc = dir_owed_settle(self.dir, path);
    if (rc != STORE_OK)
        return rc;
    if (patch->prop_count == 0)
        return patch_attributes(&self);
    /* Noted first: a reader that looks between commit and note would miss them. */
    state_note_props(self.dir->kept->state, path);
    return state_write(self.dir->kept->state, &self.change);
}
