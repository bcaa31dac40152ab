/* A walk through the tree that compares it with the last snapshot, tells of what is different, and
 * writes the next one. It goes on a collection at a time, and between two of them its thread does
 * other things; the tree changes all the while.
 *
 * What is told of each collection depends on what is known of it:
 *
 *   not watched before   each difference is told
 *   watched, and clean   nothing has happened: the snapshot is copied. Where all is looked at, each
 *                        difference is told: there are changes that the kernel does not tell of
 *   watched, and dirty   what the log does not tell of since the snapshot: what has happened is
 *                        told by news.c, but for what the kernel does not tell of
 *   not in the snapshot  it has come, with all that is in it, if the log does not tell of that. It
 *                        is told when the walk leaves it: what happens in it until then is among
 *                        what came
 *
 * A watch is set before a collection is read, and dirty is forgotten before: so what happens while
 * it is read is read, or is told by the kernel, or both. When the snapshot does not come into its
 * place, all that is watched is dirty again: the one before does not have what was read.
 *
 * What cannot be read for now goes on as it was known, and is dirty: the next walk reads it. What
 * may not be read is told by news.c when it is opened.
 *
 * What came while nobody was watching: that there was nothing before by that name is known only if
 * nobody can have been told of such a thing. If the log tells of it, or if somebody has asked for a
 * tag since the snapshot, who may have listed what was there, it is told as replaced. That makes
 * all tokens unknown that are older, since what had been in it cannot be told.
 *
 * Without a snapshot there is nothing to compare with: nothing is told, and when the walk has come
 * to its end the log begins anew. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "store/directory/cache/local.h"
#include "store/directory/entry.h"
#include "store/directory/others/pass.h"
#include "store/directory/root.h"
#include "store/state_home.h"

enum {
    LOCAL_MOMENT_NS = 20 * 1000 * 1000, /* the kernel's clock goes in steps of at most 10 ms */
};
#define FAR_MOMENT_NS INT64_C(2100000000) /* FAT has steps of two seconds */

/* A collection that the walk is in. */
struct pass_level {
    size_t path_len; /* up to it */
    struct seen_cursor cursor;
    bool has_collections;
    bool is_covered; /* it came with one above, or is one: nothing in it is told of */
    bool is_told;    /* when it is left: it is the one that all in it came with */
    enum change_kind kind;
};

static void tell_seen(struct pass *pass, struct res_path path, enum change_kind kind)
{
    const struct change_row row = {.path = path, .kind = kind, .left = LEFT_SEEN};
    change_log_found(pass->lookout->options.log, &row);
    pass->found++;
}

/* --- the snapshot before --- */

/* Whether the snapshot has the collection that the walk is at; then its members are next. */
static bool find_old(struct pass *pass, struct res_path path)
{
    while (pass->has_old) {
        if (!pass->is_at_old && !seen_next(&pass->old))
            return false;
        pass->is_at_old = true;
        int order = seen_compare(pass->old.key, pass->old.path, path);
        if (order >= 0) {
            pass->is_at_old = order > 0;
            return order == 0;
        }
        pass->is_at_old = false; /* it is there no more, as its parent has told */
    }
    return false;
}

/* --- a collection --- */

/* The one that the walk is at. */
struct visit {
    struct pass *pass;
    struct lookout *lookout; /* the pass's */
    struct res_path path;
    int fd;
    bool is_readable;
    bool has_old;          /* the snapshot has it, and it is the same directory */
    bool tells;            /* of each difference */
    bool is_dirty;         /* of those, the ones that the log does not tell of */
    bool has_collections;  /* there are some in it */
    struct seen_entry old; /* the next of the snapshot */
    bool is_at_entry;
};

static void add_entry(struct visit *visit, const struct seen_entry *entry)
{
    visit->has_collections |= entry->is_collection;
    seen_add(&visit->pass->now, entry);
}

/* Whether somebody who has the snapshot is told of the resource. */
static bool is_told(const struct pass *pass, struct res_path path)
{
    return change_log_told(pass->lookout->options.log, path) > pass->old.seq;
}

static void tell_of(struct visit *visit, struct str name, enum change_kind kind)
{
    struct arena arena = {0};
    if (visit->tells) {
        struct res_path path = path_join(&arena, visit->path, name);
        if (!visit->is_dirty || !is_told(visit->pass, path))
            tell_seen(visit->pass, path, kind);
    }
    arena_done(&arena);
}

