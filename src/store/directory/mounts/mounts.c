/* One thing may have two names by a mount: a directory is bound to a second place below the root.
 * Names are what locks, claims and dead properties are kept under, so one of the names must stand
 * for all; and nothing tells the kernel's look-up by a second name from that of another thing.
 *
 * /proc/self/mountinfo does. For each mount it says which directory of which file system is shown
 * where: so each path beneath the root has a place in a file system, and two paths are names of one
 * thing when their places are equal. The name that counts is the one in the mount of the root
 * itself, where there is one, and otherwise the one in the mount that shows most; a place that is
 * hidden by something mounted over it is no name. Paths alone are compared, no file is opened.
 *
 * A mount that may only be read keeps its own names when the other one may be written to: what is
 * asked for by the one must not be changed by the other.
 *
 * The table is read anew when the kernel tells that something was mounted or unmounted, once for
 * each request that locates a path or takes a claim: the cache, which has to know as well, is asked
 * about that, so that this costs no system call of its own; where there is no cache, poll(2) is.
 *
 * Rejected: device and inode number of each collection on the way: two or three system calls for
 * each, and they cannot tell that a tree lies in what is bound from the middle of it. What no path
 * tells (an overlay and what is beneath it, bindfs, an export that is mounted twice from a network)
 * stays two things. */
#include "store/directory/mounts/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/cache/cache.h"
#include "store/directory/entry.h"

/* A line of mountinfo. Absolute paths without their first slash. */
struct line {
    uint64_t id;
    uint64_t parent;
    struct str device;
    struct res_path root;  /* what is shown, in its file system */
    struct res_path point; /* where */
    bool is_read_only;
    bool is_top; /* it is mounted on none of the others */
};

struct table {
    struct line *lines;
    size_t count;
};

/* What is mounted at a root or below it, and can be seen. */
struct shown {
    struct res_path at; /* beneath the root */
    struct str device;
    struct res_path place; /* in the file system */
    bool is_read_only;
};

struct dir_mounts {
    int root_fd;
    struct dir_cache *cache;
    int fd; /* of mountinfo, to be polled; -1: the cache is asked, or nobody can be */
    atomic_uint_fast64_t changes; /* of which the table knows; written under the mutex */
    pthread_mutex_t mutex;        /* guards what follows */
    struct arena arena;           /* of `shown` */
    struct shown *shown;          /* the root's own first, then by how much they show */
    size_t count;
    atomic_bool has_aliases; /* also read without it: mostly there are none */
};

/* --- reading the table --- */

static struct res_path path_below(struct str absolute)
{
    size_t slash = absolute.len && absolute.at[0] == '/';
    return (struct res_path){absolute.at + slash, absolute.len - slash};
}

/* Spaces, tabs, line ends and backslashes are written as three octal digits. */
static struct str unescape(struct arena *arena, struct str text)
{
    char *at = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '\\' && i + 3 < text.len) {
            c = (char)((text.at[i + 1] - '0') << 6 | (text.at[i + 2] - '0') << 3 |
                       (text.at[i + 3] - '0'));
            i += 3;
        }
        at[len++] = c;
    }
    return str_of(at, len);
}

static bool parse_line(struct arena *arena, struct str text, struct line *line_out)
{
    struct line line;
    if (!str_parse_u64(str_cut(&text, ' '), &line.id) ||
        !str_parse_u64(str_cut(&text, ' '), &line.parent))
        return false;
    line.device = str_cut(&text, ' ');
    line.root = path_below(unescape(arena, str_cut(&text, ' ')));
    line.point = path_below(unescape(arena, str_cut(&text, ' ')));
    struct str options = str_cut(&text, ' ');
    line.is_read_only = str_eq(str_cut(&options, ','), STR("ro"));
    line.is_top = false;
    *line_out = line;
    return true;
}

static bool read_text(struct buf *text)
{
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0) {
        got = read(fd, buf_reserve(text, 16384), 16384);
        text->len += got > 0 ? (size_t)got : 0;
    }
    fd_close(fd);
    return got == 0;
}

/* With thousands of mounts this is what takes the time. */
static void find_tops(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct line *line = &table->lines[i];
        line->is_top = true;
        for (size_t k = 0; k < table->count && line->is_top; k++)
            line->is_top = k == i || table->lines[k].id != line->parent;
    }
}

/* Empty where it cannot be read: then nothing is known of mounts. */
static void table_read(struct arena *arena, struct table *table)
{
    struct buf text = {0};
    size_t cap = 1;
    *table = (struct table){0};
    if (read_text(&text)) {
        struct str rest = arena_str(arena, buf_str(&text));
        for (size_t i = 0; i < rest.len; i++)
            cap += rest.at[i] == '\n';
        table->lines = arena_alloc(arena, cap * sizeof(*table->lines));
        while (rest.len)
            table->count += parse_line(arena, str_cut(&rest, '\n'), &table->lines[table->count]);
        find_tops(table);
    }
    buf_done(&text);
}

