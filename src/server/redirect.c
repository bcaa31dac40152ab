/* From http to https. The host is the one that the client asked for, where it is a name of ours
 * (server/names.h): others are not repeated, since an answer that sends people wherever they say,
 * in the name of this server, helps only who deceives them. They are sent to the first --public-url
 * that is https, or nowhere. The port is that of our TLS listener, or what --public-url says of the
 * host, for servers whose ports are mapped.
 *
 * GET and HEAD get 301, which everything understands. The rest gets 308: with a 301 a client may
 * turn a PROPFIND into a GET (RFC 9110 §15.4.2). Nothing else is said in the clear. */
#include "server/redirect.h"

#include "text/uri.h"

/* What --public-url says of `host`, or of any; NULL: nothing. */
static const struct public_name *find_https(const struct known_names *names, struct str host)
{
    for (size_t i = 0; i < names->public_name_count; i++) {
        const struct public_name *name = &names->public_names[i];
        if (name->is_https && (host.len == 0 || str_eq_nocase(name->host, host)))
            return name;
    }
    return NULL;
}

/* Where to go; false: nowhere, since the host is not ours. */
static bool add_place(const struct redirect *redirect, const struct known_names *names,
                      struct str host, struct buf *to)
{
    bool is_ours = names_have(names, host);
    const struct public_name *public = find_https(names, is_ours ? host : STR_NONE);
    char port[16] = "";
    if (redirect->tls_port != 443)
        str_print(port, sizeof(port), "%u", redirect->tls_port);
    if (public)
        uri_add_authority(to, is_ours ? host : public->host, public->port);
    else if (is_ours)
        uri_add_authority(to, host, str_of_c(port));
    return public || is_ours;
}

static void set_text(struct http_stream *stream, unsigned status, struct str text)
{
    stream->response.status = status;
    stream->response.body = source_of_text(stream->arena, text);
    stream->response.body_bytes = text.len;
    http_response_set(stream, FIELD_CONTENT_TYPE, STR("text/plain; charset=utf-8"));
}

void redirect_answer(const struct redirect *redirect, const struct known_names *names,
                     struct http_stream *stream)
{
    const struct http_request *request = &stream->request;
    struct buf to = {0};
    if (request->host.len == 0) { /* HTTP/1.0 may have none */
        set_text(stream, HTTP_BAD_REQUEST, STR("the request names no host to be sent to\n"));
        stream->ops->respond(stream);
        return;
    }
    BUF_ADD(&to, "https://");
    if (!add_place(redirect, names, request->host, &to)) {
        buf_done(&to);
        names_misdirect(stream, request->host);
        return;
    }
    buf_add(&to, request->path.len ? request->path : STR("/"));
    if (request->query.len)
        buf_addf(&to, "?%.*s", STR_ARGS(request->query));
    struct str location = arena_str(stream->arena, buf_str(&to));
    buf_add_char(&to, '\n');
    bool is_get = str_eq(request->method, STR("GET")) || str_eq(request->method, STR("HEAD"));
    set_text(stream, is_get ? HTTP_MOVED_PERMANENTLY : HTTP_PERMANENT_REDIRECT,
             arena_str(stream->arena, buf_str(&to)));
    http_response_set(stream, FIELD_LOCATION, location);
    buf_done(&to);
    stream->ops->respond(stream);
}
