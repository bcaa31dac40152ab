/* sync/push/pre_auth.h: tokens by which who is signed in already signs in on a WebSocket. */
#pragma once

#include "access/principal.h"
#include "sync/service.h"

/* Appends one for him, which is good for socket_token_ms, at this mount and until a reload. */
void pre_auth_make(const struct sync_service *sync, const struct exchange *x, struct buf *to);

/* False: it is none, or not any more. Memory from the arena; the address is the caller's to set. */
NODISCARD bool pre_auth_read(const struct sync_service *sync, struct str token, struct arena *arena,
                             struct principal *principal_out);
