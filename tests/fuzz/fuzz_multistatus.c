/* libdavit. However a body is split, the same is read; what was read and is written again is read
 * as the same, and is the same bytes from then on; the verdict counts each member once. */
#include "fuzz.h"
#include "support/ms_model.h"

static const struct davit_ms_options limits = {.limits = {.response_bytes = 4096,
                                                          .response_parts = 64,
                                                          .depth = 16,
                                                          .attributes = 12,
                                                          .namespace_bytes = 64,
                                                          .responses = 100}};

static enum davit_ms_rc read_split(struct buf *to, struct str body, struct fuzz_random *random,
                                   struct davit_ms_verdict *verdict_out)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(&limits);
    const struct davit_ms_response *response;
    enum davit_ms_rc rc = DAVIT_MS_MORE;
    while (rc == DAVIT_MS_MORE && body.len) {
        struct str piece = str_first(body, fuzz_below(random, 40));
        body = str_from(body, piece.len);
        FUZZ_CHECK(davit_ms_reader_feed(reader, piece.at, piece.len) == DAVIT_MS_OK);
        while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
            ms_model_add(to, response);
    }
    if (rc == DAVIT_MS_MORE)
        rc = davit_ms_reader_finish(reader);
    FUZZ_CHECK(rc >= DAVIT_MS_END);
    *verdict_out = *davit_ms_reader_verdict(reader);
    FUZZ_CHECK(verdict_out->is_complete == (rc == DAVIT_MS_END));
    FUZZ_CHECK(rc == DAVIT_MS_END || strlen(davit_ms_reader_message(reader)) > 0);
    davit_ms_reader_free(reader);
    return rc;
}

static void check_verdict(const struct davit_ms_verdict *verdict)
{
    uint64_t total = verdict->success_count;
    for (size_t i = 0; i < verdict->failure_count; i++)
        total += verdict->failures[i].count;
    FUZZ_CHECK(total == verdict->member_count);
}

/* What is written is read as what was read, and then stays as it is. */
static void check_copy(struct str body)
{
    struct buf model = {0}, again = {0}, first = {0}, second = {0};
    FUZZ_CHECK(ms_model_read(&model, body, SIZE_MAX / 2, NULL) == DAVIT_MS_END);
    FUZZ_CHECK(ms_model_copy(&first, body) == DAVIT_MS_END);
    FUZZ_CHECK(ms_model_read(&again, buf_str(&first), SIZE_MAX / 2, NULL) == DAVIT_MS_END);
    FUZZ_CHECK(str_eq(buf_str(&model), buf_str(&again)));
    FUZZ_CHECK(ms_model_copy(&second, buf_str(&first)) == DAVIT_MS_END);
    FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
    buf_done(&model);
    buf_done(&again);
    buf_done(&first);
    buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(body);
    struct buf whole = {0}, split = {0};
    struct davit_ms_verdict verdict;
    enum davit_ms_rc rc = read_split(&split, body, &random, &verdict);
    enum davit_ms_rc whole_rc = ms_model_read(&whole, body, SIZE_MAX / 2, &limits);
    check_verdict(&verdict);
    FUZZ_CHECK(rc == whole_rc);
    FUZZ_CHECK(str_starts(buf_str(&whole), buf_str(&split)));
    buf_done(&whole);
    buf_done(&split);
    if (rc == DAVIT_MS_END)
        check_copy(body);
    return 0;
}
