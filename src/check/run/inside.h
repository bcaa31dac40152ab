/* check/run/inside.h: what a 207 holds, as rows of its target. */
#pragma once

#include "check/model/site.h"
#include "check/run/options.h"
#include "check/url/url.h"

struct inside;

/* Told of each member as it comes; `is_collection` when its properties say so. */
struct inside_events {
    void (*member)(struct inside_events *events, struct str href, bool is_collection,
                   unsigned status);
};

/* Of the 207 of `target`, whose hrefs are resolved against `base`. `method` is the one that was
 * asked with. Borrows all of them until freed; `events` may be NULL. Gives. */
struct inside_request {
    struct site *site;
    uint32_t target;
    const struct url *base;
    const char *method;
    struct str type; /* Content-Type */
    const struct check_options *options;
    struct inside_events *events;
};
NODISCARD struct inside *inside_new(const struct inside_request *request);
void inside_free(struct inside *inside);

/* More of the body. False: enough of it was read to know that it is none. */
NODISCARD bool inside_feed(struct inside *inside, struct str bytes);

/* It ends here. Says OK, FAILED_INSIDE or MALFORMED_INSIDE, with a note on the target. */
enum verdict inside_end(struct inside *inside);
