/* A store like a database at the other end of a network: it says by its traits that all of its
 * calls may block, and the gate (store/store.c) ends the program that makes one on a loop's thread.
 * What the gate cannot see is checked here: the bytes of content, which come by a source. Nothing
 * takes longer for it: that a call may wait is what matters, not that it does.
 *
 * The bytes of an upload go to a sink that waits, and to the inner store by a thread, a piece after
 * the other, as over a network; who holds a worker meanwhile, or forgets to wait, is found out.
 * `hold` makes that take as long as a test wants.
 *
 * Such a store brings along with a listing what is wanted of its members, and is asked again for
 * what is not. So what is asked about the member that a cursor is at, by the thread that has moved
 * it there, must have been wanted.
 *
 * Fault (store/fault) fails calls and says nothing of threads; both can be put around one store. */
#include "store/slow/slow.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/backend.h"
#include "store/store.h"
#include "store/upload.h"
#include "store/wrapper.h"

enum { PIECE_BYTES = 65536 };

struct slow_store {
    struct store base;
    struct store *inner;
    const char *hold;
    pthread_t carrier;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_changed;
    struct list cursors;
    struct list to_carry; /* uploads of which a piece is under way */
    bool is_closing;
};

struct slow_cursor {
    struct store_cursor base;
    struct list link;
    struct slow_store *slow;
    struct store_cursor *inner;
    unsigned wants;
    struct buf path; /* of the collection */
    struct buf name; /* of the member that it is at; empty: none */
    pthread_t mover; /* the thread that moved it there */
};

static struct slow_store *slow_of(struct store *store)
{
    return CONTAINER_OF(store, struct slow_store, base);
}

static struct store *inner_of(struct store *store)
{
    return slow_of(store)->inner;
}

/* --- cursors --- */

static bool is_at(const struct slow_cursor *cursor, struct res_path path)
{
    return cursor->name.len && pthread_equal(cursor->mover, pthread_self()) &&
           !path_is_root(path) && str_eq(path_name(path), buf_str(&cursor->name)) &&
           str_eq(path_str(path_parent(path)), buf_str(&cursor->path));
}

static void check_wanted(struct slow_store *slow, struct res_path path, enum store_wants what)
{
    pthread_mutex_lock(&slow->mutex);
    LIST_EACH (&slow->cursors, link) {
        const struct slow_cursor *cursor = CONTAINER_OF(link, struct slow_cursor, link);
        assert(!is_at(cursor, path) || (cursor->wants & what));
    }
    pthread_mutex_unlock(&slow->mutex);
}

static enum store_rc cursor_next(struct store_cursor *self, struct store_member *member_out)
{
    struct slow_cursor *cursor = CONTAINER_OF(self, struct slow_cursor, base);
    enum store_rc rc = store_cursor_next(cursor->inner, member_out);
    pthread_mutex_lock(&cursor->slow->mutex);
    buf_clear(&cursor->name);
    if (rc == STORE_OK)
        buf_add(&cursor->name, member_out->name);
    cursor->mover = pthread_self();
    pthread_mutex_unlock(&cursor->slow->mutex);
    return rc;
}

static void cursor_close(struct store_cursor *self)
{
    struct slow_cursor *cursor = CONTAINER_OF(self, struct slow_cursor, base);
    pthread_mutex_lock(&cursor->slow->mutex);
    list_remove(&cursor->link);
    pthread_mutex_unlock(&cursor->slow->mutex);
    store_cursor_close(&cursor->inner);
    buf_done(&cursor->path);
    buf_done(&cursor->name);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

static enum store_rc slow_list(struct store *store, struct res_path path, unsigned wants,
                               struct store_cursor **cursor_out)
{
    struct slow_store *slow = slow_of(store);
    struct store_cursor *inner;
    enum store_rc rc = store_list(slow->inner, path, wants, &inner);
    if (rc != STORE_OK)
        return rc;
    struct slow_cursor *cursor = MEM_NEW(struct slow_cursor);
    cursor->base.ops = &cursor_ops; /* and is not quick */
    cursor->slow = slow;
    cursor->inner = inner;
    cursor->wants = wants;
    buf_add(&cursor->path, path_str(path));
    pthread_mutex_lock(&slow->mutex);
    list_append(&slow->cursors, &cursor->link);
    pthread_mutex_unlock(&slow->mutex);
    *cursor_out = &cursor->base;
    return STORE_OK;
}

/* --- looking --- */

static enum store_rc slow_locate(struct store *store, struct arena *arena, struct res_path path,
                                 enum locate_what what, struct res_path *real_out)
{
    return store_locate(inner_of(store), arena, path, what, real_out);
}

static enum store_rc slow_stat(struct store *store, struct res_path path, unsigned wants,
                               struct store_stat *stat_out)
{
    return store_stat(inner_of(store), path, wants, stat_out);
}

static void slow_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                        struct content_hashes *hashes_out)
{
    check_wanted(slow_of(store), path, WANTS_HASHES);
    store_hashes(inner_of(store), path, stat, hashes_out);
}

