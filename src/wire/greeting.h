/* wire/greeting.h: a connection that is not yet through its TLS handshake. */
#pragma once

#include "wire/wire.h"

/* Greets the client, and hands the channel on to what both agreed to speak. Takes the channel. */
void greeting_open(struct wire *wire, struct incoming *incoming);
