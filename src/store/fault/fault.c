/* Every fallible call is counted, whichever object it is made on: a cursor and an upload of the
 * inner store are wrapped as well, so that a listing can break off in its middle and an upload at
 * any write. The call that is chosen to fail does not reach the inner store, as if the failure had
 * come before anything was done.
 *
 * What cannot fail by contract (the quick yes-or-no questions, claims, closing) is passed on
 * uncounted; so is upload(), which by contract does nothing yet. Whether calls block is the inner
 * store's answer. */
#include "store/fault/fault.h"

#include <pthread.h>

#include "base/mem.h"
#include "store/backend.h"
#include "store/store.h"

struct fault_store {
    struct store base;
    struct store *inner;
    pthread_mutex_t mutex; /* guards what follows */
    unsigned count;
    unsigned fails_at; /* 0: never */
    enum store_rc rc;
};

static struct fault_store *fault_of(struct store *store)
{
    return CONTAINER_OF(store, struct fault_store, base);
}

/* Counts an operation. False: it is the one to fail, with *rc_out. */
static bool passes(struct fault_store *fault, enum store_rc *rc_out)
{
    pthread_mutex_lock(&fault->mutex);
    bool fails = ++fault->count == fault->fails_at;
    if (fails)
        *rc_out = fault->rc;
    pthread_mutex_unlock(&fault->mutex);
    return !fails;
}

/* --- what is there --- */

static enum store_rc fault_locate(struct store *store, struct arena *arena, struct res_path path,
                                  enum locate_what what, struct res_path *real_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_locate(fault->inner, arena, path, what, real_out);
    return rc;
}

static enum store_rc fault_stat(struct store *store, struct res_path path,
                                struct store_stat *stat_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_stat(fault->inner, path, stat_out);
    return rc;
}

static enum store_rc fault_open(struct store *store, struct res_path path,
                                struct store_content **content_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_content_open(fault->inner, path, content_out);
    return rc;
}

static enum store_rc fault_quota(struct store *store, struct res_path path,
                                 struct store_quota *quota_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_quota(fault->inner, path, quota_out);
    return rc;
}

/* --- cursors --- */

struct fault_cursor {
    struct store_cursor base;
    struct fault_store *fault;
    struct store_cursor *inner;
};

static enum store_rc cursor_next(struct store_cursor *self, struct store_member *member_out)
{
    struct fault_cursor *cursor = CONTAINER_OF(self, struct fault_cursor, base);
    enum store_rc rc;
    if (passes(cursor->fault, &rc))
        rc = store_cursor_next(cursor->inner, member_out);
    return rc;
}

static void cursor_close(struct store_cursor *self)
{
    struct fault_cursor *cursor = CONTAINER_OF(self, struct fault_cursor, base);
    store_cursor_close(&cursor->inner);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {.next = cursor_next, .close = cursor_close};

static enum store_rc fault_list(struct store *store, struct res_path path,
                                struct store_cursor **cursor_out)
{
    struct fault_store *fault = fault_of(store);
    struct store_cursor *inner;
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_list(fault->inner, path, &inner);
    if (rc != STORE_OK)
        return rc;
    struct fault_cursor *cursor = MEM_NEW(struct fault_cursor);
    *cursor = (struct fault_cursor){{&cursor_ops}, fault, inner};
    *cursor_out = &cursor->base;
    return STORE_OK;
}

/* --- uploads --- */

struct fault_upload {
    struct store_upload base;
    struct fault_store *fault;
    struct store_upload *inner;
    bool has_waited; /* the last call of the sink said WAIT */
};

static unsigned upload_write(struct sink *sink, struct str bytes)
{
    struct fault_upload *upload = CONTAINER_OF(sink, struct fault_upload, base.sink);
    enum store_rc rc;
    return passes(upload->fault, &rc) ? sink_write(&upload->inner->sink, bytes) : rc;
}

/* An operation that waits is counted once, and not again when it goes on. */
static bool passes_sink(struct fault_upload *upload, unsigned *code_out)
{
    enum store_rc rc;
    sink_pass(&upload->base.sink, &upload->inner->sink);
    if (upload->has_waited || passes(upload->fault, &rc))
        return true;
    *code_out = rc;
    return false;
}

static enum push upload_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct fault_upload *upload = CONTAINER_OF(sink, struct fault_upload, base.sink);
    if (!passes_sink(upload, code_out))
        return PUSH_FAIL;
    enum push pushed = sink_push(&upload->inner->sink, bytes, code_out);
    upload->has_waited = pushed == PUSH_WAIT;
    return pushed;
}

static enum push upload_end(struct sink *sink, unsigned *code_out)
{
    struct fault_upload *upload = CONTAINER_OF(sink, struct fault_upload, base.sink);
    if (!passes_sink(upload, code_out))
        return PUSH_FAIL;
    enum push ended = sink_end(&upload->inner->sink, code_out);
    upload->has_waited = ended == PUSH_WAIT;
    return ended;
}

static const struct sink_ops upload_sink_ops = {
    .name = "fault", .write = upload_write, .push = upload_push, .end = upload_end};

