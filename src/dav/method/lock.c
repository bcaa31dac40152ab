/* LOCK (RFC 4918 §9.10): a new lock with a body, a refresh without one.
 *
 * A new lock is in conflict with what covers the resource (its own locks, and those with Depth
 * infinity above it: 423) and, with Depth infinity, with what is locked below it (207, which names
 * each). Shared goes with shared, nothing goes with exclusive, whoever holds it: the token of a
 * lock does not let its owner lock again.
 *
 * A lock on an unmapped URL makes an empty resource, in one step with the lock.
 *
 * Locks are kept under real paths, so that a link is no way round one; what is said of them (lock
 * roots) is therefore the path of the resource, not that of the link. */
#include "base/clock.h"
#include "base/random.h"
#include "dav/lock/describe.h"
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/request.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/if_header.h"
#include "exchange/multistatus_body.h"
#include "exchange/respond.h"
#include "text/uuid.h"

enum {
    DEFAULT_TIMEOUT_S = 3600,
    ANSWER_BYTES = 1000,      /* most of them, and malloc has it at hand */
    INLINE_BODY_BYTES = 8192, /* what is longer is parsed on a worker */
};

struct lock_method {
    bool is_refresh;
    struct lock_request request;
    enum depth depth;
    uint32_t timeout_s;
};

/* --- the request --- */

/* RFC 4918 §10.7: a list of wishes; the first that we understand counts. */
static uint32_t read_timeout(const struct exchange *x, uint32_t otherwise)
{
    struct str list = exchange_field(x, FIELD_TIMEOUT);
    uint64_t max = u64_min(x->service->limits->lock_seconds, UINT32_MAX);
    while (list.len) {
        struct str wish = str_trim(str_cut(&list, ','));
        uint64_t seconds;
        if (str_eq_nocase(wish, STR("Infinite")))
            return (uint32_t)max;
        if (str_starts_nocase(wish, STR("Second-")) && str_parse_u64(str_from(wish, 7), &seconds))
            return (uint32_t)u64_min(max, seconds ? seconds : 1);
    }
    return (uint32_t)u64_min(max, otherwise);
}

