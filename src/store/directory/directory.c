/* A store on a plain directory: the files are the resources, as any other program sees them. What
 * files cannot hold is beside them: dead properties and what was under way in a SQLite database,
 * locks in a journal.
 *
 *   ROOT/            what clients see
 *   ROOT/.davit/     ours, hidden from clients and elsewhere with --state:
 *     state.db       dead properties, intents (state.c)
 *     locks.journal  locks (store/lock_journal.c)
 *     staging/       files and trees that are not in place yet (upload.c, tree_copy.c)
 *
 * A rename is what makes a change visible in one step, so what is staged must be in the mount of
 * its target: with the state elsewhere, staging stays beneath the root.
 *
 * This file opens and closes the store; the table dir_ops names what does the work. */
#include "store/directory/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/directory/named.h"
#include "store/directory/owed.h"

/* --- quota, RFC 4331 --- */

static uint64_t bytes_of(uint64_t blocks, uint64_t block_bytes)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(blocks, block_bytes, &bytes))
        return INT64_MAX;
    return u64_min(bytes, INT64_MAX); /* clients read them as signed numbers */
}

static enum store_rc dir_quota(struct store *store, struct res_path path,
                               struct store_quota *quota_out)
{
    struct statfs fs;
    int fd = dir_open_resource(dir_of(store), path, O_PATH);
    if (fd < 0)
        return dir_rc(errno, "looking at a resource");
    int code = fstatfs(fd, &fs) < 0 ? errno : 0;
    (void)close(fd); /* O_PATH: nothing to lose */
    if (code)
        return dir_rc(code, "asking for free space");
    uint64_t block_bytes = (uint64_t)fs.f_frsize;
    *quota_out = (struct store_quota){
        .is_known = fs.f_blocks > 0, /* pseudo file systems have none */
        .available_bytes = bytes_of(fs.f_bavail, block_bytes),
        .used_bytes = bytes_of(fs.f_blocks - fs.f_bfree, block_bytes),
    };
    return STORE_OK;
}

/* --- life --- */

static void dir_close(struct store *store)
{
    struct dir_store *dir = dir_of(store);
    dir_owed_settle_all(dir);
    state_close(dir->state);
    lock_journal_close(dir->journal);
    lock_table_free(dir->locks);
    claims_free(dir->claims);
    flush_free(dir->flush);
    mounts_close(dir->mounts);
    cache_close(dir->cache);
    if (dir->staging_fd >= 0)
        (void)close(dir->staging_fd); /* a directory: nothing to lose */
    if (dir->state_fd >= 0)
        (void)close(dir->state_fd); /* likewise; also releases the lock on it */
    dir_root_close(dir);
    mem_free(dir);
}

/* --- the table --- */

static const struct store_ops dir_ops = {
    .name = "directory",
    .close = dir_close,
    .locate = dir_locate,
    .stat = dir_stat,
    .open = dir_content_open,
    .list = dir_list,
    .upload = named_upload,
    .mkcol = named_mkcol,
    .remove = named_remove,
    .copy = named_copy,
    .move = named_move,
    .may_have_props = named_may_have_props,
    .props = named_props,
    .patch = named_patch,
    .has_locks = dir_has_locks,
    .locks = named_locks,
    .lock = named_lock,
    .unlock = dir_unlock,
    .quota = dir_quota,
    .is_lost = dir_is_lost,
    .claim = named_claim,
    .release = named_release,
};

/* Makes a directory where it is missing and opens it, to be written to. */
static bool open_made(int at_fd, const char *name, int *fd_out, struct err *err)
{
    if (mkdirat(at_fd, name, 0700) < 0 && errno != EEXIST)
        return err_sys(err, errno,
                       "making davit's state directory '%s' (see --state and --read-only)", name);
    *fd_out = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd_out < 0)
        return err_sys(err, errno, "opening davit's state directory '%s'", name);
    return faccessat(*fd_out, ".", W_OK | X_OK, AT_EACCESS) == 0 ||
           err_sys(err, errno,
                   "writing to davit's state directory '%s' (see --state and --read-only)", name);
}

