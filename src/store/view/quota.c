/* A mount's quota: how many bytes there may be in it. A store that counts bytes itself is told what
 * room there is (view_change()) and refuses what does not fit; what follows is for the others
 * (store/view/usage.h counts). What an
 * upload writes is taken from the quota as it is written, less what it will replace, and given back
 * if it comes to nothing; so an upload of unknown length fails when the room is used up, not after.
 * Trees are counted before they are copied, moved in or removed: the operation itself visits them
 * all.
 *
 * A tree operation that was done in part leaves the number in doubt, and it is counted anew. */
#include "store/view/quota.h"

#include "base/mem.h"
#include "store/gather.h"
#include "store/store.h"

/* True: there is a quota, and it is here that it is seen to. */
static bool place_of(const struct mount *mount, struct usage_place *place_out)
{
    *place_out = (struct usage_place){mount->usages, mount->store, mount->base};
    return mount->quota_bytes != 0 && !mount->store->traits.counts_bytes;
}

static enum store_rc used_bytes(const struct mount *mount, uint64_t *bytes_out)
{
    struct usage_place place;
    if (place_of(mount, &place))
        return usage_get(&place, bytes_out);
    return mount->quota_bytes ? store_used(mount->store, mount->base, bytes_out) : STORE_OK;
}

enum store_rc view_quota(struct store *store, struct res_path path, struct store_quota *quota_out)
{
    const struct mount *mount = view_find(view_of(store), path);
    struct arena arena = {0};
    *quota_out = (struct store_quota){0};
    enum store_rc rc = STORE_NOT_FOUND;
    if (mount)
        rc = store_quota(mount->store, view_enter(&arena, mount, path), quota_out);
    if (rc == STORE_OK)
        rc = used_bytes(mount, &quota_out->used_bytes);
    if (rc == STORE_OK && mount->quota_bytes) {
        uint64_t used = u64_min(quota_out->used_bytes, mount->quota_bytes);
        uint64_t left = mount->quota_bytes - used;
        quota_out->available_bytes =
            quota_out->is_known ? u64_min(left, quota_out->available_bytes) : left;
        quota_out->is_known = true;
    }
    arena_done(&arena);
    return rc;
}

/* Whether what is removed or replaced at `real` stays in the mount, kept. */
static bool keeps(const struct mount *mount, struct res_path real)
{
    return mount->store->traits.keeps_removed && !store_is_aside(mount->store, real);
}

bool view_make_room(struct store *store, struct res_path path, uint64_t bytes)
{
    const struct mount *mount = view_find(view_of(store), path);
    struct usage_place place;
    struct arena arena = {0};
    bool has_gone = mount && store_make_room(mount->store, view_enter(&arena, mount, path), bytes);
    if (has_gone && place_of(mount, &place))
        usage_doubt(&place);
    arena_done(&arena);
    return has_gone;
}

/* --- uploads --- */

struct capped {
    struct store_upload base;
    struct store_upload *inner;
    struct arena arena;
    struct usage_place place;
    uint64_t quota_bytes;
    uint64_t replaced_bytes; /* when it began */
    uint64_t written_bytes;
    uint64_t taken_bytes;
    bool keeps; /* what it replaces stays, kept */
};

static uint64_t file_bytes(struct store *store, struct res_path path)
{
    struct store_stat stat;
    bool is_file = store_stat(store, path, 0, &stat) == STORE_OK && !stat.is_collection;
    return is_file ? stat.size_bytes : 0;
}

/* Takes room for `len` more bytes. On a loop nobody counts anew for it: it was when this began. */
static enum store_rc take_room(struct capped *capped, size_t len)
{
    uint64_t covered = capped->replaced_bytes + capped->taken_bytes;
    uint64_t needed = capped->written_bytes + len;
    if (needed <= covered)
        return STORE_OK;
    uint64_t more = needed - covered;
    enum store_rc rc = capped->inner->sink.waits
                           ? usage_take_known(&capped->place, more, capped->quota_bytes)
                           : usage_take(&capped->place, more, capped->quota_bytes);
    if (rc == STORE_OK)
        capped->taken_bytes += more;
    return rc;
}

