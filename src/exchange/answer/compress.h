/* exchange/answer/compress.h: answers in a content coding that the client takes (RFC 9110 §8.4). */
#pragma once

#include "exchange/exchange.h"
#include "text/etag.h"

/* Says that what is answered may be compressed: text without a secret in it. `is_live`: it is
 * written while it is sent. True: it will be, unless it is short or becomes an error, in the coding
 * x->coding. */
bool compress_offer(struct exchange *x, bool is_live);

/* The same for a file, whose entity tag becomes that of its compressed content (§8.8.3.3): only
 * where files are compressed (the option compress), not for a part of it, and not for what would
 * hardly become smaller. */
void compress_offer_file(struct exchange *x, struct str media_type, uint64_t size_bytes,
                         struct etag *tag);

/* The tag of a resource as clients may name it that have seen its compressed content. */
void compress_know_tag(const struct exchange *x, struct etag *tag);

/* The answer is complete: its body is what was offered. */
void compress_answer(struct exchange *x);
