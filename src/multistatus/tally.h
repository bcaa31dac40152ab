/* multistatus/tally.h: how many members of a 207 have which status. */
#pragma once

#include "base/buf.h"

/* Statuses told apart; a 207 with more kinds counts the rest in the last one. */
enum { TALLY_KINDS_MAX = 12 };

struct tally {
    struct tally_kind {
        unsigned status;
        uint64_t count;
    } kinds[TALLY_KINDS_MAX];
    size_t kind_count;
    uint64_t success_count; /* all of 2xx */
};

void tally_add(struct tally *tally, unsigned status);

/* "ok=98,423=2", in the order in which the statuses first came. */
void tally_format(const struct tally *tally, struct buf *to);

/* The status of a member whose properties have several (its propstats): a failure if there is one,
 * otherwise the success. A property that does not exist (404) is no failure of its resource. */
unsigned tally_worse(unsigned a, unsigned b);
