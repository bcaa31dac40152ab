/* gateway/origin/outcome.h: what a request to an origin has come to: for its health, and for the
 * access log. Whoever asks an origin tells both. */
#pragma once

#include "client/call.h"
#include "exchange/exchange.h"
#include "gateway/gateway.h"

/* There is a head. */
void outcome_answered(const struct gateway *gateway, enum health_pass pass,
                      const struct call *call);

/* It is over; `had_head`: that was told. */
void outcome_ended(const struct gateway *gateway, enum health_pass pass, const struct call *call,
                   bool had_head);

/* Nothing has come of it, and nothing will: it was given up. */
void outcome_given_up(const struct gateway *gateway, enum health_pass pass);

/* The log's word for how it has ended without a head. */
const char *outcome_word(enum call_end end);

/* Notes for the access log whom the exchange has asked, what came of it, and after how long. Where
 * the exchange may be changed. */
void outcome_note(struct exchange *x, const struct gateway *gateway, const char *what, int64_t us);
