/* client/public_address.h: which addresses are on the public Internet. */
#pragma once

#include <sys/socket.h>

#include "base/base.h"

/* Neither of this machine nor of a network that only some can reach: the registries of special
 * addresses (RFC 6890 and its updates). Families other than IPv4 and IPv6 are not. */
bool address_is_public(const struct sockaddr *address);
