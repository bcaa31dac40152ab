/* Reading: what a resource is, its content, its members. Always the kernel's answer of this moment,
 * or one from before of which the kernel would have told if it were different now (cache.c), so
 * that what other programs change in the directory is seen by the next request.
 *
 * A listing opens nothing but the directory: all that its members' properties need is in statx(2)
 * (tree/look.c) and in their names; what the cache knows of them is not asked for again. Content is
 * read through a descriptor that was opened once, so a file that is replaced or removed meanwhile
 * is read to its old end. */
#include "store/directory/read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/directory/beside/created.h"
#include "store/directory/cache/glance.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/resolve.h"
#include "store/directory/root.h"
#include "store/directory/tree/look.h"

/* --- what a resource is --- */

static enum store_rc rc_of_look(int code)
{
    return code ? dir_rc(code, "cannot look at a resource") : STORE_OK;
}

static enum store_rc stat_now(const struct dir_store *dir, struct res_path path, unsigned wants,
                              struct store_stat *stat_out)
{
    struct statx stx;
    enum store_rc rc = STORE_OK;
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return rc_of_look(errno);
    if (!dir_statx(fd, "", AT_EMPTY_PATH, &stx))
        rc = rc_of_look(errno);
    else if (!created_stat_wanted(fd, "", wants, &stx, stat_out))
        rc = STORE_NOT_FOUND;
    fd_close(fd);
    return rc;
}

/* It has been located in this turn, and what is there has been seen. */
static enum store_rc stat_of_glance(const struct glance *glance, struct store_stat *stat_out)
{
    if (glance->code)
        return rc_of_look(glance->code);
    return dir_stat_of(&glance->stx, stat_out) ? STORE_OK : STORE_NOT_FOUND;
}

enum store_rc dir_stat(struct store *store, struct res_path path, unsigned wants,
                       struct store_stat *stat_out)
{
    const struct dir_store *dir = dir_of(store);
    struct cache_hit hit;
    if (cache_find(dir->cache, path, &hit)) {
        content_drop(hit.content);
        *stat_out = hit.stat;
        return STORE_OK;
    }
    enum store_rc rc = dir_root_check(dir);
    if (rc != STORE_OK)
        return rc;
    bool needs_file = (wants & (WANTS_CREATED | WANTS_ID)) || dir_is_reserved(path);
    const struct glance *glance = needs_file ? NULL : glance_find(dir->cache, path);
    rc = glance ? stat_of_glance(glance, stat_out) : stat_now(dir, path, wants, stat_out);
    /* Who asks on a worker has asked on a loop before, or is about to change it. */
    if (rc == STORE_OK && turn_current() && !(wants & WANTS_TO_REPLACE))
        cache_offer(dir->cache, path);
    return rc;
}

/* --- content --- */

/* A file that is open, or what the cache has of one. */
struct dir_content {
    struct store_content base;
    int fd;                     /* its own; -1 with `kept` */
    struct cache_content *kept; /* holds a reference */
};

static struct source *content_source(struct store_content *content, struct arena *arena,
                                     uint64_t offset, uint64_t len)
{
    struct dir_content *self = CONTAINER_OF(content, struct dir_content, base);
    struct file_range range = {self->kept ? self->kept->fd : self->fd, offset, len};
    if (range.fd < 0)
        return source_of_text(arena, str_of(self->kept->bytes + offset, (size_t)len));
    return source_of_file(arena, &range);
}

static void content_close(struct store_content *content)
{
    struct dir_content *self = CONTAINER_OF(content, struct dir_content, base);
    fd_close(self->fd);
    content_drop(self->kept);
    mem_free(self);
}

static const struct store_content_ops content_ops = {.source = content_source,
                                                     .close = content_close};

static void give_content(const struct store_stat *stat, int fd, struct cache_content *kept,
                         struct store_content **content_out)
{
    struct dir_content *content = MEM_NEW(struct dir_content);
    content->base.ops = &content_ops;
    content->base.stat = *stat;
    content->fd = fd;
    content->kept = kept;
    *content_out = &content->base;
}

static enum store_rc open_file(const struct dir_store *dir, struct res_path path,
                               struct store_content **content_out)
{
    struct statx stx;
    struct store_stat stat;
    /* O_NONBLOCK: a FIFO in the directory must not hold us up until somebody writes to it. */
    int fd = dir_open_unlocated(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) /* ENXIO: a socket or a device without a driver */
        return errno == ENXIO ? STORE_NOT_FOUND : dir_rc(errno, "cannot open a file");
    enum store_rc rc = STORE_OK;
    if (!dir_statx(fd, "", AT_EMPTY_PATH, &stx))
        rc = dir_rc(errno, "cannot look at a file");
    else if (!dir_stat_of(&stx, &stat)) /* nobody asks content when it was created */
        rc = STORE_NOT_FOUND;
    else if (stat.is_collection)
        rc = STORE_IS_COLLECTION;
    if (rc != STORE_OK) {
        fd_close(fd);
        return rc;
    }
    give_content(&stat, fd, NULL, content_out);
    return STORE_OK;
}

