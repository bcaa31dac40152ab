/* Every fallible call is counted, whichever object it is made on: a cursor and an upload of the
 * inner store are wrapped as well, so that a listing can break off in its middle and an upload at
 * any write. The call that is chosen to fail does not reach the inner store, as if the failure had
 * come before anything was done.
 *
 * What cannot fail by contract (the quick yes-or-no questions, the end of a change, closing) is
 * passed on uncounted; so is upload(), which by contract changes nothing yet. Whether calls block
 * is the inner store's answer.
 *
 * With a plan it is a store that others change, too: each step of a change, its begin and each call
 * in it, is answered AGAIN so many times before it is made. Which step it is, is known by what it
 * does and where: so a request that is run again from its beginning gets one step further each
 * time, and one that gives up in the middle leaves the count for the next. */
#include "store/fault/fault.h"

#include <pthread.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/store.h"
#include "store/wrapper.h"

static const char BEGIN[] = "begin"; /* the step that is no call */

struct fault_store {
    struct store base;
    struct store *inner;
    pthread_mutex_t mutex; /* guards what follows */
    unsigned count;
    unsigned fails_at; /* 0: never */
    enum store_rc rc;
    struct fault_plan plan;
    struct map steps; /* those that have been answered AGAIN, and have not been made */
};

/* "what path" */
struct fault_step {
    struct map_entry entry;
    unsigned again;
    char key[];
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

/* --- steps --- */

static struct fault_step *find_step(struct fault_store *fault, const char *what,
                                    struct res_path path)
{
    struct buf key = {0};
    buf_addf(&key, "%s %.*s", what, STR_ARGS(path));
    struct map_entry *entry = map_find(&fault->steps, buf_str(&key));
    struct fault_step *step = entry ? CONTAINER_OF(entry, struct fault_step, entry) : NULL;
    if (!step) {
        step = mem_new(1, sizeof(*step) + key.len);
        memcpy(step->key, key.at, key.len);
        map_add(&fault->steps, &step->entry, str_of(step->key, key.len));
    }
    buf_done(&key);
    return step;
}

static void forget_step(struct fault_store *fault, struct fault_step *step)
{
    map_remove(&fault->steps, &step->entry);
    mem_free(step);
}

static bool is_due(struct fault_store *fault, const char *what, struct res_path path)
{
    const struct fault_plan *plan = &fault->plan;
    unsigned count = strcmp(what, BEGIN) == 0 ? plan->again_begins : plan->again_calls;
    if (count == 0)
        return true;
    struct fault_step *step = find_step(fault, what, path);
    if (step->again >= count)
        return true;
    step->again++;
    return false;
}

static struct res_path first_path(const struct store_change *change)
{
    return change->range_count ? change->ranges[0].path : PATH_ROOT;
}

/* A call has been made: it and the beginning are answered AGAIN anew when they come next. */
static void note_made(struct fault_store *fault, const struct store_change *change,
                      const char *what, struct res_path path)
{
    pthread_mutex_lock(&fault->mutex);
    forget_step(fault, find_step(fault, what, path));
    forget_step(fault, find_step(fault, BEGIN, first_path(change)));
    pthread_mutex_unlock(&fault->mutex);
}

/* As passes(), for a step of a change. */
static bool step_passes(struct fault_store *fault, const char *what, struct res_path path,
                        enum store_rc *rc_out)
{
    if (!passes(fault, rc_out))
        return false;
    pthread_mutex_lock(&fault->mutex);
    bool is_made = is_due(fault, what, path);
    pthread_mutex_unlock(&fault->mutex);
    *rc_out = is_made ? STORE_OK : STORE_AGAIN;
    return is_made;
}

/* The same for a call; the change inside, or NULL. */
static struct store_change *enter(struct store_change *change, const char *what,
                                  struct res_path path, enum store_rc *rc_out)
{
    struct fault_store *fault = fault_of(change->store);
    if (!step_passes(fault, what, path, rc_out))
        return NULL;
    note_made(fault, change, what, path);
    return wrapper_inside(change);
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

static enum store_rc fault_stat(struct store *store, struct res_path path, unsigned wants,
                                struct store_stat *stat_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_stat(fault->inner, path, wants, stat_out);
    return rc;
}

/* What is not known is none: these cannot fail. */
static void fault_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                         struct content_hashes *hashes_out)
{
    store_hashes(fault_of(store)->inner, path, stat, hashes_out);
}

static void fault_note_hashes(struct store *store, struct res_path path,
                              const struct store_stat *stat, const struct content_hashes *hashes)
{
    store_note_hashes(fault_of(store)->inner, path, stat, hashes);
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

static enum store_rc fault_used(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    struct fault_store *fault = fault_of(store);
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_used(fault->inner, path, bytes_out);
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

static enum store_rc fault_list(struct store *store, struct res_path path, unsigned wants,
                                struct store_cursor **cursor_out)
{
    struct fault_store *fault = fault_of(store);
    struct store_cursor *inner;
    enum store_rc rc;
    if (passes(fault, &rc))
        rc = store_list(fault->inner, path, wants, &inner);
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

static enum store_rc upload_commit(struct store_upload *self, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    struct fault_upload *upload = CONTAINER_OF(self, struct fault_upload, base);
    enum store_rc rc;
    struct store_change *inside = enter(change, "commit", self->path, &rc);
    return inside ? store_upload_commit(upload->inner, inside, options, stat_out) : rc;
}

static void upload_close(struct store_upload *self)
{
    struct fault_upload *upload = CONTAINER_OF(self, struct fault_upload, base);
    store_upload_close(&upload->inner);
    mem_free(upload);
}

static enum store_rc upload_take(struct store_upload *self, const struct store_staged *file)
{
    struct fault_upload *upload = CONTAINER_OF(self, struct fault_upload, base);
    enum store_rc rc;
    return passes(upload->fault, &rc) ? store_upload_take(upload->inner, file) : rc;
}

static const struct store_upload_ops upload_ops = {
    .take = upload_take, .commit = upload_commit, .close = upload_close};

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

static enum store_rc fault_resumables(struct store *store, struct res_path near,
                                      struct resumables **of_out)
{
    return store_resumables(fault_of(store)->inner, near, of_out);
}

/* --- changes to the tree --- */

static enum store_rc fault_mkcol(struct store_change *change, struct res_path path)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "mkcol", path, &rc);
    return inside ? store_mkcol(inside, path) : rc;
}

static enum store_rc fault_remove(struct store_change *change, struct res_path path,
                                  struct store_visitor *visitor)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "remove", path, &rc);
    return inside ? store_remove(inside, path, visitor) : rc;
}