static void slow_note_hashes(struct store *store, struct res_path path,
                             const struct store_stat *stat, const struct content_hashes *hashes)
{
    store_note_hashes(inner_of(store), path, stat, hashes);
}

static bool slow_may_have_props(struct store *store, struct res_path path)
{
    check_wanted(slow_of(store), path, WANTS_PROPS);
    return store_may_have_props(inner_of(store), path);
}

static enum store_rc slow_props(struct store *store, struct res_path path,
                                struct store_prop_visitor *visitor)
{
    check_wanted(slow_of(store), path, WANTS_PROPS);
    return store_props(inner_of(store), path, visitor);
}

static bool slow_has_locks(struct store *store)
{
    return store_has_locks(inner_of(store));
}

static enum store_rc slow_locks(struct store *store, struct arena *arena, struct res_path path,
                                enum lock_query query, struct lock_list *locks_out)
{
    if (query == LOCKS_COVERING)
        check_wanted(slow_of(store), path, WANTS_LOCKS);
    return store_locks(inner_of(store), arena, path, query, locks_out);
}

static enum store_rc slow_quota(struct store *store, struct res_path path,
                                struct store_quota *quota_out)
{
    return store_quota(inner_of(store), path, quota_out);
}

static enum store_rc slow_used(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    return store_used(inner_of(store), path, bytes_out);
}

static bool slow_is_read_only(struct store *store, struct res_path path)
{
    return store_is_read_only(inner_of(store), path);
}

static enum store_folding slow_folds(struct store *store, struct res_path path)
{
    return store_folds(inner_of(store), path);
}

static struct acl_place slow_acls(struct store *store, struct arena *arena, struct res_path path)
{
    return store_acls(inner_of(store), arena, path);
}

static struct change_log *slow_changes(struct store *store, struct arena *arena,
                                       struct res_path path, struct res_path *inside_out)
{
    return store_changes(inner_of(store), arena, path, inside_out);
}

static bool slow_is_lost(struct store *store)
{
    return store_is_lost(inner_of(store));
}

/* --- content --- */

struct slow_content {
    struct store_content base;
    struct store_content *inner;
};

struct slow_source {
    struct source base;
    struct source *inner;
};

static enum pull source_of_slow_pull(struct source *self, struct buf *into, size_t want,
                                     struct err *err)
{
    assert(turn_current() == 0);
    return source_pull(CONTAINER_OF(self, struct slow_source, base)->inner, into, want, err);
}

static void source_of_slow_close(struct source *self)
{
    source_close(&CONTAINER_OF(self, struct slow_source, base)->inner);
}

/* It is in no file that a wire could send from: it comes from far away. */
static const struct source_ops source_ops = {
    .name = "slow", .pull = source_of_slow_pull, .close = source_of_slow_close};

static struct source *content_source(struct store_content *self, struct arena *arena,
                                     uint64_t offset, uint64_t len)
{
    struct slow_content *content = CONTAINER_OF(self, struct slow_content, base);
    struct slow_source *source = ARENA_NEW(arena, struct slow_source);
    source->base.ops = &source_ops;
    source->inner = store_content_source(content->inner, arena, offset, len);
    return &source->base;
}

static void content_close(struct store_content *self)
{
    struct slow_content *content = CONTAINER_OF(self, struct slow_content, base);
    store_content_close(&content->inner);
    mem_free(content);
}

static const struct store_content_ops content_ops = {.source = content_source,
                                                     .close = content_close};

static enum store_rc slow_open(struct store *store, struct res_path path,
                               struct store_content **content_out)
{
    struct store_content *inner;
    enum store_rc rc = store_content_open(inner_of(store), path, &inner);
    if (rc != STORE_OK)
        return rc;
    struct slow_content *content = MEM_NEW(struct slow_content);
    content->base = (struct store_content){&content_ops, inner->stat};
    content->inner = inner;
    *content_out = &content->base;
    return STORE_OK;
}

/* --- uploads --- */

/* Its bytes are carried to the inner store by a thread of the slow store's, a piece at a time. */
struct slow_upload {
    struct store_upload base;
    struct store_upload *inner;
    struct slow_store *slow;
    struct list link; /* in slow->to_carry */
    struct job ring;
    /* The mutex guards what follows, and the carrier has `piece` while one is under way. */
    struct buf piece;
    unsigned code; /* why a piece did not arrive */
    bool is_under_way;
    bool is_awaited; /* its writer was told to wait */
    bool is_ringing; /* `ring` is posted */
    bool is_closed;
};

