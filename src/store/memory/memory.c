/* The contract in its plainest form. The resources are a tree of nodes under one mutex; every call
 * takes it, does its whole work and lets it go, so that each change is one step for everybody else.
 * What a reader was given does not change behind its back: content is counted and never written
 * to again, a cursor carries a copy of what was there when it was made, an upload gathers its bytes
 * aside until commit.
 *
 * Nothing here is fast with many members in a collection, and nothing is kept after the end: it is
 * what the other backends are compared with, so it has to be right at a glance. */
#include "store/memory/memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/acl/table.h"
#include "store/change_log.h"
#include "store/gather.h"
#include "store/memory/tree.h"
#include "store/resumable/engine.h"

/* --- reading --- */

static enum store_rc memory_locate(struct store *store, struct arena *arena, struct res_path path,
                                   enum locate_what what, struct res_path *real_out)
{
    (void)store; /* there are no aliases */
    (void)what;
    *real_out = path_copy(arena, path);
    return STORE_OK;
}

static enum store_rc memory_stat(struct store *store, struct res_path path, unsigned wants,
                                 struct store_stat *stat_out)
{
    (void)wants; /* all is near */
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    if (node)
        *stat_out = node->stat;
    pthread_mutex_unlock(&memory->mutex);
    return node ? STORE_OK : STORE_NOT_FOUND;
}

/* The node, if it still has the content that `stat` is of. */
static struct node *find_content(struct memory_store *memory, struct res_path path,
                                 const struct store_stat *stat)
{
    struct node *node = node_find(memory->root, path);
    bool is_it = node && node->blob && node->stat.version == stat->version;
    return is_it ? node : NULL;
}

static void memory_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                          struct content_hashes *hashes_out)
{
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = find_content(memory, path, stat);
    if (node)
        *hashes_out = node->blob->hashes;
    pthread_mutex_unlock(&memory->mutex);
}

static void memory_note_hashes(struct store *store, struct res_path path,
                               const struct store_stat *stat, const struct content_hashes *hashes)
{
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = find_content(memory, path, stat);
    if (node)
        content_hashes_add(&node->blob->hashes, hashes);
    pthread_mutex_unlock(&memory->mutex);
}

struct memory_content {
    struct store_content base;
    struct memory_store *memory;
    struct blob *blob;
};

static struct source *content_source(struct store_content *content, struct arena *arena,
                                     uint64_t offset, uint64_t len)
{
    struct blob *blob = CONTAINER_OF(content, struct memory_content, base)->blob;
    assert(offset <= blob->len && len <= blob->len - offset);
    return source_of_text(arena, str_of(blob->bytes + offset, (size_t)len));
}

static void content_close(struct store_content *content)
{
    struct memory_content *self = CONTAINER_OF(content, struct memory_content, base);
    pthread_mutex_lock(&self->memory->mutex);
    blob_unref(self->blob);
    pthread_mutex_unlock(&self->memory->mutex);
    mem_free(self);
}

static const struct store_content_ops content_ops = {.source = content_source,
                                                     .close = content_close};

static enum store_rc memory_content_open(struct store *store, struct res_path path,
                                         struct store_content **content_out)
{
    struct memory_store *memory = memory_of(store);
    struct memory_content *content = NULL;
    enum store_rc rc = STORE_OK;
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    if (!node) {
        rc = STORE_NOT_FOUND;
    } else if (node->stat.is_collection) {
        rc = STORE_IS_COLLECTION;
    } else {
        content = MEM_NEW(struct memory_content);
        content->base = (struct store_content){&content_ops, node->stat};
        content->memory = memory;
        content->blob = blob_ref(node->blob);
        *content_out = &content->base;
    }
    pthread_mutex_unlock(&memory->mutex);
    return rc;
}

/* --- members --- */

struct memory_cursor {
    struct store_cursor base;
    struct arena arena; /* of the members */
    struct store_member *members;
    size_t count;
    size_t at;
};

