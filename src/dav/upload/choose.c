/* Which ways to upload there are is a mount's to say (`uploads`), as it is with what pages may do:
 * the mount with the longest path counts. Nothing of this is asked of requests that have nothing
 * to do with uploads: a method, a query or a field of theirs says so first.
 *
 * A URL with UPLOAD_QUERY is an upload's whatever is configured, so that what is meant for an
 * upload never happens to the resource (docs/decisions/0080-front-ends-of-uploads.md). Which
 * protocol a request speaks it says itself, each time, by the field that its protocol demands; one
 * that is not offered is not understood. */
#include "dav/upload/choose.h"

#include "dav/service.h"
#include "exchange/respond.h"
#include "text/unicode.h"
#include "text/uri.h"

static const struct {
    struct str word;
    enum upload_dialect dialect;
} words[] = {
    {STR_INIT("tus"), DIALECT_TUS},
    {STR_INIT("ietf"), DIALECT_IETF},
    {STR_INIT("patch"), DIALECT_PATCH},
    {STR_INIT("content-range"), DIALECT_CONTENT_RANGE},
};

static unsigned dialect_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(words[i].word, word))
            return words[i].dialect;
    }
    return 0;
}

bool upload_dialects_read(struct str text, unsigned *dialects_out, struct str *wrong_out)
{
    unsigned dialects = 0;
    if (str_eq(str_trim(text), STR("none"))) {
        *dialects_out = 0;
        return true;
    }
    for (bool is_last = false; !is_last;) {
        is_last = str_index(text, ',') == text.len;
        struct str word = str_trim(str_cut(&text, ','));
        unsigned dialect = dialect_of(word);
        if (!dialect) {
            *wrong_out = word;
            return false;
        }
        dialects |= dialect;
    }
    *dialects_out = dialects;
    return true;
}

unsigned upload_dialects_at(const struct exchange *x)
{
    const struct dav_service *dav = x->handler->shared;
    const struct upload_place *best = NULL;
    if (x->handler->ops->is_made_up) /* nothing is put there */
        return 0;
    for (size_t i = 0; i < dav->upload_place_count; i++) {
        const struct upload_place *place = &dav->upload_places[i];
        if (unicode_within(x->path, place->prefix) != SIZE_MAX &&
            (!best || path_str(place->prefix).len >= path_str(best->prefix).len))
            best = place;
    }
    return best ? best->dialects : 0;
}

static bool names_upload(struct str query, struct str *id_out)
{
    while (query.len) {
        struct str value = str_cut(&query, '&');
        if (!uri_means(str_cut(&value, '='), STR(UPLOAD_QUERY)))
            continue;
        *id_out = value;
        return true;
    }
    return false;
}

bool upload_is_named(const struct exchange *x, struct str *id_out)
{
    return names_upload(x->stream->request.query, id_out);
}

/* Its path would be the target's: a COPY or MOVE there would replace the resource. */
struct dav_result upload_check_destination(const struct exchange *x)
{
    struct uri uri;
    struct str id;
    if (!uri_parse_lenient(exchange_field(x, FIELD_DESTINATION), &uri) ||
        !names_upload(uri.query, &id))
        return DAV_FINE;
    return dav_error(HTTP_FORBIDDEN, "the destination is an upload, which nothing is copied or "
                                     "moved to");
}

/* A POST that speaks none of them may be somebody else's, by its type. */
bool upload_is_asked(const struct exchange *x)
{
    struct str id;
    if (x->method->id == METHOD_OPTIONS)
        return false;
    if (upload_is_named(x, &id))
        return true;
    if (x->method->id == METHOD_POST)
        return (upload_dialects_at(x) & DIALECTS_RESUMABLE) && upload_dialect_of(x);
    return x->method->id == METHOD_PUT && exchange_field(x, FIELD_UPLOAD_COMPLETE).at &&
           upload_dialect_of(x) == DIALECT_IETF;
}

unsigned upload_dialect_of(const struct exchange *x)
{
    struct str version = str_trim(exchange_field(x, FIELD_UPLOAD_DRAFT_INTEROP_VERSION));
    unsigned spoken = 0;
    if (exchange_field(x, FIELD_TUS_RESUMABLE).at)
        spoken = DIALECT_TUS;
    else if (str_eq(version, STR("5")) || str_eq(version, STR("6")))
        spoken = DIALECT_IETF;
    return spoken & upload_dialects_at(x);
}

static void add_limit(struct exchange *x, enum http_field field, const char *before)
{
    struct buf text = {0};
    buf_addf(&text, "%s%llu", before,
             (unsigned long long)x->service->limits->upload_bytes_per_user);
    respond_field(x, field, buf_str(&text));
    buf_done(&text);
}

void upload_add_options(struct exchange *x)
{
    unsigned dialects = upload_dialects_at(x);
    if (dialects & DIALECT_TUS) {
        respond_field(x, FIELD_TUS_RESUMABLE, STR(TUS_VERSION));
        respond_field(x, FIELD_TUS_VERSION, STR(TUS_VERSION));
        respond_field(x, FIELD_TUS_EXTENSION,
                      STR("creation,creation-with-upload,creation-defer-length,termination,"
                          "checksum,expiration"));
        respond_field(x, FIELD_TUS_CHECKSUM_ALGORITHM, STR("sha1,md5,sha256,sha512,adler32"));
        add_limit(x, FIELD_TUS_MAX_SIZE, "");
    }
    if (dialects & DIALECT_IETF)
        add_limit(x, FIELD_UPLOAD_LIMIT, "max-size=");
}
