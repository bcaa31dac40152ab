#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/target.h"
#include "dav/transfer.h"
#include "exchange/body.h"

static enum stage_end copy_find(struct exchange *x)
{
    return transfer_find(x, false);
}

static enum stage_end copy_check(struct exchange *x)
{
    return transfer_check(x, false);
}

static enum stage_end copy_run(struct exchange *x)
{
    const struct transfer *transfer = x->state;
    struct failures *failures = failures_new(x, transfer->to, transfer->to_real);
    struct store_transfer copy = transfer_of(x);
    enum store_rc rc = store_copy(&target_of(x)->change, &copy, &failures->visitor);
    return transfer_answer(x, failures, rc);
}

/* RFC 4918 §9.8. */
const struct stage copy_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"behavior", transfer_check_body, ON_LOOP},
    {"find", copy_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"check", copy_check, ON_READ},
    {"copy", copy_run, ON_WORKER},
};
