/* RFC 4918 §9.6.1 and §9.8.5: a tree operation that fails for some members answers 207 and names
 * them; members that succeeded, and ancestors that stay because of them, are not mentioned. Where
 * only the target itself failed, its status is a plain one: a 207 with nothing but the request URI
 * in it would say the same in a way that clients do not look into.
 *
 * The store walks and asks; what it asks here is whether the locks of a member forbid the change
 * (§7). It speaks of real paths, the answer of those in the URL: path_for_client() goes back.
 *
 * The list is spooled, because the status line depends on whether there is one, and because it may
 * be as long as the tree is large. */
#include "dav/failures.h"

#include "dav/lock/permit.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/respond.h"

enum { REFUSED = 1 };

static struct failures *failures_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct failures, visitor);
}

static bool is_target(const struct failures *failures, struct res_path path)
{
    return path_eq(path, failures->real) ||
           (failures->to_real.at && path_eq(path, failures->to_real));
}

/* As in the URL: answers and rules speak of the paths that the client knows. */
static struct res_path path_for_client(struct failures *failures, struct arena *arena,
                                       struct res_path real)
{
    const struct exchange *x = failures->x;
    if (failures->to_real.at && path_is_within(real, failures->to_real))
        return path_rebase(arena, real, failures->to_real, failures->to_path);
    if (path_is_within(real, failures->real))
        return path_rebase(arena, real, failures->real, x->path);
    return real;
}

static struct dav_result may(struct failures *failures, enum access_class class,
                             struct res_path real)
{
    struct res_path path = path_for_client(failures, &failures->arena, real);
    enum access_verdict verdict = admit_judge(failures->x, class, path, real);
    struct dav_result result = admit_check(failures->x, class, path, real);
    failures->is_hidden = verdict == ACCESS_HIDDEN;
    return result;
}

/* Where a member of what is copied or moved would go. */
static struct dav_result may_arrive(struct failures *failures, struct res_path from)
{
    if (!failures->to_real.at || !path_is_within(from, failures->real))
        return DAV_FINE;
    return may(failures, ACCESS_WRITE,
               path_rebase(&failures->arena, from, failures->real, failures->to_real));
}

/* The same of what is moved: it could be read there. */
static struct dav_result may_leave(struct failures *failures, struct res_path from)
{
    struct dav_result result = DAV_FINE;
    if (path_is_within(from, failures->real))
        result = may(failures, ACCESS_READ, from);
    return dav_is_fine(result) ? may_arrive(failures, from) : result;
}

static unsigned refuse_copy(struct store_visitor *visitor, struct res_path path)
{
    struct failures *failures = failures_of(visitor);
    if (!failures->x->service->access || is_target(failures, path))
        return 0;
    arena_reset(&failures->arena);
    failures->refusal = may(failures, ACCESS_READ, path);
    if (dav_is_fine(failures->refusal))
        failures->refusal = may_arrive(failures, path);
    return dav_is_fine(failures->refusal) ? 0 : REFUSED;
}

/* What a link leads to is read in its place. */
static unsigned refuse_link(struct store_visitor *visitor, struct res_path path,
                            struct res_path real)
{
    struct failures *failures = failures_of(visitor);
    (void)path; /* asked about already */
    arena_reset(&failures->arena);
    failures->refusal = may(failures, ACCESS_READ, real);
    return dav_is_fine(failures->refusal) ? 0 : REFUSED;
}

/* Targets have been asked about before; what is asked here are their members. */
static unsigned refuse(struct store_visitor *visitor, struct res_path path)
{
    struct failures *failures = failures_of(visitor);
    if (is_target(failures, path))
        return 0;
    arena_reset(&failures->arena);
    failures->refusal = may(failures, ACCESS_WRITE, path);
    if (dav_is_fine(failures->refusal) && failures->is_move)
        failures->refusal = may_leave(failures, path);
    if (dav_is_fine(failures->refusal))
        failures->refusal = lock_permit(failures->x, &failures->arena, path, PERMIT_SELF);
    return dav_is_fine(failures->refusal) ? 0 : REFUSED;
}