static enum stage_end lock_parse_body(struct exchange *x)
{
    struct lock_method *state = ARENA_NEW(x->arena, struct lock_method);
    struct dav_result result = DAV_FINE;
    x->state = state;
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    state->is_refresh = x->body.len == 0;
    state->timeout_s = read_timeout(x, DEFAULT_TIMEOUT_S);
    if (!state->is_refresh) /* §9.10.2: a refresh's Depth is not looked at */
        result = depth_read(x, DEPTH_INFINITY, &state->depth);
    else if (!x->conditions)
        result =
            dav_error(HTTP_BAD_REQUEST, "a LOCK without a body must name a lock to refresh in If");
    if (dav_is_fine(result) && state->depth == DEPTH_1)
        result = dav_error(HTTP_BAD_REQUEST, "the Depth of a lock must be 0 or infinity");
    if (dav_is_fine(result) && !state->is_refresh)
        result = lockinfo_parse(buf_str(&x->body), x->service->limits, x->arena, &state->request);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* The lock that a refresh is about: one that covers the resource, with its token in If. */
static struct dav_result find_refreshed(struct exchange *x, struct lock *lock_out)
{
    const struct target *target = target_of(x);
    struct lock_list locks;
    enum store_rc rc = store_locks(target->store, x->arena, target->real, LOCKS_COVERING, &locks);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    for (size_t i = 0; i < locks.count; i++) {
        if (!if_header_submits(x->conditions, locks.items[i].token))
            continue;
        *lock_out = locks.items[i];
        return DAV_FINE;
    }
    struct dav_result result = dav_condition(CONDITION_LOCK_TOKEN_MATCHES_REQUEST_URI, NULL);
    result.status = HTTP_PRECONDITION_FAILED; /* §9.10.6: 412 for LOCK, 409 for UNLOCK */
    return result;
}

/* A refresh is about the lock's root, as its UNLOCK is: the lock must not come back after that. */
static struct dav_result add_ranges(struct exchange *x, const struct lock_method *state)
{
    struct target *target = target_of(x);
    struct lock lock;
    if (state->is_refresh) {
        struct dav_result result = find_refreshed(x, &lock);
        if (dav_is_fine(result))
            change_add(&target->change, lock.root, CLAIM_SELF, true);
        return result;
    }
    bool is_tree = state->depth == DEPTH_INFINITY;
    change_add(&target->change, target->real, is_tree ? CLAIM_TREE : CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return DAV_FINE;
}

static enum stage_end lock_find(struct exchange *x)
{
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = add_ranges(x, x->state);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* --- conflicts, §6 and §7 --- */

static bool conflicts(const struct lock *held, bool is_exclusive)
{
    return is_exclusive || held->is_exclusive;
}

/* 423 with the roots of all locks in the way; fine when there are none. */
static struct dav_result conflict_with(const struct exchange *x, const struct lock_list *locks,
                                       bool is_exclusive)
{
    struct buf hrefs = {0};
    struct lock_list in_way = {arena_alloc(x->arena, locks->count * sizeof(struct lock)), 0};
    for (size_t i = 0; i < locks->count; i++) {
        if (conflicts(&locks->items[i], is_exclusive))
            in_way.items[in_way.count++] = locks->items[i];
    }
    if (in_way.count == 0)
        return DAV_FINE;
    lock_add_root_hrefs(&hrefs, target_of(x)->store, &in_way);
    struct dav_result result = dav_condition(CONDITION_NO_CONFLICTING_LOCK, "it is locked");
    result.condition_xml = arena_str(x->arena, buf_str(&hrefs));
    buf_done(&hrefs);
    return result;
}

/* §9.10.9: locked members are in the way of a lock with Depth infinity: each is named with 423, and
 * the request URI with 424. */
static enum stage_end answer_members(struct exchange *x, const struct lock_list *within,
                                     bool is_exclusive)
{
    const struct target *target = target_of(x);
    struct multistatus_body *body = multistatus_body_new(x);
    struct multistatus *ms = multistatus_body_ms(body);
    for (size_t i = 0; i < within->count; i++) {
        const struct lock *held = &within->items[i];
        struct store_stat stat;
        bool is_last_of_root =
            i + 1 == within->count || !path_eq(held->root, within->items[i + 1].root);
        if (!conflicts(held, is_exclusive) || path_eq(held->root, target->real) || !is_last_of_root)
            continue;
        bool is_collection =
            store_stat(target->store, held->root, 0, &stat) == STORE_OK && stat.is_collection;
        struct res_path path = path_rebase(x->arena, held->root, target->real, x->path);
        multistatus_member(ms, path, is_collection, HTTP_LOCKED, STR("<D:no-conflicting-lock/>"));
    }
    multistatus_member(ms, x->path, true, HTTP_FAILED_DEPENDENCY, STR_NONE);
    return respond_multistatus(x, body);
}

/* --- the answer --- */

/* §9.10.1: a prop with lockdiscovery: all locks that cover the resource. */
static enum stage_end answer_lock(struct exchange *x, enum http_status status)
{
    const struct target *target = target_of(x);
    struct buf out = {0};
    struct lock_list locks;
    enum store_rc rc = store_locks(target->store, x->arena, target->real, LOCKS_COVERING, &locks);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    (void)buf_reserve(&out, ANSWER_BYTES);
    BUF_ADD(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>");
    lock_describe(&out, x, &locks);
    BUF_ADD(&out, "</D:lockdiscovery></D:prop>\n");
    struct str body = arena_str(x->arena, buf_str(&out));
    buf_done(&out);
    return respond_text(x, status, STR(MULTISTATUS_TYPE), body);
}

/* --- refresh, §9.10.2 --- */

static enum stage_end refresh(struct exchange *x)
{
    struct lock lock;
    struct dav_result result = find_refreshed(x, &lock);
    if (dav_is_fine(result) && !lock_is_own(x, &lock))
        result = dav_error(HTTP_FORBIDDEN, "the lock is held by somebody else");
    if (dav_is_fine(result))
        result = if_header_check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    lock.timeout_s = read_timeout(x, lock.timeout_s);
    lock.expires_ms = clock_boot_ms() + (int64_t)lock.timeout_s * 1000;
    struct lock_wish wish = {.lock = &lock};
    enum store_rc rc = store_lock(&target_of(x)->change, &wish);
    return rc == STORE_OK ? answer_lock(x, HTTP_OK) : target_refused(x, rc);
}

/* --- a new lock --- */

static struct str new_token(struct arena *arena)
{
    static const char prefix[] = "urn:uuid:";
    unsigned char random[16];
    char *token = arena_alloc(arena, sizeof(prefix) + UUID_LEN);
    memcpy(token, prefix, sizeof(prefix) - 1);
    random_name_bytes(random, sizeof(random));
    uuid_format(token + sizeof(prefix) - 1, random);
    return str_of(token, sizeof(prefix) - 1 + UUID_LEN);
}

static enum stage_end create(struct exchange *x, const struct lock_method *state, bool exists)
{
    struct target *target = target_of(x);
    struct lock lock = {
        .token = new_token(x->arena),
        .root = target->real,
        .is_exclusive = state->request.is_exclusive,
        .is_infinite = state->depth == DEPTH_INFINITY,
        .owner_xml = state->request.owner_xml,
        .principal = principal_holder(&x->signed_in.principal),
        .timeout_s = state->timeout_s,
        .expires_ms = clock_boot_ms() + (int64_t)state->timeout_s * 1000,
    };
    struct lock_wish wish = {.lock = &lock, .makes_resource = !exists};
    enum store_rc rc = store_lock(&target->change, &wish);
    if (rc == STORE_EXISTS) /* a thing that is no resource, or one that has just come */
        return respond_error(x, dav_error(HTTP_CONFLICT, "something else already has this name"));
    if (rc != STORE_OK)
        return target_refused(x, rc);
    struct buf field = {0};
    buf_add_char(&field, '<');
    buf_add(&field, lock.token);
    buf_add_char(&field, '>');
    respond_field(x, FIELD_LOCK_TOKEN, buf_str(&field));
    buf_done(&field);
    return answer_lock(x, exists ? HTTP_OK : HTTP_CREATED);
}

static struct dav_result check(struct exchange *x, const struct lock_method *state,
                               struct store_stat *stat_out, bool *exists_out)
{
    const struct target *target = target_of(x);
    struct lock_list covering;
    struct dav_result result = target_stat(x, stat_out, exists_out);
    bool exists = *exists_out;
    if (dav_is_fine(result) && !exists && x->has_slash)
        result = dav_error(HTTP_CONFLICT, "create the collection before locking it");
    if (dav_is_fine(result) && exists && x->has_slash && !stat_out->is_collection)
        result = dav_from_store(STORE_NOT_FOUND); /* §5.2 */
    if (dav_is_fine(result) && !exists)           /* it makes one */
        result = admit_check(x, ACCESS_WRITE, x->path, target->real);
    if (dav_is_fine(result) && !exists)
        result = parent_check(x, target->real);
    if (dav_is_fine(result))
        result = precondition_check(x, stat_out, exists);
    if (dav_is_fine(result) && !exists)
        result = lock_permit(x, x->arena, target->real, PERMIT_MEMBER);
    if (dav_is_fine(result))
        result = dav_from_store(
            store_locks(target->store, x->arena, target->real, LOCKS_COVERING, &covering));
    if (dav_is_fine(result))
        result = conflict_with(x, &covering, state->request.is_exclusive);
    return result;
}

static enum stage_end lock_run(struct exchange *x)
{
    const struct target *target = target_of(x);
    const struct lock_method *state = x->state;
    struct lock_list within = {0};
    struct store_stat stat;
    bool exists;
    if (state->is_refresh)
        return refresh(x);
    struct dav_result result = check(x, state, &stat, &exists);
    if (dav_is_fine(result) && exists && state->depth == DEPTH_INFINITY)
        result = dav_from_store(
            store_locks(target->store, x->arena, target->real, LOCKS_WITHIN, &within));
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (!dav_is_fine(conflict_with(x, &within, state->request.is_exclusive)))
        return answer_members(x, &within, state->request.is_exclusive);
    if (!exists && !x->is_on_worker) /* it is going to be made */
        return STAGE_BLOCKS;
    respond_location(x, stat.is_collection);
    return create(x, state, exists);
}

const struct stage lock_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"parse", lock_parse_body, ON_LOOP},
    {"find", lock_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"lock", lock_run, ON_LOCKS},
};
