/* What the kernel tells of the directories that are watched.
 *
 * An event says that something has happened to a name. What, is seen by a look at what has that
 * name now; so events of one name are one item, and a burst of them costs one look. Where there is
 * a collection now, it is watched with all that is in it before it is told of: what happens in it
 * later is an event, and what happened before came with it.
 *
 * A change that davit makes is told by the kernel as well, and is in the log already. To tell of it
 * twice would make everybody ask in vain, so what the log says was left there (change_row.left) is
 * compared: it is the same, and nothing else has happened to the name. Two things make that exact.
 * While a change of a name is under way, its item waits: so what was left is known when the item is
 * looked at. And only a change that ended after the last look at an empty queue may count, since
 * the event of an earlier one has been taken. Where it cannot be told, it is told twice.
 *
 * A collection that davit moves keeps its watches, by other paths (follow_move()). What had
 * happened in it before is among what came with it, so that nothing but the move need be told. That
 * comes before any item is handled, since one of what lies in it would be looked for in the wrong
 * place, and the one of its going would end its watches. Where a collection in it was looked for
 * too early, and so is not watched, it is begun anew and told, as one that others have moved.
 *
 * Where collections change places, each name is looked at as it is in the end, perhaps before the
 * item of where its collection was. That may have to be watched while it still is, by the path that
 * it has left: that watch ends, with what hangs on it, since all that has happened in it is among
 * what has come here.
 *
 * What could not be opened or read, for want of descriptors say, is left to a walk
 * (lookout.has_unwatched), and never taken for seen.
 *
 * A file that is written to for long is told of every few seconds, until it is closed.
 *
 * Invariants
 *  (1) an item is dropped when the log has a change of its name, or of a collection above it, whose
 *      number was given after the event; or when the event is davit's;
 *  (2) a directory that something has happened in is dirty: the next snapshot looks at it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/entry.h"
#include "store/directory/others/news.h"
#include "store/state_home.h"

enum {
    NEWS_BYTES = 65536,
    ITEMS_MAX = 65536,    /* beyond, a walk finds what there is */
    WRITTEN_TO_MS = 5000, /* how long a file that is written to is left alone */
};

/* What has happened to a name. */
struct item {
    struct map_entry entry; /* by `key` */
    struct list link;       /* in news.items */
    struct list of_watched;
    struct watched *watched;
    unsigned arrivals, departures, writes, touches;
    bool was_collection;
    int64_t due_ms;
    size_t key_len;
    char key[]; /* the address of `watched`, the name, NUL */
};

/* What is there now, and what was. */
struct sight {
    struct res_path path;
    struct statx stx;
    bool is_there, is_collection;
    struct watched *before; /* a collection that was watched by this name */
    uint64_t left;
};

/* --- items --- */

static struct str name_of(const struct item *item)
{
    return str_of(item->key + sizeof(item->watched), item->key_len - sizeof(item->watched));
}

static void drop_item(struct news *news, struct item *item)
{
    map_remove(&news->by_name, &item->entry);
    list_remove(&item->link);
    list_remove(&item->of_watched);
    mem_free(item);
}

static void drop_items_of(struct news *news, struct watched *watched)
{
    LIST_EACH (&watched->items, link)
        drop_item(news, CONTAINER_OF(link, struct item, of_watched));
}

void news_drop(struct news *news, struct watched *top)
{
    for (bool is_last = false; !is_last;) {
        struct watched *innermost = watches_innermost(top);
        is_last = innermost == top;
        drop_items_of(news, innermost);
        watches_drop(&news->lookout->watches, innermost);
    }
    news->lookout->watches.is_full = false;
}

static struct item *make_item(struct news *news, struct watched *watched, struct str name)
{
    struct item *item = mem_new(1, sizeof(*item) + sizeof(watched) + name.len + 1);
    memcpy(item->key, &watched, sizeof(watched));
    memcpy(item->key + sizeof(watched), name.at, name.len);
    item->key_len = sizeof(watched) + name.len;
    struct map_entry *entry = map_find(&news->by_name, str_of(item->key, item->key_len));
    if (entry) {
        mem_free(item);
        return CONTAINER_OF(entry, struct item, entry);
    }
    item->watched = watched;
    item->due_ms = INT64_MAX;
    map_add(&news->by_name, &item->entry, str_of(item->key, item->key_len));
    list_append(&news->items, &item->link);
    list_append(&watched->items, &item->of_watched);
    return item;
}

