/* wire/greeting.h: a connection that is not yet through its TLS handshake. */
#pragma once

#include "wire/wire.h"

/* Greets the client, and hands the channel on to what both agreed to speak. Takes the channel,
 * whose entrance must be set, and its place in wire->conn_count. */
void greeting_open(struct wire *wire, struct channel **channel, const char *peer);
