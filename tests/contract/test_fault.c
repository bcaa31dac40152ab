/* Every operation fails once (store/fault/fault.h): whoever works through the contract finds the
 * state as it was before, or, where the operation did succeed, as it is after; never between. */
#include "support.h"

#include "store/fault/fault.h"

/* --- a piece of work, in steps that are whole for themselves --- */

typedef enum store_rc step_fn(struct store *store, struct arena *arena);

static enum store_rc step_mkcol(struct store *store, struct arena *arena)
{
    (void)arena;
    return do_mkcol(store, PATH("c"));
}

static enum store_rc step_put(struct store *store, struct arena *arena)
{
    struct store_upload *upload;
    struct store_stat stat;
    struct store_commit options = {0};
    (void)arena;
    enum store_rc rc = store_upload(store, PATH("c/f"), 8, &upload);
    if (rc != STORE_OK)
        return rc;
    rc = store_upload_write(upload, STR("1234"));
    if (rc == STORE_OK)
        rc = store_upload_write(upload, STR("5678"));
    if (rc == STORE_OK)
        rc = store_upload_end(upload);
    if (rc == STORE_OK)
        rc = do_commit(store, upload, &options, &stat);
    store_upload_close(&upload);
    return rc;
}

static enum store_rc step_patch(struct store *store, struct arena *arena)
{
    struct store_prop props[] = {{STR("ns"), STR("p"), STR("1")}, {STR("ns"), STR("q"), STR("2")}};
    struct store_patch patch = {.props = props, .prop_count = ARRAY_LEN(props)};
    (void)arena;
    return do_patch(store, PATH("c/f"), &patch);
}

static enum store_rc step_lock(struct store *store, struct arena *arena)
{
    struct lock lock = lock_of(PATH("c/f"), "t", false);
    (void)arena;
    return do_lock(store, &lock);
}

static enum store_rc step_copy(struct store *store, struct arena *arena)
{
    return do_copy(store, TRANSFER(PATH("c"), PATH("d")), &recorder_new(arena)->base);
}

static enum store_rc step_move(struct store *store, struct arena *arena)
{
    return do_move(store, TRANSFER(PATH("d"), PATH("e")), &recorder_new(arena)->base);
}

static enum store_rc step_unlock(struct store *store, struct arena *arena)
{
    (void)arena;
    return do_unlock(store, STR("t"));
}

static enum store_rc step_remove(struct store *store, struct arena *arena)
{
    return do_remove(store, PATH("c"), &recorder_new(arena)->base);
}

static enum store_rc step_list(struct store *store, struct arena *arena)
{
    struct store_cursor *cursor;
    struct store_member member;
    (void)arena;
    enum store_rc rc = store_list(store, PATH("e"), 0, &cursor);
    if (rc != STORE_OK)
        return rc;
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK)
        continue;
    store_cursor_close(&cursor);
    return rc == STORE_END ? STORE_OK : rc;
}

static enum store_rc step_read(struct store *store, struct arena *arena)
{
    struct store_stat stat;
    struct store_content *content;
    struct store_props props;
    struct lock_list locks;
    struct store_quota quota;
    struct res_path real;
    enum store_rc rc = store_locate(store, arena, PATH("e/f"), LOCATE_RESOURCE, &real);
    if (rc == STORE_OK)
        rc = store_stat(store, real, 0, &stat);
    if (rc == STORE_OK)
        rc = store_gather_props(store, arena, real, &props);
    if (rc == STORE_OK)
        rc = store_locks(store, arena, real, LOCKS_COVERING, &locks);
    if (rc == STORE_OK)
        rc = store_quota(store, real, &quota);
    if (rc == STORE_OK)
        rc = store_content_open(store, real, &content);
    if (rc == STORE_OK)
        store_content_close(&content);
    return rc;
}

static const struct {
    step_fn *run;
    unsigned operations; /* that can fail */
} steps[] = {
    {step_mkcol, 2}, {step_put, 4},    {step_patch, 2},  {step_lock, 2}, {step_copy, 2},
    {step_move, 2},  {step_unlock, 3}, {step_remove, 2}, {step_list, 3}, {step_read, 6},
};

/* An upload whose sink waits can fail at its end, too. */
static unsigned operations_of(size_t step)
{
    return steps[step].operations + (steps[step].run == step_put && backend->is_slow);
}

/* --- all of it --- */

/* Behind the fault, so that looking does not count. */
static const char *look(struct fixture *fixture, struct store *inner)
{
    return dump_store(inner, &fixture->arena);
}

static void every_operation_is_counted(void **state)
{
    struct fixture *fixture = *state;
    struct store *inner = fixture->store;
    fixture->store = fault_store_new(inner);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        fault_store_arm(fixture->store, 0, STORE_OK);
        assert_ok(steps[i].run(fixture->store, &fixture->arena));
        assert_int_equal(fault_store_count(fixture->store), operations_of(i));
    }
}

