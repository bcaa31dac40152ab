/* base/share.h: what one peer has of what there is for all. */
#pragma once

#include "base/budget.h"

struct share {
    struct budget connections;
    struct budget memory; /* for the bodies and answers of its requests */
};
