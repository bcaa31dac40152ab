/* PROPPATCH (RFC 4918 §9.2): all instructions in document order, or none.
 *
 * Every instruction is judged before any is carried out: a live property is protected, or sets an
 * attribute of the file, or is a dead one with a default; all else is dead and kept as it is. If
 * one of them cannot be done, nothing is, and the answer gives each culprit its own status and 424
 * to the rest. Otherwise the store makes all changes in one step, and what it says holds for all.
 *
 * The answer names each property once, in propstats grouped by status and condition, however often
 * and in whatever order the instructions named it. */
#include "dav/clients.h"
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/name_set.h"
#include "dav/prop/request.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/multistatus_body.h"
#include "exchange/respond.h"
#include "http/prefer.h"
#include "text/date.h"

struct proppatch {
    struct proppatch_request request;
    struct dav_result *results; /* one for each update; fine where nothing is wrong with it */
    size_t culprits;
};

static enum stage_end proppatch_parse_body(struct exchange *x)
{
    struct proppatch *state = ARENA_NEW(x->arena, struct proppatch);
    x->state = state;
    if (!exchange_hold(x, 2 * x->body.len)) /* a value, as it is read and as it is kept */
        return respond_error(x, dav_from_store(STORE_BUSY));
    struct dav_result result =
        proppatch_parse(buf_str(&x->body), x->service->limits, x->arena, &state->request);
    exchange_release(x, x->body.len);
    exchange_drop_body(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    state->results = arena_alloc(x->arena, state->request.update_count * sizeof(*state->results));
    return STAGE_NEXT;
}

static enum stage_end proppatch_find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    return STAGE_NEXT;
}

/* --- what each instruction asks for --- */

/* Windows sends a date, ownCloud's clients seconds since 1970. */
static bool parse_modified(struct str text, int64_t *seconds_out)
{
    text = str_trim(text);
    return http_date_parse(text, seconds_out) || unix_date_parse(text, seconds_out);
}

static struct dav_result plan_live(const struct prop_update *update, bool is_collection,
                                   struct store_patch *patch)
{
    unsigned flags = update->name.live->flags;
    if ((flags & PROP_PROTECTED) || (update->is_removal && !(flags & PROP_OVERRIDABLE)))
        return dav_condition(CONDITION_CANNOT_MODIFY_PROTECTED_PROPERTY, NULL);
    if (flags & PROP_SETS_MODIFIED) {
        if (!parse_modified(update->text, &patch->modified_s))
            return dav_error(HTTP_CONFLICT, "the value is not a date");
        patch->sets_modified = true;
    } else if (flags & PROP_SETS_EXECUTABLE) {
        struct str value = str_trim(update->text);
        if (is_collection)
            return dav_error(HTTP_CONFLICT, "a collection cannot be executable");
        if (!str_eq(value, STR("T")) && !str_eq(value, STR("F")))
            return dav_error(HTTP_CONFLICT, "the value is neither T nor F");
        patch->sets_executable = true;
        patch->is_executable = str_eq(value, STR("T"));
    }
    return DAV_FINE;
}

static void plan(struct exchange *x, struct proppatch *state, bool is_collection,
                 struct store_patch *patch)
{
    const struct proppatch_request *request = &state->request;
    for (size_t i = 0; i < request->update_count; i++)
        state->results[i] = DAV_FINE;
    state->culprits = 0;
    patch->props = arena_alloc(x->arena, request->update_count * sizeof(*patch->props));
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *update = &request->updates[i];
        const struct dav_prop *live = dav_prop_told(x, update->name.live);
        if (live)
            state->results[i] = plan_live(update, is_collection, patch);
        if (!dav_is_fine(state->results[i]))
            state->culprits++;
        else if (!live || (live->flags & PROP_OVERRIDABLE))
            patch->props[patch->prop_count++] =
                (struct store_prop){update->name.ns, update->name.name, update->xml};
    }
}

/* --- the answer --- */

/* The instruction's status, when nothing or something went wrong. */
static unsigned status_of(const struct proppatch *state, size_t i)
{
    if (!dav_is_fine(state->results[i]))
        return state->results[i].status;
    return state->culprits ? HTTP_FAILED_DEPENDENCY : HTTP_OK;
}

/* A property is named once, by its first failure or else its first instruction, however often it
 * was set: marks the others as done. */
