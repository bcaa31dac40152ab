#include "dav/precondition.h"

#include "dav/lock/if_check.h"
#include "dav/target.h"

struct http_representation representation_of(struct arena *arena, const struct store_stat *stat,
                                             bool exists)
{
    struct http_representation now = {.exists = exists, .modified_s = -1};
    if (!exists)
        return now;
    now.modified_s = stat->modified_s;
    now.has_etag = !stat->is_collection;
    if (now.has_etag)
        now.etag.opaque = etag_of_stat(arena, stat);
    return now;
}

struct dav_result precondition_check(struct exchange *x, const struct store_stat *stat, bool exists)
{
    struct http_representation now = representation_of(x->arena, stat, exists);
    struct dav_result result = if_header_check(x);
    if (!dav_is_fine(result))
        return result;
    if (http_conditional(&x->stream->request.fields, false, &now, x->arena) == PRECONDITION_HOLDS)
        return DAV_FINE;
    return dav_error(HTTP_PRECONDITION_FAILED, "a condition of the request does not hold");
}

struct dav_result parent_check(struct exchange *x, struct res_path real)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(target_of(x)->store, path_parent(real), &stat);
    if (rc == STORE_NOT_FOUND || rc == STORE_ALIAS || (rc == STORE_OK && !stat.is_collection))
        return dav_from_store(STORE_NO_PARENT);
    return dav_from_store(rc);
}
