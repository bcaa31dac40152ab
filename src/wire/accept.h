/* wire/accept.h: where connections begin. */
#pragma once

#include "wire/wire.h"

/* Speaks on an accepted socket what `endpoint` says; NULL: HTTP in the clear. Takes fd, and its
 * place in share->connections; NULL: there is none. */
void wire_accept(struct wire *wire, int fd, const struct socket_address *peer,
                 struct endpoint *endpoint, struct share *share);
