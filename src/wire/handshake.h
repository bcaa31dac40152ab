/* wire/handshake.h: a connection that is not yet through its TLS handshake. */
#pragma once

#include "wire/wire.h"

/* Shakes hands, and hands the channel on to what both agreed to speak. Takes the channel. */
void handshake_open(struct wire *wire, struct incoming *incoming);
