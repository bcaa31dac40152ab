#include "dav/method/content.h"

#include "base/clock.h"
#include "dav/kept.h"
#include "dav/precondition.h"
#include "dav/prop/hashes.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "http/prefer.h"
#include "text/date.h"

static void close_content(void *arg)
{
    struct store_content *content = arg;
    store_content_close(&content);
}

void content_keep(struct exchange *x, struct store_content *content)
{
    arena_on_reset(x->arena, close_content, content);
}

void content_add_validators(struct exchange *x, const struct http_representation *now)
{
    char date[HTTP_DATE_LEN];
    /* RFC 9110 §8.8.2.1: never later than Date, also where the file's time is in the future. */
    int64_t now_s = clock_wall_ms() / 1000;
    http_date_format(date, now->modified_s < now_s ? now->modified_s : now_s);
    respond_field(x, FIELD_LAST_MODIFIED, str_of(date, sizeof(date)));
    http_response_set(x->stream, FIELD_ETAG, now->etag.opaque); /* in the arena already */
    respond_field(x, FIELD_ACCEPT_RANGES, x->coding.is_chosen ? STR("none") : STR("bytes"));
}

/* Where the store's reads block, bytes are pulled on a worker. */
enum stage_end content_send_body(struct exchange *x, enum http_status status, struct str type,
                                 struct source *body, uint64_t body_bytes)
{
    if (target_of(x)->store->traits.reads_block)
        body = exchange_offload(x, body);
    return respond_source(x, status, type, body, body_bytes);
}

enum stage_end content_send_whole(struct exchange *x, enum http_status status, struct str type,
                                  struct store_content *content)
{
    uint64_t size = content->stat.size_bytes;
    hashes_respond(x, content, &(struct byte_range){0, size});
    struct source *body = store_content_source(content, x->arena, 0, size);
    return content_send_body(x, status, type, body, size);
}

/* --- after a change --- */

bool content_is_wished(const struct exchange *x)
{
    return http_preferences_read(&x->stream->request.fields).wants_representation;
}

/* That it may be written does not say that it may be read. */
static bool may_read(struct exchange *x)
{
    return dav_is_fine(admit_check(x, ACCESS_READ, x->path, target_read(x)));
}

/* One open gives all that is said: somebody else may have changed it once more. */
bool content_respond_wish(struct exchange *x, enum http_status status)
{
    struct store_content *content = NULL;
    struct buf location = {0};
    target_end(x);
    const struct target *target = target_of(x);
    if (!content_is_wished(x) || !may_read(x) ||
        store_content_open(target->store, target_read(x), &content) != STORE_OK)
        return false;
    content_keep(x, content);
    struct http_representation now = representation_of(x, &content->stat, true);
    struct str type = kept_type(x);
    path_encode(&location, x->path, false);
    respond_field(x, FIELD_CONTENT_LOCATION, buf_str(&location)); /* RFC 9110 §8.7 */
    buf_done(&location);
    content_add_validators(x, &now);
    browser_confine(x, type);
    respond_preferred(x, STR("return=representation"));
    (void)content_send_whole(x, status, type, content); /* always DONE */
    return true;
}
