/* Every instruction is judged before any is carried out: a live property is protected, or sets an
 * attribute of the file, or is a dead one with a default; all else is dead and kept as it is. If
 * one of them cannot be done, nothing is, and each culprit has its own status and the rest 424.
 *
 * A collection that is made with properties (RFC 5689) is told what it is by one that is protected
 * otherwise: resourcetype, which must say that it is a collection, and no more than that.
 *
 * An answer names each property once, in propstats grouped by status and condition, however often
 * and in whatever order the instructions named it. */
#include "dav/prop/update.h"

#include "dav/prop/name_set.h"
#include "exchange/exchange.h"
#include "text/date.h"

/* --- what each instruction asks for --- */

/* Windows sends a date, ownCloud's clients seconds since 1970. */
static bool parse_modified(struct str text, int64_t *seconds_out)
{
    text = str_trim(text);
    return http_date_parse(text, seconds_out) || unix_date_parse(text, seconds_out);
}

/* RFC 5689 §3.3 */
static struct dav_result plan_type(const struct prop_update *update)
{
    return update->is_collection ? DAV_FINE : dav_condition(CONDITION_VALID_RESOURCETYPE, NULL);
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

struct prop_updates prop_updates_of(const struct proppatch_request *request, struct arena *arena)
{
    size_t bytes = request->update_count * sizeof(struct dav_result);
    return (struct prop_updates){.request = request, .results = arena_alloc(arena, bytes)};
}

static bool is_type(const struct prop_name *name)
{
    return str_eq(name->name, STR("resourcetype")) && str_eq(name->ns, STR(NS_DAV));
}

void prop_updates_plan(struct prop_updates *updates, const struct exchange *x, bool is_collection,
                       struct store_patch *patch_out)
{
    const struct proppatch_request *request = updates->request;
    struct store_patch patch = {
        .props = arena_alloc(x->arena, request->update_count * sizeof(*patch.props))};
    updates->culprits = 0;
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *update = &request->updates[i];
        const struct dav_prop *live = dav_prop_told(x, update->name.live);
        struct dav_result *result = &updates->results[i];
        *result = DAV_FINE;
        if (request->is_mkcol && is_type(&update->name))
            *result = plan_type(update);
        else if (live)
            *result = plan_live(update, is_collection, &patch);
        if (!dav_is_fine(*result))
            updates->culprits++;
        else if (!live || (live->flags & PROP_OVERRIDABLE))
            patch.props[patch.prop_count++] =
                (struct store_prop){update->name.ns, update->name.name, update->xml};
    }
    *patch_out = patch;
}

void prop_updates_fail(struct prop_updates *updates, struct dav_result result)
{
    updates->culprits = updates->request->update_count;
    for (size_t i = 0; i < updates->culprits; i++)
        updates->results[i] = result;
}

struct dav_result prop_updates_failure(const struct prop_updates *updates)
{
    for (size_t i = 0; i < updates->request->update_count; i++) {
        if (!dav_is_fine(updates->results[i]))
            return updates->results[i];
    }
    return DAV_FINE;
}

/* --- the answer --- */

/* The instruction's status, when nothing or something went wrong. */
static unsigned status_of(const struct prop_updates *updates, size_t i)
{
    if (!dav_is_fine(updates->results[i]))
        return updates->results[i].status;
    return updates->culprits ? HTTP_FAILED_DEPENDENCY : HTTP_OK;
}

/* A property is named once, by its first failure or else its first instruction, however often it
 * was set: marks the others as done. */
static void mark_repeated(struct arena *arena, const struct prop_updates *updates, bool *done)
{
    const struct proppatch_request *request = updates->request;
    struct name_set names = {.arena = arena};
    size_t *speaker = arena_alloc(arena, request->update_count * sizeof(*speaker));
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_name *name = &request->updates[i].name;
        size_t first = name_set_add(&names, name->ns, name->name, i);
        speaker[i] = i;
        bool is_worse =
            dav_is_fine(updates->results[speaker[first]]) && !dav_is_fine(updates->results[i]);
        done[is_worse ? speaker[first] : i] = first != i;
        if (is_worse)
            speaker[first] = i;
    }
    name_set_done(&names);
}

/* One propstat for all instructions that share the status and condition of the i-th. */
static void add_group(struct multistatus *ms, const struct prop_updates *updates, size_t i,
                      bool *done)
{
    const struct proppatch_request *request = updates->request;
    unsigned status = status_of(updates, i);
    enum dav_condition condition = updates->results[i].condition;
    struct buf error = {0};
    multistatus_propstat(ms);
    for (size_t j = i; j < request->update_count; j++) {
        if (done[j] || status_of(updates, j) != status ||
            updates->results[j].condition != condition)
            continue;
        done[j] = true;
        multistatus_empty_prop(ms, request->updates[j].name.ns, request->updates[j].name.name);
    }
    dav_condition_add(&error, &updates->results[i]);
    multistatus_propstat_end(ms, status, buf_str(&error));
    buf_done(&error);
}

void prop_updates_tell(const struct prop_updates *updates, struct arena *arena,
                       struct multistatus *ms)
{
    size_t count = updates->request->update_count;
    bool *done = arena_alloc(arena, count * sizeof(*done));
    mark_repeated(arena, updates, done);
    for (size_t i = 0; i < count; i++) {
        if (!done[i])
            add_group(ms, updates, i, done);
    }
}
