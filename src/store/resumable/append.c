/* The beginning and the end of an append, of a part or of a piece; what happens in between is in
 * underway.c. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/resumable/engine_priv.h"

/* --- beginning and ending --- */

static enum store_rc begin(struct opened *opened, const struct resumable_part *part,
                           struct append **append_out)
{
    struct resumable *told = &opened->record.told;
    enum store_rc rc = settle_appends(opened, &part->piece);
    if (rc == STORE_OK && part->offset != told->received_bytes)
        rc = STORE_AGAIN;
    if (rc == STORE_OK)
        rc = learn_size(opened, part->size_bytes);
    if (rc != STORE_OK)
        return rc;
    int fd = openat(opened->dir_fd, "content", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return resumable_rc(errno, "cannot open a file");
    struct append *append = append_new(opened, part, "");
    append->fd = fd;
    *append_out = append;
    return STORE_OK;
}

enum store_rc resumable_append(struct store *store, const struct resumable_key *key,
                               const struct resumable_part *part,
                               struct resumable_append **append_out)
{
    struct arena arena = {0};
    struct opened opened;
    struct append *append;
    if (part->piece.len && !piece_name_is_fine(part->piece))
        return STORE_DENIED;
    enum store_rc rc = opened_get(store, &arena, key, &opened);
    if (rc == STORE_OK) {
        if (opened.record.told.is_done)
            rc = STORE_DONE;
        else if (part->piece.len)
            rc = piece_begin(&opened, part, &append);
        else
            rc = begin(&opened, part, &append);
        opened_done(&opened);
    }
    arena_done(&arena);
    if (rc == STORE_OK)
        *append_out = &append->base;
    return rc;
}

/* In its turn, and over for nobody else. */
static enum store_rc end_piece(struct append *append, bool *was_there_out)
{
    struct arena arena = {0};
    struct opened opened = {.of = append->of,
                            .mark = append->mark,
                            .dir_fd = append->dir_fd,
                            .info_fd = append->info_fd};
    enum store_rc rc = record_read(append->info_fd, &arena, &opened.record);
    opened.held = held_by(&opened.record);
    if (rc == STORE_OK)
        rc = piece_end(&opened, append, was_there_out);
    if (rc == STORE_OK)
        append->base.received_bytes = opened.record.told.received_bytes;
    arena_done(&arena);
    return rc;
}

enum store_rc resumable_append_end(struct resumable_append *ending, bool *was_there_out)
{
    struct append *append = CONTAINER_OF(ending, struct append, base);
    struct resumables *of = append->of;
    struct str id = str_of_c(append->id);
    struct queue *queue = queue_enter(&of->queues, append->mark, id, ENTERS_ALWAYS);
    bool was_there = false;
    enum store_rc rc = STORE_OK;
    if (append_is_over(append))
        rc = STORE_AGAIN;
    else if (append->piece[0])
        rc = end_piece(append, &was_there);
    else
        rc = append_note(append, append->offset + append->written);
    if (rc == STORE_OK)
        running_keep(of, &append->running);
    if (!append->piece[0])
        ending->received_bytes = append->noted;
    append_leave(append);
    queue_leave(&of->queues, queue);
    if (rc == STORE_OK && was_there_out)
        *was_there_out = was_there;
    return rc;
}
