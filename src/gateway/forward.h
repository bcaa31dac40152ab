/* gateway/forward.h: the handler of gateways. */
#pragma once

#include "gateway/gateway.h"

/* Gives each of them its handler; all have been added. */
void forward_handle(struct gateways *gateways);
