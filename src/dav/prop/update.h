/* dav/prop/update.h: what becomes of instructions to set and remove properties: of a PROPPATCH, and
 * of what makes a resource with them. */
#pragma once

#include "dav/prop/request.h"
#include "multistatus/writer.h"

struct prop_updates {
    const struct proppatch_request *request;
    struct dav_result *results; /* one for each update; fine where nothing is wrong with it */
    size_t culprits;
};

struct prop_updates prop_updates_of(const struct proppatch_request *request, struct arena *arena);

/* Judges all of them, and makes a patch of those that can be carried out; where there are culprits
 * it is of no use. Memory from the exchange's arena. */
void prop_updates_plan(struct prop_updates *updates, const struct exchange *x, bool is_collection,
                       struct store_patch *patch_out);

/* The store has said that of all of them: it does not say which. */
void prop_updates_fail(struct prop_updates *updates, struct dav_result result);

/* What is wrong with the first culprit; fine: there is none. */
struct dav_result prop_updates_failure(const struct prop_updates *updates);

/* Appends propstats, grouped by status and condition, each property once. */
void prop_updates_tell(const struct prop_updates *updates, struct arena *arena,
                       struct multistatus *ms);
