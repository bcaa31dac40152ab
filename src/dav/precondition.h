/* dav/precondition.h: what a request demands of the resource before it is changed or read. */
#pragma once

#include "exchange/exchange.h"
#include "http/conditional.h"

/* The resource that the request URI leads to. That there is none is no error: *exists_out. */
NODISCARD struct dav_result target_stat(struct exchange *x, struct store_stat *stat_out,
                                        bool *exists_out);

/* The resource that a method needs: 404 where there is none, and where a URL that ends in a slash
 * names what is no collection (RFC 4918 §5.2). */
NODISCARD struct dav_result target_get(struct exchange *x, struct store_stat *stat_out);

/* The resource as RFC 9110 §13 sees it. Memory from the arena. */
struct http_representation representation_of(struct arena *arena, const struct store_stat *stat,
                                             bool exists);

/* The If field, then RFC 9110's conditions, for a method that changes the target: 412 or fine. */
NODISCARD struct dav_result precondition_check(struct exchange *x, const struct store_stat *stat,
                                               bool exists);

/* 409 unless the parent of x->real is there and is a collection. */
NODISCARD struct dav_result parent_check(struct exchange *x, struct res_path real);
