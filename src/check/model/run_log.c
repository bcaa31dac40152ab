/* A run as a log of what it has found. It is written now and then, between two turns of the run, so
 * that it is of one moment: of a target either all is there, its verdict and the links in it, or it
 * is still to be looked at.
 *
 *     frame: magic, length, hash, whether it is the last of a save; then records
 *     records: 'T' a target as it is now   'P' places   'N' names   'M' a member of a 207
 *              'R' a trap as it is now   'S' the state of who keeps the log   'A' what he adds
 *
 * The first frame is the head. What stands behind the last save that is whole is as if it had never
 * been written: it was cut off by a kill. That is all that a kill can do; a hash tells what a disk
 * does.
 *
 * Whether a target has changed is found out by looking at all of them: a mark for each, of what
 * would be written. That is a few milliseconds for a hundred thousand, and nobody who changes a
 * target has to know of it. Places, names and members are only ever added.
 *
 * The file is locked (flock) while somebody is at the run, so a run that was killed is told from
 * one that goes on.
 *
 * Rejected: tables in the history. Ten million places cost more there than to parse their pages,
 * and leave a file of that size behind. And to write verdicts into the history as they come: what
 * is said of a link is known at the end only (outcome.c). */
#include "check/model/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "check/model/place_log.h"
#include "check/model/record.h"

enum {
    FORMAT = 1, /* of all that is written; rises when any of it changes */
    MAGIC = 0x676f6c72,
    FRAME_BYTES = 1 << 18,
    FRAME_BYTES_MAX = 1 << 28,
};

struct frame {
    uint32_t magic;
    uint32_t len;
    uint64_t hash;
    uint64_t is_last;
};

struct run_log {
    char *path;
    int fd;
    int code;    /* why it could not be read; 0: it could, as far as it goes */
    int64_t end; /* of the last save that is whole */
    int64_t at;  /* where the next frame goes */
    struct run_log_head head;
    struct arena arena; /* of the head */
    uint64_t names_key[2];
    struct buf frame;
    uint32_t *marks; /* of each target that was written */
    uint32_t mark_count;
    uint64_t place_bytes; /* of those that were written */
};

/* --- frames --- */

static uint64_t hash_of(struct str bytes)
{
    static const uint64_t key[2] = {0x646176697420636b, 0x72756e206c6f6720};
    return hash_bytes_with(key, bytes);
}

static bool write_all(struct run_log *log, struct str bytes, struct err *err)
{
    while (bytes.len) {
        ssize_t len = pwrite(log->fd, bytes.at, bytes.len, log->at);
        if (len < 0 && errno != EINTR)
            return err_sys(err, errno, "cannot write '%s'", log->path);
        size_t done = len > 0 ? size_of_ssize(len) : 0;
        log->at += i64_of_u64(done);
        bytes = str_from(bytes, done);
    }
    return true;
}

static bool flush(struct run_log *log, bool is_last, struct err *err)
{
    struct str bytes = buf_str(&log->frame);
    const struct frame frame = {MAGIC, u32_of_size(bytes.len), hash_of(bytes), is_last};
    bool is_fine = write_all(log, str_of((const char *)&frame, sizeof(frame)), err) &&
                   write_all(log, bytes, err);
    buf_clear(&log->frame);
    if (is_fine && is_last)
        log->end = log->at;
    return is_fine;
}

/* Room for the next record. */
static bool make_room(struct run_log *log, struct err *err)
{
    return log->frame.len < FRAME_BYTES || flush(log, false, err);
}

static bool read_exactly(struct run_log *log, int64_t at, void *to, size_t len)
{
    char *bytes = to;
    for (size_t done = 0; done < len;) {
        ssize_t got = pread(log->fd, bytes + done, len - done, at + i64_of_u64(done));
        if (got < 0 && errno == EINTR)
            continue;
        log->code = got < 0 ? errno : 0;
        if (got <= 0)
            return false;
        done += size_of_ssize(got);
    }
    return true;
}

