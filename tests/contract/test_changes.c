/* Promise 5: changes. The cases are those of store/claim.h; the suite asks each backend for them,
 * since a backend may keep claims elsewhere than in memory. */
#include "support.h"

#include <pthread.h>
#include <sched.h>

#include "base/mem.h"
#include "support/inbox.h"

/* --- holders --- */

enum { HOLDERS_MAX = 8 };

struct holder {
    struct store_change change;
};

static void note_begun(struct store_change *change)
{
    assert_true(change->is_begun);
}

struct scene {
    struct fixture *fixture;
    struct inbox inbox;
    struct holder holders[HOLDERS_MAX];
    size_t count;
};

static void scene_init(struct scene *scene, struct fixture *fixture)
{
    *scene = (struct scene){.fixture = fixture};
    inbox_init(&scene->inbox);
}

/* "r" and "w" are about the path alone, "R" and "W" about the tree. */
static void add_range(struct holder *holder, char kind, const char *path)
{
    bool is_tree = kind == 'R' || kind == 'W';
    change_add(&holder->change, path_of(path), is_tree ? CLAIM_TREE : CLAIM_SELF,
               kind == 'w' || kind == 'W');
}

static struct holder *new_holder(struct scene *scene)
{
    assert_true(scene->count < HOLDERS_MAX);
    struct holder *holder = &scene->holders[scene->count++];
    holder->change.executor = &scene->inbox.base;
    holder->change.begun = note_begun;
    return holder;
}

static struct holder *begin(struct scene *scene, char kind, const char *path)
{
    struct holder *holder = new_holder(scene);
    add_range(holder, kind, path);
    (void)!store_begin(scene->fixture->store, &holder->change); /* is_begun tells */
    return holder;
}

/* Ends it, and lets those know who begin by it. */
static void end(struct scene *scene, struct holder *holder)
{
    assert_true(holder->change.is_begun);
    store_end(&holder->change);
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

static void p5_changes_conflict_when_one_covers_the_other_and_either_writes(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
        for (int turned = 0; turned < 2; turned++) {
            struct scene scene;
            scene_init(&scene, *state);
            char kind = turned ? matrix[i].other_kind : matrix[i].kind;
            char other_kind = turned ? matrix[i].kind : matrix[i].other_kind;
            struct holder *first =
                begin(&scene, kind, turned ? matrix[i].other_path : matrix[i].path);
            struct holder *second =
                begin(&scene, other_kind, turned ? matrix[i].path : matrix[i].other_path);
            assert_true(first->change.is_begun);
            assert_int_equal(second->change.is_begun, !matrix[i].conflict);
            end(&scene, first);
            assert_true(second->change.is_begun); /* none waits for ever */
            end(&scene, second);
            inbox_done(&scene.inbox);
        }
    }
}

static void p5_all_ranges_of_a_change_begin_together(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *first = begin(&scene, 'w', "b");
    struct holder *both = new_holder(&scene);
    add_range(both, 'R', "a");
    add_range(both, 'W', "b");
    assert_false(store_begin(scene.fixture->store, &both->change));
    struct holder *reader = begin(&scene, 'r', "c");
    struct holder *writer = begin(&scene, 'w', "a/x");
    assert_true(reader->change.is_begun);
    assert_false(writer->change.is_begun); /* behind the one that waits */
    end(&scene, first);
    assert_true(both->change.is_begun);
    assert_false(writer->change.is_begun);
    end(&scene, both);
    assert_true(writer->change.is_begun);
    end(&scene, writer);
    end(&scene, reader);
    inbox_done(&scene.inbox);
}

static void p5_conflicting_changes_begin_in_order(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *first = begin(&scene, 'w', "a");
    struct holder *second = begin(&scene, 'W', "a");
    struct holder *third = begin(&scene, 'w', "a");
    struct holder *apart = begin(&scene, 'W', "b");
    assert_true(apart->change.is_begun); /* conflicts with nothing before it */
    assert_true(!second->change.is_begun && !third->change.is_begun);
    end(&scene, first);
    assert_true(second->change.is_begun && !third->change.is_begun);
    end(&scene, second);
    assert_true(third->change.is_begun);
    end(&scene, third);
    end(&scene, apart);
    inbox_done(&scene.inbox);
}

