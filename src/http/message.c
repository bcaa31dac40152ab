#include "http/message.h"

void http_response_set(struct http_stream *stream, enum http_field id, struct str value)
{
    http_fields_set(&stream->response.fields, stream->arena, id, value);
}
