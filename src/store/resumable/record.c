/* The file `info` of a resumable upload: what changes first, in two places that are written in
 * turn, then what was said at its creation and stays.
 *
 *   info  = note, zeros up to 256, note, zeros up to 512, head
 *   note  = a frame (store/record/frame.h): serial, state, sizes, times, what it has become
 *   head  = a frame: owner, id, target, hashes, conditions, the front end's note
 *
 * A note that a crash has cut off has a wrong checksum, and then the other one counts, which is the
 * one before it. So to note something costs one write of a page's part, whatever there is, and what
 * is told of an upload that nobody fills is read from its file: nothing of it is in memory.
 *
 * The record is what was said, and the content is what is there: of the two, less is told. A
 * content that has gone, or has a second name, was committed if that was noted before. Any other
 * failure to look at it is a failure, and not an answer: it may be the disk. What is no file at all
 * was put there by somebody else, and may be what a call would wait on for ever.
 *
 * Rejected: a journal of all uploads with a table in memory, as locks have one. Who looks from
 * another process (`davit upload`) could not read what the server has not written yet, and a
 * thousand idle uploads would be a thousand rows; a look at one is two system calls as it is. */
#include "store/resumable/record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "store/journal.h"
#include "store/record/frame.h"

enum { NOTE_BYTES = 256, HEAD_AT = 2 * NOTE_BYTES, READ_BYTES_MAX = HEAD_AT + 2 * 16384 };

enum {
    FLAG_DONE = 1,
    FLAG_COMMITTING = 2,
    FLAG_NEW = 4,
    FLAG_STAT = 8,
    FLAG_NEXT = 16,
    FLAG_EXECUTABLE = 32
};

/* --- system calls --- */

enum store_rc resumable_rc(int code, const char *what)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STORE_NO_SPACE;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return STORE_BUSY;
    case EROFS:
        return STORE_READ_ONLY;
    case ENOENT:
        return STORE_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return STORE_EXISTS;
    default:
        log_line(LOG_ERROR, "resumable uploads: %s: %s", what, strerrordesc_np(code));
        return STORE_FAILED;
    }
}

