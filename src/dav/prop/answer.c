/* A response groups its properties by status (RFC 4918 §9.1): those found, then those that the
 * resource does not have. The found ones are written as they are looked up; the others are written
 * behind them, so that nothing is held but a mark for each name.
 *
 * Dead properties come first, one at a time as the store shows them: the value of one may be as
 * large as all of them together, and is pasted into the answer, whose spool puts it into a file
 * before the next one comes. So memory does not grow with what users have stored. They are pasted
 * as they are: they declare every namespace that they use (xml/fragment.c). A dead property may be
 * the value of a live name (PROP_OVERRIDABLE, such as displayname), which is marked as found then.
 * What is left are the live ones' getters, which may say that this resource has none.
 *
 * Of a mount that is out of reach the first propstat has what davit knows by itself, so that each
 * client sees a collection that is there; what only the mount could tell is not missing but not
 * known, which the second says, and why (docs/decisions/0071-mounts-in-listings.md).
 *
 * A property is in a response once. For prop the request is free of repeated names; what include
 * names is written only if allprop has not given it. */
#include "dav/prop/answer.h"

#include "dav/from_store.h"
#include "dav/target.h"
#include "dav/walk.h"
#include "http/media_type.h"

struct answer {
    struct store_prop_visitor dead;
    struct multistatus *ms;
    struct spool *spool;              /* that it writes to */
    const struct prop_target *target; /* `own` */
    struct prop_target own;
    const struct propfind_request *request;
    bool *is_found; /* for each name of the request */
    bool *is_given; /* for each live property: a dead one is its value */
    bool has_begun; /* the response */
    bool has_any;   /* property in its first propstat */
    bool is_minimal;
    bool has_failed; /* there was no memory */
};

static void answer_begin(struct answer *answer)
{
    if (answer->has_begun)
        return;
    answer->has_begun = true;
    multistatus_response(answer->ms, answer->target->path, answer->target->stat.is_collection);
    multistatus_propstat(answer->ms);
}

static bool is_in_allprop(const struct answer *answer, const struct dav_prop *prop)
{
    return (prop->flags & PROP_IN_ALLPROP) &&
           !(answer->request->is_short && (prop->flags & PROP_IS_LONG));
}

/* --- dead properties --- */

/* The live property of that name, for who asks. */
static const struct dav_prop *find_live(const struct answer *answer, struct str ns, struct str name)
{
    return dav_prop_told(answer->target->x, dav_prop_find(ns, name));
}

/* The name in the request; name_count: it is not there. */
static size_t find_name(const struct propfind_request *request, struct str ns, struct str name)
{
    size_t i = 0;
    while (i < request->name_count &&
           !(str_eq(request->names[i].name, name) && str_eq(request->names[i].ns, ns)))
        i++;
    return i;
}

static bool has_told_type(const struct prop_target *target)
{
    return target->stat.is_collection ||
           media_type_is_told(dav_service_of(target->x)->media_types, path_name(target->path));
}

/* Whether a dead property would belong into the answer. */
static bool wants_dead(const struct prop_target *target, const struct propfind_request *request)
{
    return request->wants_dead || (request->wants_type && !has_told_type(target));
}

/* Where a live property has that name, its value can be a dead one only if it can be overridden. */
static bool is_value(const struct answer *answer, const struct dav_prop *live)
{
    return !live || (live->flags & PROP_OVERRIDABLE) ||
           ((live->flags & PROP_OF_TYPE) && !has_told_type(answer->target));
}

/* Whether the value belongs into the answer. */
static bool wants_value(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    struct answer *answer = CONTAINER_OF(visitor, struct answer, dead);
    const struct propfind_request *request = answer->request;
    const struct dav_prop *live = find_live(answer, ns, name);
    size_t named = find_name(request, ns, name);
    if (request->kind == PROPFIND_ALL && (!live || !(live->flags & PROP_IN_ALLPROP)))
        return true; /* no live one stands for it */
    if (request->kind == PROPFIND_ALL)
        return is_value(answer, live) &&
               (is_in_allprop(answer, live) || named < request->name_count);
    return is_value(answer, live) && named < request->name_count;
}

/* False: there is no memory. */
static bool rewrite(struct answer *answer, size_t named, size_t from)
{
    const struct propfind_request *request = answer->request;
    return !request->rewriter || named == request->name_count ||
           request->rewriter->rewrite(request->rewriter, named, answer->ms->out, from);
}

