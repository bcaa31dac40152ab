/* extension/search/subject.h: what a query needs to know of a resource, as a client would be
 * told. */
#pragma once

#include "dav/walk.h"
#include "exchange/multistatus_body.h"
#include "extension/search/evaluate.h"

/* Where properties are written to be read; embedded, one for all resources. */
struct search_scratch {
    const struct exchange *x; /* who asks */
    const struct search_query *query;
    struct multistatus_body body;
};

void search_scratch_init(struct search_scratch *scratch, const struct exchange *x,
                         const struct search_query *query);
void search_scratch_done(struct search_scratch *scratch);

/* The values of all properties of the query, in the arena. False: there is no memory for them. */
NODISCARD bool search_subject_read(struct search_scratch *scratch, struct arena *arena,
                                   const struct walk_item *item, struct search_subject *out);
