/* dav/mounted/looks.h: the mounts of other handlers in a collection that is listed, and what those
 * say of them (exchange/look.h). */
#pragma once

#include "exchange/exchange.h"
#include "exchange/look.h"

/* Of an exchange, zeroed; dies with it. */
struct looks {
    struct look **at;
    size_t count;
    bool has_begun;
};

/* Whether some are to be asked: of those right in the collection, or anywhere below it. Costs
 * nothing where there are no such mounts. */
bool looks_are_wanted(const struct exchange *x, struct res_path collection, bool is_deep);

/* Asks those that whoever asks may see, all at once, and waits: a stage, on the loop. NEXT: all is
 * known that will be. */
enum stage_end looks_take(struct exchange *x, struct looks *looks, struct res_path collection,
                          bool is_deep, const struct look_wish *wish);

/* What was said of the mount at that path, which may be read on any thread. NULL: it was not asked.
 */
const struct look *looks_find(const struct looks *looks, struct res_path path);
