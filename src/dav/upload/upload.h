/* dav/upload/upload.h: uploads that go on later, as all their front ends have them: what a request
 * says, and what has come of it. A front end (tus.c, ietf.c) reads the one and tells the other. */
#pragma once

#include "dav/upload/choose.h"
#include "dav/upload/receive.h"
#include "http/upload_fields.h"
#include "store/resumable.h"

enum upload_task {
    UPLOAD_CREATE, /* and append what comes with it */
    UPLOAD_APPEND,
    UPLOAD_LOOK,
    UPLOAD_REMOVE,
};

struct upload_front;

/* What x->state is. */
struct upload {
    const struct upload_front *front;
    enum upload_task task;

    /* --- what the request says --- */
    struct str id;                /* not of one that is to be created */
    uint64_t offset;              /* where what comes is to begin */
    uint64_t size_bytes;          /* of the whole; LENGTH_UNKNOWN: it does not say */
    bool is_last;                 /* with what comes it is whole */
    struct str metadata;          /* the field Upload-Metadata; may be empty */
    struct upload_metadata known; /* what of it is known */
    struct str type;              /* of the content, as a Content-Type says it; may be empty */
    struct content_hashes hashes; /* of the whole */
    struct content_check *check;  /* of what comes; NULL: nothing is said of that */
    struct store_commit commit;   /* what is said of times */

    /* --- what has come of it --- */
    struct resumable now;
    struct resumable_append *append;
    struct receiving receiving;
    struct dav_result why; /* not all that was announced has come */
    struct resumable_commit *end;
    struct store_seen seen; /* at the target, when it was judged */
    bool exists;            /* there is something at the target that it replaces */
    bool is_elsewhere;      /* at another offset than the request says */
};

/* What a front end consists of. */
struct upload_front {
    /* Reads the fields of the request; upload->task is set. */
    struct dav_result (*read)(struct exchange *x, struct upload *upload);
    /* Adds to every answer, whatever it will be, what the protocol wants in it. */
    void (*mark)(struct exchange *x);
    /* Tells of the upload what the request is to know: offsets and so on. */
    void (*tell)(struct exchange *x, const struct upload *upload);
    enum http_status created;  /* an upload, which is not whole yet */
    enum http_status appended; /* likewise */
    enum http_status looked;
    bool ends_as_put;             /* what the last part is answered with is PUT's; or `appended` */
    enum http_status wrong_check; /* what came is not what its hash says */
    /* Answers that a part cannot be appended, since the upload is at another offset, or is over.
     * NULL: 409 says it. */
    enum stage_end (*refuse_part)(struct exchange *x, const struct upload *upload);
};

extern const struct upload_front upload_tus;
extern const struct upload_front upload_ietf;
