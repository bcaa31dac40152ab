/* A store on a plain directory: the files are the resources, as any other program sees them. What
 * files cannot hold is beside them: dead properties and what was under way in a SQLite database,
 * locks in a journal.
 *
 *   ROOT/            what clients see
 *   ROOT/.davit/     ours, hidden from clients and elsewhere with --state:
 *     state.db       dead properties, intents (state.c)
 *     locks.journal  locks (store/lock_journal.c)
 *     changes.log    what was changed, of a synced tree (store/change_log.c)
 *     uploads/       resumable uploads (store/resumable/)
 *     changes.tree   what that tree was like, where others change it, too (others/seen.c)
 *     staging/       files and trees that are not in place yet (staged.c)
 *
 * With the state elsewhere, staging stays beneath the root: a rename takes what is in it to its
 * place, and goes no further than a mount. This file opens and closes the store; the table dir_ops
 * names what does the work. */
#include "store/directory/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/acl/table.h"
#include "store/change_log.h"
#include "store/directory/acls.h"
#include "store/directory/beside/hashes.h"
#include "store/directory/beside/known.h"
#include "store/directory/cache/cache.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/locks.h"
#include "store/directory/mounts/mounts.h"
#include "store/directory/mounts/neighbours.h"
#include "store/directory/named.h"
#include "store/directory/others/others.h"
#include "store/directory/others/seen.h"
#include "store/directory/read.h"
#include "store/directory/recover.h"
#include "store/directory/resolve.h"
#include "store/directory/resumables.h"
#include "store/directory/root.h"
#include "store/directory/spelling/folds.h"
#include "store/directory/staged.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/own.h"
#include "store/directory/state/state.h"
#include "store/directory/state/whole.h"
#include "store/directory/tree/owed.h"

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
    int fd = dir_open_beneath(dir_of(store), path, O_PATH);
    if (fd < 0)
        return dir_rc(errno, "cannot look at a resource");
    int code = fstatfs(fd, &fs) < 0 ? errno : 0;
    fd_close(fd);
    if (code)
        return dir_rc(code, "cannot ask for free space");
    uint64_t block_bytes = (uint64_t)fs.f_frsize;
    *quota_out = (struct store_quota){
        .is_known = fs.f_blocks > 0, /* pseudo file systems have none */
        .available_bytes = bytes_of(fs.f_bavail, block_bytes),
        .used_bytes = bytes_of(fs.f_blocks - fs.f_bfree, block_bytes),
    };
    return STORE_OK;
}

static enum store_folding dir_folds(struct store *store, struct res_path path)
{
    (void)path; /* it has been located: what is on the way has been looked at */
    return folds_found(dir_of(store)->folds);
}

/* --- life --- */

static void dir_close(struct store *store)
{
    struct dir_store *dir = dir_of(store);
    dir_resumables_close(dir);
    others_stop(dir->others);
    if (dir->kept)
        dir_owed_settle_all(dir);
    if (dir->kept && dir->kept->log)
        change_log_settle(dir->kept->log, dir->root_fd);
    kept_unref(dir->kept);
    acl_table_free(dir->base.acls);
    flush_free(dir->flush);
    mounts_close(dir->mounts);
    known_free(dir->known);
    cache_close(dir->cache);
    folds_free(dir->folds);
    fd_close(dir->staging_fd);
    dir_root_close(dir);
    pthread_mutex_destroy(&dir->naming);
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
    .hashes = dir_hashes,
    .note_hashes = dir_note_hashes,
    .upload = named_upload,
    .resumables = dir_resumables,
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
    .unlock = named_unlock,
    .quota = dir_quota,
    .is_lost = dir_is_lost,
    .folds = dir_folds,
    .begin = named_begin,
    .end = named_end,
};

/* --- opening --- */

/* What is below the root can be read and changed by clients, but for the names that we keep. */
static bool check_hidden(const struct dir_store *dir, struct err *err)
{
    struct arena arena = {0};
    struct res_path path;
    bool is_hidden =
        !dir_path_of_fd(dir, dir->kept->home.fd, &arena, &path) || dir_is_reserved(path);
    arena_done(&arena);
    return is_hidden || err_set(err, 0,
                                "the state directory '%s' is inside the served directory, where "
                                "clients could reach it",
                                dir->kept->name);
}

/* Its own, or what a store keeps that has lost its root. */
static bool open_kept(struct dir_store *dir, const struct store_options *options, struct err *err)
{
    bool has_before = options->before && options->before->ops == &dir_ops;
    struct dir_kept *before = has_before ? dir_of(options->before)->kept : NULL;
    if (before && !options->is_read_only && kept_is_at(before, options->state_dir))
        dir->kept = kept_ref(before);
    else
        dir->kept = kept_open(dir->root_fd, options->state_dir, options->is_read_only, err);
    return dir->kept != NULL;
}

/* What is known of the tree: how names are told apart, what has been read, what is mounted. What is
 * kept is kept by name: not where a thing has several. */
