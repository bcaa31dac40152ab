/* exchange/run.h: where requests come in. */
#pragma once

#include "exchange/exchange.h"

/* Handles a request by whoever answers for its path: what http_handler.handle asks for. */
void exchange_handle(const struct service *service, struct http_stream *stream);

/* Handles a request that is a part of another one, which whoever has signed in for that asks: the
 * rules, the handler of its path and all that stands before a method are asked as if it had come by
 * itself. `outer` has to outlive the stream. The exchange, from the stream's arena, may have been
 * answered already. */
struct exchange *exchange_handle_within(const struct exchange *outer, struct http_stream *stream);
