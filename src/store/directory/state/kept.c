/* The state directory, and what is done when it goes.
 *
 * `rsync --delete` and `git clean` remove the directory of a running server, and somebody may move
 * it away. What is written where nobody will look is lost, so who is about to write looks first
 * whether the name still leads to his file (one stat), and asks for the directory to be made again
 * (`restore`): it gets the old descriptor's number, which is all that the journal and the database
 * know of it. What was in memory is written there anew. */
#include "store/directory/state/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/change_log.h"
#include "store/directory/entry.h"
#include "store/directory/state/own.h"
#include "store/resumable/engine.h"

/* --- gone --- */

static bool restore(struct state_home *home)
{
    struct dir_kept *kept = CONTAINER_OF(home, struct dir_kept, home);
    struct err err;
    pthread_mutex_lock(&kept->mutex);
    struct state_file file = state_file_of(home->fd);
    bool is_fine = !state_home_is_gone(home->fd) && state_home_keeps(home, ".", &file);
    if (!is_fine) { /* or else somebody else was faster */
        int fd = own_directory_open(kept->at_fd, kept->name, !kept->is_inside, &err);
        is_fine = fd >= 0 && own_directory_claim(fd, kept->name, &err) &&
                  (dup3(fd, home->fd, O_CLOEXEC) >= 0 ||
                   err_sys(&err, errno, "cannot open '%s'", kept->name));
        fd_close(fd); /* the duplicate holds it */
        if (is_fine)
            log_line(LOG_WARN,
                     "'%s' was removed or replaced while it was in use; it has been created again",
                     kept->name);
        else
            log_line(LOG_ERROR, "'%s' was removed while it was in use: %s", kept->name, err.text);
    }
    pthread_mutex_unlock(&kept->mutex);
    return is_fine;
}

/* --- life --- */

struct dir_kept *kept_open(int root_fd, const char *state_dir, bool is_read_only, struct err *err)
{
    struct dir_kept *kept = MEM_NEW(struct dir_kept);
    const char *name = state_dir ? state_dir : DIR_STATE_NAME;
    atomic_init(&kept->refs, 1);
    pthread_mutex_init(&kept->mutex, NULL);
    kept->is_inside = state_dir == NULL;
    kept->name = mem_copy_text(name, strlen(name));
    kept->locks = lock_table_new();
    kept->claims = claims_new();
    kept->at_fd = kept->is_inside ? fcntl(root_fd, F_DUPFD_CLOEXEC, 0) : AT_FDCWD;
    kept->home = (struct state_home){.fd = -1, .at_fd = kept->at_fd, .name = kept->name};
    if (is_read_only) { /* what is there is read, and may be a link */
        kept->home.fd = openat(kept->at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return kept;
    }
    kept->home.restore = restore;
    kept->home.fd = own_directory_open(kept->at_fd, name, !kept->is_inside, err);
    if (kept->home.fd >= 0 && own_directory_claim(kept->home.fd, name, err))
        return kept;
    kept_unref(kept);
    return NULL;
}

bool kept_is_at(const struct dir_kept *kept, const char *state_dir)
{
    return state_dir && !kept->is_inside && strcmp(kept->name, state_dir) == 0;
}

struct dir_kept *kept_ref(struct dir_kept *kept)
{
    atomic_fetch_add(&kept->refs, 1);
    return kept;
}

void kept_unref(struct dir_kept *kept)
{
    if (!kept || atomic_fetch_sub(&kept->refs, 1) != 1)
        return;
    resumables_close(kept->resumables);
    state_close(kept->state);
    lock_journal_close(kept->journal);
    change_log_close(kept->log);
    lock_table_free(kept->locks);
    claims_free(kept->claims);
    fd_close(kept->home.fd); /* which releases the lock on it */
    fd_close(kept->at_fd);
    pthread_mutex_destroy(&kept->mutex);
    mem_free(kept->name);
    mem_free(kept);
}
