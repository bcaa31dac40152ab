#include "gateway/origin/outcome.h"

enum { NOTED_BYTES_MAX = 2048 };

/* How a call may end without an answer: what that says of the origin, and what it comes to. */
static const struct {
    enum health_evidence evidence;
    enum origin_outcome outcome;
} ends[] = {
    [CALL_ANSWERED] = {HEALTH_NOTHING, ORIGIN_ANSWERED}, /* without a head: it was given up */
    [CALL_UPLOAD] = {HEALTH_NOTHING, ORIGIN_UPLOAD},
#define GATEWAY_FAILURE(end, evidence, ...) [CALL_##end] = {HEALTH_##evidence, ORIGIN_##end},
#include "gateway/failures.def"
#undef GATEWAY_FAILURE
};

void outcome_answered(const struct gateway *gateway, enum health_pass pass, const struct call *call)
{
    const struct health_news news = {HEALTH_ANSWERS, pass, call->message};
    (void)health_tell(gateway->health, &news); /* an answer opens nothing */
}

void outcome_ended(const struct gateway_loop *loop, const struct gateway *gateway,
                   enum health_pass pass, const struct call *call, bool had_head)
{
    const struct health_news news = {ends[call->end].evidence, pass, call->message};
    struct origin_cells *cells = gateway_loop_cells(loop, gateway);
    if (!had_head && origin_outcome_is_failure(ends[call->end].outcome))
        origin_tally_failure(gateway->tally, ends[call->end].outcome, call->message);
    if (!had_head && health_tell(gateway->health, &news))
        metric_cell_add(cells->OPENED, 1);
    if (had_head && news.evidence == HEALTH_FAILS)
        metric_cell_add(cells->CUT_OFF, 1);
}

void outcome_given_up(const struct gateway *gateway, enum health_pass pass)
{
    const struct health_news news = {HEALTH_NOTHING, pass, ""};
    (void)health_tell(gateway->health, &news); /* likewise */
}

enum origin_outcome outcome_of(const struct call *call, bool has_head)
{
    if (!has_head)
        return ends[call->end].outcome;
    return ORIGIN_CLASS + (call->status < 1000 ? call->status / 100 : 0);
}

void outcome_count(const struct gateway_loop *loop, const struct gateway *gateway,
                   enum origin_outcome outcome, int64_t us)
{
    struct origin_cells *cells = gateway_loop_cells(loop, gateway);
    origin_count(cells, outcome);
    if (outcome <= ORIGIN_CLASSES_END)
        origin_tally_head(gateway->tally, cells, us);
}

void outcome_note(struct exchange *x, const struct gateway *gateway, enum origin_outcome outcome,
                  unsigned status, int64_t us)
{
    struct http_response *response = &x->stream->response;
    struct str before = response->origins;
    struct buf line = {0};
    if (before.len > NOTED_BYTES_MAX)
        return;
    buf_addf(&line, "%.*s%s%.*s ", STR_ARGS(before), before.len ? " " : "",
             STR_ARGS(gateway->name));
    if (outcome <= ORIGIN_CLASSES_END)
        buf_add_u64(&line, status);
    else
        buf_add(&line, str_of_c(origin_outcome_name(outcome)));
    buf_addf(&line, " %lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
    response->origins = arena_str(x->arena, buf_str(&line));
    buf_done(&line);
}

void outcome_let_alone(struct exchange *x, const struct gateway *gateway)
{
    origin_tally_let_alone(gateway->tally);
    outcome_note(x, gateway, ORIGIN_LET_ALONE, 0, 0);
}
