#include "support/test.h"

#include "stream/offload.h"
#include "support/executors.h"
#include "support/scripted.h"

/* The consumer's side of an offload, and the owner of the inner source's memory. */
struct consumer {
    struct waker waker;
    size_t rings;
    struct refs owner;
    size_t owner_ends;
    struct scripted inner;
    struct source *source;
    struct buf got;
    struct err err;
};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct consumer, waker)->rings++;
}

static void owner_ended(struct refs *refs)
{
    CONTAINER_OF(refs, struct consumer, owner)->owner_ends++;
}

static void open_consumer(struct consumer *consumer, const char *script, struct executor *executor,
                          size_t ahead_bytes)
{
    *consumer = (struct consumer){.waker.ring = ring};
    refs_init(&consumer->owner, owner_ended);
    scripted_init(&consumer->inner, script);
    consumer->source =
        source_offload(&consumer->inner.base, executor, &consumer->owner, ahead_bytes);
    consumer->source->waker = &consumer->waker;
}

static void close_consumer(struct consumer *consumer)
{
    source_close(&consumer->source);
    buf_done(&consumer->got);
}

static enum pull pull(struct consumer *consumer, size_t want)
{
    return source_pull(consumer->source, &consumer->got, want, &consumer->err);
}

TEST(offload_waits_for_the_worker_and_rings_once)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "dd$", &executor.executor, 1000);
    assert_int_equal(executor.submit_count, 0); /* nothing before the first pull */
    assert_int_equal(pull(&consumer, 100), PULL_WAIT);
    assert_int_equal(consumer.inner.given, 0); /* not on this thread */
    assert_int_equal(inline_executor_run(&executor), 1);
    assert_int_equal(consumer.rings, 1);
    assert_int_equal(pull(&consumer, 100), PULL_DATA);
    assert_int_equal(consumer.got.len, 32);
    assert_int_equal(pull(&consumer, 100), PULL_END);
    assert_int_equal(pull(&consumer, 100), PULL_END);
    assert_int_equal(consumer.rings, 1);
    close_consumer(&consumer);
    assert_int_equal(consumer.inner.closed, 1);
    assert_int_equal(consumer.owner.count, 1);
}

TEST(offload_gives_no_more_than_is_wanted)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "dddddddd$", &executor.executor, 1000);
    enum pull result = pull(&consumer, 1);
    for (size_t want = 1; result != PULL_END; want = want % 7 + 1) {
        if (result == PULL_WAIT)
            inline_executor_run(&executor);
        result = pull(&consumer, want); /* source_pull() checks that it is at most `want` */
    }
    assert_int_equal(consumer.got.len, 128);
    assert_true(scripted_is(buf_str(&consumer.got), 0));
    close_consumer(&consumer);
}

TEST(offload_works_ahead_but_not_without_end)
{
    enum { AHEAD_BYTES = 8192 };
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD$", &executor.executor, AHEAD_BYTES);
    assert_int_equal(pull(&consumer, 10), PULL_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(consumer.inner.given, 4096); /* the first byte leaves early */
    for (int i = 0; i < 50; i++) {
        enum pull result = pull(&consumer, 100);
        if (result == PULL_WAIT)
            assert_true(inline_executor_run(&executor) > 0);
        else
            inline_executor_run(&executor); /* what the pull set off, if anything */
        assert_true(consumer.inner.given - consumer.got.len <= 2 * AHEAD_BYTES);
    }
    assert_true(scripted_is(buf_str(&consumer.got), 0));
    close_consumer(&consumer);
}

TEST(offload_fills_while_the_consumer_still_has_data)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "DDDDDDDD$", &executor.executor, 4096);
    assert_int_equal(pull(&consumer, 10), PULL_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(pull(&consumer, 10), PULL_DATA); /* sets off the second job */
    assert_int_equal(executor.submit_count, 2);
    assert_int_equal(pull(&consumer, 10), PULL_DATA); /* and does not wait for it */
    assert_int_equal(executor.submit_count, 2);
    inline_executor_run(&executor);
    assert_int_equal(consumer.rings, 1); /* nobody waited the second time */
    close_consumer(&consumer);
}

TEST(offload_fails_after_what_came_before_the_failure)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "ddf", &executor.executor, 1000);
    assert_int_equal(pull(&consumer, 100), PULL_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(pull(&consumer, 100), PULL_DATA);
    assert_int_equal(consumer.got.len, 32);
    assert_int_equal(pull(&consumer, 100), PULL_FAIL);
    assert_int_equal(consumer.err.code, 42);
    close_consumer(&consumer);
    assert_int_equal(consumer.inner.closed, 1);
}

TEST(offload_of_nothing_ends)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "$", &executor.executor, 1000);
    assert_int_equal(pull(&consumer, 100), PULL_WAIT);
    inline_executor_run(&executor);
    assert_int_equal(pull(&consumer, 100), PULL_END);
    close_consumer(&consumer);
}

