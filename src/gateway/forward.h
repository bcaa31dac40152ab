/* gateway/forward.h: the handler of gateways. */
#pragma once

#include "exchange/exchange.h"
#include "gateway/gateway.h"

/* Gives each of them its handler; all have been added. */
void forward_handle(struct gateways *gateways);

/* --- the pieces of that handler, for one that finds out first which origin is meant --- */

/* The first stage: what can be refused without an origin. */
enum stage_end forward_check(struct exchange *x);

/* Behind it, where something is put: whether it is a body that the client has lost. */
enum stage_end forward_lost(struct exchange *x);

/* The last ones: asks gateway_of(x), waits, looks at what comes, and answers with it. */
enum stage_end forward_send(struct exchange *x);
enum stage_end forward_await(struct exchange *x);
enum stage_end forward_look(struct exchange *x);

/* What of struct handler_ops is the same. */
enum access_names forward_names(const struct exchange *x, struct res_path path);
struct dav_result forward_find(const struct exchange *x, const struct stage **stages_out);
enum stage_end forward_allow(struct exchange *x);
