/* The end: a resumable upload becomes a PUT whose bytes have come.
 *
 * Prepared, it is an upload of the store that it goes to (store_upload()), which takes the file as
 * its content where a rename leads from there to the target; otherwise the bytes are copied into
 * it, once. So all that a PUT keeps to, this keeps to: the same call commits it, under the same
 * change.
 *
 * That it is being committed is noted before, and that it was, after. In between a crash leaves a
 * note and no content, which says the same but for the version; with content, it was not made, or
 * was a copy, and is committed once more by who asks again.
 *
 * The hash of the whole is looked at here, and only where one was announced: running.c has it, or
 * reads what it has not seen come. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/resumable/engine_priv.h"
#include "store/upload.h"

struct commit {
    struct resumable_commit base;
    struct resumables *of;
    uint64_t mark;
    struct opened opened; /* but for its turn, which it has within calls only */
    int content_fd;
    uint64_t serial; /* of the record that was prepared */
};

/* --- what was announced --- */

static enum store_rc check_hashes(const struct commit *commit, const struct resumable_end *end)
{
    struct content_hashes wanted = commit->opened.record.told.wish.hashes;
    struct content_hashes found;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        struct str more =
            str_of((const char *)end->hashes.of[kind].bytes, end->hashes.of[kind].len);
        if (more.len && !content_hashes_set(&wanted, (enum content_hash)kind, more))
            return STORE_HASH; /* no content has both */
    }
    if (content_hashes_are_none(&wanted))
        return STORE_OK;
    enum store_rc rc = running_finish(&commit->opened, commit->content_fd, &wanted, &found);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT && rc == STORE_OK; kind++) {
        struct str bytes = str_of((const char *)found.of[kind].bytes, found.of[kind].len);
        if (bytes.len && !content_hashes_set(&wanted, (enum content_hash)kind, bytes))
            rc = STORE_HASH;
    }
    return rc;
}

/* --- preparing --- */

