/* What the protocols of uploads have in common: how long the whole is, its name, type and time,
 * and its hashes. Uploads differ from a PUT in that there are two contents: what a request brings,
 * and the whole. So the fields that announce hashes are told apart: Content-Digest and Content-MD5
 * are of what comes; OC-Checksum, Digest and Repr-Digest are of the representation, which is the
 * whole (RFC 9530 §3), and may be said at the creation, when nothing of it has come.
 *
 * Metadata are the client's words about a file that nobody has seen: they are kept as they came
 * and told to it again, and what davit understands of them is what a PUT has fields for. */
#include "dav/upload/fields.h"
#include "base/clock.h"
#include "dav/upload/replace.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "http/announced.h"
#include "text/date.h"

static struct dav_result nonsense(const char *text)
{
    return dav_error(HTTP_BAD_REQUEST, text);
}

/* --- hashes --- */

struct dav_result upload_read_hashes(struct exchange *x, struct upload *upload)
{
    struct str checksum = exchange_field(x, FIELD_UPLOAD_CHECKSUM);
    struct content_hashes hashes = {0};
    const struct http_fields *fields = &x->stream->request.fields;
    enum announced part = announced_read(fields, ANNOUNCED_OF_CONTENT, x->arena, &hashes);
    if (part == ANNOUNCED_NONSENSE ||
        announced_read(fields, ANNOUNCED_OF_WHOLE, x->arena, &upload->hashes) == ANNOUNCED_NONSENSE)
        return nonsense("the hash that the request announces of its content is none");
    if (checksum.at && upload->front == &upload_tus) {
        if (!upload_checksum_read(checksum, x->arena, &hashes))
            return nonsense("Upload-Checksum is malformed, or of a hash that is not known here");
        part = ANNOUNCED_HASHES;
    }
    if (part == ANNOUNCED_HASHES)
        upload->check = content_check_new(x->arena, &hashes);
    return DAV_FINE;
}

/* ownCloud's "SHA1 0123…" is OC-Checksum's "SHA1:0123…". */
static bool read_owncloud(struct str checksum, struct content_hashes *hashes)
{
    struct buf text = {0};
    struct str name = str_cut(&checksum, ' ');
    buf_add(&text, name);
    buf_add_char(&text, ':');
    buf_add(&text, checksum);
    bool is_fine = content_hashes_parse(buf_str(&text), hashes);
    buf_done(&text);
    return is_fine;
}

/* --- metadata --- */

/* What a field of an answer, or a line of a note, can say. */
static bool is_plain(struct str text)
{
    return http_is_field_value(text);
}

struct dav_result upload_read_metadata(struct exchange *x, struct upload *upload)
{
    struct str field = exchange_field(x, FIELD_UPLOAD_METADATA);
    struct upload_metadata *known = &upload->known;
    if (!upload_metadata_read(field, x->arena, known) || !is_plain(field))
        return nonsense("Upload-Metadata is malformed");
    upload->metadata = str_trim(field);
    if (!known->name.len)
        (void)!upload_disposition_read(exchange_field(x, FIELD_CONTENT_DISPOSITION), x->arena,
                                       &known->name); /* then it has none */
    if (known->type.len && is_plain(known->type))
        upload->type = known->type;
    if (known->checksum.len && !read_owncloud(known->checksum, &upload->hashes))
        return nonsense("the checksum in Upload-Metadata is none");
    struct dav_result result = replace_read_dates(x, &upload->commit);
    if (!dav_is_fine(result) || upload->commit.sets_modified || !known->modified.len)
        return result;
    upload->commit.sets_modified = true;
    if (!unix_date_parse(known->modified, &upload->commit.modified_s))
        return nonsense("the mtime in Upload-Metadata is not a number of seconds");
    return DAV_FINE;
}

struct dav_result upload_read_length(struct exchange *x, struct upload *upload)
{
    struct str length = exchange_field(x, FIELD_UPLOAD_LENGTH);
    if (length.at && !upload_bytes_read(length, &upload->size_bytes))
        return nonsense("Upload-Length is not a number of bytes");
    return DAV_FINE;
}

/* --- answers --- */

int64_t upload_seconds_left(const struct upload *upload)
{
    int64_t left = upload->now.expires_s - clock_wall_ms() / 1000;
    return left > 0 ? left : 0;
}

void upload_add_number(struct exchange *x, enum http_field field, uint64_t number)
{
    struct buf text = {0};
    buf_add_u64(&text, number);
    respond_field(x, field, buf_str(&text));
    buf_done(&text);
}
