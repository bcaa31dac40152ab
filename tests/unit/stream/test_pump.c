#include "support/test.h"

#include <unistd.h>

#include "stream/pump.h"
#include "support/executors.h"
#include "support/scripted.h"

enum { BATCH_BYTES = 64 };

/* A pump with everything around it. */
struct upload {
    struct sink sink;
    struct buf written;
    unsigned fail_code; /* what the sink answers, from fail_at bytes on */
    size_t fail_at;
    struct scripted source;
    struct waker waker;
    size_t rings;
    struct pump pump;
};

static unsigned upload_write(struct sink *self, struct str bytes)
{
    struct upload *upload = CONTAINER_OF(self, struct upload, sink);
    if (upload->fail_code && upload->written.len >= upload->fail_at)
        return upload->fail_code;
    buf_add(&upload->written, bytes);
    return 0;
}

static const struct sink_ops upload_ops = {.name = "test", .write = upload_write};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct upload, waker)->rings++;
}

static void open_upload(struct upload *upload, const char *script, struct executor *executor)
{
    *upload = (struct upload){.sink.ops = &upload_ops, .waker.ring = ring};
    scripted_init(&upload->source, script);
    upload->pump.source = &upload->source.base;
    upload->pump.sink = &upload->sink;
    upload->pump.executor = executor;
    upload->pump.waker = &upload->waker;
    upload->pump.batch_bytes = BATCH_BYTES;
    pump_init(&upload->pump);
}

static void close_upload(struct upload *upload)
{
    pump_done(&upload->pump);
    buf_done(&upload->written);
}

static void check_written(const struct upload *upload)
{
    assert_int_equal(upload->written.len, upload->source.given);
    assert_int_equal(upload->pump.moved_bytes, upload->source.given);
    assert_true(scripted_is(buf_str(&upload->written), 0));
}

TEST(pump_leaves_a_body_of_one_batch_in_the_tail)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "ddd$", &executor.executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(executor.submit_count, 0); /* it never visits a worker */
    assert_int_equal(upload.pump.tail.len, 48);
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    assert_int_equal(upload.pump.tail.len, 0);
    check_written(&upload);
    close_upload(&upload);
}

TEST(pump_of_nothing_ends_and_writes_nothing)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "$", &executor.executor);
    upload.fail_code = 7; /* would show a write */
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    close_upload(&upload);
}

TEST(pump_writes_full_batches_on_a_worker)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "dddddddddd$", &executor.executor); /* 160 bytes */
    for (size_t batch = 1; batch <= 2; batch++) {
        assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
        assert_int_equal(upload.written.len, (batch - 1) * BATCH_BYTES); /* not on this thread */
        assert_int_equal(pump_run(&upload.pump), PUMP_WAIT); /* called too early: harmless */
        assert_int_equal(inline_executor_run(&executor), 1);
        assert_int_equal(upload.rings, batch);
        assert_int_equal(upload.written.len, batch * BATCH_BYTES);
    }
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    check_written(&upload);
    close_upload(&upload);
}

TEST(pump_ends_with_an_empty_tail_after_whole_batches)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "D$", &executor.executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(upload.pump.tail.len, 0);
    check_written(&upload);
    close_upload(&upload);
}

TEST(pump_goes_on_when_the_source_rings)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "1w1w1$", &executor.executor);
    for (size_t rings = 1; rings <= 2; rings++) {
        assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
        scripted_wake(&upload.source);
        assert_int_equal(upload.rings, rings);
    }
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    check_written(&upload);
    close_upload(&upload);
}

TEST(pump_keeps_quiet_about_the_source_while_a_worker_has_the_tail)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "D1$", &executor.executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
    source_wake(&upload.source.base); /* a source may ring when nobody waits */
    assert_int_equal(upload.rings, 0);
    inline_executor_run(&executor);
    assert_int_equal(upload.rings, 1); /* the worker's own, and no second one */
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    close_upload(&upload);
}

TEST(pump_reports_a_source_that_fails)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "ddf", &executor.executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_SOURCE_FAILED);
    assert_int_equal(upload.pump.err.code, 42);
    assert_int_equal(upload.written.len, 0);
    close_upload(&upload);
}

