/* A directory gives its members in an order of its own, and may have a million of them. What is
 * compared must be in the same order on both sides, and nobody holds all of it: so the members are
 * read by ranges of their order, which is a hash and therefore even. A range begins as all that is
 * left; when more come than there is room for, the upper half of them is left for the next turn,
 * which reads the directory's names again. To read names is cheap beside asking what each is.
 *
 * Only what is a resource counts: files and directories, and none of our own names. What went
 * between the reading of its name and the question is not there. */
#include "store/directory/others/sorted.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/entry.h"
#include "store/directory/others/lookout.h"

enum { SORTED_FEW = 64 };

void sorted_init(struct sorted *sorted, const uint64_t key[2])
{
    *sorted = (struct sorted){.key = {key[0], key[1]}};
}

void sorted_done(struct sorted *sorted)
{
    mem_free(sorted->members);
    buf_done(&sorted->names);
}

struct str sorted_name(const struct sorted *sorted, const struct sorted_member *member)
{
    return str_of(sorted->names.at + member->name_at, member->name_len);
}

/* qsort_r() has no other way to the names. */
static int compare(const void *a, const void *b, void *arg)
{
    const struct sorted_member *member = a;
    const struct sorted_member *other = b;
    if (member->order != other->order)
        return member->order < other->order ? -1 : 1;
    return str_compare(sorted_name(arg, member), sorted_name(arg, other));
}

static void sort(struct sorted *sorted)
{
    if (sorted->count)
        qsort_r(sorted->members, sorted->count, sizeof(*sorted->members), compare, sorted);
}

/* Leaves the upper half for later. False: there is none, since all are of one order. */
static bool halve(struct sorted *sorted)
{
    size_t kept = SORTED_MAX / 2;
    struct buf names = {0};
    sort(sorted);
    while (kept < sorted->count && sorted->members[kept].order == sorted->members[kept - 1].order)
        kept++;
    if (kept == sorted->count)
        return false;
    sorted->until = sorted->members[kept - 1].order;
    sorted->count = kept;
    for (size_t i = 0; i < kept; i++) {
        struct sorted_member *member = &sorted->members[i];
        struct str name = sorted_name(sorted, member);
        member->name_at = names.len;
        buf_add(&names, name);
        buf_add_char(&names, '\0');
    }
    buf_done(&sorted->names);
    sorted->names = names;
    return true;
}

static bool is_candidate(const struct dir_entry *entry)
{
    return (entry->type == DT_REG || entry->type == DT_DIR || entry->type == DT_UNKNOWN) &&
           !dir_is_reserved_name(entry->name);
}

static bool take_name(struct sorted *sorted, struct str name)
{
    uint64_t order = seen_order(sorted->key, name);
    if (order < sorted->from || order > sorted->until)
        return true;
    if (sorted->count == SORTED_MAX && !halve(sorted))
        return false;
    if (order > sorted->until)
        return true;
    if (sorted->count == sorted->room) { /* most directories are small */
        sorted->room = sorted->room ? 2 * sorted->room : SORTED_FEW;
        sorted->members = mem_resize(sorted->members, sorted->room * sizeof(*sorted->members));
    }
    sorted->members[sorted->count++] = (struct sorted_member){
        .order = order, .name_at = sorted->names.len, .name_len = (uint16_t)name.len};
    buf_add(&sorted->names, name);
    buf_add_char(&sorted->names, '\0');
    return true;
}

static bool read_names(struct sorted *sorted, int fd)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc = STORE_OK;
    bool is_fine = lseek(fd, 0, SEEK_SET) == 0;
    dir_entries_init(&entries, fd);
    while (is_fine && (rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        if (is_candidate(&entry))
            is_fine = take_name(sorted, entry.name);
    }
    entries.fd = -1; /* the caller's */
    dir_entries_done(&entries);
    return is_fine && rc == STORE_END;
}

uint64_t sorted_mark_of_file(const struct statx *stx)
{
    struct store_stat stat;
    if (!dir_stat_of(stx, &stat))
        return 1;
    uint64_t mark = stat.version ^ (uint64_t)stat.is_executable;
    return mark ? mark : 1;
}

static bool is_fresh(const struct statx *stx, int64_t moment_ns)
{
    int64_t age_us = clock_wall_us() -
                     (stx->stx_mtime.tv_sec * 1000000 + (int64_t)stx->stx_mtime.tv_nsec / 1000);
    return age_us < moment_ns / 1000 && age_us > -moment_ns / 1000;
}

/* False: it is not there, or is no resource. */
static bool look(struct sorted *sorted, int fd, int64_t moment_ns, struct sorted_member *member)
{
    struct statx stx;
    if (!dir_statx_member(fd, sorted_name(sorted, member).at, &stx)) {
        sorted->has_failed |= !lookout_may_be_missing(errno);
        return false;
    }
    if (!S_ISREG(stx.stx_mode) && !S_ISDIR(stx.stx_mode))
        return false;
    member->is_collection = S_ISDIR(stx.stx_mode);
    member->mark = member->is_collection ? 1 : sorted_mark_of_file(&stx);
    member->is_fresh = !member->is_collection && is_fresh(&stx, moment_ns);
    return true;
}

bool sorted_read(struct sorted *sorted, int fd, int64_t moment_ns)
{
    if (sorted->until == UINT64_MAX)
        return false;
    sorted->from = sorted->until ? sorted->until + 1 : 0;
    sorted->until = UINT64_MAX;
    sorted->count = 0;
    buf_clear(&sorted->names);
    if (!read_names(sorted, fd)) {
        sorted->has_failed = true;
        return false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < sorted->count; i++) {
        if (look(sorted, fd, moment_ns, &sorted->members[i]))
            sorted->members[kept++] = sorted->members[i];
    }
    sorted->count = kept;
    sort(sorted);
    return true;
}
