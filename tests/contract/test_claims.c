/* Promise 5: claims. The cases are those of store/claim.h; the suite asks each backend for them,
 * since a backend may keep claims elsewhere than in memory. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

#include "base/mem.h"
#include "support/inbox.h"

/* --- holders --- */

enum { HOLDERS_MAX = 8 };

struct holder {
    struct claim claim;
    bool is_granted;
};

static void note_granted(struct claim *claim)
{
    CONTAINER_OF(claim, struct holder, claim)->is_granted = true;
}

struct scene {
    struct bench *bench;
    struct inbox inbox;
    struct holder holders[HOLDERS_MAX];
    size_t count;
};

static void scene_init(struct scene *scene, struct bench *bench)
{
    *scene = (struct scene){.bench = bench};
    inbox_init(&scene->inbox);
}

/* "r" and "w" claim the path alone, "R" and "W" the tree. */
static void add_range(struct claim *claim, char kind, const char *path)
{
    bool is_tree = kind == 'R' || kind == 'W';
    claim_add(claim, path_of(path), is_tree ? CLAIM_TREE : CLAIM_SELF, kind == 'w' || kind == 'W');
}

static struct holder *new_holder(struct scene *scene)
{
    assert_true(scene->count < HOLDERS_MAX);
    struct holder *holder = &scene->holders[scene->count++];
    holder->claim.executor = &scene->inbox.base;
    holder->claim.granted = note_granted;
    return holder;
}

static bool take(struct scene *scene, struct holder *holder)
{
    struct store *store = scene->bench->store;
    return holder->is_granted = store_claim(store, &holder->claim);
}

static struct holder *claim(struct scene *scene, char kind, const char *path)
{
    struct holder *holder = new_holder(scene);
    add_range(&holder->claim, kind, path);
    (void)!take(scene, holder); /* is_granted tells */
    return holder;
}

/* Releases, and lets those know who are granted by it. */
static void release(struct scene *scene, struct holder *holder)
{
    struct store *store = scene->bench->store;
    assert_true(holder->is_granted);
    store_release(store, &holder->claim);
    holder->is_granted = false;
    inbox_run_all(&scene->inbox);
}

static const struct {
    char kind;
    const char *path;
    char other_kind;
    const char *other_path;
    bool conflict;
} matrix[] = {
    /* the same path */
    {'r', "a", 'r', "a", false},
    {'r', "a", 'w', "a", true},
    {'w', "a", 'w', "a", true},
    {'R', "a", 'R', "a", false},
    {'R', "a", 'W', "a", true},
    {'W', "a", 'W', "a", true},
    {'r', "a", 'R', "a", false},
    {'w', "a", 'R', "a", true},
    {'r', "a", 'W', "a", true},
    /* a tree and what is below */
    {'R', "a", 'r', "a/b", false},
    {'R', "a", 'w', "a/b", true},
    {'W', "a", 'r', "a/b", true},
    {'W', "a", 'w', "a/b/c/d", true},
    {'W', "a", 'R', "a/b", true},
    {'R', "a", 'R', "a/b", false},
    {'R', "a", 'W', "a/b", true},
    /* a resource alone says nothing of what is below */
    {'w', "a", 'w', "a/b", false},
    {'w', "a", 'W', "a/b", false},
    {'r', "a", 'W', "a/b", false},
    /* beside one another, also where the names begin alike */
    {'W', "a", 'W', "b", false},
    {'W', "a", 'W', "ab", false},
    {'W', "a/b", 'W', "a/c", false},
    {'W', "a/b", 'w', "a", false},
    /* the root */
    {'W', "", 'r', "a/b", true},
    {'R', "", 'w', "a/b", true},
    {'R', "", 'R', "", false},
    {'w', "", 'W', "a", false},
    {'W', "", 'W', "", true},
};

