/* A request of an origin's store says the same of who asks each time, and little else. What comes
 * back is a status of HTTP, and a store speaks in its own results: `statuses` is the border between
 * the two, for the answer as a whole and for a member of a 207. What a status means for one method
 * alone (405 of MKCOL, 404 of PUT) that method says.
 *
 * A status that says nothing of the resource (a 500, a 401 that is meant for the gateway) is
 * BAD_ORIGIN, and the log is told which one it was. So is an answer that makes no sense. Where none
 * came it is asked whether the request may have arrived: nobody knows then what was done. */
#include "store/origin/inquiry.h"

#include "store/origin/origin_state.h"

/* --- what is said --- */

static const struct {
    enum http_status status;
    enum store_rc rc;
} statuses[] = {
    {HTTP_FORBIDDEN, STORE_DENIED},
    {HTTP_NOT_FOUND, STORE_NOT_FOUND},
    {HTTP_METHOD_NOT_ALLOWED, STORE_DENIED},
    {HTTP_CONFLICT, STORE_NO_PARENT},
    {HTTP_GONE, STORE_NOT_FOUND},
    {HTTP_PRECONDITION_FAILED, STORE_EXISTS},
    {HTTP_CONTENT_TOO_LARGE, STORE_NO_SPACE},
    {HTTP_URI_TOO_LONG, STORE_NAME_TOO_LONG},
    {HTTP_LOCKED, STORE_LOCKED},
    {HTTP_TOO_MANY_REQUESTS, STORE_UNAVAILABLE},
    {HTTP_SERVICE_UNAVAILABLE, STORE_UNAVAILABLE},
    {HTTP_GATEWAY_TIMEOUT, STORE_NO_ANSWER},
    {HTTP_INSUFFICIENT_STORAGE, STORE_NO_SPACE},
};

enum store_rc store_rc_of_status(unsigned status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].rc;
    }
    return http_is_success(status) ? STORE_OK : STORE_BAD_ORIGIN;
}

/* --- where --- */

/* The gateway's own prefix stays as it was written. */
bool origin_add_url(const struct origin *origin, struct res_path path, bool is_collection,
                    struct buf *to)
{
    const struct url_place *place = origin->gateway->place;
    struct arena arena = {0};
    struct res_path rest = path;
    url_place_add_authority(place, to);
    if (path_is_within(path, place->inner)) {
        buf_add(to, place->inner_text);
        rest = path_rebase(&arena, path, place->inner, PATH_ROOT);
    }
    bool is_fine = true;
    if (!path_is_root(rest))
        is_fine = url_add_path(to, rest, is_collection);
    else
        buf_add_char(to, '/'); /* a mount is a collection */
    arena_done(&arena);
    return is_fine;
}

/* Whatever host it names: that is by what name the origin knows itself. */
bool origin_path(struct arena *arena, struct str text, struct res_path *path_out)
{
    struct uri uri;
    bool has_slash;
    return uri_parse_lenient(text, &uri) &&
           path_decode(arena, uri.path, path_out, &has_slash) == PATH_OK;
}

/* --- asking --- */

static void add(struct inquiry *inquiry, struct http_fields *to, struct str name, struct str value)
{
    const struct http_field_line line = {FIELD_OTHER, name, value};
    if (value.len)
        http_fields_add(to, &inquiry->arena, &line);
}

void inquiry_begin(struct inquiry *inquiry, struct origin *origin, const struct question *question)
{
    struct buf url = {0};
    struct http_fields fields = {0};
    *inquiry = (struct inquiry){.question = question, .gateway = origin->gateway, .x = origin->x};
    bool is_sendable = origin_add_url(origin, question->path, question->is_collection, &url);
    inquiry->url = arena_text(&inquiry->arena, buf_str(&url));
    buf_done(&url);
    for (size_t i = 0; i < origin->asker.count; i++)
        http_fields_add(&fields, &inquiry->arena, &origin->asker.lines[i]);
    for (size_t i = 0; i < INQUIRY_FIELDS_MAX; i++)
        add(inquiry, &fields, question->names[i], question->values[i]);
    add(inquiry, &fields, STR("Accept-Encoding"), STR("identity"));
    if (question->text.len)
        add(inquiry, &fields, STR("Content-Type"), STR("application/xml; charset=utf-8"));
    if (!question->is_safe)
        add(inquiry, &fields, STR("If"), origin->tokens);
    const struct errand_request request = {.method = question->method,
                                           .url = inquiry->url,
                                           .fields = fields.lines,
                                           .field_count = fields.count,
                                           .text = question->text,
                                           .has_upload = question->has_upload,
                                           .upload_bytes = question->upload_bytes,
                                           .is_safe = question->is_safe,
                                           .is_unsendable = !is_sendable};
    inquiry->errand = errand_begin(origin->x, origin->gateway, &request);
}

/* Once: of a tree all members may fail, and the first says why. */
static void note(struct inquiry *inquiry, const char *what)
{
    struct buf text = {0};
    if (inquiry->x->stream->response.note.len)
        return;
    buf_addf(&text, "%s of %s: %s", inquiry->question->method, inquiry->url, what);
    inquiry->x->stream->response.note = arena_str(inquiry->x->arena, buf_str(&text));
    buf_done(&text);
}

enum store_rc inquiry_refuse(struct inquiry *inquiry, const char *what)
{
    note(inquiry, what);
    return STORE_BAD_ORIGIN;
}

static enum store_rc rc_without_answer(struct inquiry *inquiry)
{
    note(inquiry, errand_message(inquiry->errand));
    switch (errand_why(inquiry->errand)) {
    case ERRAND_AWAY:
        return STORE_UNAVAILABLE;
    case ERRAND_SILENT:
    case ERRAND_UNKNOWN:
        return STORE_NO_ANSWER;
    case ERRAND_BUSY:
        return STORE_BUSY;
    case ERRAND_REFUSED:
        return STORE_DENIED;
    case ERRAND_FAILED:
        break;
    }
    return STORE_BAD_ORIGIN;
}

enum store_rc inquiry_await(struct inquiry *inquiry)
{
    char what[64];
    inquiry->call = errand_await(inquiry->errand);
    if (!inquiry->call)
        return rc_without_answer(inquiry);
    enum store_rc rc = store_rc_of_status(inquiry->call->status);
    str_print(what, sizeof(what), "it answers with status %u", inquiry->call->status);
    if (rc == STORE_BAD_ORIGIN)
        note(inquiry, what);
    return rc;
}

void inquiry_close(struct inquiry *inquiry)
{
    errand_close(&inquiry->errand);
    arena_done(&inquiry->arena);
}
