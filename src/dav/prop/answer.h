/* dav/prop/answer.h: the properties of one resource in a multistatus. */
#pragma once

#include "dav/prop/request.h"
#include "exchange/multistatus_body.h"

struct walk_item;

/* What its properties are asked of; those that are long, from the arena. */
struct prop_target prop_target_of(const struct exchange *x, struct arena *arena,
                                  const struct walk_item *item);

/* Whether the answer will look into the store for dead properties, which may block. */
bool prop_answer_blocks(const struct prop_target *target, const struct propfind_request *request);

/* Appends a whole response: propstats grouped by status; long values go to the body's file. False:
 * there is no memory or no disk for it, and what was appended is of no use. */
NODISCARD bool prop_answer(struct multistatus_body *body, const struct prop_target *target,
                           const struct propfind_request *request);

/* A whole response for a mount whose own properties are known, and of the others only why they are
 * not: `why`, with its text for people. False: there is no memory for it. */
NODISCARD bool prop_answer_unreachable(struct multistatus_body *body,
                                       const struct prop_target *target,
                                       const struct dav_result *why,
                                       const struct propfind_request *request);

/* A response for a member of which nothing can be said: what was asked for, with that status. */
void prop_answer_refused(struct multistatus *ms, const struct prop_target *target, unsigned status,
                         const struct propfind_request *request);
