/* dav/upload/choose.h: which ways to upload a place offers besides a whole PUT (the key `uploads`).
 */
#pragma once

#include "exchange/exchange.h"

enum upload_dialect {
    DIALECT_TUS = 1,           /* tus 1.0 */
    DIALECT_IETF = 2,          /* draft-ietf-httpbis-resumable-upload */
    DIALECT_PATCH = 4,         /* SabreDAV's PATCH */
    DIALECT_CONTENT_RANGE = 8, /* of a PUT */
    DIALECTS_RESUMABLE = DIALECT_TUS | DIALECT_IETF,
    DIALECTS_DEFAULT = DIALECTS_RESUMABLE,
};

/* An upload's URL is its target's with this in the query; the value is the upload's id. */
#define UPLOAD_QUERY "davit-upload"

/* What can be asked of an upload's URL. */
#define UPLOAD_METHODS "OPTIONS, HEAD, DELETE, POST, PATCH"

#define TUS_VERSION "1.0.0"

#define PARTIAL_UPDATE_TYPE "application/x-sabredav-partialupdate"

/* What is offered at a path and below it. */
struct upload_place {
    struct res_path prefix;
    unsigned dialects;
};

/* "tus, ietf, patch, content-range", some of them, or "none". False: *wrong_out is no such word. */
NODISCARD bool upload_dialects_read(struct str text, unsigned *dialects_out, struct str *wrong_out);

/* At the path of the request: the mount with the longest path says it. */
unsigned upload_dialects_at(const struct exchange *x);

/* Whether the URL is an upload's, and not that of the resource; the id, which may be none's. */
bool upload_is_named(const struct exchange *x, struct str *id_out);

/* Fine, unless the Destination of the request is an upload's URL. */
struct dav_result upload_check_destination(const struct exchange *x);

/* Whether the request is about an upload that goes on later: by its URL, or since it makes one. Of
 * OPTIONS it is not: what the server speaks is asked of any URL. */
bool upload_is_asked(const struct exchange *x);

/* Which protocol the request speaks, of those that are offered here; 0: none. */
unsigned upload_dialect_of(const struct exchange *x);

/* Adds to an OPTIONS answer what a client finds out by it. */
void upload_add_options(struct exchange *x);