/* Two servers that write would know nothing of each other's locks, and clear each other's staging
 * area. EWOULDBLOCK alone says that there is one: some network file systems lock no directories. */
static bool claim_directory(int fd, const char *name, struct err *err)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ||
           err_set(err, 0, "another davit is using '%s'", name);
}

/* What is below the root can be read and changed by clients, but for the names that we keep. */
static bool check_hidden(const struct dir_store *dir, const char *name, struct err *err)
{
    struct arena arena = {0};
    struct res_path path;
    bool is_hidden = !dir_path_of_fd(dir, dir->state_fd, &arena, &path) || dir_is_reserved(path);
    arena_done(&arena);
    return is_hidden || err_set(err, 0,
                                "the state directory '%s' is inside the served directory, where "
                                "clients could reach it",
                                name);
}

static bool open_state_dirs(struct dir_store *dir, const struct store_options *options,
                            struct err *err)
{
    int inside_fd;
    bool is_inside = options->state_dir == NULL;
    const char *name = is_inside ? DIR_STATE_NAME : options->state_dir;
    if (!open_made(is_inside ? dir->root_fd : AT_FDCWD, name, &dir->state_fd, err))
        return false;
    if (!check_hidden(dir, name, err) || !claim_directory(dir->root_fd, options->root, err) ||
        !claim_directory(dir->state_fd, name, err))
        return false;
    if (is_inside || dir_is_same_mount(dir->root_fd, dir->state_fd))
        return open_made(dir->state_fd, "staging", &dir->staging_fd, err);
    /* What is staged must be where a rename can take it to the files. */
    if (!open_made(dir->root_fd, DIR_STATE_NAME, &inside_fd, err))
        return false;
    bool is_fine = open_made(inside_fd, "staging", &dir->staging_fd, err);
    (void)close(inside_fd); /* a directory: nothing to lose */
    return is_fine;
}

/* Without a right to write, state that is there is read, and none is made. */
static bool open_state_read_only(struct dir_store *dir, const struct store_options *options,
                                 struct err *err)
{
    const char *name = options->state_dir ? options->state_dir : DIR_STATE_NAME;
    dir->state_fd = openat(options->state_dir ? AT_FDCWD : dir->root_fd, name,
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->state_fd < 0 || faccessat(dir->state_fd, "state.db", R_OK, AT_EACCESS) != 0)
        return true;
    if (!check_hidden(dir, name, err))
        return false;
    dir->state = state_open(dir->state_fd, true, dir->durability, err);
    return dir->state && dir_recover(dir, err);
}

bool directory_store_open(const struct store_options *options, struct store **store_out,
                          struct err *err)
{
    struct dir_store *dir = MEM_NEW(struct dir_store);
    bool is_fine;
    dir->ops = dir_ops;
    dir->ops.locks_block = options->durability == DURABILITY_FLUSH;
    dir->base.ops = &dir->ops;
    dir->state_fd = dir->staging_fd = -1;
    dir->is_read_only = options->is_read_only;
    dir->durability = options->durability;
    dir->limits = options->limits;
    dir->locks = lock_table_new();
    dir->claims = claims_new();
    is_fine = dir_root_open(dir, options, err);
    if (is_fine) {
        dir->flush = flush_new(dir->root_fd, options->durability);
        dir->cache = cache_open(dir->root_fd, options->limits->cache_bytes);
        dir->mounts = mounts_open(dir->root_fd, dir->cache);
        is_fine = options->is_read_only ? open_state_read_only(dir, options, err)
                                        : open_state_dirs(dir, options, err);
    }
    if (is_fine && !options->is_read_only) {
        dir->state = state_open(dir->state_fd, false, options->durability, err);
        is_fine = dir->state && dir_recover(dir, err);
    }
    if (!is_fine) {
        dir_close(&dir->base);
        return false;
    }
    *store_out = &dir->base;
    return true;
}