/* --- watching --- */

/* Whether it is no more where it was watched; if that cannot be told, it is. */
static bool has_left(const struct lookout *lookout, const struct watched *watched)
{
    int fd = lookout_open(lookout, watched_path(watched), O_PATH);
    bool has = fd < 0 ? lookout_may_be_missing(errno) : state_file_mark(fd, "") != watched->mark;
    fd_close(fd);
    return has;
}

/* A watch is the directory's, and that has come to `path` from where its going is told later than
 * its coming here. Then it is begun anew, as are those of what is in it. */
static bool drop_left(struct news *news, struct res_path path, int fd)
{
    struct watched *before = watches_find_open(&news->lookout->watches, fd);
    if (!before || path_is_within(path, watched_path(before)) || !has_left(news->lookout, before))
        return false;
    news_drop(news, before);
    return true;
}

struct watched *news_watch(struct news *news, struct res_path path, int fd)
{
    struct lookout *lookout = news->lookout;
    if (lookout_is_closed(fd, "."))
        return NULL;
    struct watched *watched = watches_add(&lookout->watches, path, fd);
    if (!watched && drop_left(news, path, fd))
        watched = watches_add(&lookout->watches, path, fd);
    lookout->has_unwatched |= watched == NULL;
    if (watched)
        watched->since = change_log_head(lookout->options.log);
    return watched;
}

/* --- taking --- */