enum store_rc dir_content_open(struct store *store, struct res_path path,
                               struct store_content **content_out)
{
    struct dir_store *dir = dir_of(store);
    struct cache_hit hit;
    bool is_known = cache_find(dir->cache, path, &hit);
    if (is_known && hit.stat.is_collection)
        return STORE_IS_COLLECTION;
    if (is_known && hit.content) {
        give_content(&hit.stat, -1, hit.content, content_out);
        return STORE_OK;
    }
    enum store_rc rc = is_known ? STORE_OK : dir_root_check(dir);
    if (rc == STORE_OK)
        rc = open_file(dir, path, content_out);
    if (!is_known && (rc == STORE_OK || rc == STORE_IS_COLLECTION))
        cache_offer(dir->cache, path);
    return rc;
}

/* --- members --- */

/* Reads the directory, or what is known of it; then the directory is needed only for members that
 * have changed. */
struct dir_cursor {
    struct store_cursor base;
    struct dir_store *dir;
    struct dir_looks *looks;   /* at the members of the directory */
    struct cache_list *list;   /* NULL: nothing is known */
    struct cache_batch *batch; /* of the list */
    size_t batch_at;
    int fd;            /* of the directory beside a list; -1: not opened yet */
    bool is_whole;     /* all entries were read */
    bool is_by_itself; /* what a client asked for, and not a part of a larger walk */
    struct res_path path;
    char path_text[];
};

/* The next member of the directory, or why there is none. */
static enum store_rc next_entry(struct dir_cursor *cursor, struct store_member *member_out)
{
    enum store_rc rc = dir_looks_next(cursor->looks, member_out);
    cursor->is_whole = rc == STORE_END;
    return rc;
}

/* The same of what is known. */
static enum store_rc next_known(struct dir_cursor *cursor, struct store_member *member_out)
{
    for (;;) {
        if (cursor->batch_at == cursor->batch->count) {
            cache_list_read(cursor->list, cursor->batch);
            cursor->batch_at = 0;
        }
        if (cursor->batch->count == 0)
            return STORE_END;
        const struct cache_batch_member *known = &cursor->batch->members[cursor->batch_at++];
        *member_out =
            (struct store_member){.name = known->name, .rc = STORE_OK, .stat = known->stat};
        if (known->is_sure)
            return STORE_OK;
        if (cursor->fd < 0)
            cursor->fd = dir_open_beneath(cursor->dir, cursor->path, O_RDONLY | O_DIRECTORY);
        if (cursor->fd < 0 && errno != ENOENT)
            return dir_rc(errno, "cannot list a collection");
        if (cursor->fd >= 0 && dir_look_at(cursor->fd, cursor->base.wants, member_out))
            return STORE_OK;
    }
}

static enum store_rc cursor_next(struct store_cursor *self, struct store_member *member_out)
{
    struct dir_cursor *cursor = CONTAINER_OF(self, struct dir_cursor, base);
    enum store_rc rc =
        cursor->list ? next_known(cursor, member_out) : next_entry(cursor, member_out);
    if (rc != STORE_END) /* what is not there may have gone with the root */
        return rc;
    rc = dir_root_check(cursor->dir);
    return rc == STORE_OK ? STORE_END : rc;
}

static void cursor_close(struct store_cursor *self)
{
    struct dir_cursor *cursor = CONTAINER_OF(self, struct dir_cursor, base);
    if (cursor->is_whole)
        cache_offer_list(cursor->dir->cache, cursor->path, dir_looks_count(cursor->looks),
                         cursor->is_by_itself);
    dir_looks_free(cursor->looks);
    fd_close(cursor->fd);
    cache_list_close(cursor->list);
    mem_free(cursor->batch);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

enum store_rc dir_list(struct store *store, struct res_path path, unsigned wants,
                       struct store_cursor **cursor_out)
{
    enum store_rc rc = dir_root_check(dir_of(store));
    if (rc != STORE_OK)
        return rc;
    struct cache_list *list = cache_list_open(dir_of(store)->cache, path);
    int fd = list ? -1 : dir_open_beneath(dir_of(store), path, O_RDONLY | O_DIRECTORY);
    if (!list && fd < 0)
        return dir_rc(errno, "cannot list a collection");
    struct dir_cursor *cursor = mem_new(1, sizeof(*cursor) + path.len + 1);
    cursor->base.ops = &cursor_ops;
    cursor->base.is_quick = list != NULL;
    cursor->dir = dir_of(store);
    cursor->fd = -1;
    cursor->list = list;
    cursor->is_by_itself = turn_current() != 0; /* the rest of a walk is a worker's */
    if (list)
        cursor->batch = MEM_NEW(struct cache_batch);
    else
        cursor->looks = dir_looks_new(fd, wants, cursor->dir->crew);
    if (path.len)
        memcpy(cursor->path_text, path.at, path.len);
    cursor->path = (struct res_path){cursor->path_text, path.len};
    *cursor_out = &cursor->base;
    return STORE_OK;
}