TEST(pump_reports_a_sink_that_fails)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "DDD$", &executor.executor);
    upload.fail_code = 507;
    upload.fail_at = BATCH_BYTES;
    assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(pump_run(&upload.pump), PUMP_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(upload.rings, 2); /* the caller hears of it */
    assert_int_equal(pump_run(&upload.pump), PUMP_SINK_FAILED);
    assert_int_equal(upload.pump.sink_code, 507);
    assert_int_equal(pump_run(&upload.pump), PUMP_SINK_FAILED); /* for ever */
    assert_int_equal(upload.source.given, 2 * BATCH_BYTES);     /* nothing more was read */
    close_upload(&upload);
}

TEST(pump_reports_a_sink_that_fails_on_the_tail)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "d$", &executor.executor);
    upload.fail_code = 507;
    assert_int_equal(pump_run(&upload.pump), PUMP_END);
    assert_int_equal(pump_write_tail(&upload.pump), 507);
    close_upload(&upload);
}

/* --- a sink that waits --- */

enum { ROOM_BYTES = 48 };

/* Takes up to `room` bytes, and then waits until it is given more. */
struct slow_upload {
    struct upload base;
    size_t room;
    bool waits_at_end;
    bool is_ended;
};

static enum push slow_push(struct sink *self, struct str *bytes, unsigned *code_out)
{
    struct slow_upload *upload = CONTAINER_OF(self, struct slow_upload, base.sink);
    size_t taken = size_min(bytes->len, upload->room);
    assert_false(upload->base.pump.awaits_sink || upload->is_ended);
    if (upload->base.fail_code && upload->base.written.len + taken > upload->base.fail_at) {
        *code_out = upload->base.fail_code;
        return PUSH_FAIL;
    }
    buf_add(&upload->base.written, str_first(*bytes, taken));
    *bytes = str_from(*bytes, taken);
    upload->room -= taken;
    return bytes->len ? PUSH_WAIT : PUSH_DONE;
}

static enum push slow_end(struct sink *self, unsigned *code_out)
{
    struct slow_upload *upload = CONTAINER_OF(self, struct slow_upload, base.sink);
    *code_out = upload->base.fail_code;
    if (upload->waits_at_end) {
        upload->waits_at_end = false;
        return PUSH_WAIT;
    }
    upload->is_ended = true;
    return *code_out ? PUSH_FAIL : PUSH_DONE;
}

static const struct sink_ops slow_ops = {.name = "slow", .push = slow_push, .end = slow_end};

static void open_slow(struct slow_upload *upload, const char *script, size_t room)
{
    static struct executor nobody; /* no worker is asked: this has no functions to do it with */
    *upload = (struct slow_upload){.room = room};
    open_upload(&upload->base, script, &nobody);
    upload->base.sink.ops = &slow_ops;
    upload->base.sink.waits = true;
}

static void give_room(struct slow_upload *upload, size_t room)
{
    upload->room = room;
    upload->base.sink.waker->ring(upload->base.sink.waker);
}

TEST(pump_to_a_sink_that_waits_needs_no_worker)
{
    struct slow_upload upload;
    open_slow(&upload, "ddddd$", SIZE_MAX);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_END);
    assert_true(upload.is_ended);
    assert_int_equal(pump_write_tail(&upload.base.pump), 0); /* nothing is left for one */
    check_written(&upload.base);
    close_upload(&upload.base);
}

TEST(pump_waits_at_every_step_for_its_sink_and_its_source_in_turn)
{
    static const char *const scripts[] = {"1w1w1$", "D1w", "dd1wD$", "w$"};
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct slow_upload upload;
        enum pump_state state;
        open_slow(&upload, scripts[i], 0);
        upload.waits_at_end = true;
        while ((state = pump_run(&upload.base.pump)) == PUMP_WAIT) {
            size_t rings = upload.base.rings;
            assert_int_equal(pump_run(&upload.base.pump), PUMP_WAIT); /* called too early */
            if (upload.base.pump.awaits_sink)
                give_room(&upload, 1);
            else
                scripted_wake(&upload.base.source);
            assert_int_equal(upload.base.rings, rings + 1);
        }
        assert_int_equal(state, PUMP_END);
        assert_true(upload.is_ended);
        check_written(&upload.base);
        close_upload(&upload.base);
    }
}

TEST(pump_reads_no_further_ahead_of_a_sink_that_waits_than_a_batch)
{
    struct slow_upload upload;
    open_slow(&upload, "DDDDDDDD$", 0);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_WAIT);
    assert_int_equal(upload.base.source.given, BATCH_BYTES);
    give_room(&upload, ROOM_BYTES);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_WAIT);
    assert_int_equal(upload.base.source.given, BATCH_BYTES + ROOM_BYTES);
    close_upload(&upload.base);
}

