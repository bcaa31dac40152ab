/* The storage contract over another server's WebDAV. What davit does with a tree from one store to
 * another (store/view/tree.c) it does with origins, too, by this: each call is a request or two.
 *
 *     locate    nothing: how the origin tells names apart it alone knows
 *     stat, locks, tag    PROPFIND, Depth 0        list     PROPFIND, Depth 1
 *     props     PROPFIND, allprop                  patch    PROPPATCH
 *     open      GET                                upload   PUT
 *     mkcol, remove, copy, move    MKCOL, DELETE, COPY, MOVE
 *
 * What is promised stands and falls with the origin. A change is no claim: nobody keeps others from
 * the origin. So what a call rests on is said in the request itself where HTTP has words for it
 * (If-None-Match, If-Match, Overwrite), and the origin refuses it otherwise. What may have
 * arrived and was not answered is NO_ANSWER: neither a success nor undone, and not sent again.
 *
 * Locks are the origin's, and so is the judgement. The tokens that the client submits for resources
 * of this origin go with each request that changes something, in a list that is true in any case
 * (RFC 4918 §10.4.8): whether the client's own If holds was judged before the change, and it may
 * not any more when half of a tree has been moved. Tokens of other origins are nobody's business
 * here. A lock with a token of ours cannot be made there: DENIED.
 *
 * One exchange uses it, a thread at a time, so that nothing in it is guarded. */
#include "store/origin/origin.h"

#include "exchange/destination.h"
#include "exchange/handler.h"
#include "exchange/if_header.h"
#include "gateway/request.h"
#include "store/origin/change.h"
#include "store/origin/content.h"
#include "store/origin/look.h"
#include "store/origin/props.h"

/* --- looking --- */

static enum store_rc origin_locate(struct store *store, struct arena *arena, struct res_path path,
                                   enum locate_what what, struct res_path *real_out)
{
    (void)store, (void)what;
    *real_out = path_copy(arena, path);
    return STORE_OK;
}

static enum store_rc origin_stat(struct store *store, struct res_path path, unsigned wants,
                                 struct store_stat *stat_out)
{
    struct origin *origin = origin_of(store);
    const struct seen *seen = &origin->seen;
    bool is_told = seen->is_listed && seen->path.at && path_eq(seen->path, path);
    enum store_rc rc = is_told ? seen->rc : look_at(origin, path);
    (void)wants;
    if (rc == STORE_OK)
        *stat_out = seen->stat;
    return rc;
}

static enum store_rc origin_tag(struct store *store, struct arena *arena, struct res_path path,
                                struct str *tag_out)
{
    struct origin *origin = origin_of(store);
    enum store_rc rc = look_lately(origin, path);
    if (rc == STORE_OK)
        *tag_out = arena_str(arena, origin->seen.tag);
    return rc;
}

static bool origin_may_have_props(struct store *store, struct res_path path)
{
    (void)store, (void)path;
    return true;
}

static bool origin_has_locks(struct store *store)
{
    (void)store;
    return true; /* who knows */
}

static enum store_rc origin_locks(struct store *store, struct arena *arena, struct res_path path,
                                  enum lock_query query, struct lock_list *locks_out)
{
    struct origin *origin = origin_of(store);
    struct seen *seen = &origin->seen;
    *locks_out = (struct lock_list){0};
    if (query == LOCKS_WITHIN) /* it judges them itself, member by member */
        return STORE_OK;
    enum store_rc rc = look_lately(origin, path);
    if (rc == STORE_OK && seen->is_listed && seen->has_locks)
        rc = look_at(origin, path);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct lock *items = arena_alloc(arena, (seen->locks.count + 1) * sizeof(*items));
    for (size_t i = 0; i < seen->locks.count; i++) {
        items[i] = seen->locks.items[i];
        items[i].token = arena_str(arena, items[i].token);
        items[i].root = path_copy(arena, items[i].root);
    }
    *locks_out = (struct lock_list){items, seen->locks.count};
    return STORE_OK;
}

static enum store_rc origin_lock(struct store_change *change, const struct lock_wish *wish)
{
    (void)change, (void)wish;
    return STORE_DENIED;
}

static enum store_rc origin_unlock(struct store_change *change, const struct lock *lock)
{
    (void)change, (void)lock;
    return STORE_NOT_FOUND; /* none of ours is there */
}

static enum store_rc origin_quota(struct store *store, struct res_path path,
                                  struct store_quota *quota_out)
{
    (void)store, (void)path;
    *quota_out = (struct store_quota){0}; /* the origin answers 507 */
    return STORE_OK;
}

static bool origin_is_read_only(struct store *store, struct res_path path)
{
    (void)path;
    return origin_of(store)->gateway->is_read_only;
}

