/* check/model/place.h: where a link stands. */
#pragma once

#include "check/read/link.h"

#define TARGET_NONE UINT32_MAX

struct place {
    uint32_t page;   /* the target it stands on; TARGET_NONE: the command line */
    uint32_t target; /* TARGET_NONE: `raw` is no URL */
    struct html_position at;
    enum link_kind kind;
    struct str raw;
    struct str text;
    struct str fragment; /* decoded; empty: none is looked for */
    bool is_left;        /* left out */
};

/* Embedded by who wants to see them. False: no more of them. */
struct place_visitor {
    bool (*visit)(struct place_visitor *visitor, const struct place *place);
};
