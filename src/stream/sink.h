/* stream/sink.h: where a body goes. */
#pragma once

#include "base/str.h"

struct sink {
    const struct sink_ops *ops;
};

struct sink_ops {
    const char *name;

    /* Writes all of `bytes`; may block, so it is called on a worker. 0 when it did; any other
     * value is the sink's own code for what went wrong, and nothing more may be written. */
    unsigned (*write)(struct sink *self, struct str bytes);
};

NODISCARD static inline unsigned sink_write(struct sink *sink, struct str bytes)
{
    return sink->ops->write(sink, bytes);
}