TEST(pump_tells_of_a_source_that_fails_while_its_sink_waits)
{
    struct slow_upload upload;
    open_slow(&upload, "1wf", 0);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_WAIT);
    assert_true(upload.base.pump.awaits_sink);
    scripted_wake(&upload.base.source);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_SOURCE_FAILED);
    close_upload(&upload.base);
}

TEST(pump_reports_a_sink_that_fails_where_it_waits_or_at_its_end)
{
    struct slow_upload upload;
    open_slow(&upload, "D$", ROOM_BYTES);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_WAIT);
    upload.base.fail_code = 507;
    give_room(&upload, ROOM_BYTES);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_SINK_FAILED);
    assert_int_equal(upload.base.pump.sink_code, 507);
    assert_int_equal(pump_run(&upload.base.pump), PUMP_SINK_FAILED); /* for ever */
    close_upload(&upload.base);
    open_slow(&upload, "d$", SIZE_MAX);
    upload.base.fail_code = 507;
    upload.base.fail_at = SIZE_MAX;
    assert_int_equal(pump_run(&upload.base.pump), PUMP_SINK_FAILED);
    assert_int_equal(upload.base.pump.sink_code, 507);
    close_upload(&upload.base);
}

static void end_a_pump_that_writes(void)
{
    struct inline_executor executor;
    struct upload upload;
    inline_executor_init(&executor);
    open_upload(&upload, "D$", &executor.executor);
    (void)!pump_run(&upload.pump); /* leaves a batch with the worker */
    pump_done(&upload.pump);
}

TEST(pump_done_while_writing_aborts)
{
    assert_true(aborts(end_a_pump_that_writes));
}

TEST(pump_over_a_thread_moves_every_byte_in_order)
{
    static char script[2001];
    struct threaded_executor executor;
    struct rng rng = {9};
    threaded_executor_init(&executor);
    for (int turn = 0; turn < 50; turn++) {
        struct upload upload;
        size_t count = rng_below(&rng, sizeof(script) - 1);
        for (size_t i = 0; i < count; i++)
            script[i] = "d1Dw"[rng_below(&rng, 4)];
        script[count] = '\0';
        open_upload(&upload, script, &executor.executor);
        enum pump_state state;
        while ((state = pump_run(&upload.pump)) == PUMP_WAIT) {
            if (upload.source.is_awaited)
                scripted_wake(&upload.source);
            else
                threaded_executor_run_one(&executor);
        }
        assert_int_equal(state, PUMP_END);
        assert_int_equal(pump_write_tail(&upload.pump), 0);
        check_written(&upload);
        close_upload(&upload);
    }
    threaded_executor_done(&executor);
}

/* --- through a pipe --- */

/* A source that has `left` bytes, and gives at most `each` at a time; where `refuses`, none to a
 * pipe. */
struct piped_source {
    struct source base;
    size_t left;
    size_t each;
    size_t spliced;
    bool refuses;
};

static size_t next_len(struct piped_source *source, size_t want)
{
    size_t len = size_min(source->left, size_min(want, source->each));
    source->left -= len;
    return len;
}

static enum pull piped_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct piped_source *source = CONTAINER_OF(self, struct piped_source, base);
    (void)err;
    size_t len = next_len(source, want);
    for (size_t i = 0; i < len; i++)
        buf_add_char(into, 'x');
    return len ? PULL_DATA : PULL_END;
}

static enum pull piped_splice(struct source *self, int pipe_fd, size_t want, size_t *len_out,
                              struct err *err)
{
    struct piped_source *source = CONTAINER_OF(self, struct piped_source, base);
    char bytes[BATCH_BYTES];
    (void)err;
    if (source->left == 0)
        return PULL_END;
    if (source->refuses)
        return PULL_DATA;
    size_t len = next_len(source, want);
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(write(pipe_fd, bytes, len), len);
    source->spliced += len;
    *len_out = len;
    return PULL_DATA;
}

static const struct source_ops piped_ops = {
    .name = "piped", .pull = piped_pull, .splice = piped_splice};

static unsigned upload_splice(struct sink *self, int pipe_fd, size_t len)
{
    struct upload *upload = CONTAINER_OF(self, struct upload, sink);
    char bytes[BATCH_BYTES];
    assert_in_range(len, 1, BATCH_BYTES);
    assert_int_equal(read(pipe_fd, bytes, len), len);
    return upload_write(self, str_of(bytes, len)) ? upload->fail_code : 0;
}