static unsigned capped_write(struct sink *sink, struct str bytes)
{
    struct capped *capped = CONTAINER_OF(sink, struct capped, base.sink);
    enum store_rc rc = take_room(capped, bytes.len);
    if (rc != STORE_OK)
        return rc;
    capped->written_bytes += bytes.len;
    capped->inner->plan = capped->base.plan;
    return sink_write(&capped->inner->sink, bytes);
}

static enum push capped_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct capped *capped = CONTAINER_OF(sink, struct capped, base.sink);
    size_t before = bytes->len;
    enum store_rc rc = take_room(capped, before);
    if (rc != STORE_OK) {
        *code_out = rc;
        return PUSH_FAIL;
    }
    sink_pass(sink, &capped->inner->sink);
    capped->inner->plan = capped->base.plan;
    enum push pushed = sink_push(&capped->inner->sink, bytes, code_out);
    capped->written_bytes += before - bytes->len;
    return pushed;
}

static enum push capped_end(struct sink *sink, unsigned *code_out)
{
    struct capped *capped = CONTAINER_OF(sink, struct capped, base.sink);
    sink_pass(sink, &capped->inner->sink);
    return sink_end(&capped->inner->sink, code_out);
}

static enum store_rc capped_commit(struct store_upload *upload, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    struct capped *capped = CONTAINER_OF(upload, struct capped, base);
    /* It may be another by now. */
    uint64_t replaced = capped->keeps ? 0 : file_bytes(change->store, capped->inner->path);
    enum store_rc rc = store_upload_commit(capped->inner, change, options, stat_out);
    if (rc != STORE_OK)
        return rc;
    uint64_t before = replaced + capped->taken_bytes;
    if (before > capped->written_bytes)
        usage_give(&capped->place, before - capped->written_bytes);
    else if (usage_take(&capped->place, capped->written_bytes - before, UINT64_MAX) != STORE_OK)
        usage_doubt(&capped->place);
    capped->taken_bytes = 0;
    return STORE_OK;
}

static void capped_close(struct store_upload *upload)
{
    struct capped *capped = CONTAINER_OF(upload, struct capped, base);
    if (capped->taken_bytes)
        usage_give(&capped->place, capped->taken_bytes);
    store_upload_close(&capped->inner);
    arena_done(&capped->arena);
    mem_free(capped);
}

static const struct sink_ops capped_sink_ops = {"capped", capped_write, capped_push, capped_end};
static enum store_rc capped_take(struct store_upload *upload, const struct store_staged *file)
{
    struct capped *capped = CONTAINER_OF(upload, struct capped, base);
    uint64_t taken_bytes = capped->taken_bytes;
    enum store_rc rc = take_room(capped, file->size_bytes);
    if (rc != STORE_OK)
        return rc;
    rc = store_upload_take(capped->inner, file);
    if (rc == STORE_OK) {
        capped->written_bytes = file->size_bytes;
        return STORE_OK;
    }
    usage_give(&capped->place, capped->taken_bytes - taken_bytes);
    capped->taken_bytes = taken_bytes;
    return rc;
}

static const struct store_upload_ops capped_ops = {capped_take, capped_commit, capped_close};

static bool is_too_much(const struct mount *mount, uint64_t used, uint64_t more)
{
    return more && (used > mount->quota_bytes || more > mount->quota_bytes - used);
}

enum store_rc mount_upload(const struct mount *mount, struct res_path real, uint64_t size_bytes,
                           struct store_upload **upload_out)
{
    struct usage_place place;
    struct store_upload *inner;
    uint64_t used = 0;
    if (mount->quota_bytes == 0)
        return store_upload(mount->store, real, size_bytes, upload_out);
    uint64_t replaced = keeps(mount, real) ? 0 : file_bytes(mount->store, real);
    uint64_t more = size_bytes != UINT64_MAX && size_bytes > replaced ? size_bytes - replaced : 0;
    enum store_rc rc = used_bytes(mount, &used);
    if (rc == STORE_OK && is_too_much(mount, used, more))
        return STORE_OVER_QUOTA; /* before a byte has come */
    if (!place_of(mount, &place) && rc == STORE_OK)
        return store_upload(mount->store, real, size_bytes, upload_out);
    if (rc == STORE_OK)
        rc = store_upload(mount->store, real, size_bytes, &inner);
    if (rc != STORE_OK)
        return rc;
    struct capped *capped = MEM_NEW(struct capped);
    capped->base.ops = &capped_ops;
    capped->base.sink.ops = &capped_sink_ops;
    capped->base.sink.waits = inner->sink.waits;
    capped->inner = inner;
    capped->place = place;
    capped->place.base = path_copy(&capped->arena, place.base);
    capped->quota_bytes = mount->quota_bytes;
    capped->replaced_bytes = replaced;
    capped->keeps = keeps(mount, real);
    *upload_out = &capped->base;
    return STORE_OK;
}