/* --- what covers a path: as the kernel goes down it --- */

/* The mount that a look-up begins in. */
static const struct line *first_line(const struct table *table, struct res_path path)
{
    const struct line *found = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct line *line = &table->lines[i];
        if (line->is_top && path_is_within(path, line->point) &&
            (!found || line->point.len > found->point.len))
            found = line;
    }
    return found;
}

/* The next mount on the way: the one whose point comes first. */
static const struct line *next_line(const struct table *table, const struct line *from,
                                    struct res_path path)
{
    const struct line *found = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct line *line = &table->lines[i];
        if (line != from && line->parent == from->id && path_is_within(path, line->point) &&
            (!found || line->point.len < found->point.len))
            found = line;
    }
    return found;
}

/* NULL: nobody knows. */
static const struct line *covering_line(const struct table *table, struct res_path path)
{
    const struct line *line = first_line(table, path);
    const struct line *next = line ? next_line(table, line, path) : NULL;
    for (size_t i = 0; next && i < table->count; i++) {
        line = next;
        next = next_line(table, line, path);
    }
    return line;
}

/* --- what a root shows --- */

/* Whether a path leads to what is open. That of a file system that was unmounted while it was in
 * use reads as the path of something else, of "/" for its root. */
static bool leads_to(const char *text, int fd)
{
    struct stat named;
    struct stat open_st;
    if (stat(text, &named) < 0 || fstat(fd, &open_st) < 0)
        return errno != ENOENT && errno != ENOTDIR; /* nobody may look */
    return named.st_dev == open_st.st_dev && named.st_ino == open_st.st_ino;
}

static bool path_of_fd(int fd, struct arena *arena, struct res_path *path_out)
{
    struct dir_name name;
    struct str text = dir_path_text(fd, &name);
    if (!str_starts(text, STR("/")) || !leads_to(name.text, fd))
        return false;
    *path_out = path_copy(arena, path_below(text));
    return true;
}

static bool comes_before(const struct shown *shown, const struct shown *other)
{
    if (shown->place.len != other->place.len)
        return shown->place.len < other->place.len;
    return shown->at.len < other->at.len;
}

static void add_shown(struct shown *shown, size_t *count, const struct shown *item)
{
    size_t at = *count;
    for (; at > 1 && comes_before(item, &shown[at - 1]); at--)
        shown[at] = shown[at - 1];
    shown[at] = *item;
    (*count)++;
}

/* All that can be seen at the root or below it, the root's own mount first. Gives memory from the
 * arena. */
static size_t find_shown(const struct table *table, struct res_path root, struct arena *arena,
                         struct shown **shown_out)
{
    const struct line *own = covering_line(table, root);
    size_t count = 0;
    if (!own)
        return 0;
    struct shown *shown = arena_alloc(arena, (table->count + 1) * sizeof(*shown));
    struct shown first = {PATH_ROOT, own->device, path_rebase(arena, root, own->point, own->root),
                          own->is_read_only};
    add_shown(shown, &count, &first);
    for (size_t i = 0; i < table->count; i++) {
        const struct line *line = &table->lines[i];
        if (!path_is_within(line->point, root) || path_eq(line->point, root) ||
            covering_line(table, line->point) != line)
            continue;
        struct shown item = {path_rebase(arena, line->point, root, PATH_ROOT), line->device,
                             line->root, line->is_read_only};
        add_shown(shown, &count, &item);
    }
    *shown_out = shown;
    return count;
}

/* The mount that a path beneath the root is in; those that are hidden are not in the list. */
static const struct shown *covering(const struct dir_mounts *mounts, struct res_path path)
{
    const struct shown *found = &mounts->shown[0];
    for (size_t i = 1; i < mounts->count; i++) {
        const struct shown *shown = &mounts->shown[i];
        if (path_is_within(path, shown->at) && shown->at.len >= found->at.len)
            found = shown;
    }
    return found;
}

/* What both show, by either's name. False: nothing. */
static bool find_common(const struct shown *shown, const struct shown *own, struct arena *arena,
                        struct dir_alias *alias_out)
{
    if (!str_eq(shown->device, own->device) || shown->is_read_only != own->is_read_only)
        return false;
    if (path_is_within(own->place, shown->place))
        *alias_out =
            (struct dir_alias){own->at, path_rebase(arena, own->place, shown->place, shown->at)};
    else if (path_is_within(shown->place, own->place))
        *alias_out =
            (struct dir_alias){path_rebase(arena, shown->place, own->place, own->at), shown->at};
    else
        return false;
    return true;
}

