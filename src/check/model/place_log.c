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

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"

enum { LOG_MEMORY_BYTES = 1 << 22, RAW_BYTES_MAX = 4096, READ_BYTES = 1 << 18 };

struct place_log {
    const char *dir;
    int fd; /* -1: nothing is in a file */
    uint64_t count;
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

static void add_number(struct buf *to, uint64_t value)
{
    while (value >= 0x80) {
        buf_add_char(to, (char)(value | 0x80));
        value >>= 7;
    }
    buf_add_char(to, (char)value);
}

static void add_text(struct buf *to, struct str text)
{
    text = str_first(text, RAW_BYTES_MAX);
    add_number(to, text.len);
    buf_add(to, text);
}

/* False: the number goes on behind the end of `bytes`. */
static bool take_number(struct str *bytes, uint64_t *value_out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes->len && i < 10; i++) {
        unsigned char c = (unsigned char)bytes->at[i];
        value |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c < 0x80) {
            *bytes = str_from(*bytes, i + 1);
            *value_out = value;
            return true;
        }
    }
    return false;
}

static uint64_t get_number(struct str *bytes)
{
    uint64_t value;
    bool is_there = take_number(bytes, &value);
    assert(is_there); /* we wrote it */
    return value;
}

static struct str get_text(struct str *bytes)
{
    uint64_t len = get_number(bytes);
    struct str text = str_first(*bytes, (size_t)len);
    *bytes = str_from(*bytes, (size_t)len);
    return text;
}

static struct place place_of(struct str record)
{
    struct place place;
    place.page = (uint32_t)get_number(&record) - 1;
    place.target = (uint32_t)get_number(&record) - 1;
    place.at.line = (uint32_t)get_number(&record);
    place.at.column = (uint32_t)get_number(&record);
    uint64_t kind = get_number(&record);
    place.kind = (enum link_kind)(kind / 2);
    place.is_left = kind % 2;
    place.raw = get_text(&record);
    place.text = get_text(&record);
    place.fragment = get_text(&record);
    return place;
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
    buf_clear(&log->tail);
    return true;
}

bool place_log_add(struct place_log *log, const struct place *place, struct err *err)
{
    struct buf *record = &log->record;
    if (log->tail.len >= LOG_MEMORY_BYTES && !spill(log, err))
        return false;
    buf_clear(record);
    add_number(record, (place->page + 1) & UINT32_MAX);
    add_number(record, (place->target + 1) & UINT32_MAX);
    add_number(record, place->at.line);
    add_number(record, place->at.column);
    add_number(record, place->kind * 2U + place->is_left);
    add_text(record, place->raw);
    add_text(record, place->text);
    add_text(record, place->fragment);
    add_number(&log->tail, record->len);
    buf_add(&log->tail, buf_str(record));
    log->count++;
    return true;
}

/* --- reading --- */

/* Visits the whole records at the start of `bytes`; what is left is a part of one. */
static bool visit_some(struct str *bytes, struct place_visitor *visitor)
{
    for (;;) {
        struct str rest = *bytes;
        uint64_t len;
        if (!take_number(&rest, &len) || rest.len < len)
            return true;
        *bytes = str_from(rest, (size_t)len);
        const struct place place = place_of(str_first(rest, (size_t)len));
        if (!visitor->visit(visitor, &place))
            return false;
    }
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
        is_fine = visit_some(&rest, visitor);
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
    return visit_some(&rest, visitor);
}
