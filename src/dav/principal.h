/* dav/principal.h: users and groups as resources (RFC 3744 §2), for clients that look. */
#pragma once

#include "dav/prop/live.h"
#include "exchange/result.h"

/* Whether the request, or a path, is about a principal; the latter borrows. */
bool principal_is(const struct exchange *x);
bool principal_is_path(const struct access *access, struct res_path path);

/* NOT_FOUND where there is none that whoever asks may see. */
NODISCARD struct dav_result principal_find(const struct exchange *x, struct store_stat *stat_out);

/* Appends the href of a principal; `kind` is "users" or "groups". */
void principal_add_href(struct buf *to, const char *kind, struct str name);