/* The content is what was received, and as long as was announced. */
static enum store_rc complete(struct commit *commit, const struct resumable_end *end)
{
    struct opened *opened = &commit->opened;
    struct resumable *told = &opened->record.told;
    struct stat st;
    enum store_rc rc = settle_appends(opened, NULL);
    if (rc == STORE_OK)
        rc = pieces_join_rest(opened);
    if (rc == STORE_OK)
        rc = learn_size(opened, end->size_bytes);
    if (rc != STORE_OK)
        return rc;
    if (told->wish.size_bytes != UINT64_MAX && told->wish.size_bytes != told->received_bytes)
        return STORE_LENGTH;
    commit->content_fd = openat(opened->dir_fd, "content", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (commit->content_fd < 0 || fstat(commit->content_fd, &st) < 0)
        return resumable_rc(errno, "cannot open a file");
    if ((uint64_t)st.st_size != told->received_bytes &&
        ftruncate(commit->content_fd, (off_t)told->received_bytes) < 0)
        return resumable_rc(errno, "cannot cut a file");
    return check_hashes(commit, end);
}

static enum store_rc write_bytes(void *arg, struct str bytes)
{
    return store_upload_write(arg, bytes);
}

/* Finds its place at the target. */
static enum store_rc place(struct commit *commit, struct store *store,
                           const struct resumable_end *end)
{
    const struct opened *opened = &commit->opened;
    uint64_t bytes = opened->record.told.received_bytes;
    struct store_staged staged = {
        .fd = commit->content_fd, .dir_fd = opened->dir_fd, .name = "content", .size_bytes = bytes};
    enum store_rc rc = store_upload(store, end->target, bytes, &commit->base.upload);
    if (rc != STORE_OK)
        return rc;
    rc = store_upload_take(commit->base.upload, &staged);
    if (rc != STORE_END)
        return rc;
    rc = read_bytes(commit->content_fd, 0, bytes, write_bytes, commit->base.upload);
    return rc == STORE_OK ? store_upload_end(commit->base.upload) : rc;
}

enum store_rc resumable_prepare(struct store *store, struct arena *arena,
                                const struct resumable_key *key, const struct resumable_end *end,
                                struct resumable_commit **commit_out)
{
    struct commit *commit = MEM_NEW(struct commit);
    struct opened *opened = &commit->opened;
    commit->content_fd = -1;
    enum store_rc rc = opened_get(store, arena, key, opened);
    if (rc != STORE_OK) {
        mem_free(commit);
        return rc;
    }
    rc = opened->record.told.is_done ? STORE_DONE : complete(commit, end);
    if (rc == STORE_OK)
        rc = place(commit, store, end);
    commit->serial = opened->record.serial;
    commit->base.resumable = &opened->record.told;
    queue_leave(&opened->of->queues, opened->queue);
    *commit_out = &commit->base;
    if (rc != STORE_OK)
        resumable_commit_close(commit_out);
    return rc;
}

void resumable_commit_close(struct resumable_commit **closing)
{
    if (!*closing)
        return;
    struct commit *commit = CONTAINER_OF(*closing, struct commit, base);
    *closing = NULL;
    store_upload_close(&commit->base.upload); /* before the file that it may have taken */
    fd_close(commit->content_fd);
    fd_close(commit->opened.info_fd);
    fd_close(commit->opened.dir_fd);
    mem_free(commit);
}

/* --- committing --- */

static enum store_rc check_unchanged(struct commit *commit)
{
    struct arena arena = {0};
    struct record now;
    struct stat st;
    if (fstat(commit->opened.info_fd, &st) == 0 && st.st_nlink == 0)
        return STORE_NOT_FOUND; /* it was removed */
    enum store_rc rc = record_read(commit->opened.info_fd, &arena, &now);
    if (rc == STORE_OK && now.told.is_done)
        rc = STORE_DONE;
    else if (rc == STORE_OK && now.serial != commit->serial)
        rc = STORE_AGAIN;
    arena_done(&arena);
    return rc;
}

/* What has become of it. What comes of a note that fails is what a crash would leave. */
static void note_outcome(struct commit *commit, enum store_rc rc, const struct store_stat *stat,
                         bool is_new)
{
    struct opened *opened = &commit->opened;
    struct resumable *told = &opened->record.told;
    bool is_made = rc == STORE_OK || rc == STORE_UNKNOWN;
    opened->record.is_committing = false;
    told->is_done = is_made;
    told->was_new = is_made && is_new;
    told->has_stat = rc == STORE_OK;
    if (told->has_stat)
        told->stat = *stat;
    (void)!record_note(opened->info_fd, &opened->record, NOTE_MARK);
    opened_count(opened);
    commit->serial = opened->record.serial;
    if (is_made)
        shelf_clear(opened->dir_fd);
}

enum store_rc resumable_commit(struct resumable_commit *committing, struct store_change *change,
                               const struct store_commit *options, bool is_new,
                               struct store_stat *stat_out)
{
    struct commit *commit = CONTAINER_OF(committing, struct commit, base);
    struct opened *opened = &commit->opened;
    struct str id = opened->record.told.wish.id;
    opened->queue = queue_enter(&opened->of->queues, opened->mark, id, ENTERS_ALWAYS);
    enum store_rc rc = check_unchanged(commit);
    if (rc == STORE_OK) {
        opened->record.is_committing = true;
        rc = record_note(opened->info_fd, &opened->record, NOTE_MARK);
        commit->serial = opened->record.serial;
        if (rc == STORE_OK) /* or the rename could last, and this not */
            rc = flush_bytes(opened->of, opened->info_fd);
        if (rc == STORE_OK)
            rc = store_upload_commit(commit->base.upload, change, options, stat_out);
        note_outcome(commit, rc, stat_out, is_new);
    }
    queue_leave(&opened->of->queues, opened->queue);
    return rc;
}

/* --- pieces, for who lists them --- */

enum store_rc resumable_pieces(struct store *store, struct arena *arena,
                               const struct resumable_key *key, struct resumable_pieces *pieces_out)
{
    struct opened opened;
    enum store_rc rc = opened_get(store, arena, key, &opened);
    if (rc != STORE_OK)
        return rc;
    *pieces_out = (struct resumable_pieces){0};
    if (!opened.record.told.is_done)
        rc = pieces_list(&opened, arena, pieces_out);
    opened_done(&opened);
    return rc;
}

enum store_rc resumable_piece_remove(struct store *store, const struct resumable_key *key,
                                     struct str name)
{
    struct arena arena = {0};
    struct opened opened;
    enum store_rc rc = opened_get(store, &arena, key, &opened);
    if (rc == STORE_OK) {
        rc = opened.record.told.is_done ? STORE_NOT_FOUND : pieces_remove(&opened, name);
        opened_done(&opened);
    }
    arena_done(&arena);
    return rc;
}