static void p5_readers_share_and_a_writer_waits_for_all(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *one = begin(&scene, 'R', "a");
    struct holder *two = begin(&scene, 'r', "a/b");
    struct holder *writer = begin(&scene, 'W', "a");
    struct holder *late = begin(&scene, 'r', "a/b");
    assert_true(one->change.is_begun && two->change.is_begun && !writer->change.is_begun);
    assert_false(late->change.is_begun); /* or readers could keep the writer out for ever */
    end(&scene, one);
    assert_false(writer->change.is_begun);
    end(&scene, two);
    assert_true(writer->change.is_begun && !late->change.is_begun);
    end(&scene, writer);
    assert_true(late->change.is_begun);
    end(&scene, late);
    inbox_done(&scene.inbox);
}

static void p5_a_tree_is_not_starved_by_changes_inside_it(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *inside = begin(&scene, 'w', "a/1");
    struct holder *tree = begin(&scene, 'W', "a");
    struct holder *more = begin(&scene, 'w', "a/2");
    assert_true(inside->change.is_begun && !tree->change.is_begun && !more->change.is_begun);
    end(&scene, inside);
    assert_true(tree->change.is_begun && !more->change.is_begun);
    end(&scene, tree);
    assert_true(more->change.is_begun);
    end(&scene, more);
    inbox_done(&scene.inbox);
}

static void p5_one_end_lets_several_go_on(void **state)
{
    struct scene scene;
    scene_init(&scene, *state);
    struct holder *tree = begin(&scene, 'W', "");
    struct holder *readers[3];
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        readers[i] = begin(&scene, 'r', "a");
    struct holder *apart = begin(&scene, 'w', "b");
    end(&scene, tree);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        assert_true(readers[i]->change.is_begun);
    assert_true(apart->change.is_begun);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++)
        end(&scene, readers[i]);
    end(&scene, apart);
    inbox_done(&scene.inbox);
}

/* --- from several threads --- */

enum { THREADS = 8, ROUNDS = 400, PLACES = 4 };

/* Counts who is where; each thread checks that it is there as it said. */
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
    struct waiter waiter;
};

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
    change_add(&self->waiter.change, is_whole ? PATH_ROOT : path_of(places[place]), CLAIM_TREE,
               is_write);
    assert(waiter_begin(&self->waiter, self->crowd->store) == STORE_OK);
    enter(self, place, is_whole, is_write);
    (void)!sched_yield(); /* gives others the occasion to be where they must not */
    leave(self, place, is_whole, is_write);
    waiter_end(&self->waiter);
}

static void *visit_often(void *arg)
{
    struct visitor_thread *self = arg;
    for (int i = 0; i < ROUNDS; i++)
        visit(self);
    return NULL;
}

static void p5_no_conflicting_changes_are_made_by_many_threads(void **state)
{
    struct fixture *fixture = *state;
    struct crowd crowd = {.store = fixture->store};
    struct visitor_thread threads[THREADS] = {0};
    pthread_mutex_init(&crowd.mutex, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        threads[i].crowd = &crowd;
        threads[i].random = i;
        waiter_init(&threads[i].waiter);
        assert_int_equal(pthread_create(&threads[i].thread, NULL, visit_often, &threads[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i].thread, NULL), 0);
        waiter_done(&threads[i].waiter);
    }
    assert_int_equal(crowd.violations, 0);
    pthread_mutex_destroy(&crowd.mutex);
}

int change_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p5_changes_conflict_when_one_covers_the_other_and_either_writes),
        CONTRACT_TEST(p5_all_ranges_of_a_change_begin_together),
        CONTRACT_TEST(p5_conflicting_changes_begin_in_order),
        CONTRACT_TEST(p5_readers_share_and_a_writer_waits_for_all),
        CONTRACT_TEST(p5_a_tree_is_not_starved_by_changes_inside_it),
        CONTRACT_TEST(p5_one_end_lets_several_go_on),
        CONTRACT_TEST(p5_no_conflicting_changes_are_made_by_many_threads),
    };
    return cmocka_run_group_tests_name("changes", tests, NULL, NULL);
}
