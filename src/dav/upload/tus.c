/* tus 1.0 (https://tus.io/protocols/resumable-upload): a POST makes an upload, PATCH appends to it,
 * HEAD asks how far it is, DELETE ends it. It is whole when it has its length, and then it is made
 * visible at once: the answer to the last PATCH is also the answer to that.
 *
 * Of its extensions those are here that the engine is made for: creation, with a length that is
 * said later and with the first bytes in it, termination, expiration, and a checksum of each part,
 * which then is taken whole or not at all. Concatenation is not: a client that sends parts side by
 * side wins nothing over HTTP/2, and each is an upload more to keep; checksums in trailers are
 * sent by nobody that we know.
 *
 * X-HTTP-Method-Override is for clients that can send nothing but GET and POST: a POST to an
 * upload's URL may say PATCH or DELETE with it. All three ask for the same right, so that no rule
 * is passed by, and elsewhere it says nothing. */
#include "dav/upload/fields.h"

#include "dav/upload/create.h"
#include "exchange/respond.h"
#include "text/date.h"

#define OFFSET_TYPE "application/offset+octet-stream"

static struct dav_result malformed(const char *text)
{
    return dav_error(HTTP_BAD_REQUEST, text);
}

static bool has_part_type(const struct exchange *x)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    return str_eq_nocase(str_trim(str_cut(&type, ';')), STR(OFFSET_TYPE));
}

static struct dav_result read_creation(struct exchange *x, struct upload *upload)
{
    struct str defer = exchange_field(x, FIELD_UPLOAD_DEFER_LENGTH);
    bool is_known = exchange_field(x, FIELD_UPLOAD_LENGTH).at;
    if (exchange_field(x, FIELD_UPLOAD_CONCAT).at) /* its parts would become files */
        return malformed("uploads are not concatenated here");
    if (defer.at && !str_eq(str_trim(defer), STR("1")))
        return malformed("Upload-Defer-Length is not 1");
    if (is_known == (defer.at != NULL))
        return malformed("an upload needs Upload-Length, or Upload-Defer-Length: 1");
    if (x->stream->body && x->stream->request.body_bytes != 0 && !has_part_type(x))
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "content must be of type " OFFSET_TYPE);
    return upload_read_metadata(x, upload);
}

static struct dav_result read_append(struct exchange *x, struct upload *upload)
{
    if (!has_part_type(x))
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "content must be of type " OFFSET_TYPE);
    if (!upload_bytes_read(exchange_field(x, FIELD_UPLOAD_OFFSET), &upload->offset))
        return malformed("Upload-Offset is not a number of bytes");
    return DAV_FINE;
}

static struct dav_result read(struct exchange *x, struct upload *upload)
{
    struct dav_result result = DAV_FINE;
    if (!str_eq(str_trim(exchange_field(x, FIELD_TUS_RESUMABLE)), STR(TUS_VERSION))) {
        respond_field(x, FIELD_TUS_VERSION, STR(TUS_VERSION));
        return dav_error(HTTP_PRECONDITION_FAILED, "this is tus " TUS_VERSION);
    }
    if (upload->task == UPLOAD_CREATE)
        result = read_creation(x, upload);
    else if (upload->task == UPLOAD_APPEND)
        result = read_append(x, upload);
    if (dav_is_fine(result))
        result = upload_read_length(x, upload);
    bool has_content = upload->task == UPLOAD_CREATE || upload->task == UPLOAD_APPEND;
    return dav_is_fine(result) && has_content ? upload_read_hashes(x, upload) : result;
}

static void mark(struct exchange *x)
{
    respond_field(x, FIELD_TUS_RESUMABLE, STR(TUS_VERSION));
}

static void tell_look(struct exchange *x, const struct upload *upload)
{
    struct str metadata = upload_note_read(upload->now.wish.note).metadata;
    if (upload->now.wish.size_bytes == LENGTH_UNKNOWN)
        respond_field(x, FIELD_UPLOAD_DEFER_LENGTH, STR("1"));
    else
        upload_add_number(x, FIELD_UPLOAD_LENGTH, upload->now.wish.size_bytes);
    if (metadata.len)
        respond_field(x, FIELD_UPLOAD_METADATA, metadata);
}

static void tell(struct exchange *x, const struct upload *upload)
{
    char date[HTTP_DATE_LEN];
    upload_add_number(x, FIELD_UPLOAD_OFFSET, upload->now.received_bytes);
    if (upload->task == UPLOAD_LOOK)
        tell_look(x, upload);
    if (upload->now.is_done)
        return;
    http_date_format(date, upload->now.expires_s);
    respond_field(x, FIELD_UPLOAD_EXPIRES, str_of(date, sizeof(date)));
}

const struct upload_front upload_tus = {
    .read = read,
    .mark = mark,
    .tell = tell,
    .created = HTTP_CREATED,
    .appended = HTTP_NO_CONTENT,
    .looked = HTTP_OK,
    .wrong_check = HTTP_CHECKSUM_MISMATCH,
};
