/* One resumable upload, opened for the time of a call: its files are open, it has its turn, and
 * what its record says has been held against what there is. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/resumable/engine_priv.h"

/* --- one --- */

static enum store_rc open_files(struct opened *opened, const struct resumable_key *key)
{
    char id[RESUMABLE_ID_BYTES_MAX + 1];
    struct stat st;
    memcpy(id, key->id.at, key->id.len);
    id[key->id.len] = '\0';
    int owner_fd = shelf_open_owner(opened->of, opened->mark, false);
    if (owner_fd < 0)
        return resumable_rc(errno, "cannot open a directory");
    opened->dir_fd = openat(owner_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int code = errno;
    fd_close(owner_fd);
    if (opened->dir_fd < 0)
        return resumable_rc(code, "cannot open a directory");
    opened->info_fd = openat(opened->dir_fd, "info", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (opened->info_fd < 0 || flock(opened->info_fd, LOCK_SH) < 0 ||
        fstat(opened->info_fd, &st) < 0)
        return resumable_rc(errno, "cannot open a file");
    return st.st_nlink ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_rc read_opened(struct opened *opened, struct arena *arena,
                                 const struct resumable_key *key)
{
    enum store_rc rc = open_files(opened, key);
    if (rc == STORE_OK)
        rc = record_read(opened->info_fd, arena, &opened->record);
    if (rc == STORE_OK && !str_eq(opened->record.told.wish.owner, key->owner))
        rc = STORE_NOT_FOUND;
    if (rc == STORE_OK)
        rc = record_hold(&opened->record, opened->dir_fd, "content");
    if (rc == STORE_OK && is_expired(opened->of, &opened->record))
        rc = STORE_NOT_FOUND;
    return rc;
}

enum store_rc opened_get(struct store *store, struct arena *arena, const struct resumable_key *key,
                         struct opened *opened_out)
{
    struct opened *opened = opened_out;
    struct resumables *of = NULL;
    enum store_rc rc = store_resumables(store, key->near, &of);
    *opened = (struct opened){.of = of, .dir_fd = -1, .info_fd = -1};
    if (rc != STORE_OK || !id_is_fine(key->id))
        return rc == STORE_OK ? STORE_NOT_FOUND : rc;
    opened->mark = owner_mark(key->owner);
    opened->queue = queue_enter(&of->queues, opened->mark, key->id, ENTERS_WITH_ROOM);
    if (!opened->queue)
        return STORE_BUSY;
    rc = read_opened(opened, arena, key);
    opened->record.told.wish.near = key->near;
    opened->held = held_by(&opened->record);
    if (rc != STORE_OK)
        opened_done(opened);
    return rc;
}

void opened_done(struct opened *opened)
{
    fd_close(opened->info_fd);
    fd_close(opened->dir_fd);
    queue_leave(&opened->of->queues, opened->queue);
}

void opened_count(struct opened *opened)
{
    struct holdings held = held_by(&opened->record);
    holdings_change(&opened->of->holders, opened->mark, &opened->held, &held);
    opened->held = held;
}

enum store_rc opened_note(struct opened *opened)
{
    enum store_rc rc = record_note(opened->info_fd, &opened->record, note_kind_of(opened->of));
    if (rc == STORE_OK)
        opened_count(opened);
    return rc;
}
