/* exchange/body.h: request bodies. */
#pragma once

#include "exchange/exchange.h"
#include "http/announced.h"
#include "xml/reader.h"

/* 415 when there is a body of one byte or more (RFC 4918 §8.4): it might be an extension that the
 * client relies on. The first stage of the methods that take none. */
enum stage_end exchange_expect_no_body(struct exchange *x);

/* Collects the request body in x->body: NEXT when it is complete, WAIT, or DONE after an error
 * answer. A stage of its own in the methods that take XML. */
enum stage_end exchange_read_xml(struct exchange *x);

/* The same for what a page's form says, of which there is little. */
enum stage_end exchange_read_form(struct exchange *x);

/* How much of XML a client may send. */
struct xml_limits exchange_xml_bounds(const struct limits *limits);

/* What is to be said of XML that has been read; `stopped`: where an event has ended it. */
struct dav_result exchange_xml_result(enum xml_rc rc, struct dav_result stopped);

/* What was collected is not needed any more: what comes of it was copied. */
void exchange_drop_body(struct exchange *x);

/* 415 when the content has a coding (RFC 9110 §8.4): we take it as it is. */
NODISCARD struct dav_result exchange_check_coding(struct exchange *x);

/* What the content is to be held to, by the fields of the request (http/announced.h), with memory
 * from its arena; NULL: nothing. 400 where they are nonsense. */
NODISCARD struct dav_result exchange_announced(struct exchange *x, enum announced_of of,
                                               struct content_check **check_out);
/* 400: the content does not hold it. */
struct dav_result exchange_is_not_announced(void);

/* Why a request body could not be read to its end: 408, 503 or 400. */
struct dav_result exchange_body_failure(const struct err *err);
