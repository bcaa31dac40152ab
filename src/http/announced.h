/* http/announced.h: what a request's fields say of its content, for who receives it to hold it to:
 * OC-Checksum (ownCloud), Content-MD5 (RFC 1864), Digest (RFC 3230), Content-Digest and Repr-Digest
 * (RFC 9530). */
#pragma once

#include "http/fields.h"
#include "stream/content_hash.h"

enum announced { ANNOUNCED_NOTHING, ANNOUNCED_HASHES, ANNOUNCED_NONSENSE };

/* HASHES: `hashes_out` has one at least. NONSENSE: what a field says of a hash that davit knows can
 * be so of no content, or two of them contradict each other. What is decoded on the way comes from
 * the arena. */
enum announced announced_read(const struct http_fields *fields, struct arena *arena,
                              struct content_hashes *hashes_out);