/* --- properties --- */

enum store_rc mount_patch(const struct mount *mount, struct store_change *change,
                          struct res_path real, const struct store_patch *patch)
{
    struct store *store = change->store;
    struct usage_place place;
    if (!place_of(mount, &place) || patch->prop_count == 0)
        return store_patch(change, real, patch);
    uint64_t before = store_prop_bytes(store, real, NULL);
    uint64_t replaced = store_prop_bytes(store, real, patch);
    uint64_t come = 0;
    for (size_t i = 0; i < patch->prop_count; i++)
        come += patch->props[i].xml.len ? prop_bytes(&patch->props[i]) : 0;
    uint64_t more = come > replaced ? come - replaced : 0;
    enum store_rc rc = usage_take(&place, more, mount->quota_bytes);
    if (rc != STORE_OK)
        return rc;
    rc = store_patch(change, real, patch);
    uint64_t after = store_prop_bytes(store, real, NULL); /* a name may come twice in it */
    if (before + more > after)
        usage_give(&place, before + more - after);
    return rc;
}

/* --- trees --- */

static uint64_t bytes_at(struct store *store, struct res_path path)
{
    uint64_t bytes = 0;
    return tree_bytes(store, path, &bytes) == STORE_OK ? bytes : 0;
}

void budget_remove(struct view_budget *budget, struct res_path real)
{
    struct usage_place place;
    if (place_of(budget->from, &place) && !keeps(budget->from, real))
        budget->replaced_bytes = bytes_at(budget->store, real);
}

enum store_rc budget_transfer(struct view_budget *budget, struct res_path from_real,
                              struct res_path to_real, bool is_deep)
{
    struct usage_place place;
    struct store *store = budget->store;
    if (!place_of(budget->from, &place) && !place_of(budget->to, &place))
        return STORE_OK;
    budget->bytes = is_deep
                        ? bytes_at(store, from_real)
                        : file_bytes(store, from_real) + store_prop_bytes(store, from_real, NULL);
    budget->replaced_bytes = keeps(budget->to, to_real) ? 0 : bytes_at(store, to_real);
    bool is_more = budget->from != budget->to || !budget->is_move;
    if (!is_more || budget->bytes <= budget->replaced_bytes || !place_of(budget->to, &place))
        return STORE_OK;
    uint64_t more = budget->bytes - budget->replaced_bytes;
    enum store_rc rc = usage_take(&place, more, budget->to->quota_bytes);
    if (rc == STORE_OK)
        budget->taken_bytes = more;
    return rc;
}

/* What has come to where there is a quota, and what has gone from there. */
static void settle(const struct view_budget *budget)
{
    bool is_within = budget->is_move && budget->from == budget->to;
    uint64_t come = is_within ? 0 : budget->bytes;
    struct usage_place place;
    if (budget->is_move && !is_within && place_of(budget->from, &place))
        usage_give(&place, budget->bytes);
    if (place_of(budget->to ? budget->to : budget->from, &place) &&
        budget->replaced_bytes + budget->taken_bytes > come)
        usage_give(&place, budget->replaced_bytes + budget->taken_bytes - come);
}

void budget_settle(const struct view_budget *budget, enum store_rc rc)
{
    struct usage_place place;
    if (rc == STORE_OK) {
        settle(budget);
        return;
    }
    if (rc == STORE_PARTIAL && place_of(budget->from, &place))
        usage_doubt(&place);
    if (!budget->to || !place_of(budget->to, &place))
        return;
    if (rc == STORE_PARTIAL)
        usage_doubt(&place);
    else if (budget->taken_bytes)
        usage_give(&place, budget->taken_bytes);
}
