/* unit/check/finding.h: what a reader found, as text to compare: a line "element@attribute
 * line:column raw [text]" for each link, "#name" for each anchor, "base href" for the base, "in base" and "out" for
 * what has a base of its own. */
#pragma once

#include "base/buf.h"
#include "check/read/link.h"

struct finding {
    struct finder finder;
    struct buf lines;
};

void finding_init(struct finding *finding);
void finding_done(struct finding *finding);
