#include "sync/url.h"

#include "sync/service.h"
#include "text/uri.h"

/* The host that the client has asked for: a proxy that is believed says it where it has changed
 * Host. */
static bool asked_host(const struct http_request *request, struct str *host, struct str *port)
{
    struct str hosts = request->forwarded_host;
    struct str first = str_trim(str_cut(&hosts, ',')); /* the first is the client's */
    if (first.len && uri_parse_authority(first, host, port))
        return true;
    *host = request->host;
    *port = request->port;
    return host->len > 0;
}

/* What --public-url says of the host; NULL: nothing. */
static const struct public_name *find_public(const struct service *service, struct str host)
{
    for (size_t i = 0; i < service->public_name_count; i++) {
        if (str_eq_nocase(service->public_names[i].host, host))
            return &service->public_names[i];
    }
    return NULL;
}

struct place {
    struct str host;
    struct str port;
    bool is_https;
};

/* A proxy may have ended TLS and say nothing of it; then the public URL does. */
static bool find_place(const struct exchange *x, struct place *out)
{
    const struct http_request *request = &x->stream->request;
    struct place place = {.is_https = request->is_secure};
    if (!asked_host(request, &place.host, &place.port))
        return false;
    const struct public_name *public = find_public(x->service, place.host);
    if (request->forwarded_proto.len)
        place.is_https = str_eq_nocase(request->forwarded_proto, STR("https"));
    else if (public && public->is_https)
        place.is_https = true;
    if (public && public->is_https == place.is_https)
        place.port = public->port;
    *out = place;
    return true;
}

bool sync_add_host(const struct exchange *x, struct buf *to)
{
    struct place place;
    if (!find_place(x, &place))
        return false;
    uri_add_authority(to, place.host, place.port);
    return true;
}

bool sync_add_url(const struct exchange *x, struct buf *to)
{
    struct place place;
    struct res_path prefix = sync_service_of(x)->prefix;
    if (!find_place(x, &place))
        return false;
    buf_add(to, place.is_https ? STR("https://") : STR("http://"));
    uri_add_authority(to, place.host, place.port);
    if (prefix.len)
        path_encode(to, prefix, false);
    return true;
}