static void p5_claims_conflict_when_one_covers_the_other_and_either_writes(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
        for (int turned = 0; turned < 2; turned++) {
            struct scene scene;
            scene_init(&scene, *state);
            char kind = turned ? matrix[i].other_kind : matrix[i].kind;
            char other_kind = turned ? matrix[i].kind : matrix[i].other_kind;
            struct holder *first =
                claim(&scene, kind, turned ? matrix[i].other_path : matrix[i].path);
            struct holder *second =
                claim(&scene, other_kind, turned ? matrix[i].path : matrix[i].other_path);
            assert_true(first->is_granted);
            assert_int_equal(second->is_granted, !matrix[i].conflict);
            release(&scene, first);
            assert_true(second->is_granted); /* none waits for ever */
            release(&scene, second);
            inbox_done(&scene.inbox);
        }
    }
}

static void p5_all_ranges_of_a_claim_are_granted_together(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *first = claim(&scene, 'w', "b");
    struct holder *both = new_holder(&scene);
    add_range(&both->claim, 'R', "a");
    add_range(&both->claim, 'W', "b");
    assert_false(take(&scene, both));
    struct holder *reader = claim(&scene, 'r', "c");
    struct holder *writer = claim(&scene, 'w', "a/x");
    assert_true(reader->is_granted);
    assert_false(writer->is_granted); /* behind the one that waits */
    release(&scene, first);
    assert_true(both->is_granted);
    assert_false(writer->is_granted);
    release(&scene, both);
    assert_true(writer->is_granted);
    release(&scene, writer);
    release(&scene, reader);
    inbox_done(&scene.inbox);
}

static void p5_conflicting_claims_are_granted_in_order(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *first = claim(&scene, 'w', "a");
    struct holder *second = claim(&scene, 'W', "a");
    struct holder *third = claim(&scene, 'w', "a");
    struct holder *apart = claim(&scene, 'W', "b");
    assert_true(apart->is_granted); /* conflicts with nothing before it */
    assert_true(!second->is_granted && !third->is_granted);
    release(&scene, first);
    assert_true(second->is_granted && !third->is_granted);
    release(&scene, second);
    assert_true(third->is_granted);
    release(&scene, third);
    release(&scene, apart);
    inbox_done(&scene.inbox);
}

static void p5_readers_share_and_a_writer_waits_for_all(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *one = claim(&scene, 'R', "a");
    struct holder *two = claim(&scene, 'r', "a/b");
    struct holder *writer = claim(&scene, 'W', "a");
    struct holder *late = claim(&scene, 'r', "a/b");
    assert_true(one->is_granted && two->is_granted && !writer->is_granted);
    assert_false(late->is_granted); /* or readers could keep the writer out for ever */
    release(&scene, one);
    assert_false(writer->is_granted);
    release(&scene, two);
    assert_true(writer->is_granted && !late->is_granted);
    release(&scene, writer);
    assert_true(late->is_granted);
    release(&scene, late);
    inbox_done(&scene.inbox);
}

static void p5_a_tree_is_not_starved_by_changes_inside_it(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *inside = claim(&scene, 'w', "a/1");
    struct holder *tree = claim(&scene, 'W', "a");
    struct holder *more = claim(&scene, 'w', "a/2");
    assert_true(inside->is_granted && !tree->is_granted && !more->is_granted);
    release(&scene, inside);
    assert_true(tree->is_granted && !more->is_granted);
    release(&scene, tree);
    assert_true(more->is_granted);
    release(&scene, more);
    inbox_done(&scene.inbox);
}

static void p5_one_release_lets_several_go_on(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *tree = claim(&scene, 'W', "");
    struct holder *readers[3];
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        readers[i] = claim(&scene, 'r', "a");
    struct holder *apart = claim(&scene, 'w', "b");
    release(&scene, tree);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        assert_true(readers[i]->is_granted);
    assert_true(apart->is_granted);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        release(&scene, readers[i]);
    release(&scene, apart);
    inbox_done(&scene.inbox);
}

/* --- from several threads --- */

enum { THREADS = 8, ROUNDS = 400, PLACES = 4 };

/* Counts who is where; each thread checks that it is there as it claimed to be. */
struct crowd {
    struct store *store;
    pthread_mutex_t mutex;
    unsigned readers[PLACES];
    unsigned writers[PLACES];
    unsigned violations;
};