enum store_rc write_at(int fd, uint64_t offset, struct str bytes)
{
    while (bytes.len) {
        ssize_t done = pwrite(fd, bytes.at, bytes.len, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return resumable_rc(errno, "cannot write");
        offset += (uint64_t)done;
        bytes = str_from(bytes, (size_t)done);
    }
    return STORE_OK;
}

enum store_rc record_flush(int fd)
{
    return fdatasync(fd) == 0 ? STORE_OK : resumable_rc(errno, "cannot flush");
}

uint64_t record_boot(void)
{
    static const uint64_t key[2] = {1, 2};
    char room[BOOT_ID_BYTES];
    return hash_bytes_with(key, boot_id(room)) | 1;
}

/* --- notes --- */

static unsigned flags_of(const struct record *record)
{
    const struct resumable *told = &record->told;
    return (told->is_done ? FLAG_DONE : 0U) | (record->is_committing ? FLAG_COMMITTING : 0U) |
           (told->was_new ? FLAG_NEW : 0U) | (told->has_stat ? FLAG_STAT : 0U) |
           (record->has_next ? FLAG_NEXT : 0U) | (told->stat.is_executable ? FLAG_EXECUTABLE : 0U);
}

/* The numbers of a note, in their order in the file. */
enum { NOTE_NUMBERS = 12 };

static void numbers_of(const struct record *record, uint64_t numbers_out[NOTE_NUMBERS])
{
    const struct store_stat *stat = &record->told.stat;
    const uint64_t numbers[NOTE_NUMBERS] = {
        record->serial,
        flags_of(record),
        record->told.wish.size_bytes,
        record->told.received_bytes,
        (uint64_t)record->touched_s,
        record->boot,
        record->joined,
        record->next,
        stat->size_bytes,
        stat->version,
        (uint64_t)stat->modified_s,
        (uint64_t)stat->created_s,
    };
    memcpy(numbers_out, numbers, sizeof(numbers));
}

static void set_numbers(struct record *record, const uint64_t numbers[NOTE_NUMBERS])
{
    uint64_t flags = numbers[1];
    record->serial = numbers[0];
    record->told.is_done = flags & FLAG_DONE;
    record->is_committing = flags & FLAG_COMMITTING;
    record->told.was_new = flags & FLAG_NEW;
    record->told.has_stat = flags & FLAG_STAT;
    record->has_next = flags & FLAG_NEXT;
    record->told.wish.size_bytes = numbers[2];
    record->told.received_bytes = numbers[3];
    record->touched_s = (int64_t)numbers[4];
    record->boot = numbers[5];
    record->joined = numbers[6];
    record->next = numbers[7];
    record->told.stat = (struct store_stat){
        .is_executable = flags & FLAG_EXECUTABLE,
        .size_bytes = numbers[8],
        .version = numbers[9],
        .modified_s = (int64_t)numbers[10],
        .created_s = (int64_t)numbers[11],
    };
}

enum store_rc record_note(int fd, struct record *record, enum note_kind kind)
{
    struct buf bytes = {0};
    uint64_t numbers[NOTE_NUMBERS];
    record->serial++;
    record->touched_s = clock_wall_ms() / 1000;
    if (kind != NOTE_MARK)
        record->boot = kind == NOTE_FLUSHED ? 0 : record_boot();
    numbers_of(record, numbers);
    size_t head = frame_begin(&bytes);
    for (size_t i = 0; i < NOTE_NUMBERS; i++)
        frame_add_number(&bytes, numbers[i], 8);
    frame_end(&bytes, head);
    enum store_rc rc = write_at(fd, record->serial % 2 * NOTE_BYTES, buf_str(&bytes));
    buf_done(&bytes);
    return rc == STORE_OK && kind == NOTE_FLUSHED ? record_flush(fd) : rc;
}

static bool take_note(void *arg, struct str bytes)
{
    struct record *record = arg;
    uint64_t numbers[NOTE_NUMBERS];
    for (size_t i = 0; i < NOTE_NUMBERS; i++) {
        if (!frame_take_number(&bytes, 8, &numbers[i]))
            return false;
    }
    if (numbers[0] > record->serial)
        set_numbers(record, numbers);
    return true;
}

/* --- the head --- */

enum { HEAD_VERSION = 1 };

static void add_hashes(struct buf *to, const struct content_hashes *hashes)
{
    for (size_t i = 0; i < CONTENT_HASH_COUNT; i++)
        frame_add_text(to, str_of((const char *)hashes->of[i].bytes, hashes->of[i].len));
}

static bool take_hashes(struct str *from, struct content_hashes *hashes_out)
{
    for (size_t i = 0; i < CONTENT_HASH_COUNT; i++) {
        struct str text;
        if (!frame_take_text(from, &text) || text.len > CONTENT_HASH_BYTES_MAX)
            return false;
        hashes_out->of[i].len = text.len;
        if (text.len)
            memcpy(hashes_out->of[i].bytes, text.at, text.len);
    }
    return true;
}

enum { HEAD_TEXTS = 7 };

static void texts_of(struct resumable_wish *wish, struct str *texts_out[HEAD_TEXTS])
{
    struct str *const texts[HEAD_TEXTS] = {&wish->owner,         &wish->id,        &wish->if_match,
                                           &wish->if_none_match, &wish->if_header, &wish->note};
    memcpy(texts_out, texts, sizeof(texts));
}

enum store_rc record_write(int fd, const struct record *record)
{
    struct resumable_wish wish = record->told.wish;
    struct str *texts[HEAD_TEXTS];
    struct buf bytes = {0};
    texts_of(&wish, texts);
    size_t head = frame_begin(&bytes);
    frame_add_number(&bytes, HEAD_VERSION, 1);
    for (size_t i = 0; i < HEAD_TEXTS && texts[i]; i++)
        frame_add_text(&bytes, *texts[i]);
    frame_add_text(&bytes, str_of(wish.target.at, wish.target.len));
    frame_add_number(&bytes, wish.sets_modified, 1);
    frame_add_number(&bytes, (uint64_t)wish.modified_s, 8);
    add_hashes(&bytes, &wish.hashes);
    frame_end(&bytes, head);
    enum store_rc rc = write_at(fd, HEAD_AT, buf_str(&bytes));
    buf_done(&bytes);
    return rc;
}

struct head_reader {
    struct record *record;
    struct arena *arena;
    bool is_there;
};

static bool take_head(void *arg, struct str bytes)
{
    struct head_reader *reader = arg;
    struct resumable_wish *wish = &reader->record->told.wish;
    struct str *texts[HEAD_TEXTS];
    struct str target;
    uint64_t version;
    uint64_t sets_modified;
    uint64_t modified_s;
    texts_of(wish, texts);
    if (!frame_take_number(&bytes, 1, &version) || version != HEAD_VERSION)
        return false;
    for (size_t i = 0; i < HEAD_TEXTS && texts[i]; i++) {
        if (!frame_take_text(&bytes, texts[i]))
            return false;
        *texts[i] = arena_str(reader->arena, *texts[i]);
    }
    if (!frame_take_text(&bytes, &target) || !frame_take_number(&bytes, 1, &sets_modified) ||
        !frame_take_number(&bytes, 8, &modified_s) || !take_hashes(&bytes, &wish->hashes))
        return false;
    wish->target = path_copy(reader->arena, (struct res_path){target.at, target.len});
    wish->sets_modified = sets_modified != 0;
    wish->modified_s = (int64_t)modified_s;
    reader->is_there = true;
    return true;
}

/* --- reading --- */

/* Nothing is taken for what it may not be: what was received before the machine went down without a
 * flush may be anything by now. */
static void trust_this_boot_only(struct record *record)
{
    if (!record->boot || record->boot == record_boot() || record->told.is_done)
        return;
    record->boot = record_boot();
    record->told.received_bytes = 0;
    record->joined = 0;
    record->has_next = false;
}

enum store_rc record_read(int fd, struct arena *arena, struct record *record_out)
{
    struct buf bytes = {0};
    struct record record = {0};
    struct head_reader reader = {&record, arena, false};
    ssize_t got = pread(fd, buf_reserve(&bytes, READ_BYTES_MAX), READ_BYTES_MAX, 0);
    int code = got < 0 ? errno : 0;
    bytes.len = got > 0 ? (size_t)got : 0;
    struct str all = buf_str(&bytes);
    (void)frames_replay(str_first(all, NOTE_BYTES), take_note, &record);
    (void)frames_replay(str_first(str_from(all, NOTE_BYTES), NOTE_BYTES), take_note, &record);
    uint64_t size_bytes = record.told.wish.size_bytes;
    (void)frames_replay(str_from(all, HEAD_AT), take_head, &reader);
    record.told.wish.size_bytes = size_bytes;
    buf_done(&bytes);
    if (code)
        return resumable_rc(code, "cannot read");
    if (!record.serial || !reader.is_there)
        return STORE_NOT_FOUND;
    trust_this_boot_only(&record);
    *record_out = record;
    return STORE_OK;
}

/* --- what there is --- */

enum store_rc record_hold(struct record *record, int dir_fd, const char *content)
{
    struct resumable *told = &record->told;
    struct stat st;
    if (told->is_done)
        return STORE_OK;
    bool is_there = fstatat(dir_fd, content, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && (errno != ENOENT || !record->is_committing))
        return resumable_rc(errno, "cannot look at a file");
    if (is_there && !S_ISREG(st.st_mode))
        return resumable_rc(EINVAL, "the content is no file");
    if (is_there)
        told->received_bytes = u64_min(told->received_bytes, (uint64_t)st.st_size);
    /* (3); what has two names was linked to its place, and not yet unlinked here, when a crash came
     */
    told->is_done = record->is_committing && (!is_there || st.st_nlink > 1);
    return STORE_OK;
}
