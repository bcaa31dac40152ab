/* exchange/admit.h: may he? */
#pragma once

#include "exchange/exchange.h"

/* May whoever asks do this to the resource? `path` is as in the URL, `real` where it leads, or the
 * same; both must be granted: a link is no way round a rule. */
enum access_verdict admit_judge(const struct exchange *x, enum access_class class,
                                struct res_path path, struct res_path real);

/* The same as a result: fine, 401, 403 or 404. */
NODISCARD struct dav_result admit_check(const struct exchange *x, enum access_class class,
                                        struct res_path path, struct res_path real);
struct dav_result admit_result(enum access_verdict verdict);

/* May whoever asks do that to anything in the tree? As a result, of the tree itself where not. */
NODISCARD struct dav_result admit_somewhere(const struct exchange *x, enum access_class class,
                                            struct res_path tree);

/* What the request itself asks for, at its URI: the handler's answer where it has one. */
NODISCARD struct dav_result admit_request(const struct exchange *x);

/* Of a collection that whoever asks may not read, whether he is shown what of it leads to what he
 * may: such members, and that it is there. Nothing else that is known of it is for him. */
bool admit_shows_part(const struct exchange *x, struct res_path path, struct res_path real);

/* Another where what may be read below the path may be another, for him or since; 0: all may
 * all. */
uint64_t admit_view(const struct exchange *x, struct res_path path);

/* Whether members may be granted less, or more, than `path` itself. */
bool admit_differs_below(const struct exchange *x, struct res_path path);