struct visitor_thread {
    struct crowd *crowd;
    pthread_t thread;
    uint64_t random;
    struct inbox inbox;
    struct claim claim;
    bool is_granted;
};

static void note_thread_granted(struct claim *claim)
{
    CONTAINER_OF(claim, struct visitor_thread, claim)->is_granted = true;
}

static unsigned pick(struct visitor_thread *self, unsigned count)
{
    self->random = self->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(self->random >> 33) % count;
}

/* A place is a range of paths that no other place shares; "whole" is all of them. */
static void enter(struct visitor_thread *self, unsigned place, bool is_whole, bool is_write)
{
    struct crowd *crowd = self->crowd;
    pthread_mutex_lock(&crowd->mutex);
    for (unsigned i = 0; i < PLACES; i++) {
        if (!is_whole && i != place)
            continue;
        if (crowd->writers[i] || (is_write && crowd->readers[i]))
            crowd->violations++;
        *(is_write ? &crowd->writers[i] : &crowd->readers[i]) += 1;
    }
    pthread_mutex_unlock(&crowd->mutex);
}

static void leave(struct visitor_thread *self, unsigned place, bool is_whole, bool is_write)
{
    struct crowd *crowd = self->crowd;
    pthread_mutex_lock(&crowd->mutex);
    for (unsigned i = 0; i < PLACES; i++) {
        if (is_whole || i == place)
            *(is_write ? &crowd->writers[i] : &crowd->readers[i]) -= 1;
    }
    pthread_mutex_unlock(&crowd->mutex);
}

static void visit(struct visitor_thread *self)
{
    static const char *const places[PLACES] = {"p", "p0/q", "p0/r", "s"};
    unsigned place = pick(self, PLACES);
    bool is_whole = pick(self, 8) == 0;
    bool is_write = pick(self, 2) == 0;
    self->claim = (struct claim){.executor = &self->inbox.base, .granted = note_thread_granted};
    self->is_granted = false;
    claim_add(&self->claim, is_whole ? PATH_ROOT : path_of(places[place]), CLAIM_TREE, is_write);
    bool is_held = store_claim(self->crowd->store, &self->claim);
    if (!is_held)
        inbox_wait(&self->inbox);
    assert(is_held || self->is_granted);
    enter(self, place, is_whole, is_write);
    (void)!sched_yield(); /* gives others the occasion to be where they must not */
    leave(self, place, is_whole, is_write);
    store_release(self->crowd->store, &self->claim);
}

static void *visit_often(void *arg)
{
    struct visitor_thread *self = arg;
    for (int i = 0; i < ROUNDS; i++)
        visit(self);
    return NULL;
}

static void p5_no_conflicting_claims_are_held_by_many_threads(void **state)
{
    struct bench *bench = *state;
    struct crowd crowd = {.store = bench->store};
    struct visitor_thread threads[THREADS] = {0};
    pthread_mutex_init(&crowd.mutex, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i].crowd = &crowd;
        threads[i].random = i;
        inbox_init(&threads[i].inbox);
        assert_int_equal(pthread_create(&threads[i].thread, NULL, visit_often, &threads[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        inbox_done(&threads[i].inbox);
    }
    assert_int_equal(crowd.violations, 0);
    pthread_mutex_destroy(&crowd.mutex);
}

int claim_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p5_claims_conflict_when_one_covers_the_other_and_either_writes),
        CONTRACT_TEST(p5_all_ranges_of_a_claim_are_granted_together),
        CONTRACT_TEST(p5_conflicting_claims_are_granted_in_order),
        CONTRACT_TEST(p5_readers_share_and_a_writer_waits_for_all),
        CONTRACT_TEST(p5_a_tree_is_not_starved_by_changes_inside_it),
        CONTRACT_TEST(p5_one_release_lets_several_go_on),
        CONTRACT_TEST(p5_no_conflicting_claims_are_held_by_many_threads),
    };
    return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
