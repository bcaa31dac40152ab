#include "store/origin/responses.h"

enum { STEP_BYTES = 1 << 16 };

enum store_rc responses_begin(struct responses *responses, struct inquiry *inquiry)
{
    *responses = (struct responses){.inquiry = inquiry};
    if (inquiry->call->status != HTTP_MULTI_STATUS)
        return inquiry_refuse(inquiry, "it answers with what is no 207");
    responses->reader = davit_ms_reader_new(NULL);
    return responses->reader ? STORE_OK : STORE_BUSY;
}

/* The reader wants more. */
static enum davit_ms_rc feed(struct responses *responses)
{
    buf_clear(&responses->piece);
    switch (errand_pull(responses->inquiry->errand, &responses->piece, STEP_BYTES)) {
    case PULL_DATA:
        return davit_ms_reader_feed(responses->reader, responses->piece.at, responses->piece.len);
    case PULL_END:
        return davit_ms_reader_finish(responses->reader);
    default:
        return DAVIT_MS_CUT_OFF;
    }
}

enum store_rc responses_next(struct responses *responses,
                             const struct davit_ms_response **response_out)
{
    enum davit_ms_rc rc = davit_ms_reader_next(responses->reader, response_out);
    while (rc == DAVIT_MS_MORE) {
        rc = feed(responses);
        if (rc == DAVIT_MS_OK)
            rc = davit_ms_reader_next(responses->reader, response_out);
    }
    if (rc == DAVIT_MS_RESPONSE)
        return STORE_OK;
    if (rc == DAVIT_MS_END)
        return STORE_END;
    return inquiry_refuse(responses->inquiry, davit_ms_rc_text(rc));
}

void responses_end(struct responses *responses)
{
    davit_ms_reader_free(responses->reader);
    buf_done(&responses->piece);
}