static enum store_rc show_value(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct answer *answer = CONTAINER_OF(visitor, struct answer, dead);
    const struct dav_prop *live = find_live(answer, prop->ns, prop->name);
    size_t named = find_name(answer->request, prop->ns, prop->name);
    struct err err;
    answer_begin(answer);
    if (!buf_try_reserve(answer->ms->out, prop->xml.len))
        return STORE_BUSY;
    size_t from = answer->ms->out->len;
    buf_add(answer->ms->out, prop->xml);
    if (!rewrite(answer, named, from))
        return STORE_BUSY;
    answer->has_any = true;
    if (named < answer->request->name_count)
        answer->is_found[named] = true;
    if (live)
        answer->is_given[live - dav_props] = true;
    return spool_settle(answer->spool, &err) ? STORE_OK : STORE_NO_SPACE;
}

/* For propname; its value is of no interest. */
static bool add_dead_name(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    struct answer *answer = CONTAINER_OF(visitor, struct answer, dead);
    const struct dav_prop *live = find_live(answer, ns, name);
    answer_begin(answer);
    if (!live || !live->get)
        multistatus_empty_prop(answer->ms, ns, name);
    return false;
}

static enum store_rc add_dead(struct answer *answer)
{
    const struct prop_target *target = answer->target;
    struct store *store = target->store;
    bool is_names = answer->request->kind == PROPFIND_NAMES;
    if (target->is_principal || target->is_part || !wants_dead(target, answer->request) ||
        !store_shows_props(store, target->real))
        return STORE_OK;
    answer->dead.wants = is_names ? add_dead_name : wants_value;
    answer->dead.show = show_value;
    return store_props(store, target->real, &answer->dead);
}

/* --- live properties --- */

/* Of a collection that may not be read, and leads to what may, nothing of its own is told; but a
 * sync client passes through none without what it knows one by. */
static bool is_withheld(const struct prop_target *target, const struct dav_prop *prop)
{
    bool is_passed = target->is_part && target->x->dialect == MULTISTATUS_SYNC;
    if (prop->flags & PROP_ON_PRINCIPAL)
        return false;
    if (is_passed && (prop->flags & (PROP_OF_SYNC | PROP_OF_CONTENT)))
        return false;
    return target->is_principal || target->is_part;
}

/* False: the resource has no such property, and nothing was appended. */
static bool add_live(struct answer *answer, const struct dav_prop *prop)
{
    struct buf *out = answer->ms->out;
    size_t start = out->len;
    if (!prop->get || is_withheld(answer->target, prop) || !dav_prop_told(answer->target->x, prop))
        return false;
    multistatus_prop_open(answer->ms, prop->ns, prop->name);
    answer->own.asked = prop;
    if (!prop->get(answer->target, out)) {
        out->len = start;
        return false;
    }
    multistatus_prop_close(answer->ms, prop->ns, prop->name);
    return true;
}

static void add_named(struct answer *answer)
{
    struct buf *out = answer->ms->out;
    const struct propfind_request *request = answer->request;
    for (size_t i = 0; i < request->name_count; i++) {
        const struct dav_prop *live = request->names[i].live;
        size_t start = out->len;
        if (answer->is_found[i] || !live || !add_live(answer, live))
            continue;
        answer->is_found[i] = true;
        if (request->kind == PROPFIND_ALL && is_in_allprop(answer, live))
            out->len = start; /* only to see whether the resource has it: it stands there already */
        else
            answer->has_failed |= !rewrite(answer, i, start);
        answer->has_any = true;
    }
}

static void add_all(struct answer *answer)
{
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        if (is_in_allprop(answer, prop) && !answer->is_given[i])
            answer->has_any |= add_live(answer, prop); /* one that it does not have is left out */
    }
}

static void add_live_names(struct answer *answer)
{
    struct buf *out = answer->ms->out;
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        size_t start = out->len;
        bool has = add_live(answer, prop);
        out->len = start; /* only to see whether the resource has it */
        if (has)
            multistatus_empty_prop(answer->ms, prop->ns, prop->name);
    }
}

struct prop_target prop_target_of(const struct exchange *x, struct arena *arena,
                                  const struct walk_item *item)
{
    return (struct prop_target){.x = x,
                                .store = target_of(x)->store,
                                .arena = arena,
                                .path = item->path,
                                .real = item->real,
                                .stat = item->stat,
                                .is_part = item->is_part,
                                .is_principal = x->handler->ops->is_made_up};
}

bool prop_answer_blocks(const struct prop_target *target, const struct propfind_request *request)
{
    struct store *store = target->store;
    return store->traits.reads_block || request->blocks ||
           (request->kind == PROPFIND_NAMES && dav_props_may_block) ||
           (request->wants_quota && store->traits.quota_blocks) ||
           (wants_dead(target, request) && store_may_have_props(store, target->real));
}

/* --- the response --- */

static void add_missing(const struct answer *answer, size_t count)
{
    if (count == 0)
        return;
    multistatus_propstat(answer->ms);
    for (size_t i = 0; i < answer->request->name_count; i++) {
        const struct prop_name *name = &answer->request->names[i];
        if (!answer->is_found[i])
            multistatus_empty_prop(answer->ms, name->ns, name->name);
    }
    multistatus_propstat_end(answer->ms, HTTP_NOT_FOUND, STR_NONE);
}

