/* store/view/guide.h: what the tree operations of a view have in common: a visitor between who asks
 * and a store, and calls of a change that come after others. */
#pragma once

#include "store/view/mounts.h"

/* Speaks of the view's paths to who asked, and of the store's to the store. */
struct guide {
    struct store_visitor base;     /* to be given to the store */
    struct store_visitor *visitor; /* who asked */
    const struct view *view;       /* set by the caller, and so on */
    const struct mount *mount;     /* of what is copied */
    struct arena arena;            /* of one question */
    struct res_path from;          /* as in the view, */
    struct res_path from_real;     /* and in the store */
    struct res_path to;
    struct res_path to_real; /* at == NULL: there is none */
};

struct guide guide_for(struct store_visitor *visitor);
void guide_done(struct guide *guide);

/* Of a change that is more than one call. */
struct steps {
    bool has_changed;     /* something has */
    unsigned again_count; /* how often the call that is being made was answered AGAIN */
};

/* After a call: whether it is to be made again, when what it rests on has been looked at again. The
 * whole of it is, where nothing has changed; later that cannot be any more, and what will not be
 * done after a few times is UNAVAILABLE, and told of as other failures are. */
NODISCARD bool steps_repeat(struct steps *steps, enum store_rc *rc);
/* The same, having looked again at what is at `path`. */
NODISCARD bool steps_repeat_at(struct steps *steps, struct store *store, struct res_path path,
                               enum store_rc *rc);
