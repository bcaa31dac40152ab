/* dav/clients.h: clients that need something special, from clients.def. */
#pragma once

#include "exchange/exchange.h"

enum client_quirk { QUIRK_SHORT_ALLPROP, QUIRK_TIMES_WITHOUT_TOKEN, QUIRK_NO_REDIRECT };

bool client_has(const struct exchange *x, enum client_quirk quirk);
