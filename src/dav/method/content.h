/* dav/method/content.h: stored content as an answer, of GET and of what changes it. */
#pragma once

#include "exchange/exchange.h"
#include "http/conditional.h"
#include "store/handle.h"

/* The content is closed when the exchange is over. Takes. */
void content_keep(struct exchange *x, struct store_content *content);

/* Last-Modified, ETag, and that there are ranges. */
void content_add_validators(struct exchange *x, const struct http_representation *now);

/* A part of it, or several, as the body. Takes the body. */
enum stage_end content_send_body(struct exchange *x, enum http_status status, struct str type,
                                 struct source *body, uint64_t body_bytes);

/* All of it, with the hashes that are wanted. Borrows the content as long as the exchange lives. */
enum stage_end content_send_whole(struct exchange *x, enum http_status status, struct str type,
                                  struct store_content *content);

/* Whether who changes something would like to see what is there afterwards (RFC 8144 §3). */
bool content_is_wished(const struct exchange *x);

/* Answers so, where that is wished, and may be read: ends the change, as what is there is looked
 * at anew. On a thread that may block. False: nothing was answered. */
bool content_respond_wish(struct exchange *x, enum http_status status);
