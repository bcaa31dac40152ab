/* The shared state of a node that shares with nobody. */
#include "support/test.h"

#include "access/standalone.h"
#include "base/clock.h"

enum { MAX = 4 };

static struct shared_state *state;

static int begin(void **cmocka_state)
{
    static const size_t max[SHARED_TABLES] = {MAX, MAX, MAX};
    (void)cmocka_state;
    state = standalone_new(max);
    return 0;
}

static int end(void **cmocka_state)
{
    (void)cmocka_state;
    standalone_free(state);
    clock_freeze(-1);
    return 0;
}

static struct shared_slot slot_of(enum shared_table table, int i)
{
    struct shared_slot slot = {.table = table};
    (void)snprintf(slot.key, sizeof(slot.key), "%d", i);
    return slot;
}

static void look(struct shared_update *update)
{
    (void)update;
}

/* Adds one to the first word of each; it is good for so long. */
static void count(struct shared_update *update)
{
    for (size_t i = 0; i < update->count; i++) {
        struct shared_slot *slot = &update->slots[i];
        slot->record.words[0]++;
        slot->record.expires_ms = 1000 + slot->key[0];
        slot->is_changed = true;
    }
}

static void run(struct shared_slot *slots, size_t slot_count,
                void (*decide)(struct shared_update *update))
{
    struct shared_update update = {slots, slot_count, decide};
    check_that("done", shared_update(state, &update));
}

TEST(standalone_keeps_what_was_decided)
{
    struct shared_slot slots[] = {slot_of(SHARED_KNOWN, 1), slot_of(SHARED_GUESSES, 1)};
    run(slots, 2, look);
    check_that("not there", !slots[0].is_there && !slots[1].is_there);
    check_int("nor made", standalone_count(state, SHARED_KNOWN), 0);
    run(slots, 2, count);
    run(&slots[1], 1, count);
    run(slots, 2, look);
    check_that("there", slots[0].is_there && slots[1].is_there);
    check_that("not changed", !slots[0].is_changed);
    check_int("in one table", slots[0].record.words[0], 1);
    check_int("in the other", slots[1].record.words[0], 2);
    check_int("expires", slots[1].record.expires_ms, 1000 + '1');
}

TEST(standalone_tells_what_it_may_have_forgotten)
{
    struct shared_slot slot = slot_of(SHARED_NONCES, 0);
    run(&slot, 1, look);
    check_int("nothing", slot.lost_ms, INT64_MIN);
    for (int i = 0; i < MAX + 2; i++) {
        slot = slot_of(SHARED_NONCES, i);
        run(&slot, 1, count);
    }
    check_int("bounded", standalone_count(state, SHARED_NONCES), MAX);
    slot = slot_of(SHARED_NONCES, 0);
    run(&slot, 1, look);
    check_that("the first is gone", !slot.is_there);
    check_int("the latest expiry", slot.lost_ms, 1000 + '1');
    slot = slot_of(SHARED_GUESSES, 0);
    run(&slot, 1, look);
    check_int("of that table", slot.lost_ms, INT64_MIN);
}

TEST(standalone_gives_no_secret_twice)
{
    unsigned char one[SHARED_SECRET_BYTES] = {0};
    unsigned char two[SHARED_SECRET_BYTES] = {0};
    shared_secret(state, "x", 1, one);
    shared_secret(state, "x", 1, two);
    check_that("differ", memcmp(one, two, sizeof(one)) != 0);
}

TEST(standalone_has_a_clock_that_only_goes_forward)
{
    clock_freeze(77);
    check_int("ms", shared_now_ms(state), 77);
    check_that("nothing waits", !state->may_block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(standalone_keeps_what_was_decided, begin, end),
        cmocka_unit_test_setup_teardown(standalone_tells_what_it_may_have_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(standalone_gives_no_secret_twice, begin, end),
        cmocka_unit_test_setup_teardown(standalone_has_a_clock_that_only_goes_forward, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
