/* MKCOL (RFC 4918 §9.3), and with a body the extended one (RFC 5689): a collection with properties,
 * or none.
 *
 * What can be wrong with the properties is known before the collection is made: they are judged
 * first. What only the store can say (no room for them) is said after, and then the collection goes
 * again, within the same change: nobody else has put anything in it. Who reads meanwhile may see it
 * without its properties.
 *
 * A body of another kind is refused as ever (415): it may be an extension that the client relies
 * on. */
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/synced.h"
#include "dav/prop/update.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "http/media_type.h"
#include "http/prefer.h"
#include "store/silent.h"

enum { TRIES_MAX = 8 }; /* to undo it */

struct mkcol {
    struct proppatch_request request;
    struct prop_updates updates;
};

/* --- the request --- */

static enum stage_end mkcol_read(struct exchange *x)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    bool may_be_ours = !type.at || media_type_is_xml(type);
    return may_be_ours ? exchange_read_xml(x) : exchange_expect_no_body(x);
}

/* What is not said to be XML, and is none, is a body that is not known. */
static struct dav_result parse(struct exchange *x, struct mkcol *state)
{
    struct dav_result result =
        mkcol_parse(buf_str(&x->body), x->service->limits, x->arena, &state->request);
    if (result.status == HTTP_BAD_REQUEST && !exchange_field(x, FIELD_CONTENT_TYPE).at)
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "the request body is not a DAV:mkcol");
    return result;
}

static enum stage_end mkcol_parse_body(struct exchange *x)
{
    if (x->body.len == 0)
        return STAGE_NEXT;
    if (!x->is_on_worker)
        return STAGE_BLOCKS;
    struct mkcol *state = ARENA_NEW(x->arena, struct mkcol);
    if (!exchange_hold(x, 2 * x->body.len)) /* a value, as it is read and as it is kept */
        return respond_error(x, dav_busy());
    struct dav_result result = parse(x, state);
    exchange_release(x, x->body.len);
    exchange_drop_body(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    state->updates = prop_updates_of(&state->request, x->arena);
    x->state = state;
    return STAGE_NEXT;
}

static enum stage_end mkcol_find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, x->state ? CLAIM_TREE : CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static enum stage_end mkcol_check(struct exchange *x)
{
    struct target *target = target_of(x);
    struct store_stat stat;
    bool exists;
    struct dav_result result = target_stat(x, &stat, &exists);
    if (dav_is_fine(result) && exists)
        result = dav_error(HTTP_METHOD_NOT_ALLOWED, "the resource already exists");
    if (dav_is_fine(result))
        result = parent_check(x, target->real);
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, exists);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target->real, PERMIT_MEMBER);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* --- the answer --- */

/* RFC 5689 §5.2 */
static enum stage_end tell_each(struct exchange *x, const struct mkcol *state, unsigned status)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    BUF_ADD(&out,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:mkcol-response xmlns:D=\"DAV:\">");
    prop_updates_tell(&state->updates, x->arena, &ms);
    BUF_ADD(&out, "</D:mkcol-response>\n");
    struct str body = arena_str(x->arena, buf_str(&out));
    buf_done(&out);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-cache"));
    return respond_text(x, (enum http_status)status, STR(MULTISTATUS_TYPE), body);
}

static enum stage_end answer(struct exchange *x, const struct mkcol *state)
{
    const struct http_preferences prefers = http_preferences_read(&x->stream->request.fields);
    respond_location(x, true);
    if (!state || state->request.update_count == 0)
        return respond_status(x, HTTP_CREATED);
    if (!prefers.is_minimal)
        return tell_each(x, state, HTTP_CREATED);
    respond_preferred(x, prefers.is_brief ? STR_NONE : STR("return=minimal")); /* RFC 8144 §2.3 */
    return respond_status(x, HTTP_CREATED);
}

/* --- making it --- */

/* Sets the properties of what has been made; or it is there no more. */
static enum store_rc set_props(struct target *target, const struct store_patch *patch)
{
    struct store_visitor silent = silent_visitor();
    bool is_empty = !patch->prop_count && !patch->sets_modified;
    enum store_rc rc = is_empty ? STORE_OK : store_patch(&target->change, target->real, patch);
    if (rc == STORE_OK)
        return STORE_OK;
    enum store_rc undone = STORE_AGAIN;
    for (unsigned i = 0; i < TRIES_MAX && undone == STORE_AGAIN; i++)
        undone = store_remove(&target->change, target->real, &silent);
    return undone == STORE_OK ? rc : STORE_UNKNOWN;
}

/* Whether anything has come there since, the store sees in the same step. */
static enum stage_end mkcol_make(struct exchange *x)
{
    struct target *target = target_of(x);
    struct mkcol *state = x->state;
    struct store_patch patch = {0};
    struct store_stat stat;
    if (state)
        prop_updates_plan(&state->updates, x, true, &patch);
    if (state && state->updates.culprits)
        return tell_each(x, state, prop_updates_failure(&state->updates).status);
    enum store_rc rc = store_mkcol(&target->change, target->real);
    if (rc == STORE_EXISTS) /* a thing that is no resource, or one that has just come */
        return respond_error(x, dav_error(HTTP_CONFLICT, "something else already has this name"));
    if (rc != STORE_OK)
        return target_refused(x, rc);
    rc = set_props(target, &patch);
    if (rc == STORE_AGAIN || rc == STORE_ALIAS)
        return target_refused(x, rc);
    if (rc != STORE_OK) {
        prop_updates_fail(&state->updates, dav_from_store(rc));
        return tell_each(x, state, dav_from_store(rc).status);
    }
    if (synced_is_told(x) && store_stat(target->store, target->real, WANTS_ID, &stat) == STORE_OK)
        synced_tell(x, target->real, &stat);
    return answer(x, state);
}

const struct stage mkcol_stages[] = {
    {"body", mkcol_read, ON_LOOP},
    {"parse", mkcol_parse_body, ON_LOOP},
    {"find", mkcol_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"check", mkcol_check, ON_READ},
    {"make", mkcol_make, ON_WORKER},
};
