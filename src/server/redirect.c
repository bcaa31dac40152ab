/* From http to https. The host is the one that the client asked for (the wire has checked its form,
 * so nothing in it can end the field); the port is that of our TLS listener, or what --public-url
 * says of that host, for servers whose ports are mapped.
 *
 * GET and HEAD get 301, which everything understands. The rest gets 308: with a 301 a client may
 * turn a PROPFIND into a GET (RFC 9110 §15.4.2). Nothing else is said in the clear. */
#include "server/redirect.h"

static void add_authority(const struct redirect *redirect, const struct http_request *request,
                          struct buf *to)
{
    bool is_v6 = str_index(request->host, ':') < request->host.len;
    buf_addf(to, is_v6 ? "[%.*s]" : "%.*s", STR_ARGS(request->host));
    for (size_t i = 0; i < redirect->public_name_count; i++) {
        const struct public_name *name = &redirect->public_names[i];
        if (!name->is_https || !str_eq_nocase(name->host, request->host))
            continue;
        if (name->port.len)
            buf_addf(to, ":%.*s", STR_ARGS(name->port));
        return;
    }
    if (redirect->tls_port != 443)
        buf_addf(to, ":%u", redirect->tls_port);
}

static void set_text(struct http_stream *stream, unsigned status, struct str text)
{
    stream->response.status = status;
    stream->response.body = source_of_text(stream->arena, text);
    stream->response.body_bytes = text.len;
    http_response_set(stream, FIELD_CONTENT_TYPE, STR("text/plain; charset=utf-8"));
}

void redirect_answer(const struct redirect *redirect, struct http_stream *stream)
{
    const struct http_request *request = &stream->request;
    struct buf to = {0};
    if (request->host.len == 0) { /* HTTP/1.0 may have none */
        set_text(stream, HTTP_BAD_REQUEST, STR("the request names no host to be sent to\n"));
        stream->ops->respond(stream);
        return;
    }
    BUF_ADD(&to, "https://");
    add_authority(redirect, request, &to);
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