/* The frame at *at, into log->frame; *at is then behind it. False: there is no whole one. */
static bool read_frame(struct run_log *log, int64_t *at, bool *is_last)
{
    struct frame frame;
    buf_clear(&log->frame);
    if (!read_exactly(log, *at, &frame, sizeof(frame)) || frame.magic != MAGIC ||
        frame.len > FRAME_BYTES_MAX)
        return false;
    int64_t behind = *at + i64_of_u64(sizeof(frame));
    if (!read_exactly(log, behind, buf_reserve(&log->frame, frame.len), frame.len))
        return false;
    log->frame.len = frame.len;
    *is_last = frame.is_last;
    *at = behind + frame.len;
    return hash_of(buf_str(&log->frame)) == frame.hash;
}

/* --- the head --- */

static void add_head(struct run_log *log, const struct run_log_head *head)
{
    const struct history_run *run = &head->run;
    record_add_number(&log->frame, FORMAT);
    record_add_text(&log->frame, STR(DAVIT_VERSION));
    record_add_number(&log->frame, (uint64_t)run->id);
    record_add_number(&log->frame, (uint64_t)run->started_ms);
    record_add_number(&log->frame, run->bad);
    record_add_number(&log->frame, run->after_bad);
    record_add_number(&log->frame, run->rules.redirects_max);
    record_add_number(&log->frame, run->rules.with_fragments);
    record_add_number(&log->frame, run->rules.tells_moved);
    record_add_number(&log->frame, head->mark);
    record_add_text(&log->frame, str_of((const char *)log->names_key, sizeof(log->names_key)));
    record_add_text(&log->frame, head->settings);
}

static bool take_head(struct run_log *log)
{
    struct str bytes = buf_str(&log->frame), version, key, settings;
    struct run_log_head *head = &log->head;
    struct history_run *run = &head->run;
    uint64_t format, id, started, bad, fragments, moved;
    bool is_fine = record_take_number(&bytes, &format) && format == FORMAT &&
                   record_take_text(&bytes, &version) && str_eq(version, STR(DAVIT_VERSION)) &&
                   record_take_number(&bytes, &id) && record_take_number(&bytes, &started) &&
                   record_take_number(&bytes, &bad) &&
                   record_take_u32(&bytes, UINT32_MAX, &run->after_bad) &&
                   record_take_u32(&bytes, UINT32_MAX, &run->rules.redirects_max) &&
                   record_take_number(&bytes, &fragments) && record_take_number(&bytes, &moved) &&
                   record_take_number(&bytes, &head->mark) && record_take_text(&bytes, &key) &&
                   key.len == sizeof(log->names_key) && record_take_text(&bytes, &settings);
    if (!is_fine)
        return false;
    run->id = i64_of_u64(id);
    run->started_ms = i64_of_u64(started);
    run->bad = (verdict_set)bad;
    run->rules.with_fragments = fragments;
    run->rules.tells_moved = moved;
    memcpy(log->names_key, key.at, key.len);
    head->settings = arena_str(&log->arena, settings);
    return true;
}

const struct run_log_head *run_log_head(const struct run_log *log)
{
    return &log->head;
}

void run_log_watch(const struct run_log *log, struct site *site)
{
    site_note_names(site, log->names_key);
}

/* --- life --- */

static struct run_log *log_new(const char *path, int fd)
{
    struct run_log *log = MEM_NEW(struct run_log);
    log->path = mem_copy_text(path, strlen(path));
    log->fd = fd;
    return log;
}

void run_log_free(struct run_log *log)
{
    if (!log)
        return;
    fd_close(log->fd); /* what was not saved is not asked for */
    buf_done(&log->frame);
    arena_done(&log->arena);
    mem_free(log->marks);
    mem_free(log->path);
    mem_free(log);
}

void run_log_remove(struct run_log *log)
{
    if (log)
        (void)unlink(log->path); /* the history says that the run is over */
    run_log_free(log);
}

/* A log, of whatever version, or nothing yet. What else has that name is somebody's. */
static bool is_log(int fd)
{
    uint32_t magic = MAGIC;
    ssize_t len = pread(fd, &magic, sizeof(magic), 0);
    return len == 0 || (len == sizeof(magic) && magic == MAGIC);
}

/* Whether the file still has its name: who was at it may have taken it away just now. */
static bool has_name(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && info.st_nlink > 0;
}

