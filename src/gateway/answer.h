/* gateway/answer.h: what a client is sent of an origin's answer. */
#pragma once

#include "gateway/relay.h"

/* The head is there. Makes the body's source, which may be looked at. */
NODISCARD struct dav_result answer_begin(struct exchange *x);

/* Where an error's body cannot be read: what its head says is passed on all the same, with a body
 * of ours. False: it is no error, and there is nothing to be said without its body. */
NODISCARD bool answer_replace(struct exchange *x);

/* The rest of it, and what was looked at, is not wanted. */
void answer_drop(struct exchange *x);

/* Of an origin's Allow or DAV what can be done here. In the arena. */
struct str answer_abilities(struct exchange *x, enum http_field id, struct str list);

/* The answer to a MOVE of which relay->ask has found that it was made before. */
enum stage_end answer_made(struct exchange *x);

/* Completes the answer, when its first piece was looked at, and what that came to. */
enum stage_end answer_end(struct exchange *x, enum pull looked);
