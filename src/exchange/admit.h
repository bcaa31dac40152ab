/* dav/admit.h: who asks, and may he? Before the stages of a method, and for whatever else a method
 * is about. */
#pragma once

#include "exchange/exchange.h"

/* Signs in and asks for the request URI; then the method's own stages. Ends without a stage. */
extern const struct stage admit_stages[];

/* May whoever asks do this to the resource? `path` is as in the URL, `real` as located, or the
 * same; both must be granted: a link is no way round a rule. */
enum access_verdict admit_judge(const struct exchange *x, enum access_class class,
                                struct res_path path, struct res_path real);

/* The same as a result: fine, 401, 403 or 404. */
NODISCARD struct dav_result admit_check(const struct exchange *x, enum access_class class,
                                        struct res_path path, struct res_path real);

/* Whether members may be granted less, or more, than `path` itself. */
bool admit_differs_below(const struct exchange *x, struct res_path path);

/* A read of exchange_target() has come to `rc`. Fine: that is another path now, which has been
 * judged; try again. Any other: what to answer. */
NODISCARD struct dav_result admit_again(struct exchange *x, enum store_rc rc);

/* What a method asks for at its request URI. */
enum access_class admit_class_of(const struct dav_method *method);

/* Adds WWW-Authenticate with all challenges (RFC 9110 §11.6.1), once. False: there is none, because
 * only TLS or a client certificate would help. */
bool admit_challenge(struct exchange *x);

/* Whether a lock is of whoever asks, or he may break it. */
bool admit_holds(const struct exchange *x, const struct lock *lock);