static void mark_repeated(struct arena *arena, const struct proppatch *state, bool *done)
{
    const struct proppatch_request *request = &state->request;
    struct name_set names = {.arena = arena};
    size_t *speaker = arena_alloc(arena, request->update_count * sizeof(*speaker));
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_name *name = &request->updates[i].name;
        size_t first = name_set_add(&names, name->ns, name->name, i);
        speaker[i] = i;
        bool is_worse =
            dav_is_fine(state->results[speaker[first]]) && !dav_is_fine(state->results[i]);
        done[is_worse ? speaker[first] : i] = first != i;
        if (is_worse)
            speaker[first] = i;
    }
    name_set_done(&names);
}

/* One propstat for all instructions that share the status and condition of the i-th. */
static void add_group(struct multistatus *ms, const struct proppatch *state, size_t i, bool *done)
{
    const struct proppatch_request *request = &state->request;
    unsigned status = status_of(state, i);
    enum dav_condition condition = state->results[i].condition;
    struct buf error = {0};
    multistatus_propstat(ms);
    for (size_t j = i; j < request->update_count; j++) {
        if (done[j] || status_of(state, j) != status || state->results[j].condition != condition)
            continue;
        done[j] = true;
        multistatus_empty_prop(ms, request->updates[j].name.ns, request->updates[j].name.name);
    }
    dav_condition_add(&error, &state->results[i]);
    multistatus_propstat_end(ms, status, buf_str(&error));
    buf_done(&error);
}

static enum stage_end tell_each(struct exchange *x, const struct proppatch *state,
                                bool is_collection)
{
    const struct proppatch_request *request = &state->request;
    bool *done = arena_alloc(x->arena, request->update_count * sizeof(*done));
    struct multistatus_body *body = multistatus_body_new(x);
    struct multistatus *ms = multistatus_body_ms(body);
    mark_repeated(x->arena, state, done);
    multistatus_response(ms, x->path, is_collection);
    for (size_t i = 0; i < request->update_count; i++) {
        if (!done[i])
            add_group(ms, state, i, done);
    }
    multistatus_response_end(ms);
    return respond_multistatus(x, body);
}

static enum stage_end answer(struct exchange *x, const struct proppatch *state, bool is_collection)
{
    const struct http_preferences prefers = http_preferences_read(&x->stream->request.fields);
    respond_location(x, is_collection);
    if (!prefers.is_minimal || state->culprits)
        return tell_each(x, state, is_collection);
    /* RFC 8144 §2.2. With 200, as Exchange answered to Brief. */
    respond_preferred(x, prefers.is_brief ? STR_NONE : STR("return=minimal"));
    return respond_status(x, HTTP_OK);
}

/* Windows sets times and attributes of a file that it has locked without the token. It must be who
 * holds the lock (RFC 4918 §7); nobody else may, and nothing else may be among the instructions. */
static bool is_windows_only(const struct exchange *x, const struct proppatch_request *request)
{
    if (!client_has(x, QUIRK_TIMES_WITHOUT_TOKEN) || !lock_is_held(x, x->arena, target_of(x)->real))
        return false;
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_name *name = &request->updates[i].name;
        if (!str_eq(name->ns, STR(NS_WINDOWS)) || !str_starts(name->name, STR("Win32")))
            return false;
    }
    return true;
}

static struct dav_result check(struct exchange *x, const struct proppatch *state,
                               struct store_stat *stat)
{
    struct dav_result result = target_get(x, stat);
    if (dav_is_fine(result))
        result = precondition_check(x, stat, true);
    if (dav_is_fine(result) && !is_windows_only(x, &state->request))
        result = lock_permit(x, x->arena, target_of(x)->real, PERMIT_SELF);
    return result;
}

static enum stage_end proppatch_apply(struct exchange *x)
{
    struct target *target = target_of(x);
    struct proppatch *state = x->state;
    struct store_patch patch = {0};
    struct store_stat stat;
    struct dav_result result = check(x, state, &stat);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    plan(x, state, stat.is_collection, &patch);
    if (state->culprits == 0) {
        enum store_rc rc = store_patch(&target->change, target->real, &patch);
        if (rc == STORE_AGAIN || rc == STORE_ALIAS)
            return target_refused(x, rc);
        result = dav_from_store(rc);
        for (size_t i = 0; !dav_is_fine(result) && i < state->request.update_count; i++) {
            state->results[i] = result; /* the store does not say which: all of them */
            state->culprits++;
        }
    }
    return answer(x, state, stat.is_collection);
}

const struct stage proppatch_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"parse", proppatch_parse_body, ON_WORKER},
    {"find", proppatch_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"apply", proppatch_apply, ON_WORKER},
};