/* Each step is first failed at each of its operations, then done. */
static void each_failure_leaves_what_was_before(void **state)
{
    struct fixture *fixture = *state;
    static const enum store_rc codes[] = {STORE_FAILED, STORE_NO_SPACE, STORE_DENIED};
    struct store *inner = fixture->store;
    fixture->store = fault_store_new(inner);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const char *before = look(fixture, inner);
        for (unsigned n = 1; n <= operations_of(i); n++) {
            enum store_rc rc = codes[n % ARRAY_LEN(codes)];
            fault_store_arm(fixture->store, n, rc);
            assert_rc(steps[i].run(fixture->store, &fixture->arena), rc);
            assert_string_equal(look(fixture, inner), before);
        }
        fault_store_arm(fixture->store, 0, STORE_OK);
        assert_ok(steps[i].run(fixture->store, &fixture->arena));
    }
    assert_string_equal(look(fixture, inner), "/ {}\ne/ {}\ne/f \"12345678\" {p=1 q=2 }\n");
}

/* The n-th of all operations fails, and the work goes on with the next step. */
static void work_goes_on_after_a_failure(void **state)
{
    struct fixture *fixture = *state;
    struct store *inner = fixture->store;
    fixture->store = fault_store_new(inner);
    for (unsigned n = 1;; n++) {
        fault_store_arm(fixture->store, n, STORE_FAILED);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            const char *before = look(fixture, inner);
            if (steps[i].run(fixture->store, &fixture->arena) != STORE_OK)
                assert_string_equal(look(fixture, inner), before);
        }
        if (fault_store_count(fixture->store) < n)
            break;
        fault_store_arm(fixture->store, 0, STORE_OK);
        static const char *const made[] = {"c", "d", "e"};
        for (size_t i = 0; i < ARRAY_LEN(made); i++)
            (void)!remove_all(fixture, path_of(made[i])); /* not all of them are always there */
        assert_string_equal(look(fixture, inner), "/ {}\n");
    }
}

/* Each step of a change is answered AGAIN before it is made, and nothing has changed then. */
static void p5_change_is_made_when_it_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    struct store *inner = fixture->store;
    fixture->store = fault_store_new(inner);
    for (unsigned later = 0; later < 2; later++) {
        struct fault_plan plan = {2, 2, .begins_later = later};
        fault_store_plan(fixture->store, &plan);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            const char *before = look(fixture, inner);
            enum store_rc rc = STORE_AGAIN;
            unsigned again = 0;
            for (; (rc = steps[i].run(fixture->store, &fixture->arena)) == STORE_AGAIN; again++)
                assert_string_equal(look(fixture, inner), before);
            assert_ok(rc);
            bool is_change = steps[i].run != step_list && steps[i].run != step_read;
            assert_int_equal(again, is_change ? 4 : 0); /* to begin, and the call itself */
        }
        assert_string_equal(look(fixture, inner), "/ {}\ne/ {}\ne/f \"12345678\" {p=1 q=2 }\n");
        fault_store_plan(fixture->store, &(struct fault_plan){0});
        assert_ok(remove_all(fixture, PATH("e")));
    }
}

static void p5_change_that_has_not_begun_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct waiter waiter;
    waiter_init(&waiter);
    fixture->store = fault_store_new(fixture->store);
    for (unsigned later = 0; later < 2; later++) {
        fault_store_plan(fixture->store, &(struct fault_plan){.begins_later = later});
        change_add(&waiter.change, PATH("f"), CLAIM_SELF, true);
        fault_store_arm(fixture->store, 1, STORE_UNAVAILABLE);
        assert_rc(waiter_begin(&waiter, fixture->store), STORE_UNAVAILABLE);
        assert_false(waiter.change.is_begun);
        waiter_end(&waiter);
        assert_ok(put(fixture, PATH("f"), STR("x"))); /* nobody is in the way */
    }
    waiter_done(&waiter);
}

static void quick_questions_reach_the_inner_store(void **state)
{
    struct fixture *fixture = *state;
    fixture->store = fault_store_new(fixture->store);
    struct store *store = fixture->store;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    fault_store_arm(store, 1, STORE_FAILED);
    assert_true(store_may_have_props(store, PATH("f")));
    assert_true(store_has_locks(store));
    assert_int_equal(fault_store_count(store), 0);
    assert_rc(stat_rc(fixture, PATH("f")), STORE_FAILED);
    assert_ok(stat_rc(fixture, PATH("f")));
}

int fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(every_operation_is_counted),
        CONTRACT_TEST(each_failure_leaves_what_was_before),
        CONTRACT_TEST(work_goes_on_after_a_failure),
        CONTRACT_TEST(p5_change_is_made_when_it_is_tried_again),
        CONTRACT_TEST(p5_change_that_has_not_begun_leaves_nothing),
        CONTRACT_TEST(quick_questions_reach_the_inner_store),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
