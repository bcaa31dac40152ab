/* Fields that say how far a request reaches: to which other resource, and how deep.
 *
 * A Destination is taken where it can be meant in one way only, though clients write it with what
 * no URI may hold (text/uri.h). A value of Overwrite or Depth is taken as the RFC has it, or is
 * 400: to guess could replace, remove or lock more than was meant. So is a Depth with "noroot",
 * which some clients know for many methods, but for the one that changes nothing. */
#include "exchange/destination.h"

bool authority_is_ours(const struct exchange *x, struct str host, struct str port)
{
    const struct http_request *request = &x->stream->request;
    const struct service *service = x->service;
    if (request->host.len && uri_same_authority(host, port, request->host, request->port))
        return true;
    for (size_t i = 0; i < service->public_name_count; i++) {
        const struct public_name *name = &service->public_names[i];
        if (uri_same_authority(host, port, name->host, name->port))
            return true;
    }
    return false;
}

static bool is_ours(const struct exchange *x, const struct uri *uri)
{
    bool is_http =
        str_eq_nocase(uri->scheme, STR("http")) || str_eq_nocase(uri->scheme, STR("https"));
    return is_http && authority_is_ours(x, uri->host, uri->port);
}

struct dav_result destination_parse_in(const struct exchange *x, struct arena *arena,
                                       struct str text, struct res_path *path_out)
{
    struct uri uri;
    bool has_slash;
    if (!uri_parse_lenient(text, &uri))
        return dav_error(HTTP_BAD_REQUEST, "the destination is neither an absolute path nor a URI");
    if (uri.scheme.len && !is_ours(x, &uri))
        return dav_error(HTTP_BAD_GATEWAY, "the destination is on another server");
    if (path_decode(arena, uri.path, path_out, &has_slash) != PATH_OK)
        return dav_error(HTTP_BAD_REQUEST, "the destination's path is malformed");
    return DAV_FINE;
}

struct dav_result destination_parse(struct exchange *x, struct str text, struct res_path *path_out)
{
    return destination_parse_in(x, x->arena, text, path_out);
}

/* Most of these are a proxy before us that changed Host and left Destination as it was. */
static void note_mistake(struct exchange *x, struct str destination)
{
    const struct http_request *request = &x->stream->request;
    struct buf note = {0};
    buf_addf(&note,
             "refused Destination %.*s: the request came for Host %.*s%s%.*s. If a proxy stands in"
             " front, let it pass Host on, or name its public address with --public-url",
             STR_ARGS(str_first(destination, 512)), STR_ARGS(request->host),
             request->port.len ? ":" : "", STR_ARGS(request->port));
    x->stream->response.note = arena_str(x->arena, buf_str(&note));
    buf_done(&note);
}

struct dav_result destination_read(struct exchange *x, struct res_path *path_out)
{
    struct str value = exchange_field(x, FIELD_DESTINATION);
    if (!value.at)
        return dav_error(HTTP_BAD_REQUEST, "the Destination field is missing");
    struct dav_result result = destination_parse(x, value, path_out);
    if (result.status == HTTP_BAD_GATEWAY)
        note_mistake(x, value);
    return result;
}

struct dav_result overwrite_read(const struct exchange *x, bool *overwrites_out)
{
    struct str value = exchange_field(x, FIELD_OVERWRITE);
    *overwrites_out = !str_eq_nocase(value, STR("F"));
    if (!value.at || !*overwrites_out || str_eq_nocase(value, STR("T")))
        return DAV_FINE;
    return dav_error(HTTP_BAD_REQUEST, "Overwrite is neither T nor F");
}

struct dav_result depth_read_noroot(const struct exchange *x, enum depth missing,
                                    enum depth *depth_out, bool *is_noroot_out)
{
    struct str value = exchange_field(x, FIELD_DEPTH);
    struct str extension = value;
    *depth_out = missing;
    *is_noroot_out = false;
    if (!value.at)
        return DAV_FINE;
    struct str depth = str_trim(str_cut(&extension, ','));
    *is_noroot_out = str_eq_nocase(str_trim(extension), STR("noroot")) && !str_eq(depth, STR("0"));
    if (*is_noroot_out)
        value = depth;
    if (str_eq(value, STR("0")))
        *depth_out = DEPTH_0;
    else if (str_eq(value, STR("1")))
        *depth_out = DEPTH_1;
    else if (str_eq_nocase(value, STR("infinity")))
        *depth_out = DEPTH_INFINITY;
    else
        return dav_error(HTTP_BAD_REQUEST, "Depth must be 0, 1 or infinity");
    return DAV_FINE;
}

struct dav_result depth_read(const struct exchange *x, enum depth missing, enum depth *depth_out)
{
    bool is_noroot;
    struct dav_result result = depth_read_noroot(x, missing, depth_out, &is_noroot);
    if (dav_is_fine(result) &&
        is_noroot) /* never more than was meant: the resource itself is not */
        return dav_error(HTTP_BAD_REQUEST, "only PROPFIND has a Depth with noroot");
    return result;
}
