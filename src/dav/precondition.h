/* dav/precondition.h: what a request demands of the resource before it is changed or read. */
#pragma once

#include "exchange/exchange.h"
#include "http/conditional.h"
#include "store/types.h"

/* The resource as RFC 9110 §13 sees it. Memory from the exchange's arena. */
struct http_representation representation_of(struct exchange *x, const struct store_stat *stat,
                                             bool exists);

/* The If field, then RFC 9110's conditions, for a method that changes the target: 412 or fine. */
NODISCARD struct dav_result precondition_check(struct exchange *x, const struct store_stat *stat,
                                               bool exists);

/* Whether the check may come to something else for another version of the resource. */
bool precondition_is_about_version(const struct exchange *x);

/* When a condition has failed: notes for the log, once in a while, if a proxy that compresses has
 * changed the entity tag. */
void precondition_note(struct exchange *x, const struct http_representation *now);

/* 409 unless the parent of `real` is there and is a collection. */
NODISCARD struct dav_result parent_check(struct exchange *x, struct res_path real);