static enum store_rc upload_commit(struct store_upload *self, const struct store_commit *options,
                                   struct store_stat *stat_out)
{
    struct fault_upload *upload = CONTAINER_OF(self, struct fault_upload, base);
    enum store_rc rc;
    if (passes(upload->fault, &rc))
        rc = store_upload_commit(upload->inner, options, stat_out);
    return rc;
}

static void upload_close(struct store_upload *self)
{
    struct fault_upload *upload = CONTAINER_OF(self, struct fault_upload, base);
    store_upload_close(&upload->inner);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {.commit = upload_commit, .close = upload_close};

static enum store_rc fault_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                  struct store_upload **upload_out)
{
    struct fault_store *fault = fault_of(store);
    struct store_upload *inner;
    enum store_rc rc = store_upload(fault->inner, path, size_bytes, &inner);
    if (rc != STORE_OK)
        return rc;
    struct fault_upload *upload = MEM_NEW(struct fault_upload);
    upload->base.ops = &upload_ops;
    upload->base.sink = (struct sink){.ops = &upload_sink_ops, .waits = inner->sink.waits};
    upload->fault = fault;
    upload->inner = inner;
    *upload_out = &upload->base;
    return STORE_OK;
}

/* --- changes to the tree --- */

static enum store_rc fault_mkcol(struct store *store, struct res_path path)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_mkcol(fault->inner, path);
    return rc;
}

static enum store_rc fault_remove(struct store *store, struct res_path path,
                                  struct store_visitor *visitor)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_remove(fault->inner, path, visitor);
    return rc;
}

static enum store_rc fault_copy(struct store *store, const struct store_transfer *transfer,
                                struct store_visitor *visitor)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_copy(fault->inner, transfer, visitor);
    return rc;
}

static enum store_rc fault_move(struct store *store, const struct store_transfer *transfer,
                                struct store_visitor *visitor)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_move(fault->inner, transfer, visitor);
    return rc;
}

/* --- properties and locks --- */

static bool fault_may_have_props(struct store *store, struct res_path path)
{
    struct fault_store *fault = fault_of(store);
    return store_may_have_props(fault->inner, path);
}

static enum store_rc fault_props(struct store *store, struct res_path path,
                                 struct store_prop_visitor *visitor)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_props(fault->inner, path, visitor);
    return rc;
}

static enum store_rc fault_patch(struct store *store, struct res_path path,
                                 const struct store_patch *patch)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_patch(fault->inner, path, patch);
    return rc;
}

static bool fault_has_locks(struct store *store)
{
    struct fault_store *fault = fault_of(store);
    return store_has_locks(fault->inner);
}

static enum store_rc fault_locks(struct store *store, struct arena *arena, struct res_path path,
                                 enum lock_query query, struct lock_list *locks_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_locks(fault->inner, arena, path, query, locks_out);
    return rc;
}

static enum store_rc fault_lock(struct store *store, const struct lock *lock)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_lock(fault->inner, lock);
    return rc;
}

static enum store_rc fault_unlock(struct store *store, struct str token)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_unlock(fault->inner, token);
    return rc;
}

static bool fault_claim(struct store *store, struct claim *claim)
{
    struct fault_store *fault = fault_of(store);
    return store_claim(fault->inner, claim);
}

static void fault_release(struct store *store, struct claim *claim)
{
    struct fault_store *fault = fault_of(store);
    store_release(fault->inner, claim);
}

/* --- life --- */

static void fault_close(struct store *store)
{
    struct fault_store *fault = fault_of(store);
    store_close(&fault->inner);
    pthread_mutex_destroy(&fault->mutex);
    mem_free(fault);
}

static const struct store_ops fault_ops = {
    .name = "fault",
    .close = fault_close,
    .locate = fault_locate,
    .stat = fault_stat,
    .open = fault_open,
    .list = fault_list,
    .upload = fault_upload,
    .mkcol = fault_mkcol,
    .remove = fault_remove,
    .copy = fault_copy,
    .move = fault_move,
    .may_have_props = fault_may_have_props,
    .props = fault_props,
    .patch = fault_patch,
    .has_locks = fault_has_locks,
    .locks = fault_locks,
    .lock = fault_lock,
    .unlock = fault_unlock,
    .quota = fault_quota,
    .claim = fault_claim,
    .release = fault_release,
};

struct store *fault_store_new(struct store *inner)
{
    struct fault_store *fault = MEM_NEW(struct fault_store);
    fault->base.ops = &fault_ops;
    fault->base.traits = inner->traits;
    fault->inner = inner;
    pthread_mutex_init(&fault->mutex, NULL);
    return &fault->base;
}

void fault_store_arm(struct store *store, unsigned n, enum store_rc rc)
{
    struct fault_store *fault = fault_of(store);
    pthread_mutex_lock(&fault->mutex);
    fault->count = 0;
    fault->fails_at = n;
    fault->rc = rc;
    pthread_mutex_unlock(&fault->mutex);
}

unsigned fault_store_count(const struct store *store)
{
    const struct fault_store *fault = (const struct fault_store *)(const void *)store;
    return fault->count;
}
