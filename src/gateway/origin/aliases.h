/* gateway/origin/aliases.h: what else an origin may take a path of ours for, as rules see it. */
#pragma once

#include "exchange/exchange.h"

/* May whoever asks do this to the resource, whatever his path is taken for? As admit_check(). */
NODISCARD struct dav_result aliases_admit(const struct exchange *x, enum access_class class,
                                          struct res_path path);

/* Whether members may be granted less, or more, whatever it is taken for. */
bool aliases_differ_below(const struct exchange *x, struct res_path path);

/* As handler_ops has them; `shared` is a gateway. */
enum access_verdict alias_judge(const struct exchange *x, const void *shared,
                                enum access_class class, struct res_path path);
bool alias_differs_below(const struct exchange *x, const void *shared, struct res_path path);
