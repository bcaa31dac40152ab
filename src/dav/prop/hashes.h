/* dav/prop/hashes.h: what answers to GET and HEAD say of the hashes of content. */
#pragma once

#include "exchange/exchange.h"
#include "http/range.h"
#include "store/handle.h"

/* Whether the request wants some that may have to be computed (RFC 9530 §4), which takes long. */
bool hashes_are_wanted(const struct exchange *x);

/* Of the whole OC-Checksum, and Repr-Digest where that is wanted; of `part`, which is what will be
 * sent, Content-Digest where that is; NULL: what is sent is no part of it. */
void hashes_respond(struct exchange *x, struct store_content *content,
                    const struct byte_range *part);
