/* gateway/union/plan.h: where a request to a tree of several origins goes, by what each of them has
 * at its path. */
#pragma once

#include "base/base.h"

/* What an origin has at a path. */
enum had {
    HAD_PENDING, /* it has not said so yet */
    HAD_NOTHING,
    HAD_FILE, /* anything but a collection */
    HAD_COLLECTION,
    HAD_REFUSAL,   /* it does not say, but refuses, or sends elsewhere: 403, 302 */
    HAD_CHALLENGE, /* it wants to know of the client who it is: 401 */
    HAD_UNKNOWN,   /* it is down, or cannot be understood */
};

/* How much of a tree a request is about. */
enum aim {
    AIM_FIRST,  /* one resource: that of the first origin that has it */
    AIM_ITSELF, /* the same, but says what of a collection is all origins' together */
    AIM_LIST,   /* and its members */
    AIM_INSIDE, /* and all that is inside: of one origin only */
    AIM_SOLE,   /* a resource that must not come to light somewhere else */
    AIM_EACH,   /* it must be nowhere any more */
};

struct wish {
    enum aim aim;
    bool makes;    /* what is nowhere */
    bool may_lack; /* origins that are not known count as having nothing, if that is said */
};

enum plan_kind {
    PLAN_WAIT,    /* more must be known */
    PLAN_GO,      /* to that origin, as to the only one */
    PLAN_LIST,    /* a collection of several: to those, and what they say is merged */
    PLAN_EACH,    /* to those, each of which has it */
    PLAN_PARENT,  /* nobody has it: to the first that has its parent */
    PLAN_ABSENT,  /* nobody has it */
    PLAN_SHARED,  /* it would have to go to several as one, which is not possible */
    PLAN_UNKNOWN, /* that origin would have to be known */
};

/* Origins are bits, in their order. */
struct plan {
    enum plan_kind kind;
    size_t index;       /* of GO and UNKNOWN; of the others the first that has it */
    uint64_t members;   /* of LIST and EACH */
    uint64_t lacking;   /* not known, and passed by */
    bool is_of_members; /* a LIST of what is in it, too */
};

/* `had` of each, in their order. */
struct plan plan_of(const enum had *had, size_t count, struct wish wish);

/* Where something new goes whose parent they have so: GO, ABSENT, WAIT or UNKNOWN. */
struct plan plan_for_member(const enum had *had, size_t count);
