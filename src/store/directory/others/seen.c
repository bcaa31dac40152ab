/* What a tree was like, so that what has changed since can be found: also what changed while
 * nobody watched it, and what is gone. A million members must be compared with no more memory than
 * a few take, so the file is a list in the order of a walk, and the walk that compares is a merge:
 * it reads the old file, looks at the tree, and writes the new file, each from its beginning to its
 * end (pass.c). The order within a collection is that of the names' hashes, by a key that is the
 * file's own: a directory gives its names in no order, and a large one is read in parts, each the
 * names of a range of hashes (sorted.c).
 *
 * The file consists of frames (store/record/frame.h); a number is eight bytes, unless it says
 * otherwise:
 *   head        'h', format (1), the tree's mark, the key (two), the log's newest change
 *   collection  'd', the directory's mark, path
 *   members     'e', of each: flags (1), mark, length of the name (1), name
 *   end         't', how many members
 * The members of a collection follow it, in as many records as that takes; then come those
 * collections that are in it. They are looked up in what has been written, so that a walk needs no
 * list of where it has yet to go, but a place in the file for each level.
 *
 * Invariants
 *  (1) a file in its place is whole, or that is seen: its end is looked at before, each frame when
 *      it is read;
 *  (2) what a file says was so when all up to then was in the log, or was put into it before the
 *      file took its place. So it may be older than the log, and then changes are found twice; it
 *      is never newer. */
#include "store/directory/others/seen.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "base/random.h"
#include "store/record/frame.h"

#define NEW_NAME SEEN_NAME ".new"

enum {
    FORMAT = 1,
    FRAME_HEAD_BYTES = 12,
    TAIL_BYTES = FRAME_HEAD_BYTES + 1 + 8,
    READ_BYTES = 1 << 16,
    MEMBERS_BYTES = 4096, /* of a record of members, before the last of them */
    FLAG_COLLECTION = 1,
    FLAG_NEW = 2,
};

/* --- the order --- */

uint64_t seen_order(const uint64_t key[2], struct str name)
{
    return hash_bytes_with(key, name);
}

static int compare_names(const uint64_t key[2], struct str a, struct str b)
{
    uint64_t order = seen_order(key, a);
    uint64_t other = seen_order(key, b);
    return order == other ? str_compare(a, b) : order < other ? -1 : 1;
}

int seen_compare(const uint64_t key[2], struct res_path a, struct res_path b)
{
    struct str left = path_str(a);
    struct str right = path_str(b);
    while (left.len && right.len) {
        struct str name = str_cut(&left, '/');
        struct str other = str_cut(&right, '/');
        if (!str_eq(name, other))
            return compare_names(key, name, other);
    }
    return (left.len > 0) - (right.len > 0);
}

/* --- reading --- */

/* False: there is no more. */
static bool fill(struct seen_reader *reader)
{
    buf_consume(&reader->window, reader->at);
    reader->at = 0;
    if (reader->window.len >= FRAME_RECORD_BYTES_MAX + FRAME_HEAD_BYTES)
        return false; /* it would have to be a whole one */
    char *room = buf_reserve(&reader->window, READ_BYTES);
    ssize_t got = pread(reader->fd, room, READ_BYTES, reader->read_to);
    if (got <= 0)
        return false;
    reader->window.len += (size_t)got;
    reader->read_to += got;
    return true;
}

static bool next_record(struct seen_reader *reader, struct str *record_out)
{
    do {
        struct str rest = str_from(buf_str(&reader->window), reader->at);
        if (frame_take(&rest, record_out)) {
            reader->at = reader->window.len - rest.len;
            return true;
        }
    } while (fill(reader));
    reader->is_damaged = true;
    return false;
}

/* The next record, of members where that returns true. */
static bool advance(struct seen_reader *reader)
{
    struct str record;
    struct str path;
    uint64_t kind = 0;
    if (reader->is_over || reader->is_damaged || !next_record(reader, &record) ||
        !frame_take_number(&record, 1, &kind))
        return false;
    reader->entries = record;
    if (kind == 'e')
        return true;
    reader->entries = STR_NONE;
    if (kind == 'd' && frame_take_number(&record, 8, &reader->next_mark) &&
        frame_take_text(&record, &path)) {
        buf_clear(&reader->next);
        buf_add(&reader->next, path);
        reader->has_next = true;
        return false;
    }
    reader->is_over = kind == 't';
    reader->is_damaged = !reader->is_over;
    return false;
}