static const struct sink_ops splicing_ops = {
    .name = "splicing", .write = upload_write, .splice = upload_splice};

static void pipe_upload(struct upload *upload, struct piped_source *source,
                        struct inline_executor *executor)
{
    inline_executor_init(executor);
    open_upload(upload, "$", &executor->executor);
    source->base.ops = &piped_ops;
    upload->sink.ops = &splicing_ops;
    upload->pump.source = &source->base;
    pump_init(&upload->pump);
}

static enum pump_state run_to_end(struct upload *upload, struct inline_executor *executor)
{
    enum pump_state state;
    while ((state = pump_run(&upload->pump)) == PUMP_WAIT)
        assert_int_equal(inline_executor_run(executor), 1);
    return state;
}

TEST(pump_sends_what_follows_a_first_batch_through_a_pipe)
{
    struct inline_executor executor;
    struct upload upload;
    struct piped_source source = {.left = 5 * BATCH_BYTES + 7, .each = 48};
    pipe_upload(&upload, &source, &executor);
    assert_int_equal(run_to_end(&upload, &executor), PUMP_END);
    assert_int_equal(executor.submit_count, 5);
    assert_int_equal(upload.written.len, 5 * BATCH_BYTES); /* the rest is left for the commit */
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    assert_int_equal(pump_write_tail(&upload.pump), 0); /* once */
    assert_int_equal(upload.written.len, 5 * BATCH_BYTES + 7);
    assert_int_equal(upload.pump.moved_bytes, 5 * BATCH_BYTES + 7);
    assert_int_equal(source.spliced, 4 * BATCH_BYTES + 7);
    close_upload(&upload);
}

TEST(pump_pulls_what_does_not_go_into_a_pipe)
{
    struct inline_executor executor;
    struct upload upload;
    struct piped_source source = {.left = 3 * BATCH_BYTES + 7, .each = 48, .refuses = true};
    pipe_upload(&upload, &source, &executor);
    assert_int_equal(run_to_end(&upload, &executor), PUMP_END);
    assert_int_equal(pump_write_tail(&upload.pump), 0);
    assert_int_equal(upload.written.len, 3 * BATCH_BYTES + 7);
    assert_int_equal(source.spliced, 0);
    close_upload(&upload);
}

TEST(pump_reports_a_sink_that_fails_with_a_pipe)
{
    struct inline_executor executor;
    struct upload upload;
    struct piped_source source = {.left = 5 * BATCH_BYTES, .each = 48};
    pipe_upload(&upload, &source, &executor);
    upload.fail_code = 7;
    upload.fail_at = 2 * BATCH_BYTES;
    assert_int_equal(run_to_end(&upload, &executor), PUMP_SINK_FAILED);
    assert_int_equal(upload.pump.sink_code, 7);
    close_upload(&upload); /* with what is in the pipe */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pump_leaves_a_body_of_one_batch_in_the_tail),
        cmocka_unit_test(pump_of_nothing_ends_and_writes_nothing),
        cmocka_unit_test(pump_writes_full_batches_on_a_worker),
        cmocka_unit_test(pump_ends_with_an_empty_tail_after_whole_batches),
        cmocka_unit_test(pump_goes_on_when_the_source_rings),
        cmocka_unit_test(pump_keeps_quiet_about_the_source_while_a_worker_has_the_tail),
        cmocka_unit_test(pump_reports_a_source_that_fails),
        cmocka_unit_test(pump_reports_a_sink_that_fails),
        cmocka_unit_test(pump_reports_a_sink_that_fails_on_the_tail),
        cmocka_unit_test(pump_to_a_sink_that_waits_needs_no_worker),
        cmocka_unit_test(pump_waits_at_every_step_for_its_sink_and_its_source_in_turn),
        cmocka_unit_test(pump_reads_no_further_ahead_of_a_sink_that_waits_than_a_batch),
        cmocka_unit_test(pump_tells_of_a_source_that_fails_while_its_sink_waits),
        cmocka_unit_test(pump_reports_a_sink_that_fails_where_it_waits_or_at_its_end),
        cmocka_unit_test(pump_done_while_writing_aborts),
        cmocka_unit_test(pump_over_a_thread_moves_every_byte_in_order),
        cmocka_unit_test(pump_sends_what_follows_a_first_batch_through_a_pipe),
        cmocka_unit_test(pump_pulls_what_does_not_go_into_a_pipe),
        cmocka_unit_test(pump_reports_a_sink_that_fails_with_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