static bool open_views(struct dir_store *dir, const struct store_options *options, struct err *err)
{
    if (!folds_open(dir->root_fd, dir->staging_fd, &dir->folds, err))
        return false;
    bool has_marks = folds_root_has_marks(dir->folds);
    if (has_marks || folds_root_is_exact(dir->folds))
        dir->cache = cache_open(dir->root, options->limits, has_marks, options->is_alone);
    dir->mounts = mounts_open(dir->root_fd, dir->cache);
    return true;
}

/* Without a right to write, state that is there is read, and none is made. */
static bool open_state_read_only(struct dir_store *dir, const struct store_options *options,
                                 struct err *err)
{
    if (!open_views(dir, options, err))
        return false;
    int home_fd = dir->kept->home.fd;
    if (home_fd < 0 || faccessat(home_fd, whole_name(home_fd), R_OK, AT_EACCESS) != 0)
        return true;
    if (!check_hidden(dir, err))
        return false;
    dir->kept->state = state_open(&dir->kept->home, true, dir->durability, err);
    return dir->kept->state && dir_recover(dir, err);
}

/* What other programs change comes into the log, too. */
static bool find_others(struct dir_store *dir, struct err *err)
{
    const struct others_options how = {dir->root, &dir->kept->home, dir->kept->log, dir->limits};
    if (own_file_check(dir->kept->home.fd, SEEN_NAME, err))
        dir->others = others_start(&how, err);
    return dir->others;
}

/* A log that was kept is removed where it is not kept on: it would not know of what is changed now.
 * One tree is told from another by its root. */
static bool open_log(struct dir_store *dir, const struct store_options *options, struct err *err)
{
    struct dir_kept *kept = dir->kept;
    struct change_log_options how = {
        .home = &kept->home,
        .is_flushed = dir->durability == DURABILITY_FLUSH,
        .tree = state_file_mark(dir->root_fd, ""),
        .count_max = options->limits->synced_changes,
        .has_others = !options->is_alone,
    };
    if (kept->log) /* of another root, which was here before */
        change_log_replace(kept->log, how.tree);
    else if (!options->is_synced)
        return change_log_remove(kept->home.fd, err);
    else if (own_file_check(kept->home.fd, CHANGES_NAME, err))
        kept->log = change_log_open(&how, err);
    dir->base.log = kept->log;
    return kept->log && (options->is_alone || find_others(dir, err));
}

static bool open_state(struct dir_store *dir, const struct store_options *options, struct err *err)
{
    if (!check_hidden(dir, err) || !own_directory_claim(dir->root_fd, options->root, err) ||
        !neighbours_check(dir->root_fd, options->root, err))
        return false;
    dir->staging_fd = dir_staging_open(dir, err);
    if (dir->staging_fd < 0 || !open_views(dir, options, err))
        return false;
    dir_resumables_start(dir);
    if (dir->kept->state) /* it is in use, and has been recovered */
        return open_log(dir, options, err);
    dir->kept->state = state_open(&dir->kept->home, false, dir->durability, err);
    return dir->kept->state && dir_recover(dir, err) && open_log(dir, options, err);
}

static bool is_one_path(int fd, int other_fd)
{
    struct dir_name name;
    struct dir_name other_name;
    struct str path = dir_path_text(fd, &name);
    return path.len && str_eq(path, dir_path_text(other_fd, &other_name));
}

enum store_roots directory_compare_roots(const char *root, const char *other)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int other_fd = open(other, O_PATH | O_DIRECTORY | O_CLOEXEC);
    enum store_roots roots = STORE_ROOTS_APART;
    if (fd >= 0 && other_fd >= 0 && is_one_path(fd, other_fd))
        roots = STORE_ROOTS_ONE;
    else if (fd >= 0 && other_fd >= 0 && mounts_meet(fd, other_fd))
        roots = STORE_ROOTS_MEET;
    fd_close(fd);
    fd_close(other_fd);
    return roots;
}

bool directory_store_open(const struct store_options *options, struct store **store_out,
                          struct err *err)
{
    struct dir_store *dir = MEM_NEW(struct dir_store);
    dir->base.ops = &dir_ops;
    dir->base.traits.locks_block = options->durability == DURABILITY_FLUSH;
    dir->staging_fd = -1;
    pthread_mutex_init(&dir->naming, NULL);
    dir->is_read_only = options->is_read_only;
    dir->durability = options->durability;
    dir->limits = options->limits;
    dir->known = known_new((size_t)options->limits->known_hashes);
    dir->crew = options->crew;
    bool is_fine = dir_root_open(dir, options, err) && open_kept(dir, options, err);
    if (is_fine) {
        dir->flush = flush_new(dir->root_fd, options->durability);
        is_fine = options->is_read_only ? open_state_read_only(dir, options, err)
                                        : open_state(dir, options, err);
    }
    if (is_fine && options->has_acls)
        is_fine = dir_acls_open(dir, err);
    if (!is_fine) {
        dir_close(&dir->base);
        return false;
    }
    *store_out = &dir->base;
    return true;
}
