/* Appends: what is coming in, and who may write.
 *
 *   under way --end()--> over           what was written is flushed and noted
 *      |   '---close()--> left          its client went away: what was written counts, and is
 *      |                                flushed and noted by who comes next
 *      '-----a later append, or look--> over, likewise
 *
 * There is one at a time for the content. Who wants to write asks under `mutex` whether he may, and
 * says that he is writing; who ends an append says so there, and waits until nobody is. So the
 * later one begins behind all that the earlier has written, which writes nothing any more.
 *
 * On the way what has come is noted every NOTE_BYTES, since a crash loses what was not; with
 * flushes that is two a time. A part that is taken whole is noted at its end. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/resumable/engine_priv.h"

enum { NOTE_STEP_BYTES = 1 << 25 };

static struct append *append_of(struct list *link)
{
    return CONTAINER_OF(link, struct append, link);
}

/* --- writing --- */

/* What is left to the owner, of whom more is remembered than is there, if it is not the same. */
static uint64_t room_of(const struct append *append)
{
    uint64_t limit = append->of->options.limits->upload_bytes_per_user;
    uint64_t held = holdings_of(&append->of->holders, append->mark, HOLDINGS_REMEMBERED).bytes;
    if (held > limit / 2)
        held = holdings_of(&append->of->holders, append->mark, HOLDINGS_COUNTED).bytes;
    return held < limit ? limit - held : 0;
}

static bool begin_writing(struct append *append)
{
    pthread_mutex_lock(&append->of->mutex);
    append->is_busy = !append->is_over;
    pthread_mutex_unlock(&append->of->mutex);
    return append->is_busy;
}

static void end_writing(struct append *append, uint64_t bytes)
{
    pthread_mutex_lock(&append->of->mutex);
    append->is_busy = false;
    append->written += bytes;
    pthread_cond_broadcast(&append->of->is_idle);
    pthread_mutex_unlock(&append->of->mutex);
}

enum store_rc append_note(struct append *append, uint64_t end)
{
    struct arena arena = {0};
    struct record record;
    enum store_rc rc = flush_bytes(append->of, append->fd);
    if (rc == STORE_OK)
        rc = record_read(append->info_fd, &arena, &record);
    struct holdings before = rc == STORE_OK ? held_by(&record) : (struct holdings){0};
    if (rc == STORE_OK) {
        record.told.received_bytes = end;
        rc = record_note(append->info_fd, &record, note_kind_of(append->of));
    }
    arena_done(&arena);
    if (rc != STORE_OK)
        return rc;
    struct holdings after = held_by(&record);
    holdings_change(&append->of->holders, append->mark, &before, &after);
    append->noted = end;
    return STORE_OK;
}

bool append_is_over(struct append *append)
{
    pthread_mutex_lock(&append->of->mutex);
    bool is_over = append->is_over;
    pthread_mutex_unlock(&append->of->mutex);
    return is_over;
}

/* What could not be flushed may be lost, though the kernel does not say so a second time: it is
 * sent and written anew. */
static void forget_unnoted(struct append *append)
{
    pthread_mutex_lock(&append->of->mutex);
    append->written = append->noted - append->offset;
    running_free(append->running);
    append->running = NULL;
    pthread_mutex_unlock(&append->of->mutex);
}

static enum store_rc note_on_the_way(struct append *append)
{
    if (append->is_whole || append->piece[0] ||
        append->offset + append->written - append->noted < NOTE_STEP_BYTES)
        return STORE_OK;
    struct str id = str_of_c(append->id);
    struct queue *queue = queue_enter(&append->of->queues, append->mark, id, ENTERS_ALWAYS);
    bool is_over = append_is_over(append);
    enum store_rc rc =
        is_over ? STORE_AGAIN : append_note(append, append->offset + append->written);
    if (!is_over && rc != STORE_OK)
        forget_unnoted(append);
    queue_leave(&append->of->queues, queue);
    if (rc == STORE_OK && !append->has_size) /* others have come, too */
        append->bytes_max = append->written + room_of(append);
    return rc;
}

static unsigned append_write(struct sink *sink, struct str bytes)
{
    struct append *append = CONTAINER_OF(sink, struct append, base.sink);
    if (bytes.len > append->bytes_max - append->written)
        return append->beyond;
    if (!begin_writing(append))
        return STORE_AGAIN;
    enum store_rc rc = write_at(append->fd, append->offset + append->written, bytes);
    if (rc == STORE_OK)
        running_add(append->running, bytes);
    end_writing(append, rc == STORE_OK ? bytes.len : 0);
    return rc == STORE_OK ? note_on_the_way(append) : rc;
}

