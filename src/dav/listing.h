/* dav/listing.h: a resource and what lies below it as a 207, whatever is said of each: PROPFIND's
 * answer, and that of whatever else is asked about many resources. */
#pragma once

#include "dav/walk.h"
#include "exchange/multistatus_body.h"

struct listing;

/* What is said of an item. */
struct listing_ops {
    /* Appends a response, several, or none. False: there is no memory or no disk for it. The arena
     * is reset when it has returned. */
    bool (*tell)(struct listing *listing, struct arena *arena, const struct walk_item *item);

    /* The same for one of which nothing can be said but that status. */
    void (*refuse)(struct listing *listing, const struct walk_item *item, unsigned status);

    /* The same as tell() for a mount, which is there, where what it shows is out of reach. */
    bool (*tell_unreachable)(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why);

    /* Whether tell() asks the store what may block. */
    bool (*blocks)(const struct listing *listing, const struct walk_item *item);

    /* The next item, as walk_next() has it, in the place of all that lies below the target; it may
     * walk with listing->walk. NULL: all of that. */
    enum store_rc (*next)(struct listing *listing, struct walk_item *item_out);

    /* Appends what stands behind the last response. NULL: nothing does. */
    void (*end)(struct listing *listing);
};

/* Embedded in who asks; in the exchange's arena. */
struct listing {
    const struct listing_ops *ops;
    struct exchange *x;
    struct multistatus_body *body;
    unsigned wants; /* of members, as store_list() has it */
    bool leaves_out_target;
    bool is_whole; /* it is written before it is sent: the store asks by the exchange */
    struct walk walk;
    struct walk_item item; /* given by the walk, and not yet told of where has_item */
    bool has_item;
    struct arena item_arena;
    struct source source;   /* of the answer */
    struct source rest;     /* what of it is pulled on a worker */
    struct source *offload; /* of the rest; NULL: it has not come to that */
};

void listing_init(struct listing *listing, struct exchange *x, const struct listing_ops *ops);

/* Begins listing->walk at the item, with what is wanted and what may be entered. */
void listing_walk(struct listing *listing, const struct walk_item *from, enum depth depth);

/* Judges an item by the rules and tells of it, or of why nothing can be told, or of nothing where
 * it is hidden. False: as tell(). */
NODISCARD bool listing_tell(struct listing *listing, struct arena *arena,
                            const struct walk_item *item);

/* Answers with the target, unless it is left out, and all that lies below it, as deep as that. On a
 * thread that may read from the store. */
enum stage_end listing_answer(struct listing *listing, const struct walk_item *target,
                              enum depth depth);