static bool next_old(struct visit *visit)
{
    if (!visit->is_at_entry)
        visit->is_at_entry = visit->has_old && seen_next_entry(&visit->pass->old, &visit->old);
    return visit->is_at_entry;
}

/* Whether the log tells of a collection by that name. */
static bool may_have_members(const struct visit *visit, struct str name)
{
    struct arena arena = {0};
    bool may = visit->tells && change_log_had_members(visit->lookout->options.log,
                                                      path_join(&arena, visit->path, name));
    arena_done(&arena);
    return may;
}

/* What has happened in it may not have been found: the next walk reads it, too, and is soon. */
static void look_again(struct visit *visit)
{
    struct watched *watched = watches_find(&visit->lookout->watches, visit->path);
    if (watched)
        watched->is_dirty = true;
    visit->lookout->is_dirty = visit->lookout->has_unwatched = true;
}

/* It was there, and was not read now: gone, unless it has come between two reads. */
static void take_old(struct visit *visit)
{
    char name[256];
    struct statx stx;
    struct seen_entry entry = visit->old;
    memcpy(name, entry.name.at, entry.name.len);
    name[entry.name.len] = '\0';
    visit->is_at_entry = false;
    bool is_there = dir_statx_member(visit->fd, name, &stx);
    bool is_unknown = !is_there && !lookout_may_be_missing(errno);
    if (is_unknown)
        look_again(visit);
    if (is_unknown || (is_there && S_ISDIR(stx.stx_mode) == entry.is_collection &&
                       (S_ISREG(stx.stx_mode) || S_ISDIR(stx.stx_mode)))) {
        entry.mark = 0; /* the next walk looks again */
        add_entry(visit, &entry);
    } else {
        bool had_members = entry.is_collection || may_have_members(visit, entry.name);
        tell_of(visit, entry.name, had_members ? CHANGE_WENT : CHANGE_OF_ONE);
    }
}

/* A member that there is; `old`: what the snapshot has of that name, or NULL. */
static void take_member(struct visit *visit, const struct sorted_member *member,
                        const struct seen_entry *old)
{
    struct seen_entry entry = {
        .name = sorted_name(&visit->pass->sorted, member),
        .mark = member->is_fresh ? 0 : member->mark,
        .is_collection = member->is_collection,
        .is_new = member->is_collection && !(old && old->is_collection),
    };
    add_entry(visit, &entry);
    if (member->is_collection)
        return; /* told when the walk leaves it */
    if (old && !old->is_collection && old->mark == member->mark)
        return;
    bool had_members = (old && old->is_collection) || may_have_members(visit, entry.name);
    tell_of(visit, entry.name, had_members ? CHANGE_REPLACED : CHANGE_OF_ONE);
}

/* Where the next of the snapshot stands to the member. */
static int compare_old(struct visit *visit, const struct sorted_member *member)
{
    struct sorted *sorted = &visit->pass->sorted;
    if (!next_old(visit))
        return 1;
    uint64_t order = seen_order(sorted->key, visit->old.name);
    if (order != member->order)
        return order < member->order ? -1 : 1;
    return str_compare(visit->old.name, sorted_name(sorted, member));
}

static void merge(struct visit *visit)
{
    const struct sorted *sorted = &visit->pass->sorted;
    for (size_t i = 0; i < sorted->count; i++) {
        const struct sorted_member *member = &sorted->members[i];
        int order;
        while ((order = compare_old(visit, member)) < 0)
            take_old(visit);
        take_member(visit, member, order == 0 ? &visit->old : NULL);
        if (order == 0)
            visit->is_at_entry = false;
    }
    while (next_old(visit) && seen_order(sorted->key, visit->old.name) <= sorted->until)
        take_old(visit);
}

/* What the snapshot says goes on to be what is known: nothing has changed, or it cannot be read. */
static void copy_old(struct visit *visit)
{
    while (next_old(visit)) {
        struct seen_entry entry = visit->old;
        entry.is_new = false;
        add_entry(visit, &entry);
        visit->is_at_entry = false;
    }
}