/* Where the file system cannot take from a pipe. */
static unsigned copy_piped(struct append *append, int pipe_fd, size_t len)
{
    char bytes[16384];
    unsigned code = STORE_OK;
    while (len && code == STORE_OK) {
        ssize_t got = read(pipe_fd, bytes, size_min(sizeof(bytes), len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return resumable_rc(got ? errno : EIO, "cannot read from a pipe");
        code = append_write(&append->base.sink, str_of(bytes, (size_t)got));
        len -= (size_t)got;
    }
    return code;
}

static unsigned append_splice(struct sink *sink, int pipe_fd, size_t len)
{
    struct append *append = CONTAINER_OF(sink, struct append, base.sink);
    enum store_rc rc = STORE_OK;
    while (len && rc == STORE_OK) {
        if (len > append->bytes_max - append->written)
            return append->beyond;
        if (!begin_writing(append))
            return STORE_AGAIN;
        loff_t at = (loff_t)(append->offset + append->written);
        ssize_t done = splice(pipe_fd, NULL, append->fd, &at, len, SPLICE_F_MOVE);
        int code = errno;
        end_writing(append, done > 0 ? (uint64_t)done : 0);
        if (done == 0 || (done < 0 && (code == EINVAL || code == ENOSYS || code == EPERM)))
            return copy_piped(append, pipe_fd, len);
        len -= done > 0 ? (size_t)done : 0;
        if (done > 0)
            rc = note_on_the_way(append);
        else if (code != EINTR)
            rc = resumable_rc(code, "cannot write");
    }
    return rc;
}

static const struct sink_ops append_sink_ops = {
    .name = "resumable", .write = append_write, .splice = append_splice};
static const struct sink_ops hashed_sink_ops = {.name = "resumable, hashed", .write = append_write};

/* --- life --- */

/* As much as was announced, or else as the owner may have: what has no size yet is counted by what
 * has come of it. Pieces that are sent anew are there twice for a while, and so may all be. */
static void append_bound(struct append *append, const struct opened *opened)
{
    const struct resumable *told = &opened->record.told;
    uint64_t size_bytes = told->wish.size_bytes;
    append->has_size = size_bytes != UINT64_MAX;
    if (append->has_size) {
        append->bytes_max = append->piece[0] ? size_bytes : size_bytes - told->received_bytes;
        return;
    }
    append->bytes_max = room_of(append);
    append->beyond = STORE_NO_SPACE;
}

struct append *append_new(struct opened *opened, const struct resumable_part *part,
                          const char *temp)
{
    struct append *append = MEM_NEW(struct append);
    struct str id = opened->record.told.wish.id;
    append->of = opened->of;
    append->mark = opened->mark;
    memcpy(append->id, id.at, id.len);
    append->dir_fd = opened->dir_fd;
    append->info_fd = opened->info_fd;
    opened->dir_fd = opened->info_fd = -1;
    append->fd = -1;
    memcpy(append->temp, temp, strlen(temp));
    append->part = *part;
    append->is_whole = part->is_whole;
    if (part->piece.len)
        memcpy(append->piece, part->piece.at, part->piece.len);
    append->part.piece = str_of_c(append->piece);
    append->beyond = STORE_LENGTH;
    append->offset = append->noted = opened->record.told.received_bytes;
    append->base.received_bytes = append->offset;
    append_bound(append, opened);
    if (!temp[0])
        append->running = running_at(opened, append->offset);
    append->base.sink.ops = append->running ? &hashed_sink_ops : &append_sink_ops;
    pthread_mutex_lock(&append->of->mutex);
    list_append(&append->of->appends, &append->link);
    pthread_mutex_unlock(&append->of->mutex);
    return append;
}

static void append_free(struct append *append)
{
    running_free(append->running);
    mem_free(append);
}

/* With the mutex held. */
static void take_off_list(struct append *append)
{
    if (!append->is_over)
        list_remove(&append->link);
    append->is_over = true;
}

static void close_files(struct append *append)
{
    if (append->temp[0])
        (void)unlinkat(append->dir_fd, append->temp, 0); /* or it goes with the upload */
    fd_close(append->fd);
    fd_close(append->info_fd);
    fd_close(append->dir_fd);
    append->fd = append->info_fd = append->dir_fd = -1;
}

void append_leave(struct append *append)
{
    pthread_mutex_lock(&append->of->mutex);
    take_off_list(append);
    pthread_mutex_unlock(&append->of->mutex);
    if (append->is_left)
        append_free(append);
}

void resumable_append_close(struct resumable_append **closing)
{
    if (!*closing)
        return;
    struct append *append = CONTAINER_OF(*closing, struct append, base);
    *closing = NULL;
    close_files(append);
    bool keeps =
        !append->is_whole && !append->piece[0] && append->offset + append->written > append->noted;
    pthread_mutex_lock(&append->of->mutex);
    append->is_left = keeps && !append->is_over;
    bool is_left = append->is_left;
    if (!is_left)
        take_off_list(append);
    pthread_mutex_unlock(&append->of->mutex);
    if (!is_left)
        append_free(append);
}

/* --- ended by others --- */

static bool is_meant(const struct append *append, const struct opened *opened,
                     const struct str *piece)
{
    return append->mark == opened->mark &&
           str_eq(str_of_c(append->id), opened->record.told.wish.id) &&
           (!piece || str_eq(*piece, str_of_c(append->piece)));
}

/* How far the one that was ended came, if that counts, and the hashes of that. */
struct ended {
    uint64_t end;
    struct running *running;
};

/* With the mutex held. Takes one off the list. */
static bool end_one(struct opened *opened, const struct str *piece, struct ended *ended)
{
    LIST_EACH (&opened->of->appends, link) {
        struct append *append = append_of(link);
        if (!is_meant(append, opened, piece))
            continue;
        take_off_list(append);
        while (append->is_busy)
            pthread_cond_wait(&opened->of->is_idle, &opened->of->mutex);
        if (!append->piece[0] && !append->is_whole) { /* of these there is one */
            ended->end = append->offset + append->written;
            ended->running = append->running;
            append->running = NULL;
        }
        if (append->is_left)
            append_free(append);
        return true;
    }
    return false;
}

/* What was written behind what was noted. */
static enum store_rc note_end(struct opened *opened, uint64_t end)
{
    struct resumable *told = &opened->record.told;
    if (end <= told->received_bytes)
        return STORE_OK;
    int fd = openat(opened->dir_fd, "content", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return resumable_rc(errno, "cannot open a file");
    enum store_rc rc = flush_bytes(opened->of, fd);
    fd_close(fd);
    uint64_t before = told->received_bytes;
    told->received_bytes = end;
    if (rc == STORE_OK)
        rc = opened_note(opened);
    if (rc != STORE_OK)
        told->received_bytes = before;
    return rc;
}

enum store_rc settle_appends(struct opened *opened, const struct str *piece)
{
    struct ended ended = {0};
    pthread_mutex_lock(&opened->of->mutex);
    while (end_one(opened, piece, &ended)) { /* the list may have changed meanwhile */
    }
    pthread_mutex_unlock(&opened->of->mutex);
    enum store_rc rc = note_end(opened, ended.end);
    if (rc == STORE_OK)
        running_keep(opened->of, &ended.running);
    running_free(ended.running);
    return rc;
}

void appends_forget_gone(struct resumables *of)
{
    char path[MARK_CHARS + 1 + RESUMABLE_ID_BYTES_MAX + 1];
    pthread_mutex_lock(&of->mutex);
    LIST_EACH (&of->appends, link) {
        struct append *append = append_of(link);
        str_print(path, sizeof(path), "%016llx/%s", (unsigned long long)append->mark, append->id);
        if (!append->is_left || faccessat(of->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        take_off_list(append);
        append_free(append);
    }
    pthread_mutex_unlock(&of->mutex);
}

bool is_appended_to(const struct opened *opened)
{
    bool is_so = false;
    pthread_mutex_lock(&opened->of->mutex);
    LIST_EACH (&opened->of->appends, link) {
        const struct append *append = append_of(link);
        is_so |= is_meant(append, opened, NULL) && !append->temp[0];
    }
    pthread_mutex_unlock(&opened->of->mutex);
    return is_so;
}

/* --- its size --- */

enum store_rc learn_size(struct opened *opened, uint64_t size_bytes)
{
    struct resumable *told = &opened->record.told;
    uint64_t known = told->wish.size_bytes;
    if (size_bytes == UINT64_MAX || size_bytes == known)
        return STORE_OK;
    if (known != UINT64_MAX || size_bytes < told->received_bytes)
        return STORE_LENGTH;
    told->wish.size_bytes = size_bytes;
    enum store_rc rc = opened_note(opened);
    if (rc != STORE_OK)
        told->wish.size_bytes = known;
    return rc;
}
