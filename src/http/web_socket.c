#include "http/web_socket.h"

#include "stream/content_hash.h"
#include "text/base64.h"

/* RFC 6455 §1.3. */
#define GUID    STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
#define VERSION STR("13")

enum { KEY_BYTES = 16 };

static enum http_status refuse(enum http_status status, const char *why, const char **why_out)
{
    *why_out = why;
    return status;
}

/* §4.2.1 point 5: sixteen bytes that the client has made up. */
static bool is_key(struct http_stream *stream, struct str key)
{
    struct str bytes;
    return base64_decode(key, BASE64, stream->arena, &bytes) && bytes.len == KEY_BYTES;
}

/* §4.2.2 point 5.4: shows that who answers knows what it is about. Empty: it cannot be had. */
static struct str accept_of(struct http_stream *stream, struct str key)
{
    char hash[CONTENT_HASH_BYTES_MAX];
    struct buf text = {0};
    buf_add(&text, key);
    buf_add(&text, GUID);
    struct str digest = content_hash_of(CONTENT_SHA1, buf_str(&text), hash);
    buf_clear(&text);
    base64_encode(&text, digest, BASE64);
    struct str accept = arena_str(stream->arena, buf_str(&text));
    buf_done(&text);
    return accept;
}

/* §4.2.1 points 1, 3 and 4. */
static bool asks_for_one(const struct http_stream *stream)
{
    const struct http_fields *fields = &stream->request.fields;
    return str_eq(stream->request.method, STR("GET")) &&
           http_list_has(http_fields_join(fields, FIELD_CONNECTION, stream->arena),
                         STR("upgrade")) &&
           http_list_has(http_fields_join(fields, FIELD_UPGRADE, stream->arena), STR("websocket"));
}

enum http_status web_socket_offer(struct http_stream *stream, struct socket_user *user,
                                  const char **why_out)
{
    const struct http_request *request = &stream->request;
    struct str key = http_fields_get(&request->fields, FIELD_SEC_WEBSOCKET_KEY);
    struct str version = http_fields_get(&request->fields, FIELD_SEC_WEBSOCKET_VERSION);
    if (request->version == HTTP_2) /* RFC 9113 §8.2.2: it has no Upgrade */
        return refuse(HTTP_VERSION_NOT_SUPPORTED, "a WebSocket is opened by HTTP/1.1 here",
                      why_out);
    if (request->version != HTTP_1_1)
        return refuse(HTTP_BAD_REQUEST, "a WebSocket is opened by HTTP/1.1", why_out);
    bool is_asked = asks_for_one(stream);
    if (!is_asked || !str_eq(version, VERSION)) { /* RFC 9110 §15.5.22, RFC 6455 §4.4 */
        http_response_set(stream, FIELD_UPGRADE, STR("websocket"));
        http_response_set(stream, FIELD_SEC_WEBSOCKET_VERSION, VERSION);
        return refuse(HTTP_UPGRADE_REQUIRED,
                      is_asked ? "this version of the WebSocket protocol is not known"
                               : "here is a WebSocket, and nothing else",
                      why_out);
    }
    if (!is_key(stream, key))
        return refuse(HTTP_BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64", why_out);
    if (request->has_body)
        return refuse(HTTP_BAD_REQUEST, "a request for a WebSocket has no body", why_out);
    struct str accept = accept_of(stream, key);
    if (accept.len == 0)
        return refuse(HTTP_NOT_IMPLEMENTED, "this machine may not compute SHA-1", why_out);
    if (stream->sockets && !budget_take(stream->sockets, 1)) /* given back when it is closed */
        return refuse(HTTP_SERVICE_UNAVAILABLE, "too many WebSockets are open", why_out);
    http_response_set(stream, FIELD_UPGRADE, STR("websocket"));
    http_response_set(stream, FIELD_SEC_WEBSOCKET_ACCEPT, accept);
    stream->response.status = HTTP_SWITCHING_PROTOCOLS;
    stream->response.socket_user = user;
    return HTTP_SWITCHING_PROTOCOLS;
}
