/* What the If field says of resources is looked at where it is judged, under the target's change,
 * and must be covered by that: or a condition on another resource could cease to hold between its
 * check and the change. So a stage before the change begins adds what the lists name, for reading.
 *
 * Lists about one resource mostly stand in a row, and then it is looked at once. A resource that is
 * named in several places is looked at, and covered, in each: what comes of it is the same. How
 * many there are is bounded by what a request's head may have.
 *
 * A sync token is a state token of its collection (RFC 6578 §5), and holds as long as nothing below
 * that has changed: so all that is below is covered, too.
 *
 * What is not there has no state (§10.4.4): no entity tag, and no lock of a collection above it. A
 * lock that was taken by the very URL it keeps (docs/decisions/0035-tokens-where-nothing-is.md). */
#include "dav/lock/if_check.h"

#include "dav/prop/changes.h"
#include "dav/target.h"
#include "exchange/destination.h"
#include "exchange/if_header.h"
#include "text/etag.h"

/* A resource that lists are about, looked at once. */
struct if_resource {
    struct res_path real;
    bool exists;
    bool is_collection;
    struct etag etag;
    struct lock_list locks;
};

/* Leaves of the locks those that were taken by this very URL. */
static void keep_own(struct if_resource *resource)
{
    struct lock_list *locks = &resource->locks;
    size_t kept = 0;
    for (size_t i = 0; i < locks->count; i++) {
        if (path_eq(locks->items[i].root, resource->real))
            locks->items[kept++] = locks->items[i];
    }
    locks->count = kept;
}

static struct dav_result look_at(struct exchange *x, struct res_path path,
                                 struct if_resource *resource)
{
    const struct target *target = target_of(x);
    struct store_stat stat;
    *resource = (struct if_resource){0};
    enum store_rc rc =
        store_locate(target->store, x->arena, path, LOCATE_RESOURCE, &resource->real);
    if (rc != STORE_OK) /* where there cannot be a resource, there is no lock either */
        return DAV_FINE;
    rc = store_stat(target->store, resource->real, 0, &stat);
    resource->exists = rc == STORE_OK && !stat.is_collection;
    resource->is_collection = rc == STORE_OK && stat.is_collection;
    bool is_unmapped = rc == STORE_NOT_FOUND;
    if (resource->exists) {
        struct dav_result result = target_tag(x, resource->real, &stat, &resource->etag);
        if (!dav_is_fine(result))
            return result;
    }
    if (!store_has_locks(target->store))
        return DAV_FINE;
    rc = store_locks(target->store, x->arena, resource->real, LOCKS_COVERING, &resource->locks);
    if (is_unmapped) /* §10.4.4: what is not there is in no collection's lock */
        keep_own(resource);
    return dav_from_store(rc);
}

static bool has_sync_token(const struct exchange *x, struct res_path real,
                           const struct if_list *list)
{
    struct change_point since;
    for (size_t i = 0; i < list->condition_count; i++) {
        const struct if_condition *condition = &list->conditions[i];
        if (condition->kind == IF_STATE_TOKEN &&
            sync_token_parse(x, real, condition->value, &since))
            return true;
    }
    return false;
}

/* With a token that tells of all that is below it, that, too, where it is logged. */
static void cover(struct exchange *x, struct res_path path, const struct if_list *list)
{
    struct target *target = target_of(x);
    struct res_path real;
    struct res_path inside;
    if (store_locate(target->store, x->arena, path, LOCATE_RESOURCE, &real) != STORE_OK)
        return;
    bool is_deep =
        has_sync_token(x, real, list) && store_changes(target->store, x->arena, real, &inside);
    change_add(&target->change, real, is_deep ? CLAIM_TREE : CLAIM_SELF, false);
}

/* Whether the list may be about more than the one before it about the same resource. */
static bool may_be_deep(const struct if_list *list)
{
    for (size_t i = 0; i < list->condition_count; i++) {
        if (list->conditions[i].kind == IF_STATE_TOKEN &&
            str_starts(list->conditions[i].value, STR("data:")))
            return true;
    }
    return false;
}

enum stage_end if_header_cover(struct exchange *x)
{
    const struct if_header *header = x->conditions;
    struct str seen = STR_NONE;
    bool has_seen = false;
    for (size_t i = 0; header && i < header->list_count; i++) {
        struct str resource = header->lists[i].resource;
        struct res_path path = x->path;
        if (has_seen && seen.at == resource.at && !may_be_deep(&header->lists[i]))
            continue;
        has_seen = true;
        seen = resource;
        if (!resource.at || dav_is_fine(destination_parse(x, resource, &path)))
            cover(x, path, &header->lists[i]);
    }
    return STAGE_NEXT;
}

static bool has_token(const struct lock_list *locks, struct str token)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (str_eq(locks->items[i].token, token))
            return true;
    }
    return false;
}

/* Whether the token is the collection's newest. */
static bool is_newest(struct exchange *x, const struct if_resource *resource, struct str token)
{
    struct change_point since;
    struct res_path inside;
    if (!resource->is_collection || !sync_token_parse(x, resource->real, token, &since))
        return false;
    struct change_log *log = store_changes(target_of(x)->store, x->arena, resource->real, &inside);
    struct change_point tag = log ? change_log_tag(log, inside) : (struct change_point){0};
    return log && tag.run == since.run && tag.seq == since.seq;
}

static bool condition_holds(struct exchange *x, const struct if_condition *condition,
                            const struct if_resource *resource)
{
    bool is_so;
    if (condition->kind == IF_STATE_TOKEN) {
        /* <DAV:no-lock> is a token that no resource ever has: §10.4.8. */
        is_so = has_token(&resource->locks, condition->value) ||
                is_newest(x, resource, condition->value);
    } else {
        struct str rest = condition->value;
        struct etag etag;
        is_so = etag_take(&rest, &etag) && resource->exists &&
                etag_matches_strongly(etag, resource->etag);
    }
    return is_so != condition->is_not;
}

static bool list_holds(struct exchange *x, const struct if_list *list,
                       const struct if_resource *resource)
{
    for (size_t i = 0; i < list->condition_count; i++) {
        if (!condition_holds(x, &list->conditions[i], resource))
            return false;
    }
    return true;
}

struct dav_result if_header_check(struct exchange *x)
{
    const struct if_header *header = x->conditions;
    struct if_resource resource = {0};
    struct str seen = STR_NONE;
    bool has_seen = false;
    for (size_t i = 0; header && i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        if (!has_seen || seen.at != list->resource.at) {
            struct res_path path = x->path;
            if (list->resource.at && !dav_is_fine(destination_parse(x, list->resource, &path)))
                continue; /* a resource that is not ours: nothing about it holds */
            struct dav_result result = look_at(x, path, &resource);
            if (!dav_is_fine(result))
                return result;
            has_seen = true;
            seen = list->resource;
        }
        if (list_holds(x, list, &resource))
            return DAV_FINE;
    }
    if (!header)
        return DAV_FINE;
    return dav_error(HTTP_PRECONDITION_FAILED, "no condition of the If field is true");
}
