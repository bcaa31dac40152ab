/* gateway/request.h: what an origin is sent. */
#pragma once

#include "gateway/relay.h"

/* Makes relay->ask, which is not started. `adds_slash`: for the path with a slash at its end. */
NODISCARD struct dav_result request_build(struct exchange *x, bool adds_slash);

/* Makes relay->ask another one, of what is at that path, which was mapped before. */
void request_build_look(struct exchange *x, struct str path);

/* Whether the method's body is content, and streams; any other is collected. */
bool request_streams(const struct exchange *x);