struct run_log *run_log_create(const char *path, const struct run_log_head *head, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && !is_log(fd)) {
        err_set(err, 0, "'%s' is no log of davit check, and is left alone", path);
        fd_close(fd);
        return NULL;
    }
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(fd, 0) < 0) {
        err_sys(err, errno, "cannot keep what is found in '%s'", path);
        fd_close(fd);
        return NULL;
    }
    struct run_log *log = log_new(path, fd);
    random_bytes(log->names_key, sizeof(log->names_key));
    log->head = *head;
    log->head.settings = arena_str(&log->arena, head->settings);
    add_head(log, head);
    if (flush(log, true, err))
        return log;
    run_log_free(log);
    return NULL;
}

/* Where the last whole save ends. */
static int64_t find_end(struct run_log *log)
{
    int64_t at = 0, end = 0;
    bool is_last;
    while (read_frame(log, &at, &is_last))
        end = is_last ? at : end;
    return end;
}

enum run_log_rc run_log_open(const char *path, struct run_log **log_out, struct err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return RUN_LOG_NONE;
    if (fd < 0) {
        err_sys(err, errno, "cannot open '%s'", path);
        return RUN_LOG_STRANGE;
    }
    struct run_log *log = log_new(path, fd);
    int64_t at = 0;
    bool is_last;
    enum run_log_rc rc = RUN_LOG_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        rc = RUN_LOG_BUSY;
    else if (!has_name(fd))
        rc = RUN_LOG_NONE;
    else if (!read_frame(log, &at, &is_last) || !take_head(log))
        rc = RUN_LOG_STRANGE;
    else
        log->end = log->at = find_end(log);
    if (rc == RUN_LOG_OK && log->code == 0) {
        (void)!ftruncate(fd, log->end); /* what stays is written over */
        *log_out = log;
        return rc;
    }
    if (log->code)
        err_sys(err, log->code, "cannot read '%s'", path);
    else
        err_set(err, 0, "'%s' is damaged, or another version's", path);
    rc = log->code ? RUN_LOG_STRANGE : rc;
    run_log_free(log);
    return rc;
}

/* --- writing --- */

/* A target that is under way will have to be asked for again. */
static uint8_t state_of(const struct target *target)
{
    return target->state == TARGET_UNDER_WAY ? TARGET_QUEUED : target->state;
}

/* A hash of what add_target() writes. */
static uint32_t mark_of(const struct target *target)
{
    const uint32_t parts[] = {
        target->flags,
        target->redirect_to,
        target->found_on,
        target->note,
        target->time_ms,
        (uint32_t)target->status << 16 | target->depth,
        (uint32_t)state_of(target) << 24 | (uint32_t)target->verdict << 16 |
            (uint32_t)target->redirect_kind << 8 | target->hops,
        target->host != TARGET_NONE,
    };
    uint64_t mark = 0x9e3779b97f4a7c15;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        mark = (mark ^ parts[i]) * 0xff51afd7ed558ccd, mark ^= mark >> 32;
    return (uint32_t)mark;
}

static void add_target(struct run_log *log, const struct site *site, uint32_t id)
{
    const struct target *target = site_at(site, id);
    const struct fragment *fragment = site_redirect_fragment(site, id);
    struct buf *to = &log->frame;
    buf_add_char(to, 'T');
    record_add_number(to, id);
    if (id >= log->mark_count)
        record_add_text(to, site_url(site, id));
    record_add_number(to, target->flags);
    record_add_number(to, (uint64_t)target->redirect_to + 1);
    record_add_number(to, (uint64_t)target->found_on + 1);
    record_add_number(to, target->time_ms);
    record_add_number(to, target->status);
    record_add_number(to, target->depth);
    record_add_number(to, state_of(target));
    record_add_number(to, target->verdict);
    record_add_number(to, target->redirect_kind);
    record_add_number(to, target->hops);
    record_add_number(to, target->host != TARGET_NONE);
    record_add_text(to, str_of_c(site_note(site, id)));
    record_add_number(to, fragment != NULL);
    if (fragment) {
        record_add_text(to, fragment->raw);
        record_add_text(to, fragment->decoded);
    }
}

