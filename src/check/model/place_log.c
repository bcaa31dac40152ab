/* Places as records of numbers of variable length, in memory up to LOG_MEMORY_BYTES and beyond that
 * in a file without a name, which is gone when it is closed. A place takes some fifty bytes there,
 * most of them its text.
 *
 * A record is: its length, then page, target (both plus one, so that none is 0), line, column, kind
 * (with whether it is left out), and the three texts with their lengths. Numbers have seven bits in
 * a byte, the lowest first.
 *
 * Invariants
 *  (1) what is in `tail` follows what is in the file;
 *  (2) reading leaves the end of the file as the place to write at. */
#include "check/model/place_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "check/model/record.h"

enum { LOG_MEMORY_BYTES = 1 << 22, RAW_BYTES_MAX = 4096, READ_BYTES = 1 << 18 };

struct place_log {
    const char *dir;
    int fd; /* -1: nothing is in a file */
    uint64_t count;
    uint64_t spilled_bytes; /* how many are in the file */
    struct buf tail;
    struct buf record;
};

struct place_log *place_log_new(const char *dir)
{
    struct place_log *log = MEM_NEW(struct place_log);
    log->dir = dir;
    log->fd = -1;
    return log;
}

void place_log_free(struct place_log *log)
{
    if (!log)
        return;
    fd_close(log->fd); /* nobody will read it */
    buf_done(&log->tail);
    buf_done(&log->record);
    mem_free(log);
}

uint64_t place_log_count(const struct place_log *log)
{
    return log->count;
}

/* --- records --- */

static void add_text(struct buf *to, struct str text)
{
    record_add_text(to, str_first(text, RAW_BYTES_MAX));
}

/* False: it is none, which a file of ours does not have. */
static bool read_place(struct str record, struct place *place)
{
    uint64_t page, target;
    uint32_t kind;
    bool is_fine = record_take_number(&record, &page) && record_take_number(&record, &target) &&
                   record_take_u32(&record, UINT32_MAX, &place->at.line) &&
                   record_take_u32(&record, UINT32_MAX, &place->at.column) &&
                   record_take_u32(&record, LINK_KIND_COUNT * 2 - 1, &kind) &&
                   record_take_text(&record, &place->raw) &&
                   record_take_text(&record, &place->text) &&
                   record_take_text(&record, &place->fragment);
    if (!is_fine)
        return false;
    place->page = (uint32_t)page - 1;
    place->target = (uint32_t)target - 1;
    place->kind = (enum link_kind)(kind / 2);
    place->is_left = kind % 2;
    return true;
}

/* --- writing --- */

static int open_nameless(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    struct buf name = {0};
    buf_addf(&name, "%s/davit-check-XXXXXX", dir);
    (void)buf_c(&name); /* puts the NUL there */
    fd = mkostemp(name.at, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(name.at); /* a name that is left does no harm */
    buf_done(&name);
    return fd;
}

static bool spill(struct place_log *log, struct err *err)
{
    if (log->fd < 0 && (log->fd = open_nameless(log->dir)) < 0)
        return err_sys(err, errno, "cannot create a temporary file in '%s'", log->dir);
    for (size_t done = 0; done < log->tail.len;) {
        ssize_t len = write(log->fd, log->tail.at + done, log->tail.len - done);
        if (len < 0 && errno != EINTR)
            return err_sys(err, errno, "cannot write to a temporary file in '%s'", log->dir);
        done += len > 0 ? size_of_ssize(len) : 0;
    }
    log->spilled_bytes += log->tail.len;
    buf_clear(&log->tail);
    return true;
}

bool place_log_add(struct place_log *log, const struct place *place, struct err *err)
{
    struct buf *record = &log->record;
    if (log->tail.len >= LOG_MEMORY_BYTES && !spill(log, err))
        return false;
    buf_clear(record);
    record_add_number(record, (place->page + 1) & UINT32_MAX);
    record_add_number(record, (place->target + 1) & UINT32_MAX);
    record_add_number(record, place->at.line);
    record_add_number(record, place->at.column);
    record_add_number(record, place->kind * 2U + place->is_left);
    add_text(record, place->raw);
    add_text(record, place->text);
    add_text(record, place->fragment);
    record_add_text(&log->tail, buf_str(record));
    log->count++;
    return true;
}

/* --- reading --- */

uint64_t place_log_bytes(const struct place_log *log)
{
    return log->spilled_bytes + log->tail.len;
}

bool place_log_read(struct place_log *log, uint64_t from, struct buf *to, struct err *err)
{
    if (from >= log->spilled_bytes) {
        struct str rest = str_from(buf_str(&log->tail), (size_t)(from - log->spilled_bytes));
        buf_add(to, str_first(rest, READ_BYTES));
        return true;
    }
    size_t want = (size_t)u64_min(READ_BYTES, log->spilled_bytes - from);
    ssize_t len = pread(log->fd, buf_reserve(to, want), want, i64_of_u64(from));
    if (len <= 0)
        return err_sys(err, len < 0 ? errno : EIO, "cannot read a temporary file");
    to->len += size_of_ssize(len);
    return true;
}

bool place_log_visit_some(struct str *bytes, struct place_visitor *visitor)
{
    struct str record;
    struct place place;
    while (record_take_text(bytes, &record)) {
        if (!read_place(record, &place) || !visitor->visit(visitor, &place))
            return false;
    }
    return true;
}

static bool visit_file(struct place_log *log, struct place_visitor *visitor, struct err *err)
{
    struct buf bytes = {0};
    off_t at = 0;
    bool is_fine = true;
    while (is_fine) {
        ssize_t len = pread(log->fd, buf_reserve(&bytes, READ_BYTES), READ_BYTES, at);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            is_fine = err_sys(err, errno, "cannot read a temporary file");
        if (len <= 0)
            break;
        bytes.len += size_of_ssize(len);
        at += len;
        struct str rest = buf_str(&bytes);
        is_fine = place_log_visit_some(&rest, visitor);
        buf_consume(&bytes, bytes.len - rest.len);
    }
    buf_done(&bytes);
    return is_fine;
}

bool place_log_visit(struct place_log *log, struct place_visitor *visitor, struct err *err)
{
    if (log->fd >= 0 && !visit_file(log, visitor, err))
        return false;
    struct str rest = buf_str(&log->tail);
    return place_log_visit_some(&rest, visitor);
}
