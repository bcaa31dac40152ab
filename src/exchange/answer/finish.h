/* exchange/answer/finish.h: the last that is done to an answer before it leaves. */
#pragma once

#include "exchange/exchange.h"

/* Whether the handler must be asked first what may be done there instead (RFC 9110 §15.5.6). */
bool exchange_lacks_allow(const struct exchange *x);

/* Writes the error that respond_error() spoke of, if there was one. */
void exchange_finish(struct exchange *x);
