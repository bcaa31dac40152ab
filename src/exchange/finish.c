/* How stages answer. Each function fills in the turn's response and ends the stage, so that a stage
 * answers in one line: `return respond_status(x, HTTP_NO_CONTENT);`.
 *
 * An error with a precondition has it in its body, as RFC 4918 §16 asks for; others have a line for
 * people. A 401 brings the challenges along (RFC 9110 §11.6.1), and is a 403 where there are none;
 * a 405 brings the methods that are allowed (§15.5.6), a 503 when to try again (§15.6.4). What a
 * client may not read must not show in either: dav/admit.h is asked first. */
#include "exchange/respond.h"

#include "exchange/admit.h"
#include "exchange/browser.h"
#include "multistatus/writer.h"

#define RETRY_AFTER_SECONDS "5"

void respond_field(struct exchange *x, enum http_field id, struct str value)
{
    http_response_set(x->stream, id, arena_str(x->arena, value));
}

enum stage_end respond_status(struct exchange *x, enum http_status status)
{
    x->stream->response.status = status;
    return STAGE_DONE;
}

enum stage_end respond_source(struct exchange *x, enum http_status status, struct str media_type,
                              struct source *body, uint64_t body_bytes)
{
    struct http_response *response = &x->stream->response;
    response->status = status;
    response->body = body;
    response->body_bytes = body_bytes;
    respond_field(x, FIELD_CONTENT_TYPE, media_type);
    return STAGE_DONE;
}

enum stage_end respond_text(struct exchange *x, enum http_status status, struct str media_type,
                            struct str body)
{
    return respond_source(x, status, media_type, source_of_text(x->arena, body), body.len);
}

enum stage_end respond_error(struct exchange *x, struct dav_result result)
{
    struct buf body = {0};
    struct str type = STR("text/plain; charset=utf-8");
    if (result.status == HTTP_UNAUTHORIZED && !admit_challenge(x)) /* RFC 9110 §15.5.2 */
        result = dav_error(HTTP_FORBIDDEN, "signing in needs TLS, or a client certificate");
    if (result.condition) { /* RFC 4918 §16 */
        type = STR(MULTISTATUS_TYPE);
        BUF_ADD(&body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">");
        dav_condition_add(&body, &result);
        BUF_ADD(&body, "</D:error>\n");
    } else {
        struct str reason = http_reason(result.status);
        buf_addf(&body, "%u %.*s", result.status, STR_ARGS(reason));
        if (result.text)
            buf_addf(&body, ": %s", result.text);
        buf_add_char(&body, '\n');
    }
    struct str text = arena_str(x->arena, buf_str(&body));
    if (result.status == HTTP_METHOD_NOT_ALLOWED) { /* RFC 9110 §15.5.6 */
        buf_clear(&body);
        exchange_allow(x, &body);
        respond_field(x, FIELD_ALLOW, buf_str(&body));
    }
    buf_done(&body);
    browser_confine_error(x);
    if (result.status == HTTP_SERVICE_UNAVAILABLE &&
        !http_fields_has(&x->stream->response.fields, FIELD_RETRY_AFTER))
        respond_field(x, FIELD_RETRY_AFTER, STR(RETRY_AFTER_SECONDS));
    return respond_text(x, (enum http_status)result.status, type, text);
}

void respond_location(struct exchange *x, bool is_collection)
{
    struct buf location = {0};
    if (!is_collection || x->has_slash)
        return;
    path_encode(&location, x->path, true);
    respond_field(x, FIELD_CONTENT_LOCATION, buf_str(&location));
    buf_done(&location);
}

struct str exchange_etag(struct arena *arena, const struct store_stat *stat)
{
    struct buf tag = {0};
    buf_add_char(&tag, '"');
    buf_add_hex(&tag, stat->version, 16);
    buf_add_char(&tag, '"');
    struct str copy = arena_str(arena, buf_str(&tag));
    buf_done(&tag);
    return copy;
}

bool exchange_is_read_only(const struct exchange *x)
{
    return x->service->is_read_only || store_is_read_only(x->store, x->path);
}

void exchange_allow(struct exchange *x, struct buf *to)
{
    struct store_stat stat;
    unsigned flag = METHOD_ON_UNMAPPED;
    if (x->stream->request.path.len == 0) { /* "*": the server as a whole */
        dav_methods_allow(to, METHOD_ON_ANY, false, x->service->is_read_only);
        return;
    }
    bool is_somewhere = dav_is_fine(exchange_locate(x));
    if (admit_judge(x, ACCESS_READ, x->path, exchange_target(x)) != ACCESS_GRANTED)
        flag = METHOD_ON_ANY; /* who may not read must not learn from this what there is */
    else if (is_somewhere && store_stat(x->store, x->leads_to, &stat) == STORE_OK)
        flag = stat.is_collection ? METHOD_ON_COLLECTION : METHOD_ON_FILE;
    dav_methods_allow(to, flag, path_is_root(x->path), exchange_is_read_only(x));
}