static bool save_targets(struct run_log *log, const struct site *site, struct err *err)
{
    uint32_t count = site_target_count(site);
    if (count > log->mark_count)
        log->marks = mem_resize(log->marks, count * sizeof(*log->marks));
    for (uint32_t id = 0; id < count; id++) {
        uint32_t mark = mark_of(site_at(site, id));
        if (id < log->mark_count && log->marks[id] == mark)
            continue;
        if (!make_room(log, err))
            return false;
        add_target(log, site, id);
        log->marks[id] = mark;
        log->mark_count += id == log->mark_count;
    }
    return true;
}

static bool save_places(struct run_log *log, const struct site *site, struct err *err)
{
    struct place_log *places = site_places(site);
    struct buf piece = {0};
    bool is_fine = true;
    while (is_fine && log->place_bytes < place_log_bytes(places)) {
        buf_clear(&piece);
        is_fine = make_room(log, err) && place_log_read(places, log->place_bytes, &piece, err);
        log->place_bytes += piece.len;
        buf_add_char(&log->frame, 'P');
        record_add_text(&log->frame, buf_str(&piece));
    }
    buf_done(&piece);
    return is_fine;
}

static void add_member(struct run_log *log, uint32_t number, const struct member *member)
{
    struct buf *to = &log->frame;
    buf_add_char(to, 'M');
    record_add_number(to, number);
    record_add_number(to, member->target);
    record_add_number(to, member->status);
    record_add_number(to, member->kind);
    record_add_number(to, member->verdict);
    record_add_number(to, (uint64_t)member->cause + 1);
    record_add_text(to, member->href);
    record_add_text(to, member->props);
    record_add_text(to, member->condition);
    record_add_text(to, member->description);
    record_add_text(to, member->location);
}

/* Those of a body that has not ended may be of no use: it will be asked for again. */
static bool save_members(struct run_log *log, struct site *site, struct err *err)
{
    uint32_t count;
    (void)site_members(site, &count); /* one by one */
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = site_member(site, i);
        if (member->is_kept || site_at(site, member->target)->state != TARGET_DONE)
            continue;
        if (!make_room(log, err))
            return false;
        add_member(log, i, member);
        member->is_kept = true;
    }
    return true;
}

/* All of them each time: there are few, and they change. */
static bool save_traps(struct run_log *log, const struct site *site, struct err *err)
{
    uint32_t count;
    const struct trap *traps = site_traps(site, &count);
    bool is_fine = true;
    for (uint32_t i = 0; i < count && is_fine; i++) {
        is_fine = make_room(log, err);
        buf_add_char(&log->frame, 'R');
        record_add_number(&log->frame, i);
        record_add_text(&log->frame, traps[i].pattern);
        record_add_number(&log->frame, traps[i].example);
        record_add_number(&log->frame, traps[i].left_out);
    }
    return is_fine;
}

static bool save_text(struct run_log *log, char tag, struct str text, struct err *err)
{
    if (!make_room(log, err))
        return false;
    buf_add_char(&log->frame, tag);
    record_add_text(&log->frame, text);
    return true;
}

bool run_log_save(struct run_log *log, struct site *site, const struct run_log_more *more,
                  struct err *err)
{
    bool is_fine = save_targets(log, site, err) && save_places(log, site, err) &&
                   save_members(log, site, err) && save_traps(log, site, err) &&
                   save_text(log, 'N', site_new_names(site), err) &&
                   save_text(log, 'A', buf_str(&more->added), err) &&
                   save_text(log, 'S', buf_str(&more->state), err) && flush(log, true, err);
    site_forget_new_names(site);
    return is_fine;
}

/* --- reading --- */

struct loading {
    struct place_visitor visitor;
    struct site *site;
    struct run_log_more *more;
    struct buf places; /* the beginning of one */
    uint32_t *members; /* by their numbers in the file: ours, plus one */
    size_t member_count;
    struct err *err; /* of the site's own files */
};

static bool is_target(const struct loading *loading, uint32_t id)
{
    return id == TARGET_NONE || id < site_target_count(loading->site);
}

