/* Who keeps the resumable uploads of a directory.
 *
 * They lie where a rename leads from there to most of what is served: in the state directory, or
 * beneath the root where that is on another mount (dir_own_open). Of each such directory there is
 * one engine in the process: of two, each would believe that it alone knows who writes. So the one
 * of the state directory belongs to what is kept there (state/kept.h), which the store shares that
 * takes over from one that has lost its root; and what lies beneath a root is that root's.
 *
 * An engine is made when somebody asks for it first, or at the start where there are uploads, so
 * that what is over goes. */
#include "store/directory/resumables.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "store/directory/beneath.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/staged.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/own.h"
#include "store/resumable/engine.h"

#define UPLOADS_NAME "uploads"

/* They last an hour at least: ten minutes more do no harm. */
enum { SWEEP_MS = 600000 };

static int give(int fd, const struct err *err)
{
    if (fd < 0)
        log_line(LOG_ERROR, "resumable uploads cannot be kept: %s", err->text);
    errno = err->code; /* of one that is none of the kernel's: 0 */
    return fd;
}

/* -1: logged, and errno says why. */
static int open_in_state(void *arg)
{
    struct dir_kept *kept = arg;
    struct err err;
    err_set(&err, ENOENT, "the state directory is not there");
    bool is_there = state_home_restore(&kept->home);
    return give(is_there ? own_directory_open(kept->home.fd, UPLOADS_NAME, false, &err) : -1, &err);
}

static int open_beneath(void *arg)
{
    struct dir_store *dir = arg;
    struct err err;
    err_set(&err, ENOENT, "the state directory is not there");
    bool is_there = state_home_restore(&dir->kept->home);
    return give(is_there ? dir_own_open(dir, UPLOADS_NAME, &err) : -1, &err);
}

static struct resumables *open_engine(const struct dir_store *dir, int (*reopen)(void *arg),
                                      void *arg, int fd)
{
    const struct resumables_options options = {
        .is_flushed = dir->durability == DURABILITY_FLUSH,
        .sweep_ms = SWEEP_MS,
        .limits = dir->limits,
        .reopen = reopen,
        .arg = arg,
    };
    return resumables_open(fd, &options);
}

static struct resumables *take_kept(const struct dir_store *dir)
{
    struct dir_kept *kept = dir->kept;
    int fd = open_in_state(kept); /* which may make the directory again, and needs `mutex` */
    if (fd < 0)
        return NULL;
    pthread_mutex_lock(&kept->mutex);
    if (kept->resumables)
        fd_close(fd);
    else
        kept->resumables = open_engine(dir, open_in_state, kept, fd);
    pthread_mutex_unlock(&kept->mutex);
    return kept->resumables;
}

/* NULL: errno says why. */
static struct resumables *make(struct dir_store *dir)
{
    if (dir_is_own_in_state(dir))
        return take_kept(dir);
    int fd = open_beneath(dir);
    return fd < 0 ? NULL : open_engine(dir, open_beneath, dir, fd);
}

enum store_rc dir_resumables(struct store *store, struct res_path near, struct resumables **of_out)
{
    struct dir_store *dir = dir_of(store);
    enum store_rc rc = STORE_OK;
    (void)near; /* what is mounted elsewhere below the root is copied to */
    if (!atomic_load(&dir->resumables) && dir->is_read_only)
        return STORE_DENIED;
    if (!atomic_load(&dir->resumables)) {
        pthread_mutex_lock(&dir->naming);
        if (!atomic_load(&dir->resumables))
            atomic_store(&dir->resumables, make(dir));
        if (!atomic_load(&dir->resumables))
            rc = errno == ENOSPC || errno == EDQUOT ? STORE_NO_SPACE : STORE_FAILED;
        pthread_mutex_unlock(&dir->naming);
    }
    *of_out = atomic_load(&dir->resumables);
    return rc;
}

/* In this process or another. */
static bool have_begun(const struct dir_store *dir)
{
    return faccessat(dir->kept->home.fd, UPLOADS_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(dir->root_fd, DIR_STATE_NAME "/" UPLOADS_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void dir_resumables_start(struct dir_store *dir)
{
    struct resumables *of;
    if (have_begun(dir))
        (void)!dir_resumables(&dir->base, PATH_ROOT, &of); /* or who asks first tries again */
}

void dir_resumables_close(struct dir_store *dir)
{
    struct resumables *resumables = atomic_load(&dir->resumables);
    if (resumables && resumables != dir->kept->resumables)
        resumables_close(resumables);
}
