/* dav/upload/choose.h: which ways to upload a place offers besides a whole PUT (the key `uploads`).
 */
#pragma once

#include "exchange/exchange.h"

enum upload_dialect {
    DIALECT_PATCH = 4,         /* SabreDAV's PATCH */
    DIALECT_CONTENT_RANGE = 8, /* of a PUT */
};

#define PARTIAL_UPDATE_TYPE "application/x-sabredav-partialupdate"

/* What is offered at a path and below it. */
struct upload_place {
    struct res_path prefix;
    unsigned dialects;
};

/* "patch, content-range", one of them, or "none". False: *wrong_out is no such word. */
NODISCARD bool upload_dialects_read(struct str text, unsigned *dialects_out, struct str *wrong_out);

/* At the path of the request: the mount with the longest path says it. */
unsigned upload_dialects_at(const struct exchange *x);
