/* store/directory/tree/link.h: what is in a relative link, when its place changes. */
#pragma once

#include "text/path.h"

/* A tree that is copied or moved. */
struct link_journey {
    struct res_path from;
    struct res_path to;
};

/* The text for the link `path`, which is `from` or within it, at its place within `to`: what the
 * link led to outside of the tree it leads to from there, and what was within the tree is so again.
 * `text` itself where nothing need be said otherwise, and where nobody can tell without a look: an
 * absolute link, one that leads above the root, or has ".." behind a name. Otherwise memory from
 * the arena. */
NODISCARD struct str link_text_for(struct arena *arena, const struct link_journey *journey,
                                   struct res_path path, struct str text);
