/* gateway/union/union.h: the handler of mounts that are the union of several origins. */
#pragma once

#include "gateway/gateway.h"

/* Gives those mounts that have several origins their handler; all have been added. */
void union_handle(struct gateways *gateways);
