/* What a client makes large may fail for want of memory: then the request ends, with 503, and what
 * it held is given back. Small pieces are not looked at: without those the process ends
 * (base/mem.h). Each test runs again and again, with the n-th large piece failing, until none does;
 * one that was asked for without an error for its lack fails the test (support/failing_mem.c). */
#include "support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "bench.h"
#include "dav/method.h"
#include "dav/prop/answer.h"
#include "exchange/body.h"
#include "exchange/finish.h"
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
    struct exchange *x = bench.x;
    struct http_stream *stream = &bench.bare.stream;
    stream->ops = &stream_ops;
    stream->memory = &memory;
    stream->body = source_of_text(bench.arena, body);
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
        bench_next("f");
        failing_mem_after(after);
        status = patch_with(buf_str(&body));
        failing_mem_after(SIZE_MAX);
        assert_true(status == 503 || status == 0);
        assert_true(after > 5 || status == 503);
    }
    bench_next("f");
    assert_int_equal(atomic_load(&memory.taken), 0);
    failing_mem_from(0);
    buf_done(&body);
}

TEST(no_budget_for_a_body_ends_the_request)
{
    struct buf body = long_body();
    assert_true(budget_take(&memory, memory.max - 2 * VALUE_BYTES));
    bench_next("f");
    assert_int_equal(patch_with(buf_str(&body)), 503);
    assert_true(http_fields_has(&bench.bare.stream.response.fields, FIELD_RETRY_AFTER));
    bench_next("f");
    assert_int_equal(atomic_load(&memory.taken), memory.max - 2 * VALUE_BYTES);
    budget_give(&memory, memory.max - 2 * VALUE_BYTES);
    assert_int_equal(patch_with(buf_str(&body)), 0);
    bench_next("f");
    assert_int_equal(atomic_load(&memory.taken), 0);
    buf_done(&body);
}

static bool answer_all(int dir_fd)
{
    const struct propfind_request request = {.kind = PROPFIND_ALL, .wants_dead = true};
    static struct media_types types;
    struct prop_target target = {.x = bench.x,
                                 .store = bench.store,
                                 .arena = bench.arena,
                                 .path = PATH("f"),
                                 .real = PATH("f")};
    bench.bare.service.spool_dir_fd = dir_fd;
    bench.bare.limits.answer_memory_bytes = 65536;
    struct multistatus_body *body = multistatus_body_new(bench.x);
    bench.dav.media_types = &types;
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
    bench_next("f");
    bench_make("f");
    assert_int_equal(do_patch(bench.store, PATH("f"), &patch), STORE_OK);
    failing_mem_from(LARGE_BYTES);
    for (size_t after = 0; !is_complete; after++) {
        bench_next("f");
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
        BENCH_TEST(no_memory_for_a_body_ends_the_request),
        BENCH_TEST(no_budget_for_a_body_ends_the_request),
        BENCH_TEST(no_memory_for_a_value_ends_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