static enum store_rc cursor_next(struct store_cursor *self, struct store_member *member_out)
{
    struct memory_cursor *cursor = CONTAINER_OF(self, struct memory_cursor, base);
    if (cursor->at == cursor->count)
        return STORE_END;
    *member_out = cursor->members[cursor->at++];
    return STORE_OK;
}

static void cursor_close(struct store_cursor *self)
{
    struct memory_cursor *cursor = CONTAINER_OF(self, struct memory_cursor, base);
    arena_done(&cursor->arena);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

static struct memory_cursor *cursor_over(const struct node *collection)
{
    struct memory_cursor *cursor = MEM_NEW(struct memory_cursor);
    size_t count = 0;
    cursor->base.ops = &cursor_ops;
    cursor->base.is_quick = true;
    LIST_EACH (&collection->members, link)
        count++;
    cursor->members = arena_alloc(&cursor->arena, count * sizeof(*cursor->members));
    LIST_EACH (&collection->members, link) {
        const struct node *node = CONTAINER_OF(link, struct node, link);
        cursor->members[cursor->count++] = (struct store_member){
            .name = arena_str(&cursor->arena, buf_str(&node->name)),
            .rc = STORE_OK,
            .stat = node->stat,
        };
    }
    return cursor;
}

static enum store_rc memory_list(struct store *store, struct res_path path, unsigned wants,
                                 struct store_cursor **cursor_out)
{
    (void)wants; /* it is all at hand */
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    bool is_there = node && node->stat.is_collection;
    if (is_there)
        *cursor_out = &cursor_over(node)->base;
    pthread_mutex_unlock(&memory->mutex);
    return is_there ? STORE_OK : STORE_NOT_FOUND;
}

/* --- making resources --- */

/* Something new, and empty, where nothing is. */
static enum store_rc make_node(struct memory_store *memory, struct res_path path,
                               bool is_collection)
{
    struct node *parent = memory_parent(memory, path);
    if (node_find(memory->root, path))
        return STORE_EXISTS;
    if (!parent)
        return STORE_NO_PARENT;
    struct store_stat stat = memory_new_stat(memory, is_collection);
    struct node *node = node_new(STR_NONE, &stat);
    node->blob = is_collection ? NULL : blob_new(STR_NONE);
    node_place(node, parent, path_name(path));
    return STORE_OK;
}

static enum store_rc memory_mkcol(struct store_change *change, struct res_path path)
{
    struct memory_store *memory = memory_of(change->store);
    if (memory->is_read_only)
        return STORE_DENIED;
    pthread_mutex_lock(&memory->mutex);
    enum store_rc rc = make_node(memory, path, true);
    pthread_mutex_unlock(&memory->mutex);
    return rc;
}

struct memory_upload {
    struct store_upload base;
    struct memory_store *memory;
    struct buf bytes;
    struct res_path path;
    char path_text[];
};

static unsigned upload_write(struct sink *sink, struct str bytes)
{
    struct memory_upload *upload = CONTAINER_OF(sink, struct memory_upload, base.sink);
    buf_add(&upload->bytes, bytes);
    return STORE_OK;
}

static const struct sink_ops upload_sink_ops = {.name = "memory", .write = upload_write};

static void put_content(struct memory_store *memory, struct node *node, struct str content,
                        const struct store_commit *options)
{
    struct store_stat stat = memory_new_stat(memory, false);
    blob_unref(node->blob);
    node->blob = blob_new(content);
    if (options->hashes)
        node->blob->hashes = *options->hashes;
    node->stat.size_bytes = node->blob->len;
    node->stat.version = stat.version;
    node->stat.modified_s = options->sets_modified ? options->modified_s : stat.modified_s;
    if (options->sets_created && options->created_s >= 0)
        node->stat.created_s = options->created_s;
    if (options->sets_version) { /* no later one is given twice */
        node->stat.version = options->version;
        memory->version = u64_max(memory->version, options->version);
    }
}

static bool is_as_seen(const struct node *node, const struct store_seen *seen)
{
    if (!node || !seen->exists)
        return !node && !seen->exists;
    return !seen->has_version || seen->version == node->stat.version;
}

static enum store_rc commit_content(struct memory_store *memory, const struct memory_upload *upload,
                                    const struct store_change *change,
                                    const struct store_commit *options, struct store_stat *stat_out)
{
    struct res_path path = upload->path;
    struct node *node = node_find(memory->root, path);
    enum store_rc rc = STORE_OK;
    if (node && node->stat.is_collection)
        return STORE_IS_COLLECTION;
    if (node && options->expects_absent)
        return STORE_EXISTS;
    if (options->seen && !is_as_seen(node, options->seen))
        return STORE_AGAIN;
    if (!node && !memory_parent(memory, path))
        return STORE_NO_PARENT;
    if (!memory_has_room(memory, change, node ? node->stat.size_bytes : 0, upload->bytes.len))
        return STORE_OVER_QUOTA;
    if (!node)
        rc = make_node(memory, path, false);
    assert(rc == STORE_OK); /* its parent is there, and it is not */
    node = node_find(memory->root, path);
    put_content(memory, node, buf_str(&upload->bytes), options);
    *stat_out = node->stat;
    return STORE_OK;
}

static enum store_rc upload_commit(struct store_upload *self, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    const struct memory_upload *upload = CONTAINER_OF(self, struct memory_upload, base);
    struct memory_store *memory = upload->memory;
    pthread_mutex_lock(&memory->mutex);
    enum store_rc rc = commit_content(memory, upload, change, options, stat_out);
    pthread_mutex_unlock(&memory->mutex);
    return rc;
}

static void upload_close(struct store_upload *self)
{
    struct memory_upload *upload = CONTAINER_OF(self, struct memory_upload, base);
    buf_done(&upload->bytes);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {.commit = upload_commit, .close = upload_close};

static enum store_rc memory_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                   struct store_upload **upload_out)
{
    (void)size_bytes; /* memory comes as it is needed */
    struct memory_store *memory = memory_of(store);
    if (memory->is_read_only)
        return STORE_DENIED;
    struct memory_upload *upload = mem_new(1, sizeof(*upload) + path.len + 1);
    upload->base = (struct store_upload){.ops = &upload_ops, .sink.ops = &upload_sink_ops};
    upload->memory = memory;
    if (path.len)
        memcpy(upload->path_text, path.at, path.len);
    upload->path = (struct res_path){upload->path_text, path.len};
    *upload_out = &upload->base;
    return STORE_OK;
}

/* --- resumable uploads --- */

/* They are kept in files by their nature: in a directory that nobody else sees, and that goes with
 * the store. */
static enum store_rc memory_resumables(struct store *store, struct res_path near,
                                       struct resumables **of_out)
{
    struct memory_store *memory = memory_of(store);
    const struct resumables_options options = {.limits = memory->limits};
    (void)near; /* one for all */
    pthread_mutex_lock(&memory->mutex);
    if (!memory->resumables && !memory->is_read_only) {
        char name[] = "/tmp/davit-uploads-XXXXXX";
        int fd = mkdtemp(name) ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        if (fd >= 0)
            memory->resumables = resumables_open(fd, &options);
        memory->uploads = mem_copy_text(name, strlen(name));
    }
    *of_out = memory->resumables;
    pthread_mutex_unlock(&memory->mutex);
    if (memory->is_read_only)
        return STORE_DENIED;
    return *of_out ? STORE_OK : STORE_FAILED;
}

/* --- dead properties --- */

static bool memory_may_have_props(struct store *store, struct res_path path)
{
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    bool has_props = node && node->props.list.count > 0;
    pthread_mutex_unlock(&memory->mutex);
    return has_props;
}

static enum store_rc memory_props(struct store *store, struct res_path path,
                                  struct store_prop_visitor *visitor)
{
    struct memory_store *memory = memory_of(store);
    enum store_rc rc = STORE_OK;
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    size_t count = node ? node->props.list.count : 0;
    for (size_t i = 0; i < count && rc == STORE_OK; i++) {
        const struct store_prop *prop = &node->props.list.items[i];
        if (!visitor->wants || visitor->wants(visitor, prop->ns, prop->name))
            rc = visitor->show(visitor, prop);
    }
    pthread_mutex_unlock(&memory->mutex);
    return rc == STORE_END ? STORE_OK : rc;
}

static int compare_props(const void *a, const void *b)
{
    const struct store_prop *left = a;
    const struct store_prop *right = b;
    int order = str_compare(left->ns, right->ns);
    return order ? order : str_compare(left->name, right->name);
}

/* Sets, replaces or removes one property of the list, which has room for it. */
static void patch_list(struct store_props *list, const struct store_prop *prop)
{
    size_t i = 0;
    while (i < list->count && compare_props(&list->items[i], prop) != 0)
        i++;
    if (prop->xml.len) {
        list->items[i] = *prop;
        list->count = size_max(list->count, i + 1);
    } else if (i < list->count) {
        list->items[i] = list->items[--list->count];
    }
}

/* Whether there is more of something than there may be, and more than there was. */
static bool has_grown_beyond(uint64_t limit, uint64_t before, uint64_t after)
{
    return after > limit && after > before;
}

static bool is_too_much(const struct memory_store *memory, const struct store_props *old,
                        const struct store_props *list)
{
    return has_grown_beyond(memory->limits->property_count, old->count, list->count) ||
           has_grown_beyond(memory->limits->property_bytes, memory_props_bytes(old),
                            memory_props_bytes(list));
}

static enum store_rc patch_node(struct memory_store *memory, const struct store_change *change,
                                struct node *node, const struct store_patch *patch)
{
    struct arena arena = {0};
    const struct store_props *old = &node->props.list;
    struct store_props list = {0};
    enum store_rc rc = STORE_OK;
    list.items = arena_alloc(&arena, (old->count + patch->prop_count) * sizeof(*list.items));
    for (; list.count < old->count; list.count++)
        list.items[list.count] = old->items[list.count];
    for (size_t i = 0; i < patch->prop_count; i++)
        patch_list(&list, &patch->props[i]);
    if (is_too_much(memory, old, &list))
        rc = STORE_NO_SPACE;
    else if (!memory_has_room(memory, change, memory_props_bytes(old), memory_props_bytes(&list)))
        rc = STORE_OVER_QUOTA;
    if (rc == STORE_OK) {
        if (list.count > 1)
            qsort(list.items, list.count, sizeof(*list.items), compare_props);
        node_set_props(node, &list);
        if (patch->sets_modified)
            node->stat.modified_s = patch->modified_s;
        if (patch->sets_executable && !node->stat.is_collection)
            node->stat.is_executable = patch->is_executable;
    }
    arena_done(&arena);
    return rc;
}

static enum store_rc memory_patch(struct store_change *change, struct res_path path,
                                  const struct store_patch *patch)
{
    struct memory_store *memory = memory_of(change->store);
    if (memory->is_read_only)
        return STORE_DENIED;
    pthread_mutex_lock(&memory->mutex);
    struct node *node = node_find(memory->root, path);
    enum store_rc rc = node ? patch_node(memory, change, node, patch) : STORE_NOT_FOUND;
    pthread_mutex_unlock(&memory->mutex);
    return rc;
}

/* --- locks --- */

static bool memory_has_locks(struct store *store)
{
    return lock_table_count(memory_of(store)->locks) > 0;
}

static enum store_rc memory_locks(struct store *store, struct arena *arena, struct res_path path,
                                  enum lock_query query, struct lock_list *locks_out)
{
    lock_table_query(memory_of(store)->locks, arena, path, query, locks_out);
    return STORE_OK;
}

static enum store_rc put_lock(struct memory_store *memory, const struct lock_wish *wish)
{
    (void)lock_table_expire(memory->locks, clock_boot_ms()); /* makes room; how much is no matter */
    if (!lock_table_has_room(memory->locks, wish->lock, memory->limits))
        return STORE_NO_SPACE;
    enum store_rc rc = wish->makes_resource ? make_node(memory, wish->lock->root, false) : STORE_OK;
    if (rc == STORE_OK)
        lock_table_put(memory->locks, wish->lock);
    return rc;
}

static enum store_rc memory_lock(struct store_change *change, const struct lock_wish *wish)
{
    struct memory_store *memory = memory_of(change->store);
    if (memory->is_read_only)
        return STORE_DENIED;
    pthread_mutex_lock(&memory->mutex);
    enum store_rc rc = put_lock(memory, wish);
    pthread_mutex_unlock(&memory->mutex);
    return rc;
}

static enum store_rc memory_unlock(struct store_change *change, const struct lock *lock)
{
    struct memory_store *memory = memory_of(change->store);
    if (memory->is_read_only)
        return STORE_DENIED;
    return lock_table_remove(memory->locks, lock->token) ? STORE_OK : STORE_NOT_FOUND;
}

/* --- quota --- */

static enum store_rc memory_used(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    struct memory_store *memory = memory_of(store);
    pthread_mutex_lock(&memory->mutex);
    const struct node *node = node_find(memory->root, path);
    if (node)
        *bytes_out = memory_bytes(node);
    pthread_mutex_unlock(&memory->mutex);
    return node ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_rc memory_quota(struct store *store, struct res_path path,
                                  struct store_quota *quota_out)
{
    struct store_stat stat;
    enum store_rc rc = memory_stat(store, path, 0, &stat);
    if (rc == STORE_OK)
        *quota_out = (struct store_quota){.is_known = false};
    return rc;
}

/* --- changes --- */

static bool memory_begin(struct store *store, struct store_change *change)
{
    return change_claim(change, memory_of(store)->claims, change->ranges);
}

static void memory_end(struct store_change *change)
{
    claims_release(memory_of(change->store)->claims, &change->claim);
}

/* --- life --- */

static void memory_close(struct store *store)
{
    struct memory_store *memory = memory_of(store);
    if (memory->resumables)
        resumables_remove_all(memory->resumables);
    resumables_close(memory->resumables);
    if (memory->uploads)
        (void)rmdir(memory->uploads); /* nothing depends on it */
    mem_free(memory->uploads);
    node_free(memory->root);
    lock_table_free(memory->locks);
    claims_free(memory->claims);
    change_log_close(memory->base.log);
    acl_table_free(memory->base.acls);
    pthread_mutex_destroy(&memory->mutex);
    mem_free(memory);
}

static const struct store_ops memory_ops = {
    .name = "memory",
    .close = memory_close,
    .locate = memory_locate,
    .stat = memory_stat,
    .open = memory_content_open,
    .list = memory_list,
    .hashes = memory_hashes,
    .note_hashes = memory_note_hashes,
    .upload = memory_upload,
    .resumables = memory_resumables,
    .mkcol = memory_mkcol,
    .remove = memory_remove,
    .copy = memory_copy,
    .move = memory_move,
    .may_have_props = memory_may_have_props,
    .props = memory_props,
    .patch = memory_patch,
    .has_locks = memory_has_locks,
    .locks = memory_locks,
    .lock = memory_lock,
    .unlock = memory_unlock,
    .quota = memory_quota,
    .used = memory_used,
    .begin = memory_begin,
    .end = memory_end,
};

bool memory_store_open(const struct store_options *options, struct store **store_out,
                       struct err *err)
{
    struct memory_store *memory = MEM_NEW(struct memory_store);
    pthread_mutexattr_t attr;
    memory->base.ops = &memory_ops;
    memory->base.traits.counts_bytes = memory->base.traits.keeps_versions = true;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&memory->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    struct store_stat stat = memory_new_stat(memory, true);
    memory->root = node_new(STR_NONE, &stat);
    memory->locks = lock_table_new();
    memory->claims = claims_new();
    memory->limits = options->limits;
    memory->is_read_only = options->is_read_only;
    const struct change_log_options log = {.count_max = options->limits->synced_changes};
    if (options->is_synced)
        memory->base.log = change_log_open(&log, err); /* memory does not fail */
    if (options->has_acls)
        memory->base.acls = acl_table_new((size_t)options->limits->acl_count);
    memory->base.traits.has_acls = options->has_acls;
    *store_out = &memory->base;
    return true;
}