static size_t count_missing(const struct answer *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < answer->request->name_count; i++)
        count += !answer->is_found[i];
    return count;
}

/* What comes behind the dead properties, all with 200. */
static void add_found(struct answer *answer)
{
    struct multistatus *ms = answer->ms;
    const struct propfind_request *request = answer->request;
    size_t start = ms->out->len;
    answer_begin(answer);
    if (request->kind == PROPFIND_ALL)
        add_all(answer);
    else if (request->kind == PROPFIND_NAMES)
        add_live_names(answer);
    add_named(answer);
    bool is_empty = !answer->has_any && count_missing(answer);
    if (is_empty && !answer->is_minimal) {
        ms->out->len = start; /* no propstat without a property, unless nothing was asked for */
        multistatus_response(ms, answer->target->path, answer->target->stat.is_collection);
    } else {
        multistatus_propstat_end(ms, HTTP_OK, STR_NONE);
    }
}

static void finish(struct answer *answer)
{
    add_found(answer);
    if (!answer->is_minimal) /* RFC 8144 §2.1: then a propstat without a property stands for it */
        add_missing(answer, count_missing(answer));
    multistatus_response_end(answer->ms);
}

/* False: there is no memory. */
static bool answer_init(struct answer *answer, struct multistatus_body *body,
                        const struct prop_target *target, const struct propfind_request *request)
{
    size_t count = request->name_count + dav_prop_count;
    *answer = (struct answer){.ms = multistatus_body_ms(body),
                              .spool = &body->spool,
                              .target = &answer->own,
                              .own = *target,
                              .request = request,
                              .is_minimal = request->is_minimal,
                              .is_found = arena_try_alloc(target->arena, count * sizeof(bool))};
    answer->is_given = answer->is_found + request->name_count;
    return answer->is_found != NULL;
}

bool prop_answer(struct multistatus_body *body, const struct prop_target *target,
                 const struct propfind_request *request)
{
    struct answer answer;
    if (!answer_init(&answer, body, target, request))
        return false;
    enum store_rc rc = add_dead(&answer);
    if (rc != STORE_OK && answer.has_begun)
        return false;
    if (rc != STORE_OK)
        prop_answer_refused(answer.ms, target, dav_from_store(rc).status, request);
    else
        finish(&answer);
    return !answer.has_failed;
}

/* --- a mount that is out of reach --- */

/* What only what is mounted there could tell. */
static void add_unknown(const struct answer *answer, const struct dav_result *why)
{
    struct buf *out = answer->ms->out;
    const struct propfind_request *request = answer->request;
    struct buf error = {0};
    size_t start = out->len;
    multistatus_propstat(answer->ms);
    size_t first_at = out->len;
    for (size_t i = 0; request->kind != PROPFIND_PROPS && i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        if (is_in_allprop(answer, prop) && !(prop->flags & (PROP_ON_PRINCIPAL | PROP_OF_CONTENT)))
            multistatus_empty_prop(answer->ms, prop->ns, prop->name);
    }
    for (size_t i = 0; i < request->name_count; i++) {
        if (!answer->is_found[i])
            multistatus_empty_prop(answer->ms, request->names[i].ns, request->names[i].name);
    }
    dav_condition_add(&error, why);
    if (out->len == first_at)
        out->len = start;
    else
        multistatus_propstat_explain(answer->ms, why->status, buf_str(&error), str_of_c(why->text));
    buf_done(&error);
}

bool prop_answer_unreachable(struct multistatus_body *body, const struct prop_target *target,
                             const struct dav_result *why, const struct propfind_request *request)
{
    struct answer answer;
    struct prop_target mount = *target;
    mount.is_part = true; /* nothing that is stored there can be told */
    if (!answer_init(&answer, body, &mount, request))
        return false;
    answer.is_minimal = false; /* that it is not known says more than that it is not there */
    add_found(&answer);
    add_unknown(&answer, why);
    multistatus_response_end(answer.ms);
    return true;
}

void prop_answer_refused(struct multistatus *ms, const struct prop_target *target, unsigned status,
                         const struct propfind_request *request)
{
    multistatus_response(ms, target->path, target->stat.is_collection);
    multistatus_propstat(ms);
    for (size_t i = 0; request->kind != PROPFIND_PROPS && i < dav_prop_count; i++) {
        if (dav_props[i].flags & PROP_IN_ALLPROP)
            multistatus_empty_prop(ms, dav_props[i].ns, dav_props[i].name);
    }
    for (size_t i = 0; i < request->name_count; i++)
        multistatus_empty_prop(ms, request->names[i].ns, request->names[i].name);
    multistatus_propstat_end(ms, status, STR_NONE);
    multistatus_response_end(ms);
}
