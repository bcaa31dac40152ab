/* Which endpoint a request is for, and whether it may be asked.
 *
 * Clients of these products take an answer that they do not expect for a broken server, or for a
 * proxy's page: so what is not there is told in the form that they read (sync/ocs.c), nothing is
 * answered by a redirect, and who has not signed in hears so with a challenge once and is not asked
 * in circles: those endpoints that clients ask before they sign in are open.
 *
 * A row is looked for twice, to ask who may and what to do: a dozen short patterns. */
#include "sync/endpoint.h"

#include "exchange/admit.h"
#include "exchange/respond.h"
#include "text/glob.h"

enum who { FOR_ALL, FOR_USERS };

struct endpoint_row {
    enum method_id method;
    struct str pattern;
    enum who who;
    const struct stage *stages;
};

static const struct endpoint_row rows[] = {
#define SYNC_ENDPOINT(method, pattern, who, stages, asked_by)                                      \
    {METHOD_##method, {pattern, sizeof(pattern) - 1}, who, stages},
#include "sync/endpoints.def"
#undef SYNC_ENDPOINT
};

static bool has_method(const struct endpoint_row *row, enum method_id id)
{
    return row->method == id || row->method == METHOD_OTHER ||
           (row->method == METHOD_GET && id == METHOD_HEAD);
}

/* NULL: none. */
static const struct endpoint_row *find_row(const struct exchange *x)
{
    struct str path = sync_path_of(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (has_method(&rows[i], x->method->id) && glob_matches(rows[i].pattern, path))
            return &rows[i];
    }
    return NULL;
}

/* What is nowhere is found by nobody, signed in or not. */
static struct dav_result may(const struct exchange *x)
{
    const struct endpoint_row *row = find_row(x);
    bool is_nobody = principal_is_anonymous(&x->signed_in.principal);
    return row && row->who == FOR_USERS && is_nobody ? admit_result(ACCESS_SIGN_IN) : DAV_FINE;
}

static bool is_anywhere(const struct exchange *x)
{
    struct str path = sync_path_of(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (glob_matches(rows[i].pattern, path))
            return true;
    }
    return false;
}

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    const struct endpoint_row *row = find_row(x);
    if (!row && is_anywhere(x))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this endpoint has no such method");
    if (!row)
        return dav_not_found();
    *stages_out = row->stages;
    return DAV_FINE;
}

static enum stage_end set_allow(struct exchange *x)
{
    struct str path = sync_path_of(x);
    struct buf allow = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].method == METHOD_OTHER || !glob_matches(rows[i].pattern, path))
            continue;
        buf_add(&allow, allow.len ? STR(", ") : STR_NONE);
        buf_add(&allow, method_of(rows[i].method)->name);
        buf_add(&allow, rows[i].method == METHOD_GET ? STR(", HEAD") : STR_NONE);
    }
    respond_field(x, FIELD_ALLOW, buf_str(&allow));
    buf_done(&allow);
    return STAGE_DONE;
}

static const struct stage allow_stage = {"allow", set_allow, ANYWHERE};

const struct handler_ops sync_endpoint_ops = {
    .name = "sync endpoints",
    .may = may,
    .is_for_apps = true,
    .is_made_up = true,
    .find = find,
    .allow = &allow_stage,
};
