/* A directory's watch tells of what happens to its members by their names, so each directory needs
 * one. It tells nothing of the directory's own way: what lies in a directory that is moved is
 * somewhere else without a word. Therefore only what lies in a watched directory is watched, and
 * when one goes, all that is in it goes with it and is begun anew where it has come to; unless it
 * is known to have been moved, and where to (watches_move()).
 *
 * A watch is the inode's, and a directory that is mounted at a second place would get the one that
 * it has: that place is left to the walks, as is what comes when there are too many. So would one
 * that has come from elsewhere, where its going is not known yet: whoever meets it there ends the
 * one that it has (news_watch()). Numbers are
 * not used again, so what is told of one that was dropped is about nothing.
 *
 * Rejected: fanotify(7) over the file system. docs/decisions/0078-others-changes.md. */
#include "store/directory/others/watches.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/cache/local.h"
#include "store/state_home.h"

enum {
    EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_MODIFY |
             IN_CLOSE_WRITE | IN_ONLYDIR | IN_EXCL_UNLINK,
};

void watches_init(struct watches *watches, int root_fd, size_t max)
{
    *watches = (struct watches){.root_fd = root_fd, .max = max};
    watches->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

static struct str number_key(const struct watched *watched)
{
    return str_of((const char *)&watched->number, sizeof(watched->number));
}

struct watched *watches_find(const struct watches *watches, struct res_path path)
{
    struct map_entry *entry = map_find(&watches->by_path, path_str(path));
    return entry ? CONTAINER_OF(entry, struct watched, by_path) : NULL;
}

struct watched *watches_find_number(const struct watches *watches, int number)
{
    const struct watched key = {.number = number};
    struct map_entry *entry = map_find(&watches->by_number, number_key(&key));
    return entry ? CONTAINER_OF(entry, struct watched, by_number) : NULL;
}

/* The watch of a directory: one that is there already, or a new one. -1 and errno. */
static int watch_open(const struct watches *watches, int fd)
{
    char link[64];
    str_print(link, sizeof(link), "/proc/self/fd/%d", fd);
    return inotify_add_watch(watches->fd, link, EVENTS);
}

static int watch(struct watches *watches, int fd)
{
    if (watches->is_full || watches->by_path.count >= watches->max || watches->fd < 0) {
        watches->is_full = true;
        return -1;
    }
    if (!fs_is_local(fd))
        return -1;
    int number = watch_open(watches, fd);
    watches->is_full = number < 0 && errno == ENOSPC; /* fs.inotify.max_user_watches */
    return number;
}

struct watched *watches_add(struct watches *watches, struct res_path path, int fd)
{
    struct watched *parent = path.len ? watches_find(watches, path_parent(path)) : NULL;
    if (path.len && !parent)
        return NULL;
    int number = watch(watches, fd);
    if (number < 0 || watches_find_number(watches, number))
        return NULL;
    struct watched *watched = MEM_NEW(struct watched);
    watched->path = mem_copy_text(path.at, path.len);
    watched->path_len = path.len;
    watched->number = number;
    watched->mark = state_file_mark(fd, "");
    list_init(&watched->siblings);
    list_init(&watched->members);
    list_init(&watched->items);
    list_init(&watched->unread);
    if (parent)
        list_append(&parent->members, &watched->siblings);
    map_add(&watches->by_path, &watched->by_path, path_str(watched_path(watched)));
    map_add(&watches->by_number, &watched->by_number, number_key(watched));
    return watched;
}

struct watched *watches_find_open(const struct watches *watches, int fd)
{
    int number = watch_open(watches, fd);
    struct watched *watched = number < 0 ? NULL : watches_find_number(watches, number);
    if (number >= 0 && !watched)
        (void)inotify_rm_watch(watches->fd, number); /* it was a new one */
    return watched;
}

/* --- what moves --- */

/* All that is in `top`, from above, is put into `all` by its `unread`. False: something in it may
 * not be watched. */
static bool gather(struct watched *top, struct list *all)
{
    bool is_whole = true;
    list_append(all, &top->unread);
    for (struct list *at = all->next; at != all; at = at->next) {
        struct watched *watched = CONTAINER_OF(at, struct watched, unread);
        is_whole &= !watched->is_patchy;
        LIST_EACH (&watched->members, link)
            list_append(all, &CONTAINER_OF(link, struct watched, siblings)->unread);
    }
    return is_whole;
}

/* `from_len`: of the path that becomes `to`. */
static void set_path(struct watches *watches, struct watched *watched, size_t from_len,
                     struct res_path to)
{
    struct buf path = {0};
    buf_add(&path, path_str(to));
    buf_add(&path, str_from(path_str(watched_path(watched)), from_len));
    map_remove(&watches->by_path, &watched->by_path);
    mem_free(watched->path);
    watched->path = mem_copy_text(path.at, path.len);
    watched->path_len = path.len;
    watched->is_dirty = true;
    map_add(&watches->by_path, &watched->by_path, path_str(watched_path(watched)));
    buf_done(&path);
}

bool watches_move(struct watches *watches, struct watched *top, struct res_path path)
{
    struct list all;
    size_t from_len = top->path_len;
    struct watched *parent = watches_find(watches, path_parent(path));
    list_init(&all);
    bool moves = gather(top, &all) && parent && !path_is_within(path, watched_path(top));
    LIST_EACH (&all, link) {
        list_remove(link);
        if (moves)
            set_path(watches, CONTAINER_OF(link, struct watched, unread), from_len, path);
    }
    if (!moves)
        return false;
    list_remove(&top->siblings);
    list_append(&parent->members, &top->siblings);
    return true;
}

void watches_make_dirty(struct watches *watches)
{
    struct map_entry *entry = NULL;
    while ((entry = map_next(&watches->by_path, entry)))
        CONTAINER_OF(entry, struct watched, by_path)->is_dirty = true;
}

struct watched *watches_innermost(struct watched *top)
{
    while (!list_is_empty(&top->members))
        top = CONTAINER_OF(top->members.next, struct watched, siblings);
    return top;
}

static void drop_one(struct watches *watches, struct watched *watched)
{
    assert(list_is_empty(&watched->items));
    (void)inotify_rm_watch(watches->fd, watched->number); /* EINVAL: it went with its inode */
    map_remove(&watches->by_path, &watched->by_path);
    map_remove(&watches->by_number, &watched->by_number);
    list_remove(&watched->siblings);
    list_remove(&watched->unread);
    mem_free(watched->path);
    mem_free(watched);
}

void watches_drop(struct watches *watches, struct watched *top)
{
    for (bool is_last = false; !is_last;) {
        struct watched *innermost = watches_innermost(top);
        is_last = innermost == top;
        drop_one(watches, innermost);
    }
}

void watches_done(struct watches *watches)
{
    struct watched *root = watches_find(watches, PATH_ROOT);
    fd_close(watches->fd); /* ends all at once */
    watches->fd = -1;
    if (root)
        watches_drop(watches, root);
    map_done(&watches->by_path);
    map_done(&watches->by_number);
}
