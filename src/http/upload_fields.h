/* http/upload_fields.h: the fields of uploads that go on later, and of those that change a part:
 * tus 1.0, "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload), SabreDAV's
 * X-Update-Range and Content-Range of a request (RFC 9110 §14.5). */
#pragma once

#include "base/arena.h"
#include "stream/content_hash.h"

/* What of Upload-Metadata (tus: Creation) says something to a server of files; empty: not said. */
struct upload_metadata {
    struct str name;     /* "filename", or else "name" */
    struct str type;     /* "filetype", or else "type" */
    struct str modified; /* "mtime", as ownCloud's clients and rclone write it */
    struct str checksum; /* "checksum": "SHA1 0123…" */
};

/* "filename BASE64,mtime BASE64". Values that are used may hold any byte. False: malformed, or a
 * key that stands there twice. Memory from the arena. */
NODISCARD bool upload_metadata_read(struct str field, struct arena *arena,
                                    struct upload_metadata *metadata_out);

/* Upload-Checksum: "sha1 BASE64". False: malformed, or a hash that is not known. */
NODISCARD bool upload_checksum_read(struct str field, struct arena *arena,
                                    struct content_hashes *hashes_out);

/* A number of bytes, as Upload-Offset and Upload-Length have it: at most INT64_MAX. */
NODISCARD bool upload_bytes_read(struct str field, uint64_t *bytes_out);

/* A boolean of structured fields (RFC 9651 §3.3.6), without parameters: "?0", "?1". */
NODISCARD bool upload_boolean_read(struct str field, bool *is_true_out);

/* The name of a file that Content-Disposition gives (RFC 6266 §4.3), as UTF-8. False: none. Memory
 * from the arena. */
NODISCARD bool upload_disposition_read(struct str field, struct arena *arena, struct str *name_out);

enum part_kind {
    PART_APPEND, /* behind the last byte */
    PART_FROM,   /* `first`, and as much as comes */
    PART_RANGE,  /* `first` to `last` */
    PART_SUFFIX, /* the last `first` bytes */
};

/* What part of a resource a request's content takes the place of. */
struct upload_part {
    enum part_kind kind;
    uint64_t first;
    uint64_t last;
    bool has_total;
    uint64_t total; /* the length of all, when that is done */
};

/* X-Update-Range: "append", "bytes=0-99", "bytes=100-", "bytes=-5". */
NODISCARD bool update_range_read(struct str field, struct upload_part *part_out);

/* Content-Range: "bytes 0-99/1000", "bytes 0-99/" and a star. */
NODISCARD bool content_range_read(struct str field, struct upload_part *part_out);
