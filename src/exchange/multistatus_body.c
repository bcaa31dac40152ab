#include "exchange/multistatus_body.h"

#include "exchange/clients/clients.h"
#include "exchange/respond.h"

static void free_body(void *arg)
{
    struct multistatus_body *body = arg;
    spool_done(&body->spool);
}

struct multistatus_body *multistatus_body_new(struct exchange *x)
{
    struct multistatus_body *body = ARENA_NEW(x->arena, struct multistatus_body);
    spool_init(&body->spool, x->service->spool_dir_fd, x->service->limits->answer_memory_bytes);
    arena_on_reset(x->arena, free_body, body);
    body->ms.out = spool_buf(&body->spool);
    body->ms.dialect = x->dialect;
    return body;
}

struct multistatus *multistatus_body_ms(struct multistatus_body *body)
{
    if (!body->has_begun)
        multistatus_begin(&body->ms);
    body->has_begun = true;
    return &body->ms;
}

void multistatus_body_close(struct multistatus_body *body, struct exchange *x)
{
    struct multistatus *ms = multistatus_body_ms(body);
    size_t from = ms->out->len;
    if (body->is_closed)
        return;
    body->is_closed = true;
    client_tell_in_multistatus(x, ms->out);
    multistatus_relabel(ms, from);
}

void multistatus_body_end(struct multistatus_body *body, struct exchange *x)
{
    if (body->has_ended)
        return;
    body->has_ended = true;
    multistatus_body_close(body, x);
    multistatus_end(multistatus_body_ms(body));
    x->stream->response.verdict = &body->ms.verdict;
}

enum stage_end respond_multistatus(struct exchange *x, struct multistatus_body *body)
{
    multistatus_body_end(body, x);
    x->has_multistatus = true;
    return respond_source(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE),
                          spool_source(&body->spool, x->arena), spool_len(&body->spool));
}

enum stage_end respond_multistatus_source(struct exchange *x, struct source *source)
{
    x->has_multistatus = true;
    (void)client_is_to_be_told(x); /* known before another thread writes the rest */
    return respond_source(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE), source, LENGTH_UNKNOWN);
}
