/* PROPPATCH (RFC 4918 §9.2): all instructions in document order, or none.
 *
 * They are judged in dav/prop/update.c, under the change and before any is carried out. Where none
 * is a culprit the store makes all changes in one step, and what it says holds for all of them.
 *
 * The answer is a 207 with a propstat for each status, also where all was done; without a body
 * where that was preferred (RFC 8144 §2.2), and only then: what failed is always told. */
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/update.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/clients/clients.h"
#include "exchange/multistatus_body.h"
#include "exchange/respond.h"
#include "http/prefer.h"

struct proppatch {
    struct proppatch_request request;
    struct prop_updates updates;
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
    state->updates = prop_updates_of(&state->request, x->arena);
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

/* --- the answer --- */

static enum stage_end tell_each(struct exchange *x, const struct proppatch *state,
                                bool is_collection)
{
    struct multistatus_body *body = multistatus_body_new(x);
    struct multistatus *ms = multistatus_body_ms(body);
    multistatus_response(ms, x->path, is_collection);
    prop_updates_tell(&state->updates, x->arena, ms);
    multistatus_response_end(ms);
    return respond_multistatus(x, body);
}

static enum stage_end answer(struct exchange *x, const struct proppatch *state, bool is_collection)
{
    const struct http_preferences prefers = http_preferences_read(&x->stream->request.fields);
    respond_location(x, is_collection);
    if (!prefers.is_minimal || state->updates.culprits)
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
    struct store_patch patch;
    struct store_stat stat;
    struct dav_result result = check(x, state, &stat);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    prop_updates_plan(&state->updates, x, stat.is_collection, &patch);
    if (state->updates.culprits == 0) {
        enum store_rc rc = store_patch(&target->change, target->real, &patch);
        if (rc == STORE_AGAIN || rc == STORE_ALIAS)
            return target_refused(x, rc);
        if (rc != STORE_OK)
            prop_updates_fail(&state->updates, dav_from_store(rc));
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
