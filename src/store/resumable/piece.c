/* Pieces: parts with names, which come in any order.
 *
 * The piece whose turn it is goes straight to the content, where it counts when it is whole; any
 * other is a file beside it, and is joined as soon as those before it have come. So of a client
 * that sends them in order, nothing is written twice, and at the end there is nothing to join; of
 * one that sends several at a time, what is out of order is copied once, when its turn comes and
 * not when the client waits for the commit, and by reflink where the file system can.
 *
 * Which pieces are in the content is in `joined`, a row of fixed length for each: a client that
 * lists them sees them all the same, and may send one anew. Then that and all behind it are taken
 * out again, since it may have another length.
 *
 * Invariants
 *  (1) a row of `joined` counts when the record says so, after the bytes and the row were flushed;
 *  (2) a piece beside the content has its name when it is whole and flushed, by a rename;
 *  (3) a piece is in the content or beside it. A crash may leave it in both: then it is in the
 *      content, and the file goes when somebody comes by. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/record/frame.h"
#include "store/resumable/engine_priv.h"

enum { ROW_BYTES = 256, FILE_NAME_BYTES = 1 + 16 + 1 + 16 + 1 + RESUMABLE_PIECE_BYTES_MAX + 1 };

/* One of them, wherever it is. */
struct piece {
    struct resumable_piece told;
    uint64_t next;
    bool key_is_offset;
    uint64_t offset; /* of one that is joined */
};

