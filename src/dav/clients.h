/* dav/clients.h: clients that need something special, from clients.def. */
#pragma once

#include "dav/exchange.h"

enum client_quirk { QUIRK_SHORT_ALLPROP };

bool client_has(const struct exchange *x, enum client_quirk quirk);
