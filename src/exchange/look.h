/* exchange/look.h: a mount whose tree is another handler's (exchange/handler.h), as a member of the
 * collection above it: what the listing of that says of the mount, its handler has to be asked.
 *
 * All mounts of a listing are asked at once, and waited for together; a handler sees to it that
 * nobody is waited for long. */
#pragma once

#include "exchange/result.h"
#include "multistatus/writer.h"

struct look;

/* What a listing wants to know of a mount. */
struct look_wish {
    struct str propfind; /* the body of a PROPFIND; lives as long as the exchange */
    bool is_of_names;    /* it asks for names, and no values (propname) */
    bool is_minimal;     /* what is not there need not be told (RFC 8144 §2.1) */
};

struct look_ops {
    /* Whether all is known that will be; the exchange is woken when that may be so. On the loop. */
    bool (*is_done)(struct look *look);

    /* Nobody waits for it any more: the exchange is not woken. On the loop; also when it is done.
     */
    void (*end)(struct look *look);

    /* Appends the propstats that answer the wish. Only where it is done, and `why` is fine. */
    void (*tell)(const struct look *look, struct multistatus *ms);
};

/* Embedded by the handler, in the exchange's arena. */
struct look {
    const struct look_ops *ops;
    struct res_path path;  /* of the mount */
    struct dav_result why; /* not fine: why it can be told no more of than that it is there */
};
