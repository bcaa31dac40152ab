/* dav/principal.h: users and groups as resources (RFC 3744 §2), for clients that look. */
#pragma once

#include "exchange/exchange.h"
#include "store/types.h"

/* Below it there are principals, where there are users. */
#define PRINCIPAL_PATH PATH(".principals")

/* May whoever asks use x->method on one? */
NODISCARD struct dav_result principal_may(const struct exchange *x);

/* NOT_FOUND where there is none that whoever asks may see. */
NODISCARD struct dav_result principal_find(const struct exchange *x, struct res_path path,
                                           struct store_stat *stat_out);

/* Appends the href of a principal; `kind` is "users" or "groups". */
void principal_add_href(struct buf *to, const char *kind, struct str name);
