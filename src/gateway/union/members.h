/* gateway/union/members.h: what is in an origin's 207, response by response, with our URLs. */
#pragma once

#include "davit/multistatus.h"
#include "gateway/relay.h"

/* A response takes at most so much memory. */
enum { MEMBER_BYTES_MAX = 1048576 };

struct members {
    struct exchange *x;
    struct davit_ms_reader *reader; /* NULL: it is not open */
    struct buf piece;               /* of the body, which the reader is at */
    bool has_any;                   /* responses */
    struct err err;                 /* why it failed */
};

enum members_end {
    MEMBERS_ONE,  /* a response, valid until the next call */
    MEMBERS_WAIT, /* the exchange is woken when more can be had */
    MEMBERS_DONE, /* there are no more, and it is complete */
    MEMBERS_FAIL, /* err says why: what is in it is not known */
};

/* Opens the answer of an ask, which has been found to be a 207; the relay's ask and gateway are
 * then its own. One at a time. False: as MEMBERS_FAIL. */
NODISCARD bool members_open(struct members *members, struct ask *ask);

NODISCARD enum members_end members_next(struct members *members,
                                        const struct davit_ms_response **response_out);

/* Also before it was read to its end; twice is fine. */
void members_close(struct members *members);
