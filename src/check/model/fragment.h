/* check/model/fragment.h: whether a fragment leads somewhere. */
#pragma once

#include "check/model/anchor_set.h"

struct fragment {
    struct str raw;     /* the URL that has it, or what of it begins with '#', as it stands there */
    struct str decoded; /* empty: there is none */
};

/* Whether it is found in the document `id`, whose names are known, or is none that a document
 * without its scripts could be asked for. `folds`: its names are in the form of
 * heading_name_fold(). */
bool fragment_is_found(const struct anchor_set *names, uint32_t id, bool folds,
                       const struct fragment *fragment);
