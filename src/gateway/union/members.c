#include "gateway/union/members.h"

#include "gateway/answer.h"

enum { PULL_BYTES = 16384 };

bool members_open(struct members *members, struct ask *ask)
{
    static const struct davit_ms_options options = {.limits.response_bytes = MEMBER_BYTES_MAX};
    struct relay *f = relay_of(members->x);
    f->ask = ask;
    f->gateway = ask->gateway;
    f->reader = (struct href_reader){0};
    f->verdict = (struct davit_ms_verdict){0};
    members->has_any = false;
    struct dav_result result = answer_begin(members->x);
    if (!dav_is_fine(result) || !f->inner || !f->reader.map)
        return err_set(&members->err, 0, "%s",
                       result.text ? result.text : "it answers with what is no XML");
    members->reader = davit_ms_reader_new(&options);
    return members->reader || err_set(&members->err, 0, "there is no memory");
}

static enum members_end fail(struct members *members, enum davit_ms_rc rc)
{
    (void)err_set(&members->err, 0, "its 207 cannot be read: %s", davit_ms_rc_text(rc));
    return MEMBERS_FAIL;
}

/* The end of the body is the end of the 207, or something is missing. */
static enum members_end finish(struct members *members)
{
    struct exchange *x = members->x;
    const struct relay *f = relay_of(x);
    enum davit_ms_rc rc = davit_ms_reader_finish(members->reader);
    if (rc != DAVIT_MS_END)
        return fail(members, rc);
    origin_count_members(gateway_loop_cells(x->service->gateways, f->gateway), &f->verdict);
    return MEMBERS_DONE;
}

enum members_end members_next(struct members *members,
                              const struct davit_ms_response **response_out)
{
    struct source *body = relay_of(members->x)->inner;
    for (;;) {
        enum davit_ms_rc rc = davit_ms_reader_next(members->reader, response_out);
        members->has_any |= rc == DAVIT_MS_RESPONSE;
        if (rc == DAVIT_MS_RESPONSE)
            return MEMBERS_ONE;
        if (rc != DAVIT_MS_MORE)
            return fail(members, rc);
        buf_clear(&members->piece);
        body->waker = &members->x->waker;
        switch (source_pull(body, &members->piece, PULL_BYTES, &members->err)) {
        case PULL_DATA:
            rc = davit_ms_reader_feed(members->reader, members->piece.at, members->piece.len);
            if (rc != DAVIT_MS_OK)
                return fail(members, rc);
            break;
        case PULL_WAIT:
            return MEMBERS_WAIT;
        case PULL_END:
            return finish(members);
        case PULL_FAIL:
            return MEMBERS_FAIL;
        }
    }
}

void members_close(struct members *members)
{
    davit_ms_reader_free(members->reader);
    members->reader = NULL;
    buf_done(&members->piece);
    source_close(&relay_of(members->x)->inner);
}