bool piece_name_is_fine(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!char_is_digit(c) && !char_is_alpha(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return name.len > 0 && name.len <= RESUMABLE_PIECE_BYTES_MAX;
}

/* --- those that are joined --- */

static bool take_row(void *arg, struct str bytes)
{
    struct piece *piece = arg;
    uint64_t modified_s;
    uint64_t is_offset;
    if (!frame_take_number(&bytes, 8, &piece->told.key) ||
        !frame_take_number(&bytes, 8, &piece->next) ||
        !frame_take_number(&bytes, 8, &piece->offset) ||
        !frame_take_number(&bytes, 8, &piece->told.bytes) ||
        !frame_take_number(&bytes, 8, &modified_s) || !frame_take_number(&bytes, 1, &is_offset) ||
        !frame_take_text(&bytes, &piece->told.name))
        return false;
    piece->told.modified_s = (int64_t)modified_s;
    piece->key_is_offset = is_offset != 0;
    return true;
}

static void add_row(struct buf *to, const struct piece *piece)
{
    size_t head = frame_begin(to);
    frame_add_number(to, piece->told.key, 8);
    frame_add_number(to, piece->next, 8);
    frame_add_number(to, piece->offset, 8);
    frame_add_number(to, piece->told.bytes, 8);
    frame_add_number(to, (uint64_t)piece->told.modified_s, 8);
    frame_add_number(to, piece->key_is_offset, 1);
    frame_add_text(to, piece->told.name);
    frame_end(to, head);
}

/* Memory from the arena. */
static enum store_rc read_joined(const struct opened *opened, struct arena *arena,
                                 struct piece **pieces_out)
{
    uint64_t count = opened->record.joined;
    size_t len = count * ROW_BYTES;
    char *bytes = arena_alloc(arena, len + 1);
    *pieces_out = arena_alloc(arena, (count + 1) * sizeof(**pieces_out));
    if (count == 0)
        return STORE_OK;
    int fd = openat(opened->dir_fd, "joined", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : pread(fd, bytes, len, 0);
    int code = got < 0 ? errno : EIO;
    fd_close(fd);
    if (got < 0)
        return resumable_rc(code, "cannot read a list of pieces");
    for (uint64_t i = 0; i < count; i++) {
        struct str row = str_first(str_from(str_of(bytes, (size_t)got), i * ROW_BYTES), ROW_BYTES);
        if (frames_replay(row, take_row, &(*pieces_out)[i]).count != 1)
            return resumable_rc(EIO, "a list of pieces is damaged");
    }
    return STORE_OK;
}

/* The piece is in the content, from where that ended until now. */
static enum store_rc count_in(struct opened *opened, struct piece *piece)
{
    struct record *record = &opened->record;
    struct record before = *record;
    struct buf bytes = {0};
    piece->offset = record->told.received_bytes;
    add_row(&bytes, piece);
    int fd = openat(opened->dir_fd, "joined", O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum store_rc rc = fd < 0 ? resumable_rc(errno, "cannot make a list of pieces") : STORE_OK;
    if (rc == STORE_OK)
        rc = write_at(fd, record->joined * ROW_BYTES, buf_str(&bytes));
    if (rc == STORE_OK)
        rc = flush_bytes(opened->of, fd);
    if (rc == STORE_OK && record->joined == 0 && opened->of->options.is_flushed &&
        fsync(opened->dir_fd) < 0)
        rc = resumable_rc(errno, "cannot flush");
    fd_close(fd);
    buf_done(&bytes);
    if (rc != STORE_OK)
        return rc;
    record->joined++;
    record->told.received_bytes += piece->told.bytes;
    record->has_next = piece->next != UINT64_MAX;
    record->next = piece->next;
    rc = opened_note(opened);
    if (rc != STORE_OK)
        *record = before;
    return rc;
}

/* --- those beside it --- */

static void file_name(const struct piece *piece, char name_out[FILE_NAME_BYTES])
{
    str_print(name_out, FILE_NAME_BYTES, "%c%016llx-%016llx.%.*s", piece->key_is_offset ? 'o' : 'i',
              (unsigned long long)piece->told.key, (unsigned long long)piece->next,
              STR_ARGS(piece->told.name));
}

/* False: it is not the name of a piece's file. */
static bool parse_file_name(struct str name, struct piece *piece_out)
{
    enum { NAME_AT = 1 + 16 + 1 + 16 + 1 };
    if (name.len <= NAME_AT || (name.at[0] != 'i' && name.at[0] != 'o') || name.at[17] != '-' ||
        name.at[NAME_AT - 1] != '.' ||
        !str_parse_hex(str_of(name.at + 1, 16), &piece_out->told.key) ||
        !str_parse_hex(str_of(name.at + 18, 16), &piece_out->next))
        return false;
    piece_out->key_is_offset = name.at[0] == 'o';
    piece_out->told.name = str_from(name, NAME_AT);
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct piece *left = a;
    const struct piece *right = b;
    if (left->told.key != right->told.key)
        return left->told.key < right->told.key ? -1 : 1;
    return str_compare(left->told.name, right->told.name);
}

/* Memory from the arena. */
static enum store_rc read_apart(const struct opened *opened, struct arena *arena,
                                struct piece **pieces_out, size_t *count_out)
{
    struct buf found = {0};
    struct dirent *member;
    struct stat st;
    int fd = openat(opened->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *members = fd < 0 ? NULL : fdopendir(fd);
    if (!members) {
        fd_close(fd);
        return resumable_rc(errno, "cannot read a directory");
    }
    while ((member = readdir(members))) {
        struct piece piece = {0};
        if (!parse_file_name(str_of_c(member->d_name), &piece) ||
            fstatat(opened->dir_fd, member->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        piece.told.name = arena_str(arena, piece.told.name);
        piece.told.bytes = (uint64_t)st.st_size;
        piece.told.modified_s = st.st_mtim.tv_sec;
        buf_add(&found, str_of((const char *)&piece, sizeof(piece)));
    }
    (void)closedir(members); /* it was only read */
    *count_out = found.len / sizeof(struct piece);
    *pieces_out = arena_alloc(arena, found.len + 1);
    if (found.len) {
        memcpy(*pieces_out, found.at, found.len);
        qsort(*pieces_out, *count_out, sizeof(struct piece), by_key);
    }
    buf_done(&found);
    return STORE_OK;
}

static void remove_file(const struct opened *opened, const struct piece *piece)
{
    char name[FILE_NAME_BYTES];
    file_name(piece, name);
    (void)unlinkat(opened->dir_fd, name, 0); /* what stays is seen to be joined */
}

/* Those of that name beside the content. */
static bool remove_apart(const struct opened *opened, struct str name, struct arena *arena)
{
    struct piece *pieces;
    size_t count = 0;
    bool was_there = false;
    if (read_apart(opened, arena, &pieces, &count) != STORE_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(pieces[i].told.name, name))
            continue;
        remove_file(opened, &pieces[i]);
        was_there = true;
    }
    return was_there;
}

/* --- to the content, and from it --- */

/* Where the kernel cannot copy between these. */
static enum store_rc copy_by_hand(int from_fd, uint64_t from, int to_fd, uint64_t to, uint64_t len)
{
    char bytes[65536];
    enum store_rc rc = STORE_OK;
    while (len && rc == STORE_OK) {
        ssize_t got = pread(from_fd, bytes, u64_min(sizeof(bytes), len), (off_t)from);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return resumable_rc(got ? errno : EIO, "cannot read a piece");
        rc = write_at(to_fd, to, str_of(bytes, (size_t)got));
        from += (uint64_t)got;
        to += (uint64_t)got;
        len -= (uint64_t)got;
    }
    return rc;
}

/* By reflink where that can be. */
static enum store_rc copy_bytes(int from_fd, uint64_t from, int to_fd, uint64_t to, uint64_t len)
{
    while (len) {
        loff_t from_at = (loff_t)from;
        loff_t to_at = (loff_t)to;
        ssize_t done = copy_file_range(from_fd, &from_at, to_fd, &to_at, len, 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0 && (!done || (errno != ENOSPC && errno != EDQUOT && errno != EIO)))
            return copy_by_hand(from_fd, from, to_fd, to, len);
        if (done < 0)
            return resumable_rc(errno, "cannot copy a piece");
        from += (uint64_t)done;
        to += (uint64_t)done;
        len -= (uint64_t)done;
    }
    return STORE_OK;
}

static enum store_rc add_to_running(void *arg, struct str bytes)
{
    running_add(arg, bytes);
    return STORE_OK;
}

/* A piece from beside the content, whose turn it is. */
static enum store_rc join(struct opened *opened, struct piece *piece)
{
    char name[FILE_NAME_BYTES];
    file_name(piece, name);
    int from_fd = openat(opened->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to_fd = openat(opened->dir_fd, "content", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    enum store_rc rc = STORE_OK;
    if (from_fd < 0 || to_fd < 0)
        rc = resumable_rc(errno, "cannot open a piece");
    if (rc == STORE_OK)
        rc = copy_bytes(from_fd, 0, to_fd, opened->record.told.received_bytes, piece->told.bytes);
    if (rc == STORE_OK)
        rc = flush_bytes(opened->of, to_fd);
    struct running *running =
        rc == STORE_OK ? running_at(opened, opened->record.told.received_bytes) : NULL;
    if (running)
        rc = read_bytes(from_fd, 0, piece->told.bytes, add_to_running, running);
    fd_close(from_fd);
    fd_close(to_fd);
    if (rc == STORE_OK)
        rc = count_in(opened, piece);
    if (rc == STORE_OK)
        running_keep(opened->of, &running);
    running_free(running);
    if (rc == STORE_OK)
        (void)unlinkat(opened->dir_fd, name, 0); /* (3) */
    return rc;
}

/* Those whose turn has come. */
static enum store_rc join_next(struct opened *opened, struct arena *arena)
{
    struct piece *pieces;
    size_t count;
    enum store_rc rc = read_apart(opened, arena, &pieces, &count);
    for (size_t i = 0; i < count && rc == STORE_OK; i++) {
        if (opened->record.has_next && pieces[i].told.key == opened->record.next)
            rc = join(opened, &pieces[i]);
    }
    return rc;
}

/* A piece's bytes become a file beside the content. */
static enum store_rc take_out(struct opened *opened, int content_fd, const struct piece *piece)
{
    char name[FILE_NAME_BYTES];
    char temp[40];
    temp_name(temp, ".part-");
    file_name(piece, name);
    int fd = openat(opened->dir_fd, temp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return resumable_rc(errno, "cannot make a file");
    enum store_rc rc = copy_bytes(content_fd, piece->offset, fd, 0, piece->told.bytes);
    if (rc == STORE_OK)
        rc = flush_bytes(opened->of, fd);
    fd_close(fd);
    if (rc == STORE_OK && renameat(opened->dir_fd, temp, opened->dir_fd, name) < 0)
        rc = resumable_rc(errno, "cannot name a file");
    if (rc != STORE_OK)
        (void)unlinkat(opened->dir_fd, temp, 0); /* or it goes with the upload */
    return rc;
}

/* All from number `from` on are beside the content again, but for that one, which is gone. */
static enum store_rc unjoin(struct opened *opened, const struct piece *pieces, uint64_t from)
{
    struct record *record = &opened->record;
    struct record before = *record;
    enum store_rc rc = STORE_OK;
    int fd = openat(opened->dir_fd, "content", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return resumable_rc(errno, "cannot open a file");
    for (uint64_t i = from + 1; i < record->joined && rc == STORE_OK; i++)
        rc = take_out(opened, fd, &pieces[i]);
    fd_close(fd);
    if (rc == STORE_OK && opened->of->options.is_flushed && fsync(opened->dir_fd) < 0)
        rc = resumable_rc(errno, "cannot flush");
    if (rc != STORE_OK)
        return rc;
    running_forget(opened, pieces[from].offset);
    record->joined = from;
    record->told.received_bytes = pieces[from].offset;
    record->has_next = true;
    record->next = pieces[from].told.key;
    rc = opened_note(opened);
    if (rc != STORE_OK)
        *record = before;
    return rc;
}

/* Takes the piece of that name out of the content, if it is in it. */
static enum store_rc unjoin_named(struct opened *opened, struct str name, struct arena *arena,
                                  bool *was_there_out)
{
    struct piece *pieces;
    enum store_rc rc = read_joined(opened, arena, &pieces);
    for (uint64_t i = 0; rc == STORE_OK && i < opened->record.joined; i++) {
        if (!str_eq(pieces[i].told.name, name))
            continue;
        *was_there_out = true;
        return unjoin(opened, pieces, i);
    }
    return rc;
}

static bool is_joined(const struct opened *opened, struct str name, struct arena *arena)
{
    struct piece *pieces;
    if (read_joined(opened, arena, &pieces) != STORE_OK)
        return true;
    for (uint64_t i = 0; i < opened->record.joined; i++) {
        if (str_eq(pieces[i].told.name, name))
            return true;
    }
    return false;
}

/* --- coming --- */

static enum store_rc open_for_piece(struct opened *opened, bool is_direct, char temp[40],
                                    int *fd_out)
{
    if (!is_direct)
        temp_name(temp, ".part-");
    *fd_out = is_direct
                  ? openat(opened->dir_fd, "content", O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
                  : openat(opened->dir_fd, temp, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return *fd_out < 0 ? resumable_rc(errno, "cannot open a file") : STORE_OK;
}

/* What lies beside the content, but for a piece of that name. */
static enum store_rc look_beside(const struct opened *opened, struct str name, uint64_t *bytes_out)
{
    struct arena arena = {0};
    struct piece *pieces;
    size_t count = 0;
    uint64_t others = opened->record.joined;
    enum store_rc rc = read_apart(opened, &arena, &pieces, &count);
    *bytes_out = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_other = !str_eq(pieces[i].told.name, name);
        *bytes_out += is_other ? pieces[i].told.bytes : 0;
        others += is_other;
    }
    arena_done(&arena);
    return rc == STORE_OK && others >= opened->of->options.limits->upload_pieces ? STORE_NO_SPACE
                                                                                 : rc;
}

/* All pieces may be sent anew, with other lengths, before the old ones are gone: so there may be
 * twice as much as it will be, and no more. */
static void bound(struct append *append, const struct opened *opened, uint64_t beside_bytes)
{
    const struct resumable *told = &opened->record.told;
    uint64_t size_bytes = told->wish.size_bytes;
    uint64_t room = append->bytes_max;
    if (size_bytes != UINT64_MAX) {
        beside_bytes += told->received_bytes;
        room = size_bytes <= UINT64_MAX / 2 ? 2 * size_bytes : UINT64_MAX;
    }
    room -= u64_min(room, beside_bytes);
    if (room >= append->bytes_max)
        return;
    append->bytes_max = room;
    append->beyond = STORE_NO_SPACE;
}

/* Whether it goes straight to the content. */
static bool is_its_turn(const struct opened *opened, const struct resumable_part *part)
{
    const struct record *record = &opened->record;
    struct arena arena = {0};
    bool is_next =
        record->has_next ? part->key == record->next : part->is_first && record->joined == 0;
    bool is_so = is_next && !is_appended_to(opened) && !is_joined(opened, part->piece, &arena);
    arena_done(&arena);
    return is_so;
}

enum store_rc piece_begin(struct opened *opened, const struct resumable_part *part,
                          struct append **append_out)
{
    char temp[40] = "";
    uint64_t beside_bytes;
    int fd;
    enum store_rc rc = settle_appends(opened, &part->piece);
    if (rc == STORE_OK)
        rc = learn_size(opened, part->size_bytes);
    if (rc == STORE_OK)
        rc = look_beside(opened, part->piece, &beside_bytes);
    bool is_direct = is_its_turn(opened, part);
    if (rc == STORE_OK)
        rc = open_for_piece(opened, is_direct, temp, &fd);
    if (rc != STORE_OK)
        return rc;
    struct append *append = append_new(opened, part, temp);
    append->fd = fd;
    if (!is_direct)
        append->offset = 0;
    bound(append, opened, beside_bytes);
    *append_out = append;
    return STORE_OK;
}

static struct piece piece_of(const struct append *append)
{
    struct stat st = {0};
    (void)!fstat(append->fd, &st); /* it is open */
    return (struct piece){
        .told = {.name = append->part.piece,
                 .key = append->part.key,
                 .bytes = append->written,
                 .modified_s = st.st_mtim.tv_sec},
        .next = append->part.next,
        .key_is_offset = append->part.key_is_offset,
    };
}

/* It was written beside the content, and gets its name there. */
static enum store_rc name_piece(struct opened *opened, struct append *append,
                                const struct piece *piece)
{
    char name[FILE_NAME_BYTES];
    file_name(piece, name);
    if (renameat(opened->dir_fd, append->temp, opened->dir_fd, name) < 0)
        return resumable_rc(errno, "cannot name a piece");
    append->temp[0] = '\0';
    if (opened->of->options.is_flushed && fsync(opened->dir_fd) < 0)
        return resumable_rc(errno, "cannot flush");
    return STORE_OK;
}

enum store_rc piece_end(struct opened *opened, struct append *append, bool *was_there_out)
{
    struct arena arena = {0};
    struct piece piece = piece_of(append);
    bool is_direct = append->temp[0] == '\0';
    enum store_rc rc = flush_bytes(opened->of, append->fd);
    if (rc == STORE_OK)
        rc = unjoin_named(opened, piece.told.name, &arena, was_there_out);
    if (rc == STORE_OK)
        *was_there_out |= remove_apart(opened, piece.told.name, &arena);
    if (rc == STORE_OK)
        rc = is_direct ? count_in(opened, &piece) : name_piece(opened, append, &piece);
    if (rc == STORE_OK)
        running_keep(append->of, &append->running); /* before others join */
    append_leave(append);                           /* it is no longer in the way of others */
    if (rc == STORE_OK && !is_appended_to(opened))
        rc = join_next(opened, &arena);
    arena_done(&arena);
    return rc;
}

/* --- listing, removing, the end --- */

enum store_rc pieces_list(struct opened *opened, struct arena *arena,
                          struct resumable_pieces *pieces_out)
{
    struct piece *joined;
    struct piece *apart;
    size_t apart_count;
    enum store_rc rc = read_joined(opened, arena, &joined);
    if (rc == STORE_OK)
        rc = read_apart(opened, arena, &apart, &apart_count);
    if (rc != STORE_OK)
        return rc;
    size_t joined_count = opened->record.joined;
    struct resumable_piece *items =
        arena_alloc(arena, (joined_count + apart_count + 1) * sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < joined_count; i++)
        items[count++] = joined[i].told;
    for (size_t i = 0; i < apart_count; i++) {
        bool is_in = false; /* (3) */
        for (size_t j = 0; j < joined_count && !is_in; j++)
            is_in = str_eq(joined[j].told.name, apart[i].told.name);
        if (!is_in)
            items[count++] = apart[i].told;
    }
    *pieces_out = (struct resumable_pieces){items, count};
    return STORE_OK;
}

enum store_rc pieces_remove(struct opened *opened, struct str name)
{
    struct arena arena = {0};
    bool was_there = false;
    enum store_rc rc = settle_appends(opened, &name);
    if (rc == STORE_OK)
        rc = unjoin_named(opened, name, &arena, &was_there);
    bool was_apart = rc == STORE_OK && remove_apart(opened, name, &arena);
    arena_done(&arena);
    if (was_apart && opened->of->options.is_flushed && fsync(opened->dir_fd) < 0) {
        (void)resumable_rc(errno, "cannot flush");
        return STORE_UNKNOWN;
    }
    return rc == STORE_OK && !was_there && !was_apart ? STORE_NOT_FOUND : rc;
}

enum store_rc pieces_join_rest(struct opened *opened)
{
    struct arena arena = {0};
    struct piece *pieces;
    size_t count = 0;
    enum store_rc rc = read_apart(opened, &arena, &pieces, &count);
    for (size_t i = 0; i < count && rc == STORE_OK; i++) {
        if (is_joined(opened, pieces[i].told.name, &arena)) /* (3) */
            remove_file(opened, &pieces[i]);
        else if (pieces[i].key_is_offset &&
                 pieces[i].told.key != opened->record.told.received_bytes)
            rc = STORE_LENGTH;
        else
            rc = join(opened, &pieces[i]);
    }
    arena_done(&arena);
    return rc;
}
