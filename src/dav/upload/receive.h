/* dav/upload/receive.h: a request's content on its way to where it is kept: of every method that
 * puts some, in one request or in many. */
#pragma once

#include "exchange/exchange.h"
#include "store/types.h"
#include "stream/content_hash.h"
#include "stream/pump.h"

/* Zeroed; what comes first is set before receive_run(), and borrowed. */
struct receiving {
    struct source *source;
    struct sink *sink;
    struct content_check *check; /* takes what the sink takes; NULL: nothing was announced */
    uint64_t announced_bytes;    /* LENGTH_UNKNOWN: nobody knows */
    struct pump pump;
    bool has_begun;
};

/* On the loop. Moves what has come, and the client is told at first that he may send it. WAIT: x is
 * woken when there is more to do. */
NODISCARD enum pump_state receive_run(struct exchange *x, struct receiving *receiving);

/* What the sink has to say when the last bytes are written, too: once, however often it is called.
 * Blocks, unless the sink waits. */
NODISCARD enum store_rc receive_end(struct receiving *receiving);

void receive_done(struct receiving *receiving);
