/* "Resumable Uploads for HTTP", as draft-ietf-httpbis-resumable-upload-03 and -05 have it (interop
 * versions 5 and 6): any PUT or POST that says Upload-Complete makes an upload, whose URL goes on
 * with PATCH, HEAD and DELETE. It is whole when a part says so (Upload-Complete: ?1), or has the
 * length that was said: -05 would wait for the word, but no part could follow, and tus-js-client,
 * once it has gone on, says ?0 of its last part and is content.
 *
 * A client says in each request which version it speaks, and gets no other: what the drafts
 * that follow change would be misunderstood. One that says none, or another, has sent a PUT as any
 * other; but for Upload-Complete: ?0, which says that it is a half, and is refused
 * (dav/method/put.c).
 *
 * 104 (Upload Resumption Supported) is not sent: a client that knows that uploads can go on here,
 * by OPTIONS or by its settings, begins with an empty part and has the URL before the first byte
 * (docs/decisions/0080-front-ends-of-uploads.md). */
#include "dav/upload/fields.h"

#include "exchange/respond.h"

#define PARTIAL_TYPE "application/partial-upload"

static struct dav_result malformed(const char *text)
{
    return dav_error(HTTP_BAD_REQUEST, text);
}

static bool is_version_6(const struct exchange *x)
{
    return str_eq(str_trim(exchange_field(x, FIELD_UPLOAD_DRAFT_INTEROP_VERSION)), STR("6"));
}

static struct dav_result read_complete(struct exchange *x, struct upload *upload)
{
    struct str complete = exchange_field(x, FIELD_UPLOAD_COMPLETE);
    const struct http_request *request = &x->stream->request;
    uint64_t body_bytes = request->has_body ? request->body_bytes : 0;
    uint64_t length = LENGTH_UNKNOWN;
    if (!upload_boolean_read(complete, &upload->is_last))
        return malformed("Upload-Complete is neither ?0 nor ?1");
    struct dav_result result = upload_read_length(x, upload);
    if (!dav_is_fine(result))
        return result;
    if (upload->is_last && body_bytes != LENGTH_UNKNOWN) { /* -05 §4 */
        if (body_bytes > INT64_MAX - upload->offset)
            return malformed("the whole would be too long");
        length = upload->offset + body_bytes;
    }
    if (length != LENGTH_UNKNOWN && upload->size_bytes != LENGTH_UNKNOWN &&
        length != upload->size_bytes)
        return malformed("Upload-Length is not what it would be with this part");
    if (length != LENGTH_UNKNOWN)
        upload->size_bytes = length;
    return DAV_FINE;
}

static struct dav_result read_creation(struct exchange *x, struct upload *upload)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    if (exchange_field(x, FIELD_UPLOAD_OFFSET).at)
        return malformed("an upload begins at its beginning, without Upload-Offset");
    if (!str_starts_nocase(type, STR(PARTIAL_TYPE))) /* as tus-js-client sends it, says nothing */
        upload->type = type;
    struct dav_result result = read_complete(x, upload);
    return dav_is_fine(result) ? upload_read_metadata(x, upload) : result;
}

static struct dav_result read_append(struct exchange *x, struct upload *upload)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    if (is_version_6(x) && !str_eq_nocase(str_trim(str_cut(&type, ';')), STR(PARTIAL_TYPE)))
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "content must be of type " PARTIAL_TYPE);
    if (!upload_bytes_read(exchange_field(x, FIELD_UPLOAD_OFFSET), &upload->offset))
        return malformed("Upload-Offset is not a number of bytes");
    return read_complete(x, upload);
}

static struct dav_result read(struct exchange *x, struct upload *upload)
{
    struct dav_result result;
    switch (upload->task) {
    case UPLOAD_CREATE:
        result = read_creation(x, upload);
        break;
    case UPLOAD_APPEND:
        result = read_append(x, upload);
        break;
    default:
        if (exchange_field(x, FIELD_UPLOAD_OFFSET).at ||
            exchange_field(x, FIELD_UPLOAD_COMPLETE).at)
            return malformed("neither Upload-Offset nor Upload-Complete can be said here");
        return DAV_FINE;
    }
    return dav_is_fine(result) ? upload_read_hashes(x, upload) : result;
}

static void mark(struct exchange *x)
{
    respond_field(x, FIELD_UPLOAD_DRAFT_INTEROP_VERSION, is_version_6(x) ? STR("6") : STR("5"));
}

static void tell(struct exchange *x, const struct upload *upload)
{
    const struct resumable *now = &upload->now;
    struct buf limit = {0};
    upload_add_number(x, FIELD_UPLOAD_OFFSET, now->received_bytes);
    respond_field(x, FIELD_UPLOAD_COMPLETE, now->is_done ? STR("?1") : STR("?0"));
    if (upload->task == UPLOAD_LOOK && now->wish.size_bytes != LENGTH_UNKNOWN)
        upload_add_number(x, FIELD_UPLOAD_LENGTH, now->wish.size_bytes);
    if (now->is_done)
        return;
    buf_addf(&limit, "max-size=%llu, expires=%lld",
             (unsigned long long)x->service->limits->upload_bytes_per_user,
             (long long)upload_seconds_left(upload));
    respond_field(x, FIELD_UPLOAD_LIMIT, buf_str(&limit));
    buf_done(&limit);
}

/* -05 §9: problems (RFC 9457) that clients know by their types. */
static enum stage_end refuse_part(struct exchange *x, const struct upload *upload)
{
    enum http_status status = upload->now.is_done ? HTTP_BAD_REQUEST : HTTP_CONFLICT;
    struct buf body = {0};
    BUF_ADD(&body, "{\"type\":\"https://iana.org/assignments/http-problem-types#");
    if (upload->now.is_done)
        BUF_ADD(&body, "completed-upload\",\"title\":\"the upload is complete\"}\n");
    else
        buf_addf(&body,
                 "mismatching-upload-offset\",\"title\":\"the upload is at another offset\","
                 "\"expected-offset\":%llu,\"provided-offset\":%llu}\n",
                 (unsigned long long)upload->now.received_bytes,
                 (unsigned long long)upload->offset);
    upload_add_number(x, FIELD_UPLOAD_OFFSET, upload->now.received_bytes);
    struct str text = arena_str(x->arena, buf_str(&body));
    buf_done(&body);
    return respond_text(x, status, STR("application/problem+json"), text);
}

const struct upload_front upload_ietf = {
    .read = read,
    .mark = mark,
    .tell = tell,
    .created = HTTP_CREATED,
    .appended = HTTP_CREATED, /* -03 §6, -05 §6 */
    .looked = HTTP_NO_CONTENT,
    .ends_as_put = true,
    .wrong_check = HTTP_BAD_REQUEST,
    .refuse_part = refuse_part,
};
