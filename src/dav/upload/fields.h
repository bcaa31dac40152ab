/* dav/upload/fields.h: fields that the front ends of uploads have in common. */
#pragma once

#include "dav/upload/upload.h"

/* The hashes that the fields of the request announce, of the content that comes and of the whole:
 * OC-Checksum, Digest and Repr-Digest are of that. */
NODISCARD struct dav_result upload_read_hashes(struct exchange *x, struct upload *upload);

/* Upload-Metadata, or what else names the file and says of it. */
NODISCARD struct dav_result upload_read_metadata(struct exchange *x, struct upload *upload);

/* Upload-Length, where it is there. */
NODISCARD struct dav_result upload_read_length(struct exchange *x, struct upload *upload);

/* Seconds until the upload is over, and a field with a number in it. */
int64_t upload_seconds_left(const struct upload *upload);
void upload_add_number(struct exchange *x, enum http_field field, uint64_t number);
