/* dav/upload/create.h: where an upload begins. */
#pragma once

#include "dav/upload/upload.h"

/* Turns to the resource that is to be made: from now on it is the target of the exchange, and all
 * that is asked of a PUT is asked there. */
NODISCARD struct dav_result upload_turn(struct exchange *x, const struct upload *upload);

/* Makes the upload: what it is to be later is known, and durable. */
NODISCARD struct dav_result upload_create(struct exchange *x, struct upload *upload);

/* "Location", where the upload is from now on. */
void upload_add_location(struct exchange *x, const struct upload *upload);

/* What of the creation must be known at the end: parts of resumable->wish.note. */
struct upload_note {
    struct str type;
    struct str metadata;
};
struct upload_note upload_note_read(struct str note);