static void take_event(struct news *news, const struct inotify_event *event)
{
    struct watched *watched = watches_find_number(&news->lookout->watches, event->wd);
    news->is_missing |= (event->mask & IN_Q_OVERFLOW) || news->by_name.count >= ITEMS_MAX;
    news->is_lost |= news->is_missing || (watched && (event->mask & IN_UNMOUNT));
    if (!watched || !event->len || news->is_lost || dir_is_reserved_name(str_of_c(event->name)))
        return; /* what happens to a directory itself is told by the one it is in */
    struct item *item = make_item(news, watched, str_of_c(event->name));
    item->arrivals += (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    item->departures += (event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
    item->writes += (event->mask & IN_MODIFY) != 0;
    item->touches += (event->mask & IN_ATTRIB) != 0;
    item->was_collection |= (event->mask & IN_ISDIR) != 0;
    if (!(event->mask & IN_MODIFY))
        item->due_ms = 0;
    else if (item->due_ms == INT64_MAX)
        item->due_ms = clock_mono_ms() + WRITTEN_TO_MS;
    watched->is_dirty = news->lookout->is_dirty = true; /* (2) */
}

void news_take(struct news *news)
{
    char *bytes = news->bytes;
    ssize_t got = 0;
    news->since = news->head;
    while (news->lookout->watches.fd >= 0 && !news->is_lost &&
           (got = read(news->lookout->watches.fd, bytes, NEWS_BYTES)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            take_event(news, event);
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    }
    news->head = change_log_head(news->lookout->options.log);
}

/* --- what it means --- */

static void tell(struct news *news, struct res_path path, enum change_kind kind)
{
    const struct change_row row = {.path = path, .kind = kind};
    change_log_found(news->lookout->options.log, &row);
}

/* It is not in the snapshot, and therefore dirty. What happened in it before is told with it, or
 * item by item. */
static struct watched *watch(struct news *news, struct res_path path, int fd)
{
    struct watched *watched = news_watch(news, path, fd);
    if (watched)
        watched->is_dirty = news->lookout->is_dirty = true;
    if (watched)
        watched->since = 0;
    return watched;
}

/* Items of what is in a collection that davit has made just now: as if they had come one by one.
 * False: not all can be read. */
static bool note_members(struct news *news, struct watched *watched, int fd)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    dir_entries_init(&entries, fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        if (dir_is_reserved_name(entry.name))
            continue;
        struct item *item = make_item(news, watched, entry.name);
        item->arrivals++;
        item->due_ms = 0;
    }
    dir_entries_done(&entries);
    return rc == STORE_END;
}

/* A directory could not be opened. If it may be missing, its going is told, too; or else it is left
 * to a walk. */
static void note_failure(struct news *news, int code)
{
    news->lookout->has_unwatched |= !lookout_may_be_missing(code);
}

static void watch_member(struct news *news, struct list *unread, struct watched *parent,
                         int parent_fd, const struct dir_entry *entry)
{
    struct arena arena = {0};
    if ((entry->type != DT_DIR && entry->type != DT_UNKNOWN) || dir_is_reserved_name(entry->name))
        return;
    int fd = openat(parent_fd, entry->name.at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    parent->is_patchy |= fd < 0 && errno != ENOTDIR;
    if (fd < 0)
        note_failure(news, errno);
    struct res_path path = path_join(&arena, watched_path(parent), entry->name);
    if (fd >= 0 && !watches_find(&news->lookout->watches, path)) {
        struct watched *watched = watch(news, path, fd);
        parent->is_patchy |= watched == NULL;
        if (watched)
            list_append(unread, &watched->unread);
    }
    fd_close(fd);
    arena_done(&arena);
}

/* All collections in what has come, each before it is read. */
static void watch_all(struct news *news, struct list *unread)
{
    struct dir_entry entry;
    enum store_rc rc;
    while (!list_is_empty(unread)) {
        struct dir_entries entries;
        struct watched *watched = CONTAINER_OF(unread->next, struct watched, unread);
        list_remove(&watched->unread);
        int fd = lookout_open(news->lookout, watched_path(watched), O_RDONLY);
        if (fd < 0 || state_file_mark(fd, "") != watched->mark) { /* its going will be told, too */
            watched->is_patchy = true;
            if (fd < 0)
                note_failure(news, errno);
            fd_close(fd);
            continue;
        }
        dir_entries_init(&entries, fd);
        while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK)
            watch_member(news, unread, watched, fd, &entry);
        dir_entries_done(&entries);
        if (rc != STORE_END)
            watched->is_patchy = news->lookout->has_unwatched = true;
    }
}

/* `is_ours`: davit has made it, with nothing in it. */
static void watch_new(struct news *news, struct res_path path, bool is_ours)
{
    struct list unread;
    int fd = lookout_open(news->lookout, path, O_RDONLY);
    if (fd < 0)
        note_failure(news, errno);
    struct watched *watched = fd < 0 ? NULL : watch(news, path, fd);
    list_init(&unread);
    if (watched && is_ours) {
        if (!note_members(news, watched, fd))
            tell(news, path, CHANGE_CAME);
        return;
    }
    fd_close(fd);
    if (!watched)
        return;
    list_append(&unread, &watched->unread);
    watch_all(news, &unread);
}

static bool is_gone_by_us(const struct item *item, const struct sight *sight)
{
    return !sight->is_there && sight->left == LEFT_NOTHING && item->departures == 1 &&
           item->arrivals == 0;
}

static bool has_come_by_us(const struct item *item, const struct sight *sight)
{
    return sight->left == LEFT_NEW && item->arrivals == 1 && item->departures == 0 &&
           item->writes == 0 && item->touches == 0;
}

static bool is_file_of_ours(const struct item *item, const struct sight *sight)
{
    struct store_stat stat;
    bool is_left = sight->left > LEFT_SEEN && dir_stat_of(&sight->stx, &stat) &&
                   stat.version == sight->left && !stat.is_executable;
    return sight->is_there && item->departures == 0 && item->writes == 0 &&
           (is_left || has_come_by_us(item, sight));
}

static enum change_kind kind_of(const struct item *item, const struct sight *sight)
{
    if (!sight->is_there)
        return CHANGE_WENT;
    if (sight->before || item->departures)
        return CHANGE_REPLACED;
    return sight->is_collection ? CHANGE_CAME : CHANGE_OF_ONE;
}

/* One that has been closed is another: it must be told when it is opened again, with what has
 * happened in it meanwhile, and is watched no more until then. */
static bool is_same_collection(const struct item *item, const struct sight *sight, int fd)
{
    struct dir_name name;
    return sight->before && sight->is_collection && item->departures == 0 &&
           dir_name_of((struct res_path){name_of(item).at, name_of(item).len}, &name) == STORE_OK &&
           state_file_mark(fd, name.text) == sight->before->mark &&
           (item->touches == 0 || !lookout_is_closed(fd, name.text));
}

/* There is a collection, or was one. */
static void handle_collection(struct news *news, const struct item *item, struct sight *sight)
{
    bool is_ours = is_gone_by_us(item, sight) ||
                   (sight->is_collection && !sight->before && has_come_by_us(item, sight));
    enum change_kind kind = kind_of(item, sight);
    if (sight->before)
        news_drop(news, sight->before);
    if (sight->is_collection)
        watch_new(news, sight->path, is_ours);
    item->watched->is_patchy |=
        sight->is_collection && !watches_find(&news->lookout->watches, sight->path);
    if (!is_ours)
        tell(news, sight->path, kind);
}

static uint64_t left_at(const struct news *news, const struct item *item, struct res_path path)
{
    return change_log_left(news->lookout->options.log, path,
                           u64_max(news->since, item->watched->since));
}

static void look(struct news *news, const struct item *item, int fd, struct sight *sight)
{
    sight->is_there = dir_statx_member(fd, item->key + sizeof(item->watched), &sight->stx);
    if (!sight->is_there)
        note_failure(news, errno);
    sight->is_collection = sight->is_there && S_ISDIR(sight->stx.stx_mode);
    sight->before = watches_find(&news->lookout->watches, sight->path);
    sight->left = left_at(news, item, sight->path);
}

static void handle_at(struct news *news, const struct item *item, struct res_path path, int fd)
{
    struct sight sight = {.path = path};
    look(news, item, fd, &sight);
    bool was_named = sight.is_there || item->arrivals || item->departures;
    if (!was_named)
        return; /* an upload of ours that has no name yet, or had another */
    if (sight.before || sight.is_collection || item->was_collection) {
        if (!is_same_collection(item, &sight, fd))
            handle_collection(news, item, &sight);
    } else if (!is_gone_by_us(item, &sight) && !is_file_of_ours(item, &sight)) {
        tell(news, path, CHANGE_OF_ONE);
    }
}

/* True: it has been told, or need not be. */
static bool handle(struct news *news, const struct item *item)
{
    struct arena arena = {0};
    struct res_path path = path_join(&arena, watched_path(item->watched), name_of(item));
    bool is_over = !change_log_is_changing(news->lookout->options.log, path);
    if (is_over) {
        int fd = lookout_open(news->lookout, watched_path(item->watched), O_PATH);
        bool is_elsewhere =
            fd < 0 || (item->was_collection && state_file_mark(fd, "") != item->watched->mark);
        item->watched->is_patchy |= item->was_collection && is_elsewhere;
        if (fd >= 0)
            handle_at(news, item, path, fd);
        else /* what it lay in has gone, which is told, too; or there is no descriptor left */
            is_over = lookout_may_be_missing(errno);
        fd_close(fd);
    }
    arena_done(&arena);
    return is_over;
}

/* If davit has moved a collection to where the item's name is, it is watched by that. Then the item
 * is about what is known. */
static void follow_move(struct news *news, const struct item *item)
{
    struct arena arena = {0};
    struct lookout *lookout = news->lookout;
    struct res_path path = path_join(&arena, watched_path(item->watched), name_of(item));
    if (!change_log_is_changing(lookout->options.log, path) &&
        left_at(news, item, path) == LEFT_MOVED && !watches_find(&lookout->watches, path)) {
        int fd = lookout_open(lookout, path, O_PATH);
        struct watched *moved = fd < 0 ? NULL : watches_find_open(&lookout->watches, fd);
        lookout->is_dirty |= moved && watches_move(&lookout->watches, moved, path);
        fd_close(fd);
    }
    arena_done(&arena);
}

static void follow_moves(struct news *news)
{
    LIST_EACH (&news->items, link) {
        const struct item *item = CONTAINER_OF(link, struct item, link);
        if (item->was_collection && item->arrivals == 1 && item->departures == 0)
            follow_move(news, item);
    }
}

void news_handle(struct news *news, bool is_over)
{
    struct list waiting;
    int64_t now = clock_mono_ms();
    list_init(&waiting);
    if (news->is_settled)
        follow_moves(news);
    while (!list_is_empty(&news->items)) {
        struct item *item = CONTAINER_OF(news->items.next, struct item, link);
        list_remove(&item->link);
        list_append(&waiting, &item->link);
        if ((item->due_ms <= now || is_over) && handle(news, item))
            drop_item(news, item); /* which has stayed: only what lies in it may have gone */
    }
    list_splice(&news->items, &waiting);
    news->is_to_come = !list_is_empty(&news->items);
}

/* --- life --- */

void news_init(struct news *news, struct lookout *lookout)
{
    *news = (struct news){.lookout = lookout};
    list_init(&news->items);
    news->bytes = mem_new(1, NEWS_BYTES);
}

void news_done(struct news *news)
{
    LIST_EACH (&news->items, link)
        drop_item(news, CONTAINER_OF(link, struct item, link));
    map_done(&news->by_name);
    mem_free(news->bytes);
}
