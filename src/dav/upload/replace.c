#include "dav/upload/replace.h"

#include "dav/lock/permit.h"
#include "dav/precondition.h"
#include "dav/target.h"
#include "exchange/respond.h"
#include "text/date.h"

struct dav_result replace_check(struct exchange *x, struct store_stat *stat_out, bool *exists_out)
{
    const struct target *target = target_of(x);
    struct dav_result result = target_stat(x, stat_out, exists_out);
    bool exists = *exists_out;
    if (dav_is_fine(result) && exists && stat_out->is_collection)
        result = dav_from_store(STORE_IS_COLLECTION);
    if (dav_is_fine(result) && x->has_slash) /* RFC 4918 §5.2 */
        result = dav_error(HTTP_CONFLICT, "a URL that ends with a slash is for a collection");
    if (!dav_is_fine(result))
        return result;
    result = precondition_check(x, stat_out, exists);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target->real, exists ? PERMIT_SELF : PERMIT_MEMBER);
    if (dav_is_fine(result) || exists)
        return result; /* the store says itself where a parent is missing */
    /* RFC 9110 §13.2.1: comes before those */
    struct dav_result parent = parent_check(x, target->real);
    return dav_is_fine(parent) ? result : parent;
}

struct dav_result replace_check_first(struct exchange *x, struct store_stat *stat_out,
                                      bool *exists_out)
{
    struct dav_result result = replace_check(x, stat_out, exists_out);
    return dav_is_fine(result) && !*exists_out ? parent_check(x, target_of(x)->real) : result;
}

void replace_make_room(struct exchange *x, uint64_t bytes)
{
    const struct target *target = target_of(x);
    struct store *store = target->store;
    struct store_quota quota;
    if (store->traits.keeps_removed && x->is_on_worker && bytes != LENGTH_UNKNOWN &&
        store_quota(store, path_parent(target->real), &quota) == STORE_OK && quota.is_known &&
        bytes > quota.available_bytes)
        (void)store_make_room(store, target->real, bytes - quota.available_bytes); /* as it says */
}

struct dav_result replace_check_space(struct exchange *x, uint64_t bytes)
{
    const struct target *target = target_of(x);
    struct store_quota quota;
    replace_make_room(x, bytes);
    /* Where that blocks, the upload itself will ask, and knows what it replaces. */
    if (target->store->traits.quota_blocks)
        return DAV_FINE;
    if (bytes == LENGTH_UNKNOWN ||
        store_quota(target->store, path_parent(target->real), &quota) != STORE_OK ||
        !quota.is_known || bytes <= quota.available_bytes)
        return DAV_FINE;
    return dav_from_store(STORE_NO_SPACE);
}

struct dav_result replace_refusal(struct exchange *x, enum store_rc rc)
{
    struct store_stat stat;
    bool exists;
    struct dav_result checked = replace_check_first(x, &stat, &exists);
    return dav_is_fine(checked) ? dav_from_store(rc) : checked;
}

struct dav_result replace_check_length(const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    if (request->version != HTTP_1_0 || http_fields_has(&request->fields, FIELD_CONTENT_LENGTH))
        return DAV_FINE;
    return dav_error(HTTP_LENGTH_REQUIRED, "HTTP/1.0 needs a Content-Length"); /* it may be any */
}

struct dav_result replace_read_dates(const struct exchange *x, struct store_commit *commit)
{
    struct str modified = exchange_field(x, FIELD_X_OC_MTIME);
    struct str created = exchange_field(x, FIELD_X_OC_CTIME);
    commit->sets_modified = modified.at != NULL;
    commit->sets_created = created.at != NULL;
    if (modified.at && !unix_date_parse(modified, &commit->modified_s))
        return dav_error(HTTP_BAD_REQUEST, "X-OC-Mtime is not a number of seconds");
    if (created.at && !unix_date_parse(created, &commit->created_s))
        return dav_error(HTTP_BAD_REQUEST, "X-OC-CTime is not a number of seconds");
    return DAV_FINE;
}

void replace_tell_dates(struct exchange *x, const struct store_commit *commit,
                        const struct store_stat *stat)
{
    if (commit->sets_modified)
        respond_field(x, FIELD_X_OC_MTIME, STR("accepted"));
    if (commit->sets_created && stat && stat->created_s == commit->created_s)
        respond_field(x, FIELD_X_OC_CTIME, STR("accepted"));
}
