/* dav/prop/changes.h: how moments of a change log are written: as sync tokens (RFC 6578). */
#pragma once

#include "base/buf.h"
#include "store/change_log.h"

/* Appends the token: a URI that means nothing to anybody else. */
void sync_token_add(struct buf *to, struct change_point point);

/* False: it is none of ours. */
NODISCARD bool sync_token_parse(struct str token, struct change_point *point_out);
