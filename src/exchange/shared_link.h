/* exchange/shared_link.h: "/.link/TOKEN/…": whoever has the URL acts for the token's user within
 * its scope. */
#pragma once

#include "exchange/exchange.h"

/* Whether a path is one of those. */
bool link_is_path(const struct service *service, struct res_path path);

/* The token in x->path; at == NULL: there is none. Borrows. */
struct str link_token(const struct exchange *x);

/* Whoever asks has signed in by that one: fills in x->seen. */
void link_follow(struct exchange *x, struct str token);