static void free_upload(struct slow_upload *upload)
{
    store_upload_close(&upload->inner);
    buf_done(&upload->piece);
    mem_free(upload);
}

static void ring_writer(struct job *job)
{
    struct slow_upload *upload = CONTAINER_OF(job, struct slow_upload, ring);
    pthread_mutex_lock(&upload->slow->mutex);
    upload->is_ringing = false;
    bool is_closed = upload->is_closed;
    pthread_mutex_unlock(&upload->slow->mutex);
    if (is_closed)
        free_upload(upload);
    else
        upload->base.sink.waker->ring(upload->base.sink.waker);
}

/* With the mutex held, but while the piece is written. */
static void carry(struct slow_upload *upload)
{
    struct slow_store *slow = upload->slow;
    pthread_mutex_unlock(&slow->mutex);
    while (slow->hold && access(slow->hold, F_OK) == 0)
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL); /* shorter is as good */
    unsigned code = store_upload_write(upload->inner, buf_str(&upload->piece));
    pthread_mutex_lock(&slow->mutex);
    buf_clear(&upload->piece);
    upload->code = code;
    upload->is_under_way = false;
    if (upload->is_closed) {
        free_upload(upload);
    } else if (upload->is_awaited) {
        upload->is_awaited = false;
        upload->is_ringing = true;
        executor_post(upload->base.sink.executor, &upload->ring);
    }
}

static void *carry_all(void *arg)
{
    struct slow_store *slow = arg;
    pthread_mutex_lock(&slow->mutex);
    while (!slow->is_closing || !list_is_empty(&slow->to_carry)) {
        if (list_is_empty(&slow->to_carry)) {
            pthread_cond_wait(&slow->has_changed, &slow->mutex);
            continue;
        }
        struct list *first = slow->to_carry.next;
        list_remove(first);
        carry(CONTAINER_OF(first, struct slow_upload, link));
    }
    pthread_mutex_unlock(&slow->mutex);
    return NULL;
}

/* With the mutex held: whether all that was taken has arrived. */
static enum push arrived(struct slow_upload *upload, unsigned *code_out)
{
    if (upload->is_under_way) {
        upload->is_awaited = true;
        return PUSH_WAIT;
    }
    *code_out = upload->code;
    return upload->code ? PUSH_FAIL : PUSH_DONE;
}

static enum push upload_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct slow_upload *upload = CONTAINER_OF(sink, struct slow_upload, base.sink);
    struct slow_store *slow = upload->slow;
    pthread_mutex_lock(&slow->mutex);
    assert(!upload->is_awaited && !upload->is_ringing);
    enum push pushed = arrived(upload, code_out);
    if (pushed == PUSH_DONE) {
        buf_add(&upload->piece, str_first(*bytes, PIECE_BYTES));
        *bytes = str_from(*bytes, upload->piece.len);
        upload->is_under_way = true;
        upload->is_awaited = bytes->len > 0;
        pushed = bytes->len ? PUSH_WAIT : PUSH_DONE;
        list_append(&slow->to_carry, &upload->link);
        pthread_cond_signal(&slow->has_changed);
    }
    pthread_mutex_unlock(&slow->mutex);
    return pushed;
}

static enum push upload_end(struct sink *sink, unsigned *code_out)
{
    struct slow_upload *upload = CONTAINER_OF(sink, struct slow_upload, base.sink);
    pthread_mutex_lock(&upload->slow->mutex);
    enum push ended = arrived(upload, code_out);
    pthread_mutex_unlock(&upload->slow->mutex);
    return ended;
}

static const struct sink_ops upload_sink_ops = {
    .name = "slow", .push = upload_push, .end = upload_end};

static enum store_rc upload_commit(struct store_upload *self, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    struct slow_upload *upload = CONTAINER_OF(self, struct slow_upload, base);
    assert(!upload->is_under_way); /* its sink was ended */
    return store_upload_commit(upload->inner, wrapper_inside(change), options, stat_out);
}

static void upload_close(struct store_upload *self)
{
    struct slow_upload *upload = CONTAINER_OF(self, struct slow_upload, base);
    struct slow_store *slow = upload->slow;
    pthread_mutex_lock(&slow->mutex);
    upload->is_closed = true; /* whoever still has it frees it */
    bool is_free = !upload->is_under_way && !upload->is_ringing;
    pthread_mutex_unlock(&slow->mutex);
    if (is_free)
        free_upload(upload);
}

static enum store_rc upload_take(struct store_upload *self, const struct store_staged *file)
{
    return store_upload_take(CONTAINER_OF(self, struct slow_upload, base)->inner, file);
}

