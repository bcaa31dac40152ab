/* store/origin/inquiry.h: one request of an origin's store: where it goes, what it says, and what
 * an answer means for a store. */
#pragma once

#include "store/origin/errand.h"
#include "store/store.h"

struct origin;

enum { INQUIRY_FIELDS_MAX = 4 };

struct question {
    const char *method;
    struct res_path path;
    bool is_collection; /* its URL ends in a slash */
    struct str names[INQUIRY_FIELDS_MAX];
    struct str values[INQUIRY_FIELDS_MAX]; /* empty: no such field */
    struct str text;                       /* an XML body; at == NULL: none */
    bool has_upload;
    uint64_t upload_bytes;
    bool is_safe;
};

/* Embedded by who asks. */
struct inquiry {
    struct arena arena;
    const struct question *question;
    const struct gateway *gateway;
    const char *url;
    struct exchange *x;
    struct errand *errand;
    const struct call *call; /* its answer's head is there */
};

/* Sends it. Borrows the question until it is closed. */
void inquiry_begin(struct inquiry *inquiry, struct origin *origin, const struct question *question);

/* Waits for the answer. OK: one with 2xx is there; any other: what the status means, or that there
 * is no answer, which has been noted. */
NODISCARD enum store_rc inquiry_await(struct inquiry *inquiry);

/* Notes for the log what is wrong with the answer; BAD_ORIGIN. */
enum store_rc inquiry_refuse(struct inquiry *inquiry, const char *what);

void inquiry_close(struct inquiry *inquiry);

/* What a status says, of the whole or of a member. OK: 2xx. */
enum store_rc store_rc_of_status(unsigned status);

/* Appends the URL of a resource. False: some origins would take it for that of another. */
NODISCARD bool origin_add_url(const struct origin *origin, struct res_path path, bool is_collection,
                              struct buf *to);

/* The path of a URI that the origin has written. False: no store can hold it. */
NODISCARD bool origin_path(struct arena *arena, struct str uri, struct res_path *path_out);
