/* dav/failures.h: the members that a DELETE, COPY or MOVE of a tree could not deal with. */
#pragma once

#include "exchange/exchange.h"
#include "exchange/multistatus_body.h"
#include "store/store.h"
#include "stream/spool.h"

struct failures {
    struct store_visitor visitor; /* to be given to the store */
    struct exchange *x;
    struct res_path real;    /* of what is changed */
    struct res_path to_path; /* the destination, as in the URL; at == NULL: there is none */
    struct res_path to_real;
    struct arena arena;            /* of one question to the visitor */
    struct multistatus_body *body; /* of members; NULL: of none so far */
    struct dav_result refusal;     /* what `refuse` said last */
    bool is_hidden;                /* and it may not even be named */
    bool has_left_out;             /* a copy is without what is hidden from whoever asks */
    bool is_move;
    struct res_path hidden;   /* the collection that was named last for a member that must not be */
    struct dav_result target; /* what became of the target itself */
    bool is_target_collection; /* where that is a failure */
    size_t count;              /* members other than the target */
};

/* For a tree operation on the target of `x`; freed with the exchange. to_real.at NULL: no
 * destination. */
NODISCARD struct failures *failures_new(struct exchange *x, struct res_path to_path,
                                        struct res_path to_real);

/* Answers for what the store returned: `success` where all was done; 207 that lists the failures
 * and only them where members failed; the target's own status where only the target did. */
enum stage_end failures_answer(struct failures *failures, enum store_rc rc,
                               enum http_status success);
