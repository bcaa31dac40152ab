/* gateway/origin/outcome.h: what a request to an origin has come to: for its health, for who
 * counts, and for the access log. Whoever asks an origin tells all of them. */
#pragma once

#include "client/call.h"
#include "exchange/exchange.h"
#include "gateway/gateway.h"

/* --- its health --- */

/* There is a head. */
void outcome_answered(const struct gateway *gateway, enum health_pass pass,
                      const struct call *call);

/* It is over; `had_head`: that was told. On the loop. */
void outcome_ended(const struct gateway_loop *loop, const struct gateway *gateway,
                   enum health_pass pass, const struct call *call, bool had_head);

/* Nothing has come of it, and nothing will: it was given up. */
void outcome_given_up(const struct gateway *gateway, enum health_pass pass);

/* --- what it comes to, in a word --- */

/* Of one that has a head, or is over. */
enum origin_outcome outcome_of(const struct call *call, bool has_head);

/* Once for each that was sent: so long after it was begun. On the loop. */
void outcome_count(const struct gateway_loop *loop, const struct gateway *gateway,
                   enum origin_outcome outcome, int64_t us);

/* Counts and notes one that is not sent: the circuit is open. */
void outcome_let_alone(struct exchange *x, const struct gateway *gateway);

/* Notes for the access log whom the exchange has asked, what came of it, and after how long. Where
 * the exchange may be changed. */
void outcome_note(struct exchange *x, const struct gateway *gateway, enum origin_outcome outcome,
                  unsigned status, int64_t us);
