/* gateway/request.h: what an origin is sent. */
#pragma once

#include "gateway/relay.h"

/* Makes relay->ask, which is not started. `adds_slash`: for the path with a slash at its end. */
NODISCARD struct dav_result request_build(struct exchange *x, bool adds_slash);

/* Makes relay->ask another one, of what is at that path, which was mapped before. */
void request_build_look(struct exchange *x, struct str path);

/* The same, of which kind it is: by a PROPFIND with Depth: 0 for its resourcetype. */
void request_build_kind(struct exchange *x, struct str path);

/* Adds who asks, and nothing else of the request: Via and Forwarded, and the client's credentials
 * where the gateway passes them on. */
void request_add_asker(struct exchange *x, const struct gateway *gateway, struct http_fields *to);

/* A question that anybody may ask is about the mount where it would tell of what is in it. */
bool request_is_about_mount(const struct exchange *x);

/* Whether the method's body is content, and streams; any other is collected. */
bool request_streams(const struct exchange *x);
