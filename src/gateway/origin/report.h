/* gateway/origin/report.h: the REPORT `origins` of davit's own namespace: where requests go that
 * come to a gateway, and how it is there. */
#pragma once

#include "exchange/exchange.h"

/* A stage behind the one that collects the body. NEXT: something else is asked for. */
enum stage_end origin_report(struct exchange *x);