bool seen_next(struct seen_reader *reader)
{
    while (!reader->has_next && advance(reader))
        continue; /* past the rest of the members */
    if (!reader->has_next)
        return false;
    struct buf here = reader->here;
    reader->here = reader->next;
    reader->next = here;
    reader->has_next = false;
    reader->entries = STR_NONE;
    reader->mark = reader->next_mark;
    reader->path = (struct res_path){reader->here.at, reader->here.len};
    return true;
}

static bool take_entry(struct str *from, struct seen_entry *entry_out)
{
    uint64_t flags;
    uint64_t len;
    if (!frame_take_number(from, 1, &flags) || !frame_take_number(from, 8, &entry_out->mark) ||
        !frame_take_number(from, 1, &len) || len == 0 || len > from->len)
        return false;
    entry_out->name = str_of(from->at, len);
    if (memchr(from->at, '/', len) || memchr(from->at, '\0', len))
        return false; /* no name of a member */
    entry_out->is_collection = flags & FLAG_COLLECTION;
    entry_out->is_new = flags & FLAG_NEW;
    *from = str_from(*from, len);
    return true;
}

bool seen_next_entry(struct seen_reader *reader, struct seen_entry *entry_out)
{
    if (!reader->entries.len && (reader->has_next || !advance(reader)))
        return false;
    reader->is_damaged = !take_entry(&reader->entries, entry_out);
    return !reader->is_damaged;
}

static bool has_tail(const struct seen_reader *reader)
{
    char bytes[TAIL_BYTES];
    struct str record;
    off_t size = lseek(reader->fd, 0, SEEK_END);
    struct str rest = str_of(bytes, sizeof(bytes));
    return size > TAIL_BYTES &&
           pread(reader->fd, bytes, sizeof(bytes), size - TAIL_BYTES) == TAIL_BYTES &&
           frame_take(&rest, &record) && record.at[0] == 't';
}

static bool read_head(struct seen_reader *reader, uint64_t tree)
{
    struct str record;
    uint64_t kind;
    uint64_t format;
    uint64_t of_tree;
    return next_record(reader, &record) && frame_take_number(&record, 1, &kind) && kind == 'h' &&
           frame_take_number(&record, 1, &format) && format == FORMAT &&
           frame_take_number(&record, 8, &of_tree) && of_tree == tree &&
           frame_take_number(&record, 8, &reader->key[0]) &&
           frame_take_number(&record, 8, &reader->key[1]) &&
           frame_take_number(&record, 8, &reader->seq);
}