static enum store_rc fault_copy(struct store_change *change, const struct store_transfer *transfer,
                                struct store_visitor *visitor)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "copy", transfer->to, &rc);
    return inside ? store_copy(inside, transfer, visitor) : rc;
}

static enum store_rc fault_move(struct store_change *change, const struct store_transfer *transfer,
                                struct store_visitor *visitor)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "move", transfer->to, &rc);
    return inside ? store_move(inside, transfer, visitor) : rc;
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

static enum store_rc fault_patch(struct store_change *change, struct res_path path,
                                 const struct store_patch *patch)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "patch", path, &rc);
    return inside ? store_patch(inside, path, patch) : rc;
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

static enum store_rc fault_lock(struct store_change *change, const struct lock_wish *wish)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "lock", wish->lock->root, &rc);
    return inside ? store_lock(inside, wish) : rc;
}

static enum store_rc fault_unlock(struct store_change *change, const struct lock *lock)
{
    enum store_rc rc;
    struct store_change *inside = enter(change, "unlock", lock->root, &rc);
    return inside ? store_unlock(inside, lock) : rc;
}

static bool fault_is_read_only(struct store *store, struct res_path path)
{
    return store_is_read_only(fault_of(store)->inner, path);
}

static enum store_folding fault_folds(struct store *store, struct res_path path)
{
    return store_folds(fault_of(store)->inner, path);
}

static struct acl_place fault_acls(struct store *store, struct arena *arena, struct res_path path)
{
    return store_acls(fault_of(store)->inner, arena, path);
}

static struct change_log *fault_changes(struct store *store, struct arena *arena,
                                        struct res_path path, struct res_path *inside_out)
{
    return store_changes(fault_of(store)->inner, arena, path, inside_out);
}

static bool fault_is_lost(struct store *store)
{
    return store_is_lost(fault_of(store)->inner);
}

/* --- changes --- */

/* True: known at once. */
static bool begin_now(struct store_change *change)
{
    struct fault_store *fault = fault_of(change->store);
    return !step_passes(fault, BEGIN, first_path(change), &change->rc) ||
           wrapper_begin(fault->inner, change);
}

static void begin_later(struct job *job)
{
    struct store_change *change = CONTAINER_OF(job, struct store_change, claim.job);
    if (begin_now(change))
        change_tell(change);
}

static bool fault_begin(struct store *store, struct store_change *change)
{
    if (!fault_of(store)->plan.begins_later)
        return begin_now(change);
    change->claim.job.done = begin_later;
    executor_post(change->executor, &change->claim.job);
    return false;
}

/* --- life --- */

static void fault_close(struct store *store)
{
    struct fault_store *fault = fault_of(store);
    fault_store_plan(store, &(struct fault_plan){0});
    map_done(&fault->steps);
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
    .resumables = fault_resumables,
    .mkcol = fault_mkcol,
    .remove = fault_remove,
    .copy = fault_copy,
    .move = fault_move,
    .hashes = fault_hashes,
    .note_hashes = fault_note_hashes,
    .may_have_props = fault_may_have_props,
    .props = fault_props,
    .patch = fault_patch,
    .has_locks = fault_has_locks,
    .locks = fault_locks,
    .lock = fault_lock,
    .unlock = fault_unlock,
    .quota = fault_quota,
    .used = fault_used,
    .changes = fault_changes,
    .acls = fault_acls,
    .is_read_only = fault_is_read_only,
    .folds = fault_folds,
    .is_lost = fault_is_lost,
    .begin = fault_begin,
    .end = wrapper_end,
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

void fault_store_plan(struct store *store, const struct fault_plan *plan)
{
    struct fault_store *fault = fault_of(store);
    struct map_entry *entry;
    pthread_mutex_lock(&fault->mutex);
    fault->plan = *plan;
    while ((entry = map_next(&fault->steps, NULL)))
        forget_step(fault, CONTAINER_OF(entry, struct fault_step, entry));
    pthread_mutex_unlock(&fault->mutex);
}

struct store *fault_store_inner(struct store *store)
{
    return fault_of(store)->inner;
}

unsigned fault_store_count(const struct store *store)
{
    const struct fault_store *fault = (const struct fault_store *)(const void *)store;
    return fault->count;
}