/* As mounts_alias(), with the mutex held and a table that is not empty. */
static struct dir_alias find_alias(const struct dir_mounts *mounts, struct arena *arena,
                                   struct res_path path)
{
    const struct shown *own = covering(mounts, path);
    struct dir_alias alias;
    for (const struct shown *shown = mounts->shown; shown < own; shown++) {
        if (find_common(shown, own, arena, &alias) && path_is_within(path, alias.at) &&
            covering(mounts, path_rebase(arena, path, alias.at, alias.first)) == shown)
            return (struct dir_alias){path_copy(arena, alias.at), path_copy(arena, alias.first)};
    }
    return (struct dir_alias){PATH_ROOT, PATH_ROOT};
}

/* --- being up to date --- */

static bool has_two_names(const struct dir_mounts *mounts)
{
    struct arena arena = {0};
    struct dir_alias alias;
    bool has = false;
    for (size_t i = 1; i < mounts->count && !has; i++) {
        for (size_t k = 0; k < i && !has; k++)
            has = find_common(&mounts->shown[k], &mounts->shown[i], &arena, &alias);
    }
    arena_done(&arena);
    return has;
}

/* With the mutex held. */
static void read_again(struct dir_mounts *mounts)
{
    struct arena arena = {0};
    struct table table;
    struct res_path root;
    arena_reset(&mounts->arena);
    mounts->count = 0;
    table_read(&mounts->arena, &table);
    if (path_of_fd(mounts->root_fd, &arena, &root))
        mounts->count = find_shown(&table, root, &mounts->arena, &mounts->shown);
    atomic_store(&mounts->has_aliases, has_two_names(mounts));
    arena_done(&arena);
}

static void look_by_poll(struct dir_mounts *mounts)
{
    struct pollfd poller = {.fd = mounts->fd, .events = POLLPRI};
    pthread_mutex_lock(&mounts->mutex);
    if (mounts->fd >= 0 && poll(&poller, 1, 0) > 0)
        read_again(mounts);
    pthread_mutex_unlock(&mounts->mutex);
}

/* Mostly there is nothing new, and the mutex is left alone. */
void mounts_look(struct dir_mounts *mounts)
{
    if (!mounts->cache) {
        look_by_poll(mounts);
        return;
    }
    uint64_t changes = cache_mount_changes(mounts->cache);
    if (changes == atomic_load(&mounts->changes))
        return;
    pthread_mutex_lock(&mounts->mutex);
    if (changes > atomic_load(&mounts->changes)) { /* nobody has read them meanwhile */
        read_again(mounts);
        atomic_store(&mounts->changes, changes);
    }
    pthread_mutex_unlock(&mounts->mutex);
}

struct dir_alias mounts_alias(struct dir_mounts *mounts, struct arena *arena, struct res_path path)
{
    struct dir_alias alias = {PATH_ROOT, PATH_ROOT};
    if (!atomic_load(&mounts->has_aliases))
        return alias;
    pthread_mutex_lock(&mounts->mutex);
    if (mounts->count)
        alias = find_alias(mounts, arena, path);
    pthread_mutex_unlock(&mounts->mutex);
    return alias;
}

/* --- two roots --- */

static bool is_shared(const struct shown *shown, const struct shown *other)
{
    return str_eq(shown->device, other->device) && !shown->is_read_only && !other->is_read_only &&
           (path_is_within(shown->place, other->place) ||
            path_is_within(other->place, shown->place));
}

bool mounts_meet(int root_fd, int other_fd)
{
    struct arena arena = {0};
    struct table table;
    struct res_path root;
    struct res_path other;
    struct shown *shown = NULL;
    struct shown *others = NULL;
    table_read(&arena, &table);
    bool is_known = path_of_fd(root_fd, &arena, &root) && path_of_fd(other_fd, &arena, &other);
    size_t count = is_known ? find_shown(&table, root, &arena, &shown) : 0;
    size_t other_count = is_known ? find_shown(&table, other, &arena, &others) : 0;
    bool meet = is_known && (path_is_within(root, other) || path_is_within(other, root));
    for (size_t i = 0; i < count && !meet; i++) {
        for (size_t k = 0; k < other_count && !meet; k++)
            meet = is_shared(&shown[i], &others[k]);
    }
    arena_done(&arena);
    return meet;
}

/* --- life --- */

struct dir_mounts *mounts_open(int root_fd, struct dir_cache *cache)
{
    struct dir_mounts *mounts = MEM_NEW(struct dir_mounts);
    mounts->root_fd = root_fd;
    mounts->cache = cache;
    mounts->fd = cache ? -1 : open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    pthread_mutex_init(&mounts->mutex, NULL);
    atomic_init(&mounts->has_aliases, false);
    atomic_init(&mounts->changes, cache ? cache_mount_changes(cache) : 0);
    read_again(mounts);
    return mounts;
}

void mounts_close(struct dir_mounts *mounts)
{
    if (!mounts)
        return;
    fd_close(mounts->fd);
    pthread_mutex_destroy(&mounts->mutex);
    arena_done(&mounts->arena);
    mem_free(mounts);
}
