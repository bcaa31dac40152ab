/* http/announced.h: hashes of content in fields. What a request says of its content, for who
 * receives it to hold it to: OC-Checksum (ownCloud), Content-MD5 (RFC 1864), Digest (RFC 3230),
 * Content-Digest and Repr-Digest (RFC 9530); which it would like to hear of the answer's; and how
 * an answer says it. */
#pragma once

#include "http/fields.h"
#include "stream/content_hash.h"

enum announced { ANNOUNCED_NOTHING, ANNOUNCED_HASHES, ANNOUNCED_NONSENSE };

/* Whose hashes. The content of a message may be a part of a representation. */
enum announced_of {
    ANNOUNCED_OF_EITHER,  /* for who receives the whole in one piece */
    ANNOUNCED_OF_WHOLE,   /* OC-Checksum, Digest, Repr-Digest */
    ANNOUNCED_OF_CONTENT, /* Content-Digest, Content-MD5 */
};

/* HASHES: `hashes_out` has one at least. NONSENSE: what a field says of a hash that davit knows can
 * be so of no content, or two of them contradict each other, or a field is no dictionary that must
 * be one. What is decoded on the way comes from the arena. */
enum announced announced_read(const struct http_fields *fields, enum announced_of of,
                              struct arena *arena, struct content_hashes *hashes_out);

/* RFC 9530 §4: the hash that Want-Content-Digest or Want-Repr-Digest likes best of those that davit
 * tells. CONTENT_HASH_COUNT: none. */
enum content_hash announced_wish(const struct http_fields *fields, enum http_field id);

/* Appends a value of Content-Digest or Repr-Digest: of a kind that announced_wish() gives. */
void announced_print_digest(struct buf *to, const struct content_hashes *hashes,
                            enum content_hash kind);

/* Appends the value of OC-Checksum in an answer: the one that its clients know best. False: they
 * know none of them, and nothing was appended. */
NODISCARD bool announced_print_oc(struct buf *to, const struct content_hashes *hashes);
