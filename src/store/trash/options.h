/* store/trash/options.h: how much is kept, for how long, and where it is seen. */
#pragma once

#include "base/str.h"

struct trash_options {
    struct str name;     /* of the collection; borrows for as long as the store is open */
    unsigned levels;     /* it is in each collection so many levels below the root: of homes */
    uint64_t keep_s;     /* for how long */
    uint64_t keep_bytes; /* how much of it in each such collection; 0: a tenth of the file system */
    uint32_t sweep_ms;   /* how often a thread looks for what has been kept long enough; 0: never */
};
