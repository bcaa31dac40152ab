/* exchange/run.h: where requests come in. */
#pragma once

#include "exchange/exchange.h"

/* Handles a request by whoever answers for its path: what http_handler.handle asks for. */
void exchange_handle(const struct service *service, struct http_stream *stream);
