/* What tests/contract/test_claims.c shows with a few cases for every backend is compared here, for
 * the claims that live in memory, with a model that decides by looking at all pairs. */
#include "store/claim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/inbox.h"

enum { CLAIMS_MAX = 12, RANGES_MAX = 3 };

struct candidate {
    struct claim claim;
    struct claim_range ranges[RANGES_MAX];
    bool is_waiting;
    bool is_held;
    unsigned order; /* of asking */
};

struct scene {
    struct claims *claims;
    struct inbox inbox;
    struct candidate candidates[CLAIMS_MAX];
    unsigned asked;
};

static int open_scene(void **state)
{
    struct scene *scene = MEM_NEW(struct scene);
    scene->claims = claims_new();
    inbox_init(&scene->inbox);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    claims_free(scene->claims); /* asserts that no claim is left */
    inbox_done(&scene->inbox);
    mem_free(scene);
    return 0;
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

static void granted(struct claim *claim)
{
    struct candidate *candidate = CONTAINER_OF(claim, struct candidate, claim);
    assert(candidate->is_waiting && claim->is_held);
    candidate->is_waiting = false;
    candidate->is_held = true;
}

static void add(struct candidate *candidate, struct res_path path, enum claim_reach reach,
                bool is_write)
{
    struct claim *claim = &candidate->claim;
    assert_true(claim->range_count < RANGES_MAX);
    candidate->ranges[claim->range_count++] = (struct claim_range){path, reach, is_write};
    claim->ranges = candidate->ranges;
}

static void ask(struct scene *scene, struct candidate *candidate)
{
    candidate->claim.executor = &scene->inbox.base;
    candidate->claim.granted = granted;
    candidate->order = ++scene->asked;
    candidate->is_held = claims_take(scene->claims, &candidate->claim);
    candidate->is_waiting = !candidate->is_held;
}

static void give_back(struct scene *scene, struct candidate *candidate)
{
    claims_release(scene->claims, &candidate->claim);
    candidate->is_held = false;
    candidate->claim.range_count = 0;
    (void)inbox_run_all(&scene->inbox); /* granted() notes what happened */
}

/* --- the model --- */

static bool covers(const struct claim_range *range, struct res_path path)
{
    return range->reach == CLAIM_TREE ? path_is_within(path, range->path)
                                      : path_eq(path, range->path);
}

static bool ranges_conflict(const struct claim_range *a, const struct claim_range *b)
{
    return (a->is_write || b->is_write) && (covers(a, b->path) || covers(b, a->path));
}

static bool claims_conflict(const struct claim *a, const struct claim *b)
{
    for (size_t i = 0; i < a->range_count; i++) {
        for (size_t k = 0; k < b->range_count; k++) {
            if (ranges_conflict(&a->ranges[i], &b->ranges[k]))
                return true;
        }
    }
    return false;
}

/* Promise 5: no two that are held conflict; one that waits conflicts with one that is held, or that
 * waits since before it. */
static void check(struct scene *scene)
{
    for (size_t i = 0; i < CLAIMS_MAX; i++) {
        const struct candidate *one = &scene->candidates[i];
        bool has_reason = false;
        for (size_t k = 0; k < CLAIMS_MAX; k++) {
            const struct candidate *other = &scene->candidates[k];
            if (one == other || !claims_conflict(&one->claim, &other->claim))
                continue;
            assert_false(one->is_held && other->is_held);
            has_reason =
                has_reason || other->is_held || (other->is_waiting && other->order < one->order);
        }
        assert_true(!one->is_waiting || has_reason);
    }
}

static void fill(struct candidate *candidate, uint64_t random)
{
    static const struct res_path paths[] = {
        {"", 0}, {"a", 1}, {"a/b", 3}, {"a/b/c", 5}, {"a/c", 3}, {"ab", 2}, {"b", 1}, {"b/x", 3},
    };
    size_t count = 1 + random % 3;
    for (size_t i = 0; i < count; i++) {
        random /= 3;
        add(candidate, paths[random % ARRAY_LEN(paths)], random / 8 % 2 ? CLAIM_TREE : CLAIM_SELF,
            random / 16 % 2);
        random /= 32;
    }
}

static void random_claims_keep_the_rules(void **state)
{
    enum { STEPS = 20000 };
    struct scene *scene = *state;
    uint64_t random = 1;
    for (int step = 0; step < STEPS; step++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        struct candidate *candidate = &scene->candidates[(random >> 60) % CLAIMS_MAX];
        if (candidate->is_held) {
            give_back(scene, candidate);
        } else if (!candidate->is_waiting) {
            fill(candidate, random >> 20);
            ask(scene, candidate);
        }
        check(scene);
    }
    for (size_t left = CLAIMS_MAX; left--;) { /* whoever is held lets others go on: none is stuck */
        for (size_t i = 0; i < CLAIMS_MAX; i++) {
            if (scene->candidates[i].is_held)
                give_back(scene, &scene->candidates[i]);
        }
    }
    for (size_t i = 0; i < CLAIMS_MAX; i++)
        assert_false(scene->candidates[i].is_held || scene->candidates[i].is_waiting);
}

/* --- single cases --- */

static void claim_may_name_one_resource_twice(void **state)
{
    struct scene *scene = *state;
    struct candidate *both = &scene->candidates[0];
    struct candidate *reader = &scene->candidates[1];
    add(both, PATH("a"), CLAIM_SELF, true);
    add(both, PATH("a"), CLAIM_TREE, true);
    add(both, PATH("a/b"), CLAIM_SELF, false);
    add(reader, PATH("a/b/c"), CLAIM_SELF, false);
    ask(scene, both);
    ask(scene, reader);
    assert_true(both->is_held && !reader->is_held);
    give_back(scene, both);
    assert_true(reader->is_held);
    give_back(scene, reader);
}

static void claim_without_ranges_is_held_at_once(void **state)
{
    struct scene *scene = *state;
    add(&scene->candidates[0], PATH_ROOT, CLAIM_TREE, true);
    ask(scene, &scene->candidates[0]);
    ask(scene, &scene->candidates[1]);
    assert_true(scene->candidates[1].is_held);
    give_back(scene, &scene->candidates[1]);
    give_back(scene, &scene->candidates[0]);
}

static void granted_is_called_by_the_executor_and_not_before(void **state)
{
    struct scene *scene = *state;
    struct candidate *first = &scene->candidates[0];
    struct candidate *second = &scene->candidates[1];
    add(first, PATH("a"), CLAIM_SELF, true);
    add(second, PATH("a"), CLAIM_SELF, true);
    ask(scene, first);
    ask(scene, second);
    assert_int_equal(inbox_run_all(&scene->inbox), 0);
    claims_release(scene->claims, &first->claim);
    assert_true(second->is_waiting); /* nobody has told it yet */
    assert_int_equal(inbox_run_all(&scene->inbox), 1);
    assert_true(second->is_held);
    give_back(scene, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(random_claims_keep_the_rules),
        SCENE_TEST(claim_may_name_one_resource_twice),
        SCENE_TEST(claim_without_ranges_is_held_at_once),
        SCENE_TEST(granted_is_called_by_the_executor_and_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