static const struct store_upload_ops upload_ops = {
    .take = upload_take, .commit = upload_commit, .close = upload_close};

static enum store_rc slow_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                 struct store_upload **upload_out)
{
    struct store_upload *inner;
    enum store_rc rc = store_upload(inner_of(store), path, size_bytes, &inner);
    if (rc != STORE_OK)
        return rc;
    struct slow_upload *upload = MEM_NEW(struct slow_upload);
    upload->base.ops = &upload_ops;
    upload->base.sink = (struct sink){.ops = &upload_sink_ops, .waits = true};
    upload->slow = slow_of(store);
    upload->inner = inner;
    upload->ring.done = ring_writer;
    *upload_out = &upload->base;
    return STORE_OK;
}

static enum store_rc slow_resumables(struct store *store, struct res_path near,
                                     struct resumables **of_out)
{
    return store_resumables(inner_of(store), near, of_out);
}

/* --- changes --- */

static bool slow_begin(struct store *store, struct store_change *change)
{
    return wrapper_begin(inner_of(store), change);
}

static enum store_rc slow_mkcol(struct store_change *change, struct res_path path)
{
    return store_mkcol(wrapper_inside(change), path);
}

static enum store_rc slow_remove(struct store_change *change, struct res_path path,
                                 struct store_visitor *visitor)
{
    return store_remove(wrapper_inside(change), path, visitor);
}

static enum store_rc slow_copy(struct store_change *change, const struct store_transfer *transfer,
                               struct store_visitor *visitor)
{
    return store_copy(wrapper_inside(change), transfer, visitor);
}

static enum store_rc slow_move(struct store_change *change, const struct store_transfer *transfer,
                               struct store_visitor *visitor)
{
    return store_move(wrapper_inside(change), transfer, visitor);
}

static enum store_rc slow_patch(struct store_change *change, struct res_path path,
                                const struct store_patch *patch)
{
    return store_patch(wrapper_inside(change), path, patch);
}

static enum store_rc slow_lock(struct store_change *change, const struct lock_wish *wish)
{
    return store_lock(wrapper_inside(change), wish);
}

static enum store_rc slow_unlock(struct store_change *change, const struct lock *lock)
{
    return store_unlock(wrapper_inside(change), lock);
}

/* --- life --- */

static void slow_close(struct store *store)
{
    struct slow_store *slow = slow_of(store);
    assert(list_is_empty(&slow->cursors));
    pthread_mutex_lock(&slow->mutex);
    slow->is_closing = true;
    pthread_cond_signal(&slow->has_changed);
    pthread_mutex_unlock(&slow->mutex);
    pthread_join(slow->carrier, NULL);
    store_close(&slow->inner);
    pthread_cond_destroy(&slow->has_changed);
    pthread_mutex_destroy(&slow->mutex);
    mem_free(slow);
}

static const struct store_ops slow_ops = {
    .name = "slow",
    .close = slow_close,
    .locate = slow_locate,
    .stat = slow_stat,
    .open = slow_open,
    .list = slow_list,
    .upload = slow_upload,
    .resumables = slow_resumables,
    .mkcol = slow_mkcol,
    .remove = slow_remove,
    .copy = slow_copy,
    .move = slow_move,
    .hashes = slow_hashes,
    .note_hashes = slow_note_hashes,
    .may_have_props = slow_may_have_props,
    .props = slow_props,
    .patch = slow_patch,
    .has_locks = slow_has_locks,
    .locks = slow_locks,
    .lock = slow_lock,
    .unlock = slow_unlock,
    .quota = slow_quota,
    .used = slow_used,
    .changes = slow_changes,
    .acls = slow_acls,
    .is_read_only = slow_is_read_only,
    .folds = slow_folds,
    .is_lost = slow_is_lost,
    .begin = slow_begin,
    .end = wrapper_end,
};

struct store *slow_store_new(struct store *inner, const char *hold)
{
    struct slow_store *slow = MEM_NEW(struct slow_store);
    slow->base.ops = &slow_ops;
    slow->base.traits = inner->traits;
    slow->base.traits.reads_block = slow->base.traits.locks_block = true;
    slow->inner = inner;
    slow->hold = hold;
    pthread_mutex_init(&slow->mutex, NULL);
    pthread_cond_init(&slow->has_changed, NULL);
    list_init(&slow->cursors);
    list_init(&slow->to_carry);
    int rc = pthread_create(&slow->carrier, NULL, carry_all, slow);
    assert(rc == 0); /* it is for tests */
    return &slow->base;
}

struct store *slow_store_inner(struct store *store)
{
    return inner_of(store);
}
