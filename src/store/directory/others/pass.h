/* store/directory/others/pass.h: a walk that compares the tree with what it was like. */
#pragma once

#include "store/directory/others/news.h"
#include "store/directory/others/seen.h"
#include "store/directory/others/sorted.h"

struct pass_options {
    bool is_whole;    /* it looks at all, and not only at what has changed or is not watched */
    bool trusts_seen; /* what walks have seen since the snapshot that it compares with was begun is
                         in that */
    uint64_t asked;   /* change_log_asked() when that was begun */
};

struct pass {
    struct lookout *lookout; /* borrowed, as is the next */
    struct news *news;
    bool is_running;
    struct pass_options options;
    uint64_t seq;    /* the log's newest change when it began */
    bool has_failed; /* it cannot come to its end */
    bool has_old;    /* there was something to compare with */
    struct seen_reader old;
    bool is_at_old; /* the reader is at a collection that was not asked for yet */
    struct seen_writer now;
    struct sorted sorted;
    struct buf path;
    struct buf levels; /* the collections that it is in */
    uint64_t unwatched, watched;
    uint64_t found;
};

/* False: nothing can be written. */
NODISCARD bool pass_begin(struct pass *pass, const struct pass_options *options);

/* One collection. False: that was the last; pass_end() follows. */
NODISCARD bool pass_step(struct pass *pass);

/* What was seen takes the place of what was known before. False: it could not be written, or not
 * all was seen. */
NODISCARD bool pass_end(struct pass *pass);
void pass_abort(struct pass *pass);
