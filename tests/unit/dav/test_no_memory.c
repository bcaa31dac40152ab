/* What a client makes large may fail for want of memory: then the request ends, with 503, and what
 * it held is given back. Small pieces are not looked at: without those the process ends
 * (base/mem.h). Each test runs again and again, with the n-th large piece failing, until none does;
 * one that was asked for without an error for its lack fails the test (support/failing_mem.c). */
#include "support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "dav/method.h"
#include "dav/prop/answer.h"
#include "exchange/answer/finish.h"
#include "exchange/body.h"
#include "fixture.h"
#include "support/changes.h"
#include "support/failing_mem.h"

enum { LARGE_BYTES = 32768, VALUE_BYTES = 1 << 20 };

static struct budget memory = {.max = 64 << 20};

static void proceed(struct http_stream *stream)
{
    (void)stream; /* it waits for nothing */
}

static const struct http_stream_ops stream_ops = {.proceed = proceed};

/* A PROPPATCH with a value of a megabyte, and much that must be escaped. */
static struct buf long_body(void)
{
    struct buf body = {0};
    BUF_ADD(&body, "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><a>");
    for (size_t i = 0; i < VALUE_BYTES / 8; i++)
        buf_add(&body, i % 100 ? STR("12345678") : STR("&gt;5678"));
    BUF_ADD(&body, "</a></D:prop></D:set></D:propertyupdate>");
    return body;
}

static unsigned patch_with(struct str body)
{
    struct exchange *x = fixture.x;
    struct http_stream *stream = &fixture.bare.stream;
    stream->ops = &stream_ops;
    stream->memory = &memory;
    stream->body = source_of_text(fixture.arena, body);
    stream->request.body_bytes = body.len;
    enum stage_end end = exchange_read_xml(x);
    if (end == STAGE_NEXT)
        end = proppatch_stages[1].run(x);
    exchange_finish(x);
    return end == STAGE_NEXT ? 0 : stream->response.status;
}

TEST(no_memory_for_a_body_ends_the_request)
{
    struct buf body = long_body();
    unsigned status = 503;
    failing_mem_from(LARGE_BYTES);
    for (size_t after = 0; status; after++) {
        fixture_next("f");
        failing_mem_after(after);
        status = patch_with(buf_str(&body));
        failing_mem_after(SIZE_MAX);
        assert_true(status == 503 || status == 0);
        assert_true(after > 5 || status == 503);
    }
    fixture_next("f");
    assert_int_equal(atomic_load(&memory.taken), 0);
    failing_mem_from(0);
    buf_done(&body);
}

TEST(no_budget_for_a_body_ends_the_request)
{
    struct buf body = long_body();
    assert_true(budget_take(&memory, memory.max - 2 * VALUE_BYTES));
    fixture_next("f");
    assert_int_equal(patch_with(buf_str(&body)), 503);
    assert_true(http_fields_has(&fixture.bare.stream.response.fields, FIELD_RETRY_AFTER));
    fixture_next("f");
    assert_int_equal(atomic_load(&memory.taken), memory.max - 2 * VALUE_BYTES);
    budget_give(&memory, memory.max - 2 * VALUE_BYTES);
    assert_int_equal(patch_with(buf_str(&body)), 0);
    fixture_next("f");
    assert_int_equal(atomic_load(&memory.taken), 0);
    buf_done(&body);
}

static bool answer_all(int dir_fd)
{
    const struct propfind_request request = {.kind = PROPFIND_ALL, .wants_dead = true};
    static struct media_types types;
    struct prop_target target = {.x = fixture.x,
                                 .store = fixture.store,
                                 .arena = fixture.arena,
                                 .path = PATH("f"),
                                 .real = PATH("f")};
    fixture.bare.service.spool_dir_fd = dir_fd;
    fixture.bare.limits.answer_memory_bytes = 65536;
    struct multistatus_body *body = multistatus_body_new(fixture.x);
    fixture.dav.media_types = &types;
    bool is_complete = prop_answer(body, &target, &request);
    assert_true(!is_complete || spool_len(&body->spool) > VALUE_BYTES);
    assert_true(!is_complete || body->spool.head.cap < VALUE_BYTES);
    return is_complete;
}

TEST(no_memory_for_a_value_ends_the_answer)
{
    int dir_fd = open(P_tmpdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct buf body = long_body();
    struct store_prop prop = {STR("u"), STR("large"), buf_str(&body)};
    const struct store_patch patch = {.props = &prop, .prop_count = 1};
    bool is_complete = false;
    fixture_next("f");
    fixture_make("f");
    assert_int_equal(do_patch(fixture.store, PATH("f"), &patch), STORE_OK);
    failing_mem_from(LARGE_BYTES);
    for (size_t after = 0; !is_complete; after++) {
        fixture_next("f");
        failing_mem_after(after);
        is_complete = answer_all(dir_fd);
        failing_mem_after(SIZE_MAX);
        assert_true(after > 0 || !is_complete);
    }
    failing_mem_from(0);
    buf_done(&body);
    (void)close(dir_fd); /* a directory: nothing to lose */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(no_memory_for_a_body_ends_the_request),
        FIXTURE_TEST(no_budget_for_a_body_ends_the_request),
        FIXTURE_TEST(no_memory_for_a_value_ends_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
