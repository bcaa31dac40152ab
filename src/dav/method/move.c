#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/target.h"
#include "dav/transfer.h"
#include "exchange/body.h"

static enum stage_end move_find(struct exchange *x)
{
    return transfer_find(x, true);
}

static enum stage_end move_check(struct exchange *x)
{
    return transfer_check(x, true);
}

static enum stage_end move_run(struct exchange *x)
{
    const struct transfer *transfer = x->state;
    struct failures *failures = failures_new(x, transfer->to, transfer->to_real);
    failures->is_move = true;
    struct store_transfer move = transfer_of(x);
    enum store_rc rc = store_move(&target_of(x)->change, &move, &failures->visitor);
    return transfer_answer(x, failures, rc);
}

/* RFC 4918 §9.9. */
const struct stage move_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"behavior", transfer_check_body, ON_LOOP},
    {"find", move_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"check", move_check, ON_READ},
    {"move", move_run, ON_WORKER},
};
