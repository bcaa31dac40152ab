/* io/shares.h: what each client's address has of what there is for all. Any thread. */
#pragma once

#include "base/limits.h"
#include "base/share.h"
#include "io/socket.h"

struct shares;

/* Shares of `memory`, as large as the limits say; they are read once. Borrows `memory`. Gives. */
NODISCARD struct shares *shares_new(const struct limits *limits, struct budget *memory);
void shares_free(struct shares *shares); /* NULL is fine */

/* The share of that address; lives as long as `shares`. */
struct share *shares_of(struct shares *shares, const struct socket_address *peer);
