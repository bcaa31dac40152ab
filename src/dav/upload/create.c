/* A POST to a collection names the file in its fields, and stands for a PUT to a URL that the
 * client need not know: so it is turned into one. The rules are asked about that path, too, by
 * target_locate(), and conditions without a URL are about it. A POST or PUT to anything else is
 * about the URL itself.
 *
 * ownCloud's clients name a path below the collection. It may lead into another mount, as a
 * COPY's Destination may: then those rules and origins of pages count that are there; another
 * handler's tree cannot be uploaded to.
 *
 * Where an upload is from now on is the target's own URL with a query. So whatever looks at
 * paths, here and in proxies before us (rules, signing in, mounts, certificates), sees one that it
 * knows. Rejected: a path of its own (/uploads/ID), which would be outside of all of them; and the
 * collection's with a query, where a DELETE that is not understood removes a tree. What has that
 * query is never about the resource, whether uploads are on or not (dav/upload/choose.c). */
#include "dav/upload/create.h"

#include "dav/target.h"
#include "dav/upload/replace.h"
#include "exchange/browser.h"
#include "exchange/handler.h"
#include "exchange/respond.h"

/* --- which resource --- */

/* The names of a path, of which none leads up. Appends it encoded, as path_decode() wants it. */
static bool add_names(struct buf *to, struct str names)
{
    if (str_starts(names, STR("/")))
        names = str_from(names, 1);
    for (bool is_last = false; !is_last;) {
        is_last = str_index(names, '/') == names.len;
        struct str name = str_cut(&names, '/');
        if (!name.len || str_eq(name, STR(".")) || str_eq(name, STR("..")))
            return false;
        buf_add_char(to, '/');
        path_encode_segment(to, name);
    }
    return true;
}

static bool join(struct exchange *x, struct str names, struct res_path *path_out)
{
    struct buf text = {0};
    bool has_slash;
    path_encode(&text, x->path, false);
    while (text.len && text.at[text.len - 1] == '/') /* the root's */
        text.len--;
    bool is_fine = add_names(&text, names) &&
                   path_decode(x->arena, buf_str(&text), path_out, &has_slash) == PATH_OK;
    buf_done(&text);
    return is_fine;
}

struct dav_result upload_turn(struct exchange *x, const struct upload *upload)
{
    struct target *target = target_of(x);
    struct store_stat stat;
    struct res_path path;
    bool exists;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = target_stat(x, &stat, &exists);
    if (!dav_is_fine(result))
        return result;
    bool is_collection = exists ? stat.is_collection : x->has_slash;
    if (x->method->id != METHOD_POST || !is_collection)
        return DAV_FINE;
    if (!upload->known.name.len)
        return dav_error(HTTP_BAD_REQUEST,
                         "the upload has no name: say one (Upload-Metadata: filename), or send it "
                         "to the URL that the file is to have");
    if (!join(x, upload->known.name, &path))
        return dav_error(HTTP_BAD_REQUEST, "the upload's name cannot be a file's");
    if (!handler_reaches(x, path))
        return dav_error(HTTP_CONFLICT, "what is there is another server's");
    x->path = path;
    x->has_slash = false;
    target->is_located = false;
    target->is_again = true; /* so the rules are asked */
    result = browser_check_reach(x, path);
    return dav_is_fine(result) ? target_locate(x) : result;
}

/* --- what is kept --- */

/* The type, which has no line's end in it, and behind a line's end the metadata as they came. */
static struct str note_of(struct exchange *x, const struct upload *upload)
{
    struct buf note = {0};
    buf_add(&note, upload->type);
    buf_add_char(&note, '\n');
    buf_add(&note, upload->metadata);
    struct str copy = arena_str(x->arena, buf_str(&note));
    buf_done(&note);
    return copy;
}

struct upload_note upload_note_read(struct str note)
{
    struct upload_note parts = {0};
    parts.type = str_cut(&note, '\n');
    parts.metadata = note;
    return parts;
}

static struct str conditions_of(struct exchange *x, enum http_field field)
{
    return http_fields_join(&x->stream->request.fields, field, x->arena);
}

struct dav_result upload_create(struct exchange *x, struct upload *upload)
{
    const struct target *target = target_of(x);
    struct store_stat stat;
    struct dav_result result = replace_check_first(x, &stat, &upload->exists);
    if (dav_is_fine(result))
        result = replace_check_space(x, upload->size_bytes);
    if (!dav_is_fine(result))
        return result;
    const struct resumable_wish wish = {
        .near = target->real,
        .owner = principal_holder(&x->signed_in.principal),
        .target = target->real,
        .size_bytes = upload->size_bytes,
        .hashes = upload->hashes,
        .sets_modified = upload->commit.sets_modified,
        .modified_s = upload->commit.modified_s,
        .if_match = conditions_of(x, FIELD_IF_MATCH),
        .if_none_match = conditions_of(x, FIELD_IF_NONE_MATCH),
        .if_header = conditions_of(x, FIELD_IF),
        .note = note_of(x, upload),
    };
    enum store_rc rc = resumable_create(target->store, x->arena, &wish, &upload->now);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    upload->id = upload->now.wish.id;
    return DAV_FINE;
}

/* --- where it is --- */

/* "https://host:port", where it is known how the client came here. A proxy that ends TLS and is not
 * believed (trust-proxy) leaves that open: then a path alone is right, whatever it is. */
static void add_origin(struct buf *to, const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    struct str forwarded = request->forwarded_host;
    struct str host = str_trim(str_cut(&forwarded, ','));
    struct str scheme = request->forwarded_proto;
    if (!scheme.len && request->is_secure)
        scheme = STR("https");
    for (size_t i = 0; i < x->service->public_name_count && !scheme.len; i++) {
        const struct public_name *name = &x->service->public_names[i];
        if (name->is_https && str_eq_nocase(name->host, request->host))
            scheme = STR("https");
    }
    if (!scheme.len || !request->host.len)
        return;
    buf_add(to, scheme);
    BUF_ADD(to, "://");
    if (host.len)
        buf_add(to, host);
    else
        uri_add_authority(to, request->host, request->port);
}

void upload_add_location(struct exchange *x, const struct upload *upload)
{
    struct buf location = {0};
    add_origin(&location, x);
    path_encode(&location, x->path, false);
    BUF_ADD(&location, "?" UPLOAD_QUERY "=");
    buf_add(&location, upload->id);
    respond_field(x, FIELD_LOCATION, buf_str(&location));
    buf_done(&location);
}
