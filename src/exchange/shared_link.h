/* exchange/shared_link.h: "/.link/TOKEN/…": whoever has the URL acts for the token's user within
 * its scope. */
#pragma once

#include "exchange/exchange.h"

/* Whether a path is one of those. */
bool link_is_path(const struct service *service, struct res_path path);

/* The token in x->path; at == NULL: there is none. Borrows. */
struct str link_token(const struct exchange *x);

/* Whoever asks has signed in by that one: fills in x->link_prefix. */
void link_follow(struct exchange *x, struct str token);

/* Where *path really is: rules and scopes are about that. False: outside of the link there is
 * nothing. Memory from the arena, where the request came through a link. */
NODISCARD bool link_leave(const struct exchange *x, struct arena *arena, struct res_path *path);