static bool may_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct failures *failures = failures_of(visitor);
    arena_reset(&failures->arena);
    if (admit_differs_below(failures->x, path_for_client(failures, &failures->arena, path)) ||
        admit_differs_below(failures->x, path) ||
        (failures->to_real.at && admit_differs_below(failures->x, failures->to_path)))
        return true;
    return lock_obstructs_within(failures->x, &failures->arena, path);
}

static void add_member(struct failures *failures, struct res_path real, bool is_collection,
                       const struct dav_result *result)
{
    struct err err;
    struct buf error = {0};
    dav_condition_add(&error, result);
    if (failures->count++ == 0)
        failures->body = multistatus_body_new(failures->x);
    multistatus_member(multistatus_body_ms(failures->body),
                       path_for_client(failures, &failures->arena, real), is_collection,
                       result->status, buf_str(&error));
    buf_done(&error);
    (void)!spool_settle(&failures->body->spool, &err); /* then it stays in memory */
}

/* No precondition failed where something stands in the way: somebody else has put it there since we
 * looked. */
static struct dav_result result_of(enum store_rc rc)
{
    if (rc == STORE_EXISTS)
        return dav_error(HTTP_CONFLICT, "another resource has been put there in the meantime");
    return dav_from_store(rc);
}

/* What must not be named is told of by the collection that stays because of it. A hidden member of
 * what is copied is left out without a word. */
static void add_hidden(struct failures *failures, struct res_path path)
{
    struct dav_result result = dav_error(HTTP_FORBIDDEN, NULL);
    struct res_path parent = path_parent(path);
    if (failures->to_real.at && !failures->is_move && path_is_within(path, failures->real)) {
        failures->has_left_out = true;
        return;
    }
    if (path_eq(parent, failures->real)) {
        failures->target = result;
        failures->is_target_collection = true;
    } else if (!failures->hidden.at || !path_eq(failures->hidden, parent)) {
        failures->hidden = path_copy(failures->x->arena, parent);
        add_member(failures, parent, true, &result);
    }
}

static void failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                   enum store_rc rc, unsigned reason)
{
    struct failures *failures = failures_of(visitor);
    struct dav_result result = reason == REFUSED ? failures->refusal : result_of(rc);
    if (reason == REFUSED && failures->is_hidden) {
        add_hidden(failures, path);
        return;
    }
    if (!path_eq(path, failures->real)) {
        add_member(failures, path, is_collection, &result);
        return;
    }
    failures->target = result;
    failures->is_target_collection = is_collection;
}

static void free_failures(void *arg)
{
    struct failures *failures = arg;
    arena_done(&failures->arena);
}

struct failures *failures_new(struct exchange *x, struct res_path to_path, struct res_path to_real)
{
    struct failures *failures = ARENA_NEW(x->arena, struct failures);
    failures->visitor =
        (struct store_visitor){refuse, may_refuse, failed, refuse_copy, refuse_link};
    failures->x = x;
    failures->real = target_of(x)->real;
    failures->to_path = to_path;
    failures->to_real = to_real;
    arena_on_reset(x->arena, free_failures, failures);
    return failures;
}

enum stage_end failures_answer(struct failures *failures, enum store_rc rc,
                               enum http_status success)
{
    struct exchange *x = failures->x;
    if (rc == STORE_OK)
        return respond_status(x, success);
    if (rc == STORE_EXISTS)
        return respond_error(x, result_of(rc));
    if (rc != STORE_PARTIAL)
        return target_refused(x, rc);
    if (failures->count == 0 && dav_is_fine(failures->target) && failures->has_left_out)
        return respond_status(x, success); /* less what there was not, for who asked */
    if (failures->count == 0 && dav_is_fine(failures->target)) /* what was left has no name */
        failures->target = result_of(STORE_EXISTS);
    if (failures->count == 0)
        return respond_error(x, failures->target);
    if (!dav_is_fine(failures->target))
        add_member(failures, failures->real, failures->is_target_collection, &failures->target);
    return respond_multistatus(x, failures->body);
}
