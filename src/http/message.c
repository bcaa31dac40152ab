#include "http/message.h"

struct str http_peer_address(const struct http_request *request)
{
    struct str address = str_first(request->peer, str_index_last(request->peer, ':'));
    if (address.len && address.at[0] == '[')
        address = str_from(str_first(address, str_index(address, ']')), 1);
    return address;
}

void http_response_set(struct http_stream *stream, enum http_field id, struct str value)
{
    http_fields_set(&stream->response.fields, stream->arena, id, value);
}