static bool take_u8(struct str *bytes, uint32_t most, uint8_t *value_out)
{
    uint32_t value = 0;
    bool is_fine = record_take_u32(bytes, most, &value);
    *value_out = (uint8_t)value;
    return is_fine;
}

static bool take_u16(struct str *bytes, uint16_t *value_out)
{
    uint32_t value = 0;
    bool is_fine = record_take_u32(bytes, UINT16_MAX, &value);
    *value_out = (uint16_t)value;
    return is_fine;
}

/* A number, written plus one so that TARGET_NONE is the largest. */
static bool take_id(struct str *bytes, uint32_t *id_out)
{
    uint64_t value;
    if (!record_take_number(bytes, &value) || value == 0 || value - 1 > TARGET_NONE)
        return false;
    *id_out = (uint32_t)(value - 1);
    return true;
}

static bool take_fragment(struct loading *loading, struct str *bytes, uint32_t id)
{
    struct fragment fragment;
    uint32_t has;
    if (!record_take_u32(bytes, 1, &has))
        return false;
    if (has &&
        !(record_take_text(bytes, &fragment.raw) && record_take_text(bytes, &fragment.decoded)))
        return false;
    site_set_redirect_fragment(loading->site, id, has ? &fragment : NULL);
    return true;
}

static bool load_target(struct loading *loading, struct str *bytes)
{
    uint32_t id, count = site_target_count(loading->site), has_host;
    struct str url, note;
    bool is_new = true;
    if (!record_take_u32(bytes, count, &id))
        return false;
    if (id == count && (!record_take_text(bytes, &url) ||
                        site_target(loading->site, url, &is_new) != id || !is_new))
        return false;
    struct target *target = site_at(loading->site, id);
    bool is_fine =
        record_take_u32(bytes, UINT32_MAX, &target->flags) &&
        take_id(bytes, &target->redirect_to) && take_id(bytes, &target->found_on) &&
        record_take_u32(bytes, UINT32_MAX, &target->time_ms) && take_u16(bytes, &target->status) &&
        take_u16(bytes, &target->depth) && take_u8(bytes, TARGET_DONE, &target->state) &&
        take_u8(bytes, VERDICT_COUNT - 1, &target->verdict) &&
        take_u8(bytes, REDIRECT_KIND_COUNT - 1, &target->redirect_kind) &&
        take_u8(bytes, UINT8_MAX, &target->hops) && record_take_u32(bytes, 1, &has_host) &&
        record_take_text(bytes, &note) && take_fragment(loading, bytes, id);
    if (!is_fine)
        return false;
    target->host = has_host ? 0 : TARGET_NONE;
    target->note = 0;
    site_set_note(loading->site, id, note);
    return true;
}

static bool load_place(struct place_visitor *visitor, const struct place *place)
{
    struct loading *loading = CONTAINER_OF(visitor, struct loading, visitor);
    return is_target(loading, place->page) && is_target(loading, place->target) &&
           site_add_place(loading->site, place, loading->err);
}

/* A piece may end within a place. */
static bool load_places(struct loading *loading, struct str piece)
{
    buf_add(&loading->places, piece);
    struct str rest = buf_str(&loading->places);
    bool is_fine = place_log_visit_some(&rest, &loading->visitor);
    buf_consume(&loading->places, loading->places.len - rest.len);
    return is_fine;
}

static bool load_member(struct loading *loading, struct str *bytes)
{
    struct member member = {.is_kept = true};
    uint32_t number;
    bool is_fine =
        record_take_u32(bytes, FRAME_BYTES_MAX, &number) &&
        record_take_u32(bytes, TARGET_NONE - 1, &member.target) &&
        is_target(loading, member.target) && take_u16(bytes, &member.status) &&
        take_u8(bytes, MEMBER_PROPSTAT, &member.kind) &&
        take_u8(bytes, VERDICT_COUNT - 1, &member.verdict) && take_id(bytes, &member.cause) &&
        record_take_text(bytes, &member.href) && record_take_text(bytes, &member.props) &&
        record_take_text(bytes, &member.condition) &&
        record_take_text(bytes, &member.description) && record_take_text(bytes, &member.location);
    if (!is_fine)
        return false;
    if (number >= loading->member_count) {
        size_t count = size_max(number + (size_t)1, loading->member_count * 2);
        loading->members = mem_resize(loading->members, count * sizeof(*loading->members));
        memset(loading->members + loading->member_count, 0,
               (count - loading->member_count) * sizeof(*loading->members));
        loading->member_count = count;
    }
    loading->members[number] = site_add_member(loading->site, &member) + 1;
    return true;
}