TEST(offload_closed_while_busy_keeps_its_owner_until_the_worker_is_done)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "dd$", &executor.executor, 1000);
    assert_int_equal(pull(&consumer, 100), PULL_WAIT);
    close_consumer(&consumer);
    assert_int_equal(consumer.inner.closed, 0); /* the worker may be in it */
    refs_drop(&consumer.owner);
    assert_int_equal(consumer.owner_ends, 0);
    inline_executor_run(&executor);
    assert_int_equal(consumer.inner.closed, 1);
    assert_int_equal(consumer.owner_ends, 1);
    assert_int_equal(consumer.rings, 0); /* nobody is there to be woken */
}

TEST(offload_closed_before_the_first_pull_closes_its_inner)
{
    struct inline_executor executor;
    struct consumer consumer;
    inline_executor_init(&executor);
    open_consumer(&consumer, "dd$", &executor.executor, 1000);
    close_consumer(&consumer);
    assert_int_equal(consumer.inner.closed, 1);
    assert_int_equal(consumer.owner.count, 1);
}

static struct inline_executor waiting_executor;

static void offload_what_waits(void)
{
    struct consumer consumer;
    inline_executor_init(&waiting_executor);
    open_consumer(&consumer, "w", &waiting_executor.executor, 1000);
    (void)!pull(&consumer, 100); /* the job below never returns */
    inline_executor_run(&waiting_executor);
}

TEST(offload_of_a_source_that_waits_aborts)
{
    assert_true(aborts(offload_what_waits));
}

/* A worker of its own, and every mix of sizes: the bytes arrive whole and in order. */
TEST(offload_over_a_thread_gives_every_byte_in_order)
{
    static char script[3001];
    struct threaded_executor executor;
    struct rng rng = {5};
    threaded_executor_init(&executor);
    for (int turn = 0; turn < 20; turn++) {
        struct consumer consumer;
        size_t count = rng_below(&rng, sizeof(script) - 1);
        for (size_t i = 0; i < count; i++)
            script[i] = "d1D"[rng_below(&rng, turn % 2 ? 2 : 3)];
        script[count] = turn % 3 ? '\0' : 'f';
        open_consumer(&consumer, script, &executor.executor, 1 + rng_below(&rng, 9000));
        enum pull result;
        while ((result = pull(&consumer, 1 + rng_below(&rng, 5000))) <= PULL_WAIT) {
            if (result == PULL_WAIT)
                threaded_executor_run_one(&executor);
        }
        assert_int_equal(result, turn % 3 ? PULL_END : PULL_FAIL);
        assert_int_equal(consumer.got.len, consumer.inner.given);
        assert_true(scripted_is(buf_str(&consumer.got), 0));
        close_consumer(&consumer);
        script[count] = '\0';
    }
    threaded_executor_done(&executor);
}

TEST(offload_over_a_thread_can_be_closed_at_any_moment)
{
    struct threaded_executor executor;
    struct rng rng = {6};
    threaded_executor_init(&executor);
    for (int turn = 0; turn < 200; turn++) {
        struct consumer consumer;
        bool is_busy = true; /* a job is under way after the first pull */
        open_consumer(&consumer, "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD$", &executor.executor, 5000);
        assert_int_equal(pull(&consumer, 1), PULL_WAIT);
        for (size_t pulls = rng_below(&rng, 6); pulls && is_busy; pulls--) {
            threaded_executor_run_one(&executor);
            (void)!pull(&consumer, 10000); /* may set off another job, which holds the owner */
            is_busy = consumer.owner.count == 2;
        }
        close_consumer(&consumer);
        refs_drop(&consumer.owner);
        if (is_busy)
            threaded_executor_run_one(&executor);
        assert_int_equal(consumer.inner.closed, 1);
        assert_int_equal(consumer.owner_ends, 1);
    }
    threaded_executor_done(&executor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offload_waits_for_the_worker_and_rings_once),
        cmocka_unit_test(offload_gives_no_more_than_is_wanted),
        cmocka_unit_test(offload_works_ahead_but_not_without_end),
        cmocka_unit_test(offload_fills_while_the_consumer_still_has_data),
        cmocka_unit_test(offload_fails_after_what_came_before_the_failure),
        cmocka_unit_test(offload_of_nothing_ends),
        cmocka_unit_test(offload_closed_while_busy_keeps_its_owner_until_the_worker_is_done),
        cmocka_unit_test(offload_closed_before_the_first_pull_closes_its_inner),
        cmocka_unit_test(offload_of_a_source_that_waits_aborts),
        cmocka_unit_test(offload_over_a_thread_gives_every_byte_in_order),
        cmocka_unit_test(offload_over_a_thread_can_be_closed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
