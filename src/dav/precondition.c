#include "dav/precondition.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "dav/lock/if_check.h"
#include "dav/target.h"
#include "exchange/answer/compress.h"

struct http_representation representation_of(struct exchange *x, const struct store_stat *stat,
                                             bool exists)
{
    struct http_representation now = {.exists = exists, .modified_s = -1};
    if (!exists)
        return now;
    now.modified_s = stat->modified_s; /* what is not known is negative, too */
    now.has_etag = !stat->is_collection;
    if (now.has_etag)
        now.etag.opaque = etag_of_stat(x->arena, stat);
    compress_know_tag(x, &now.etag);
    return now;
}

/* Every save through such a proxy fails: who runs the server must know, but not each time. */
static bool may_note(void)
{
    enum { PAUSE_MS = 3600000 };
    static _Atomic int64_t next_ms;
    int64_t now_ms = clock_mono_ms();
    int64_t expected = atomic_load(&next_ms);
    return now_ms >= expected &&
           atomic_compare_exchange_strong(&next_ms, &expected, now_ms + PAUSE_MS);
}

void precondition_note(struct exchange *x, const struct http_representation *now)
{
    if (http_if_match_was_altered(&x->stream->request.fields, now, x->arena) && may_note())
        x->stream->response.note = STR(
            "412, since the entity tag in If-Match has come back weak or with a suffix: a proxy"
            " in front compresses, and changes entity tags. Let it compress nothing here (nginx:"
            " gzip off; Apache: SetEnv no-gzip 1). This is said once an hour");
}

struct dav_result precondition_check(struct exchange *x, const struct store_stat *stat, bool exists)
{
    struct http_representation now = representation_of(x, stat, exists);
    struct dav_result result = if_header_check(x);
    if (!dav_is_fine(result))
        return result;
    if (now.has_etag)
        result = target_tag(x, target_read(x), stat, &now.etag);
    if (!dav_is_fine(result))
        return result;
    if (http_conditional(&x->stream->request.fields, false, &now, x->arena) == PRECONDITION_HOLDS)
        return DAV_FINE;
    precondition_note(x, &now);
    return dav_error(HTTP_PRECONDITION_FAILED, "a condition of the request does not hold");
}

bool precondition_is_about_version(const struct exchange *x)
{
    const struct http_fields *fields = &x->stream->request.fields;
    return http_is_conditional(fields) || http_fields_has(fields, FIELD_IF);
}

struct dav_result parent_check(struct exchange *x, struct res_path real)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(target_of(x)->store, path_parent(real), 0, &stat);
    if (rc == STORE_NOT_FOUND || rc == STORE_ALIAS || (rc == STORE_OK && !stat.is_collection))
        return dav_from_store(STORE_NO_PARENT);
    return dav_from_store(rc);
}
