#include "gateway/origin/outcome.h"

enum { NOTED_BYTES_MAX = 2048 };

/* How a call may end without an answer: what that says of the origin, and the log's word for it. */
static const struct {
    enum health_evidence evidence;
    const char *word;
} ends[] = {
    [CALL_ANSWERED] = {HEALTH_NOTHING, "ANSWERED"}, /* without a head: it was given up */
    [CALL_UPLOAD] = {HEALTH_NOTHING, "UPLOAD"},
#define GATEWAY_FAILURE(end, evidence, ...) [CALL_##end] = {HEALTH_##evidence, #end},
#include "gateway/failures.def"
#undef GATEWAY_FAILURE
};

static void tell(const struct gateway *gateway, enum health_pass pass, const struct call *call,
                 enum health_evidence evidence)
{
    const struct health_news news = {evidence, pass, call->status, call->message};
    health_tell(gateway->health, &news);
}

void outcome_answered(const struct gateway *gateway, enum health_pass pass, const struct call *call)
{
    tell(gateway, pass, call, HEALTH_ANSWERS);
}

void outcome_ended(const struct gateway *gateway, enum health_pass pass, const struct call *call,
                   bool had_head)
{
    enum health_evidence evidence = ends[call->end].evidence;
    if (!had_head)
        tell(gateway, pass, call, evidence);
    else if (evidence == HEALTH_FAILS)
        tell(gateway, pass, call, HEALTH_BREAKS);
}

void outcome_given_up(const struct gateway *gateway, enum health_pass pass)
{
    const struct health_news news = {.evidence = HEALTH_NOTHING, .pass = pass};
    health_tell(gateway->health, &news);
}

const char *outcome_word(enum call_end end)
{
    return ends[end].word;
}

void outcome_note(struct exchange *x, const struct gateway *gateway, const char *what, int64_t us)
{
    struct http_response *response = &x->stream->response;
    struct str before = response->origins;
    struct buf line = {0};
    if (before.len > NOTED_BYTES_MAX)
        return;
    buf_addf(&line, "%.*s%s%.*s %s %lld.%06lld", STR_ARGS(before), before.len ? " " : "",
             STR_ARGS(gateway->name), what, (long long)(us / 1000000), (long long)(us % 1000000));
    response->origins = arena_str(x->arena, buf_str(&line));
    buf_done(&line);
}
