#include "support/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/loop.h"
#include "server/listen/handover.h"

enum { GIVERS = 4, GIVEN_BY_EACH = 50 };

struct receiver {
    struct handover handover;
    struct list all;
    struct loop *loop;
    pthread_t thread;
    unsigned count;
};

static void arrived(struct handover *handover, const struct handed *handed)
{
    struct receiver *receiver = CONTAINER_OF(handover, struct receiver, handover);
    assert_true(pthread_equal(receiver->thread, pthread_self()));
    assert_int_equal(handed->peer.len, 7);
    fd_close(handed->fd);
    if (++receiver->count == GIVERS * GIVEN_BY_EACH)
        loop_stop(receiver->loop);
}

static void begin(struct receiver *receiver)
{
    struct err err;
    *receiver = (struct receiver){.loop = loop_new(NULL, &err), .thread = pthread_self()};
    assert_non_null(receiver->loop);
    list_init(&receiver->all);
    handover_init(&receiver->handover, &receiver->all, receiver->loop, arrived);
}

static void end(struct receiver *receiver)
{
    handover_done(&receiver->handover);
    loop_free(receiver->loop);
}

static int new_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void *give(void *arg)
{
    struct receiver *receiver = arg;
    for (int i = 0; i < GIVEN_BY_EACH; i++) {
        struct handed handed = {.fd = new_fd(), .peer.len = 7};
        handover_give(&receiver->handover, &handed);
    }
    return NULL;
}

TEST(handover_brings_each_connection_to_the_thread_of_the_loop)
{
    struct receiver receiver;
    pthread_t givers[GIVERS];
    begin(&receiver);
    for (int i = 0; i < GIVERS; i++)
        assert_int_equal(pthread_create(&givers[i], NULL, give, &receiver), 0);
    loop_run(receiver.loop);
    for (int i = 0; i < GIVERS; i++)
        assert_int_equal(pthread_join(givers[i], NULL), 0);
    assert_int_equal(receiver.count, GIVERS * GIVEN_BY_EACH);
    end(&receiver);
}

TEST(handover_closes_what_comes_after_the_loop_has_stopped)
{
    struct receiver receiver;
    begin(&receiver);
    struct handed handed = {.fd = new_fd(), .peer.len = 7};
    handover_give(&receiver.handover, &handed);
    end(&receiver);
    assert_int_equal(receiver.count, 0);
    assert_int_equal(fcntl(handed.fd, F_GETFD), -1);
}

TEST(handover_chooses_a_loop_that_has_fewest)
{
    struct handover loops[3] = {0};
    struct list all;
    unsigned counts[3] = {0};
    list_init(&all);
    for (size_t i = 0; i < 3; i++)
        handover_init(&loops[i], &all, NULL, arrived);
    for (int i = 0; i < 60; i++) {
        struct handover *chosen = handover_choose(&loops[1]);
        counts[chosen - loops]++;
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(counts[i], 20);
    for (unsigned i = 0; i < counts[2]; i++)
        handover_gone(&loops[2]);
    assert_ptr_equal(handover_choose(&loops[1]), &loops[2]);
    for (size_t i = 0; i < 3; i++)
        handover_done(&loops[i]);
}

TEST(handover_keeps_connections_that_come_one_at_a_time)
{
    struct handover loops[2] = {0};
    struct list all;
    list_init(&all);
    for (size_t i = 0; i < 2; i++)
        handover_init(&loops[i], &all, NULL, arrived);
    for (int i = 0; i < 10; i++) {
        assert_ptr_equal(handover_choose(&loops[1]), &loops[1]);
        handover_gone(&loops[1]);
    }
    for (size_t i = 0; i < 2; i++)
        handover_done(&loops[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handover_brings_each_connection_to_the_thread_of_the_loop),
        cmocka_unit_test(handover_closes_what_comes_after_the_loop_has_stopped),
        cmocka_unit_test(handover_chooses_a_loop_that_has_fewest),
        cmocka_unit_test(handover_keeps_connections_that_come_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