static void read_members(struct visit *visit)
{
    struct sorted *sorted = &visit->pass->sorted;
    sorted_init(sorted, visit->pass->now.key);
    int64_t moment_ns = fs_is_local(visit->fd) ? LOCAL_MOMENT_NS : FAR_MOMENT_NS;
    while (sorted_read(sorted, visit->fd, moment_ns)) {
        merge(visit);
        news_take(visit->pass->news); /* the kernel's queue does not wait for a large directory */
    }
    if (sorted->has_failed && visit->is_readable)
        look_again(visit);
    copy_old(visit); /* what could not be read */
    sorted_done(sorted);
}

/* --- levels --- */

static struct pass_level *level_at(struct pass *pass, size_t from_end)
{
    size_t count = pass->levels.len / sizeof(struct pass_level);
    void *levels = pass->levels.at;
    return count >= from_end ? (struct pass_level *)levels + (count - from_end) : NULL;
}

static struct res_path path_of(const struct pass *pass)
{
    return (struct res_path){pass->path.at, pass->path.len};
}

/* What there was by that name, if there was anything. */
static enum change_kind kind_of_new(struct pass *pass, bool is_new)
{
    struct change_log *log = pass->lookout->options.log;
    bool may_be_known =
        !is_new || is_told(pass, path_of(pass)) || change_log_asked(log) != pass->options.asked;
    return may_be_known ? CHANGE_REPLACED : CHANGE_CAME;
}

/* The watch is there before anything is read. What cannot be read has no members, and whoever makes
 * it readable changes an attribute of it: it is no affair of a walk. False: it was not watched. */
static bool watch(struct visit *visit, uint64_t mark)
{
    struct watched *watched = watches_find(&visit->lookout->watches, visit->path);
    if (watched && watched->mark != mark) { /* something is mounted there, or news are to come */
        news_drop(visit->pass->news, watched);
        watched = NULL;
    }
    bool was_watched = watched != NULL;
    visit->is_dirty = watched && watched->is_dirty;
    if (!watched && visit->is_readable)
        watched = news_watch(visit->pass->news, visit->path, visit->fd);
    if (watched)
        watched->is_dirty = false;
    visit->pass->watched += watched != NULL;
    visit->pass->unwatched += watched == NULL;
    return was_watched;
}

/* Whoever has come with one above is told of with that. */
static void enter(struct visit *visit, struct pass_level *level, bool is_new)
{
    struct pass *pass = visit->pass;
    const struct pass_level *outer = level_at(pass, 1);
    uint64_t mark = state_file_mark(visit->fd, "");
    bool is_found = find_old(pass, visit->path);
    visit->has_old = is_found && pass->old.mark == mark;
    bool was_watched = watch(visit, mark);
    level->is_covered = !pass->has_old || (outer && outer->is_covered);
    if (!visit->has_old && !level->is_covered && !(was_watched && is_told(pass, visit->path))) {
        level->kind = kind_of_new(pass, is_new && !is_found);
        level->is_told = level->is_covered = true;
    }
    visit->tells = visit->has_old && !level->is_covered;
    seen_collection(&pass->now, visit->path, mark);
    level->cursor = seen_members(&pass->now);
    if (visit->has_old && was_watched && !visit->is_dirty && !pass->options.is_whole)
        copy_old(visit);
    else
        read_members(visit);
    level->has_collections = visit->has_collections;
}

/* The collection at pass->path. */
static void visit(struct pass *pass, bool is_new)
{
    struct visit visit = {.pass = pass, .lookout = pass->lookout, .path = path_of(pass)};
    struct pass_level level = {.path_len = pass->path.len};
    visit.fd = lookout_open(pass->lookout, visit.path, O_RDONLY);
    visit.is_readable = visit.fd >= 0 && !lookout_is_closed(visit.fd, ".");
    if (visit.fd < 0 && errno == EACCES) /* its members are shown to nobody */
        visit.fd = lookout_open(pass->lookout, visit.path, O_PATH);
    if (visit.fd < 0) {
        pass->has_failed = pass->has_failed || !pass->path.len || !lookout_may_be_missing(errno);
        return;
    }
    enter(&visit, &level, is_new);
    buf_add(&pass->levels, str_of((const char *)&level, sizeof(level)));
    fd_close(visit.fd);
}

