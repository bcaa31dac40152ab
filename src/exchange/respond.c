#include "exchange/respond.h"

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
    x->failure = result;
    return respond_status(x, (enum http_status)result.status);
}

void respond_preferred(struct exchange *x, struct str preference)
{
    static const struct http_field_line varying = {FIELD_VARY, STR_INIT("Vary"),
                                                   STR_INIT("Prefer, Brief")};
    struct http_fields *fields = &x->stream->response.fields;
    struct buf applied = {0};
    buf_add(&applied, http_fields_get(fields, FIELD_PREFERENCE_APPLIED));
    if (applied.len && preference.len)
        BUF_ADD(&applied, ", ");
    buf_add(&applied, preference);
    if (!http_fields_has(fields, FIELD_PREFERENCE_APPLIED))
        http_fields_add(fields, x->arena, &varying); /* Vary may be there for another reason */
    if (applied.len)
        respond_field(x, FIELD_PREFERENCE_APPLIED, buf_str(&applied));
    buf_done(&applied);
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