static enum store_folding origin_folds(struct store *store, struct res_path path)
{
    (void)store, (void)path;
    return STORE_FOLDS_SOMEWHERE; /* it may */
}

/* --- the whole --- */

static bool origin_begin(struct store *store, struct store_change *change)
{
    (void)store, (void)change;
    return true;
}

static void origin_end(struct store_change *change)
{
    (void)change; /* nothing is held */
}

static void origin_close(struct store *store)
{
    (void)store; /* the exchange's arena has it */
}

static const struct store_ops ops = {
    .name = "origin",
    .close = origin_close,
    .locate = origin_locate,
    .stat = origin_stat,
    .tag = origin_tag,
    .open = origin_open,
    .list = look_list,
    .upload = origin_upload,
    .mkcol = origin_mkcol,
    .remove = origin_remove,
    .copy = origin_copy,
    .move = origin_move,
    .may_have_props = origin_may_have_props,
    .props = origin_props,
    .patch = origin_patch,
    .has_locks = origin_has_locks,
    .locks = origin_locks,
    .lock = origin_lock,
    .unlock = origin_unlock,
    .quota = origin_quota,
    .is_read_only = origin_is_read_only,
    .folds = origin_folds,
    .begin = origin_begin,
    .end = origin_end,
};

/* --- whose tokens --- */

bool origin_is_same(const struct gateway *gateway, const struct gateway *other)
{
    const struct url_place *a = gateway->place;
    const struct url_place *b = other->place;
    return uri_same_authority(a->host, a->port, b->host, b->port);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool origin_is_shared(const struct gateway *gateway, const struct gateway *other)
{
    return origin_is_same(gateway, other) && str_eq(gateway->place->scheme, other->place->scheme) &&
           gateway->passes_credentials == other->passes_credentials &&
           is_same_text(gateway->client.user_password, other->client.user_password) &&
           is_same_text(gateway->client.bearer, other->client.bearer) &&
           is_same_text(gateway->client.certificate_file, other->client.certificate_file);
}

/* Whether the resource of a list of the If field is at this origin. */
static bool is_here(struct origin *origin, struct str resource)
{
    struct exchange *x = origin->x;
    const struct gateways *all = origin->gateway->all;
    struct res_path path = x->path;
    if (resource.at && !dav_is_fine(destination_parse(x, resource, &path)))
        return false;
    const struct handler *handler = handler_find(x->service, path);
    for (size_t i = 0; i < all->count; i++) {
        if (&all->at[i].handler == handler)
            return origin_is_same(origin->gateway, &all->at[i]);
    }
    return false;
}

static void add_tokens(struct origin *origin, const struct if_list *list, struct buf *to)
{
    for (size_t i = 0; i < list->condition_count; i++) {
        const struct if_condition *condition = &list->conditions[i];
        if (condition->kind == IF_STATE_TOKEN && !condition->is_not &&
            is_here(origin, list->resource))
            buf_addf(to, "(<%.*s>) ", STR_ARGS(condition->value));
    }
}

static void read_tokens(struct origin *origin)
{
    const struct if_header *header = origin->x->conditions;
    struct buf value = {0};
    for (size_t i = 0; header && i < header->list_count; i++)
        add_tokens(origin, &header->lists[i], &value);
    if (value.len)
        BUF_ADD(&value, "(Not <DAV:no-lock>)");
    origin->tokens = arena_str(origin->x->arena, buf_str(&value));
    buf_done(&value);
}

/* --- life --- */

static void forget(void *arg)
{
    struct origin *origin = arg;
    arena_done(&origin->seen.arena);
    arena_done(&origin->read.arena);
}

/* What is asked is a part of a transfer: where it comes back to this server, that one waits for
 * itself (exchange/run.c). */
static void mark(struct origin *origin)
{
    for (size_t i = 0; i < origin->asker.count; i++) {
        struct http_field_line *line = &origin->asker.lines[i];
        struct buf value = {0};
        if (line->id != FIELD_VIA)
            continue;
        buf_addf(&value, "%.*s " FORWARDED_TRANSFER, STR_ARGS(line->value));
        line->value = arena_str(origin->x->arena, buf_str(&value));
        buf_done(&value);
    }
}

struct store *origin_store_new(struct exchange *x, const struct gateway *gateway)
{
    struct origin *origin = ARENA_NEW(x->arena, struct origin);
    origin->base.ops = &ops;
    origin->base.traits = (struct store_traits){
        .reads_block = true, .quota_blocks = true, .locks_block = true, .has_other_names = true};
    origin->x = x;
    origin->gateway = gateway;
    arena_on_reset(x->arena, forget, origin);
    request_add_asker(x, gateway, &origin->asker);
    mark(origin);
    read_tokens(origin);
    return &origin->base;
}
