#include "base/metrics/metrics.h"

#include <pthread.h>

#include "support/test.h"

static uint64_t value(size_t cell)
{
    static uint64_t cells[METRIC_CELL_COUNT];
    metrics_read(cells);
    return cells[cell];
}

enum { THREADS = 8, TIMES = 1000 };

static void *count_much(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++)
        metric_add(METRIC_SENT_BYTES, 0, 3);
    return NULL;
}

static void count_on_threads(void)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

TEST(metrics_of_all_threads_sum_up_also_of_those_that_have_ended)
{
    uint64_t before = value(METRIC_SENT_BYTES);
    for (unsigned i = 1; i <= 3; i++) {
        count_on_threads();
        assert_int_equal(value(METRIC_SENT_BYTES), before + (uint64_t)i * THREADS * TIMES * 3);
    }
}

static void *take_cells(void *arg)
{
    *(metric_cell **)arg = metrics_own();
    return NULL;
}

TEST(metrics_cells_of_a_thread_that_has_ended_are_the_next_ones)
{
    metric_cell *own = metrics_own();
    metric_cell *cells[2];
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, take_cells, &cells[i]), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_ptr_equal(cells[0], cells[1]);
    assert_ptr_not_equal(cells[0], own);
    assert_ptr_equal(own, metrics_own());
}

TEST(metrics_may_go_down)
{
    uint64_t before = value(METRIC_CONNECTIONS);
    metric_add(METRIC_CONNECTIONS, 0, 5);
    metric_add(METRIC_CONNECTIONS, 0, UINT64_MAX);
    assert_int_equal(value(METRIC_CONNECTIONS), before + 4);
}

TEST(metrics_of_two_labels_have_cells_of_their_own)
{
    metric_add(METRIC_REQUESTS, metric_at(0, LABEL_ROOM_STATUS - 1), 1);
    metric_add(METRIC_REQUESTS, metric_at(1, 0), 2);
    assert_int_equal(value(METRIC_REQUESTS + LABEL_ROOM_STATUS - 1), 1);
    assert_int_equal(value(METRIC_REQUESTS + LABEL_ROOM_STATUS), 2);
}

TEST(metrics_rows_do_not_overlap)
{
    size_t at = 0;
    for (size_t i = 0; i < metric_row_count; i++) {
        assert_true(metric_rows[i].at >= at);
        at = metric_rows[i].at + 1;
    }
    assert_true(at <= METRIC_CELL_COUNT);
}

TEST(histogram_has_what_is_at_a_bound_below_it)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {
        {-5, 0},
        {0, 0},
        {100, 0},
        {101, 1},
        {1000, 3},
        {1001, 4},
        {60000000, METRIC_BOUNDS - 1},
        {60000001, METRIC_BOUNDS},
        {INT64_MAX / 2, METRIC_BOUNDS},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        metric_cell cells[METRIC_CELLS_HISTOGRAM] = {0};
        metric_cells_observe(cells, rows[i].us);
        assert_int_equal(cells[rows[i].bucket], 1);
        assert_int_equal(cells[METRIC_SUM_AT], rows[i].us < 0 ? 0 : rows[i].us);
    }
}

TEST(bounds_go_up_and_say_what_they_are)
{
    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        assert_true(i == 0 || metric_bound(i) > metric_bound(i - 1));
        assert_true(strtod(metric_bound_text(i), NULL) == metric_bound(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_of_all_threads_sum_up_also_of_those_that_have_ended),
        cmocka_unit_test(metrics_cells_of_a_thread_that_has_ended_are_the_next_ones),
        cmocka_unit_test(metrics_may_go_down),
        cmocka_unit_test(metrics_of_two_labels_have_cells_of_their_own),
        cmocka_unit_test(metrics_rows_do_not_overlap),
        cmocka_unit_test(histogram_has_what_is_at_a_bound_below_it),
        cmocka_unit_test(bounds_go_up_and_say_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