static bool load_trap(struct loading *loading, struct str *bytes)
{
    struct trap trap;
    uint32_t number, count;
    (void)site_traps(loading->site, &count); /* only how many */
    if (!(record_take_u32(bytes, count, &number) && record_take_text(bytes, &trap.pattern) &&
          record_take_u32(bytes, TARGET_NONE - 1, &trap.example) &&
          is_target(loading, trap.example) && record_take_number(bytes, &trap.left_out)))
        return false;
    if (number == count)
        return site_add_trap(loading->site, &trap) == number;
    site_set_trap_pattern(loading->site, number, trap.pattern);
    site_trap(loading->site, number)->left_out = trap.left_out;
    return true;
}

/* Causes are numbers of the file. */
static void name_causes(const struct loading *loading)
{
    uint32_t count;
    (void)site_members(loading->site, &count); /* one by one */
    for (uint32_t i = 0; i < count; i++) {
        struct member *member = site_member(loading->site, i);
        bool is_known = member->cause < loading->member_count && loading->members[member->cause];
        member->cause = is_known ? loading->members[member->cause] - 1 : TARGET_NONE;
    }
}

static bool load_record(struct loading *loading, struct str *bytes)
{
    struct str text;
    char tag = bytes->at[0];
    *bytes = str_from(*bytes, 1);
    if (tag == 'T')
        return load_target(loading, bytes);
    if (tag == 'M')
        return load_member(loading, bytes);
    if (tag == 'R')
        return load_trap(loading, bytes);
    if (!record_take_text(bytes, &text))
        return false;
    if (tag == 'P')
        return load_places(loading, text);
    if (tag == 'N') {
        site_add_names(loading->site, text);
    } else if (tag == 'A') {
        buf_add(&loading->more->added, text);
    } else if (tag == 'S') {
        buf_clear(&loading->more->state);
        buf_add(&loading->more->state, text);
    } else {
        return false;
    }
    return true;
}

/* What leads to targets that came later. */
static bool has_all_targets(const struct loading *loading)
{
    uint32_t count = site_target_count(loading->site);
    bool is_fine = true;
    for (uint32_t id = 0; id < count && is_fine; id++) {
        const struct target *target = site_at(loading->site, id);
        is_fine = is_target(loading, target->redirect_to) && is_target(loading, target->found_on);
    }
    return is_fine && loading->places.len == 0;
}

static void mark_all(struct run_log *log, const struct site *site)
{
    log->mark_count = site_target_count(site);
    log->marks = mem_resize(log->marks, size_max(log->mark_count, 1) * sizeof(*log->marks));
    for (uint32_t id = 0; id < log->mark_count; id++)
        log->marks[id] = mark_of(site_at(site, id));
    log->place_bytes = place_log_bytes(site_places(site));
}

bool run_log_load(struct run_log *log, struct site *site, struct run_log_more *more,
                  struct err *err)
{
    struct loading loading = {.visitor = {load_place}, .site = site, .more = more, .err = err};
    int64_t at = 0;
    bool is_last, is_fine = read_frame(log, &at, &is_last);
    err_set(err, 0, "'%s' is damaged", log->path);
    run_log_watch(log, site);
    while (is_fine && at < log->end) {
        is_fine = read_frame(log, &at, &is_last);
        struct str bytes = buf_str(&log->frame);
        while (is_fine && bytes.len)
            is_fine = load_record(&loading, &bytes);
    }
    is_fine = is_fine && has_all_targets(&loading);
    if (is_fine)
        name_causes(&loading);
    mark_all(log, site);
    buf_clear(&log->frame);
    buf_done(&loading.places);
    mem_free(loading.members);
    return is_fine;
}
