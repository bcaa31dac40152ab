/* dav/prop/changes.h: how moments of a change log are written: as sync tokens (RFC 6578). */
#pragma once

#include "exchange/exchange.h"
#include "store/change_log.h"

/* Appends the token of the collection, for who asks: a URI that means nothing to anybody else. */
void sync_token_add(struct buf *to, const struct exchange *x, struct res_path real,
                    struct change_point point);

/* Whether it is a collection whose changes are in a log. */
struct prop_target;
bool changes_are_logged(const struct prop_target *target);

/* False: it is none of ours, or whoever got it may have seen other members than he who asks. */
NODISCARD bool sync_token_parse(const struct exchange *x, struct res_path real, struct str token,
                                struct change_point *point_out);
