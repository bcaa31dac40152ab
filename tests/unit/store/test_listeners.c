#include "store/notice/listeners.h"

#include "support/executors.h"
#include "support/test.h"

enum { EARS = 4 };

struct ear {
    struct listener listener;
    unsigned count;
    bool is_busy; /* and does not look */
};

static struct inline_executor executor;
static struct listeners listeners;
static struct ear ears[EARS];

static void heard(struct listener *listener)
{
    struct ear *ear = CONTAINER_OF(listener, struct ear, listener);
    ear->count++;
    if (!ear->is_busy)
        listener_wait(listener);
}

static void listen_at(unsigned index, const char *path)
{
    struct ear *ear = &ears[index];
    *ear = (struct ear){.listener = {.executor = &executor.executor, .heard = heard}};
    listeners_add(&listeners, &ear->listener, (struct res_path){path, strlen(path)});
}

static void tell(const char *path, bool is_deep)
{
    listeners_tell(&listeners, (struct res_path){path, strlen(path)}, is_deep);
    (void)inline_executor_run(&executor);
}

static int begin(__attribute__((unused)) void **state)
{
    inline_executor_init(&executor);
    return 0;
}

static int end(__attribute__((unused)) void **state)
{
    for (unsigned i = 0; i < EARS; i++) {
        if (ears[i].listener.place)
            (void)!listeners_remove(&listeners, &ears[i].listener);
    }
    return listeners_are_none(&listeners) ? 0 : -1;
}

TEST(listeners_hear_of_what_is_below_them)
{
    listen_at(0, "");
    listen_at(1, "a");
    listen_at(2, "a/b");
    listen_at(3, "ab");
    tell("a/b/c", false);
    tell("a", false);
    check_int("the root's", ears[0].count, 2);
    check_int("the collection's", ears[1].count, 2);
    check_int("its member's", ears[2].count, 1);
    check_int("one with a longer name", ears[3].count, 0);
}

TEST(listeners_hear_of_trees_that_held_them)
{
    listen_at(0, "a/b/c");
    listen_at(1, "a/c");
    tell("a/b", true);
    tell("a/b", false);
    check_int("in the tree", ears[0].count, 1);
    check_int("beside it", ears[1].count, 0);
    tell("", true);
    check_int("in all", ears[1].count, 1);
}

TEST(listeners_hear_once_of_a_thousand_changes)
{
    listen_at(0, "a");
    listen_at(1, "a");
    for (unsigned i = 0; i < 1000; i++)
        listeners_tell(&listeners, PATH("a/b"), false);
    check_int("jobs", inline_executor_run(&executor), 2);
    check_int("one of two at a place", ears[0].count, 1);
    check_int("the other", ears[1].count, 1);
    tell("a/b", false);
    check_int("and again", ears[0].count, 2);
}

TEST(listeners_who_are_busy_are_left_alone)
{
    listen_at(0, "a");
    ears[0].is_busy = true;
    tell("a/b", false);
    for (unsigned i = 0; i < 1000; i++)
        listeners_tell(&listeners, PATH("a/b"), false);
    check_int("jobs", inline_executor_run(&executor), 0);
    check_int("has heard", ears[0].count, 1);
    listener_wait(&ears[0].listener);
    tell("a/b", false);
    check_int("and again", ears[0].count, 2);
    check_that("nothing is under way", !listeners_remove(&listeners, &ears[0].listener));
}

TEST(listeners_that_have_gone_hear_once_at_most)
{
    listen_at(0, "a");
    listen_at(1, "a");
    check_that("nothing is under way", !listeners_remove(&listeners, &ears[0].listener));
    tell("a", false);
    check_int("he has gone", ears[0].count, 0);
    listeners_tell(&listeners, PATH("a"), false);
    check_that("it is under way", listeners_remove(&listeners, &ears[1].listener));
    check_that("nobody is left", listeners_are_none(&listeners));
    tell("a", false);
    check_int("what was under way", ears[1].count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listeners_hear_of_what_is_below_them, begin, end),
        cmocka_unit_test_setup_teardown(listeners_hear_of_trees_that_held_them, begin, end),
        cmocka_unit_test_setup_teardown(listeners_hear_once_of_a_thousand_changes, begin, end),
        cmocka_unit_test_setup_teardown(listeners_who_are_busy_are_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(listeners_that_have_gone_hear_once_at_most, begin, end),
    };
    return cmocka_run_group_tests_name("store/listeners", tests, NULL, NULL);
}