static void leave(struct pass *pass, const struct pass_level *level)
{
    if (level->is_told)
        tell_seen(pass, (struct res_path){pass->path.at, level->path_len}, level->kind);
    pass->levels.len -= sizeof(*level);
}

/* --- the walk --- */

bool pass_begin(struct pass *pass, const struct pass_options *options)
{
    struct lookout *lookout = pass->lookout;
    int home_fd = lookout->options.home->fd;
    uint64_t seq = change_log_head(lookout->options.log);
    *pass = (struct pass){.lookout = lookout, .news = pass->news, .options = *options, .seq = seq};
    pass->has_old = seen_open(&pass->old, home_fd, lookout->tree);
    pass->is_running =
        seen_begin(&pass->now, home_fd, lookout->tree, pass->has_old ? pass->old.key : NULL, seq);
    lookout->watches.is_full = false; /* there may be room again */
    if (pass->is_running)
        visit(pass, false);
    else
        seen_close(&pass->old);
    return pass->is_running;
}

bool pass_step(struct pass *pass)
{
    struct pass_level *level = level_at(pass, 1);
    struct seen_entry entry;
    char name[256];
    if (!level || pass->has_failed)
        return false;
    if (!level->has_collections ||
        !seen_next_collection(&pass->now, &level->cursor, name, &entry)) {
        leave(pass, level);
        return true;
    }
    path_step(&pass->path, level->path_len, entry.name);
    visit(pass, entry.is_new);
    return true;
}

static void done(struct pass *pass, bool is_kept)
{
    if (!is_kept) {
        watches_make_dirty(&pass->lookout->watches);
        pass->lookout->is_dirty = true;
    }
    seen_close(&pass->old);
    buf_done(&pass->path);
    buf_done(&pass->levels);
    pass->is_running = false;
}

/* A change that is in the log may be undone before the walk comes by, which then sees what the
 * snapshot has: whoever has been told of the change is told again. Where the kernel has told of all
 * that came after it, that need not be. */
static bool is_told_on(const struct pass *pass, const struct change_found *found)
{
    const struct watched *watched = watches_find(&pass->lookout->watches, path_parent(found->path));
    if (watched && found->seq > watched->since)
        return true;
    bool is_next = watched == NULL && found->seq > pass->seq; /* the next walk's, then */
    return is_next || (found->is_seen && (pass->options.trusts_seen || found->seq > pass->seq));
}

static enum change_kind kind_again(struct pass *pass, const struct change_found *found)
{
    if (!found->is_whole)
        return CHANGE_OF_ONE;
    int fd = lookout_open(pass->lookout, found->path, O_PATH);
    bool is_there = fd >= 0 || errno != ENOENT;
    fd_close(fd);
    return is_there ? CHANGE_REPLACED : CHANGE_WENT;
}

/* False: what is in the log since the snapshot is not all known any more. */
static bool tell_again(struct pass *pass)
{
    struct change_log *log = pass->lookout->options.log;
    struct change_query query = {PATH_ROOT, true, pass->old.seq, change_log_head(log)};
    struct change_found found;
    struct arena arena = {0};
    enum store_rc rc;
    while ((rc = change_log_next(log, &arena, &query, &found)) == STORE_OK) {
        if (!is_told_on(pass, &found))
            tell_seen(pass, found.path, kind_again(pass, &found));
        arena_reset(&arena);
    }
    arena_done(&arena);
    return rc == STORE_END;
}

/* What has been seen must be in the log before it counts as seen: after a loss of power the log
 * begins anew. Where there is no room for it, nothing is told again each time. */
bool pass_end(struct pass *pass)
{
    bool is_fine = !pass->has_failed && seen_write_out(&pass->now);
    if (is_fine) {
        news_take(pass->news);
        news_handle(pass->news, true);
    }
    is_fine = is_fine && !pass->news->is_lost;
    bool knows = is_fine && pass->has_old && !pass->old.is_damaged && tell_again(pass);
    if (is_fine && !knows)
        change_log_forget(pass->lookout->options.log);
    if (is_fine)
        is_fine = seen_finish(&pass->now);
    else
        seen_abort(&pass->now);
    done(pass, is_fine);
    return is_fine;
}

void pass_abort(struct pass *pass)
{
    if (!pass->is_running)
        return;
    seen_abort(&pass->now);
    done(pass, false);
}