bool seen_open(struct seen_reader *reader, int home_fd, uint64_t tree)
{
    *reader = (struct seen_reader){
        .fd = openat(home_fd, SEEN_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (reader->fd >= 0 && has_tail(reader) && read_head(reader, tree))
        return true;
    seen_close(reader);
    return false;
}

void seen_close(struct seen_reader *reader)
{
    fd_close(reader->fd);
    buf_done(&reader->window);
    buf_done(&reader->here);
    buf_done(&reader->next);
    *reader = (struct seen_reader){.fd = -1};
}

/* --- writing --- */

static void flush_out(struct seen_writer *writer)
{
    struct str left = buf_str(&writer->out);
    while (left.len && !writer->has_failed) {
        ssize_t done = pwrite(writer->fd, left.at, left.len, writer->written);
        writer->has_failed = done <= 0;
        if (done <= 0)
            break;
        writer->written += done;
        left = str_from(left, (size_t)done);
    }
    buf_clear(&writer->out);
}

static void end_members(struct seen_writer *writer)
{
    if (writer->is_open)
        frame_end(&writer->out, writer->head);
    writer->is_open = false;
    if (writer->out.len >= READ_BYTES)
        flush_out(writer);
}

static size_t begin_record(struct seen_writer *writer, char kind)
{
    end_members(writer);
    size_t head = frame_begin(&writer->out);
    buf_add_char(&writer->out, kind);
    return head;
}

bool seen_begin(struct seen_writer *writer, int home_fd, uint64_t tree, const uint64_t *key,
                uint64_t seq)
{
    *writer = (struct seen_writer){.home_fd = home_fd};
    writer->key[0] = key ? key[0] : random_u64();
    writer->key[1] = key ? key[1] : random_u64();
    (void)unlinkat(home_fd, NEW_NAME, 0); /* of a process that has ended before it was whole */
    writer->fd = openat(home_fd, NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd < 0)
        return false;
    size_t head = begin_record(writer, 'h');
    frame_add_number(&writer->out, FORMAT, 1);
    frame_add_number(&writer->out, tree, 8);
    frame_add_number(&writer->out, writer->key[0], 8);
    frame_add_number(&writer->out, writer->key[1], 8);
    frame_add_number(&writer->out, seq, 8);
    frame_end(&writer->out, head);
    return true;
}

void seen_collection(struct seen_writer *writer, struct res_path path, uint64_t mark)
{
    size_t head = begin_record(writer, 'd');
    frame_add_number(&writer->out, mark, 8);
    frame_add_text(&writer->out, path_str(path));
    frame_end(&writer->out, head);
}

void seen_add(struct seen_writer *writer, const struct seen_entry *entry)
{
    if (writer->is_open && writer->out.len - writer->head >= MEMBERS_BYTES)
        end_members(writer);
    if (!writer->is_open)
        writer->head = begin_record(writer, 'e');
    writer->is_open = true;
    unsigned flags = entry->is_collection ? FLAG_COLLECTION : 0;
    frame_add_number(&writer->out, flags | (entry->is_new ? FLAG_NEW : 0U), 1);
    frame_add_number(&writer->out, entry->mark, 8);
    frame_add_number(&writer->out, entry->name.len, 1);
    buf_add(&writer->out, entry->name);
    writer->count++;
}

struct seen_cursor seen_members(struct seen_writer *writer)
{
    end_members(writer);
    return (struct seen_cursor){.at = writer->written + (off_t)writer->out.len};
}

/* The next collection in a record of members, whose index is put into *at. */
static bool find_collection(struct str record, size_t *at, struct seen_entry *entry_out)
{
    uint64_t kind;
    if (!frame_take_number(&record, 1, &kind))
        return false;
    for (size_t i = 0; kind == 'e' && record.len && take_entry(&record, entry_out); i++) {
        if (i < *at || !entry_out->is_collection)
            continue;
        *at = i;
        return true;
    }
    return false;
}

bool seen_next_collection(struct seen_writer *writer, struct seen_cursor *cursor,
                          char name_out[256], struct seen_entry *entry_out)
{
    char bytes[FRAME_HEAD_BYTES + 2 * MEMBERS_BYTES];
    struct str record;
    if (cursor->at >= writer->written) {
        end_members(writer);
        flush_out(writer);
    }
    for (;;) {
        ssize_t got = pread(writer->fd, bytes, sizeof(bytes), cursor->at);
        struct str rest = str_of(bytes, got > 0 ? (size_t)got : 0);
        if (!frame_take(&rest, &record) || record.at[0] != 'e')
            return false;
        if (find_collection(record, &cursor->skip, entry_out))
            break;
        cursor->at += FRAME_HEAD_BYTES + (off_t)record.len;
        cursor->skip = 0;
    }
    cursor->skip++;
    memcpy(name_out, entry_out->name.at, entry_out->name.len);
    name_out[entry_out->name.len] = '\0';
    entry_out->name.at = name_out;
    return true;
}

bool seen_write_out(struct seen_writer *writer)
{
    size_t head = begin_record(writer, 't');
    frame_add_number(&writer->out, writer->count, 8);
    frame_end(&writer->out, head);
    flush_out(writer);
    writer->has_failed = writer->has_failed || fdatasync(writer->fd) < 0;
    return !writer->has_failed;
}

bool seen_finish(struct seen_writer *writer)
{
    bool is_fine =
        !writer->has_failed && renameat(writer->home_fd, NEW_NAME, writer->home_fd, SEEN_NAME) == 0;
    seen_abort(writer);
    return is_fine;
}

void seen_abort(struct seen_writer *writer)
{
    if (writer->fd >= 0)
        (void)unlinkat(writer->home_fd, NEW_NAME, 0); /* ENOENT: it has its place */
    fd_close(writer->fd);
    buf_done(&writer->out);
    *writer = (struct seen_writer){.fd = -1};
}
