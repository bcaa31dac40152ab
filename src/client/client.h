/* client/client.h: requests to other servers, over HTTP/1.1 and HTTP/2, many at a time, beside
 * whatever else their loop does.
 *
 * Everything here is for the loop's thread. What a request comes to is told by the loop, never
 * within a call of these functions; and none of them may be called while a source is pulled. */
#pragma once

#include "base/err.h"
#include "client/call.h"
#include "client/options.h"
#include "io/loop.h"

struct client;

/* Loads what clients need, so that it does not have to be done by several threads at once. False:
 * `err` says why there are none. */
NODISCARD bool client_load(struct err *err);

/* Borrows options. NULL: `err` says why. Gives. */
NODISCARD struct client *client_new(struct loop *loop, const struct client_options *options,
                                    struct err *err);
/* Ends what is under way without telling. */
void client_free(struct client *client);

void client_start(struct client *client, struct call *call);

/* Ends a request, at any time; nothing more is told of it, and the body of its answer is gone. */
void client_cancel(struct client *client, struct call *call);
