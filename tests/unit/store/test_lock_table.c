#include "store/lock_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"

enum { NOW_MS = 5000000 };

struct fixture {
    struct lock_table *table;
    struct arena arena;
};

static int open_table(void **state)
{
    struct fixture *fixture = MEM_NEW(struct fixture);
    clock_freeze(NOW_MS);
    fixture->table = lock_table_new();
    *state = fixture;
    return 0;
}

static int close_table(void **state)
{
    struct fixture *fixture = *state;
    lock_table_free(fixture->table);
    arena_done(&fixture->arena);
    mem_free(fixture);
    clock_freeze(-1);
    return 0;
}

#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)

static struct str text(const char *c)
{
    return str_of_c(c);
}

static struct res_path path(const char *c)
{
    return (struct res_path){c, strlen(c)};
}

static void put_for(struct fixture *fixture, const char *root, const char *token, int64_t ms)
{
    struct lock lock = {.token = text(token),
                        .root = path(root),
                        .is_infinite = true,
                        .expires_ms = clock_boot_ms() + ms};
    lock_table_put(fixture->table, &lock);
}

static void put(struct fixture *fixture, const char *root, const char *token)
{
    put_for(fixture, root, token, 1000);
}

/* The tokens, each with a space behind. */
static const char *query(struct fixture *fixture, const char *at, enum lock_query which)
{
    struct lock_list locks;
    struct buf tokens = {0};
    lock_table_query(fixture->table, &fixture->arena, path(at), which, &locks);
    for (size_t i = 0; i < locks.count; i++)
        buf_addf(&tokens, "%.*s ", STR_ARGS(locks.items[i].token));
    const char *copy = arena_text(&fixture->arena, buf_str(&tokens));
    buf_done(&tokens);
    return copy;
}

#define assert_covering(at, tokens)                                                                \
    assert_string_equal(query(fixture, (at), LOCKS_COVERING), (tokens))
#define assert_within(at, tokens) assert_string_equal(query(fixture, (at), LOCKS_WITHIN), (tokens))

/* --- tests --- */

static void empty_table_has_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(lock_table_count(fixture->table), 0);
    assert_covering("a/b", "");
    assert_within("", "");
    assert_false(lock_table_has_within(fixture->table, PATH_ROOT));
    assert_false(lock_table_has(fixture->table, text("t")));
    assert_false(lock_table_remove(fixture->table, text("t")));
    assert_int_equal(lock_table_expire(fixture->table, INT64_MAX), 0);
}

static void query_looks_up_and_down(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    put(fixture, "a/b/c", "2");
    put(fixture, "a/b", "3");
    put(fixture, "ab", "4");
    assert_covering("a/b/c/d", "1 3 2 "); /* by root, then by token */
    assert_covering("a/b", "1 3 ");
    assert_covering("", "");
    assert_within("", "1 3 2 4 ");
    assert_within("a", "1 3 2 ");
    assert_within("a/b/c", "2 ");
    assert_within("a/b/c/d", "");
    assert_within("x", "");
}

static void depth_zero_covers_its_root_only(void **state)
{
    struct fixture *fixture = *state;
    struct lock lock = {.token = STR("t"), .root = PATH("a"), .expires_ms = INT64_MAX};
    lock_table_put(fixture->table, &lock);
    assert_covering("a", "t ");
    assert_covering("a/b", "");
    assert_within("", "t ");
}

static void several_locks_share_a_root(void **state)
{
    struct fixture *fixture = *state;
    char token[8];
    for (int i = 9; i >= 0; i--) {
        (void)snprintf(token, sizeof(token), "%d", i);
        put(fixture, "a", token);
    }
    assert_covering("a", "0 1 2 3 4 5 6 7 8 9 ");
    assert_true(lock_table_remove(fixture->table, text("5")));
    assert_covering("a", "0 1 2 3 4 6 7 8 9 ");
}

static void put_replaces_by_token(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "t");
    put(fixture, "b/c", "t");
    assert_int_equal(lock_table_count(fixture->table), 1);
    assert_within("a", "");
    assert_within("b", "t ");
    assert_false(lock_table_has_within(fixture->table, PATH("a")));
}

static void put_copies(void **state)
{
    struct fixture *fixture = *state;
    char token[] = "t";
    char root[] = "a";
    char owner[] = "o";
    char principal[] = "p";
    struct lock lock = {.token = text(token),
                        .root = path(root),
                        .owner_xml = text(owner),
                        .principal = text(principal),
                        .expires_ms = INT64_MAX};
    struct lock_list found;
    lock_table_put(fixture->table, &lock);
    token[0] = root[0] = owner[0] = principal[0] = 'X';
    lock_table_query(fixture->table, &fixture->arena, PATH("a"), LOCKS_WITHIN, &found);
    assert_int_equal(found.count, 1);
    assert_true(lock_table_remove(fixture->table, text("t"))); /* what was found is a copy too */
    assert_true(str_eq(found.items[0].token, text("t")));
    assert_true(path_eq(found.items[0].root, PATH("a")));
    assert_true(str_eq(found.items[0].owner_xml, text("o")));
    assert_true(str_eq(found.items[0].principal, text("p")));
}

static void remove_tree_leaves_what_is_beside(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    put(fixture, "a/b", "2");
    put(fixture, "a/b/c", "3");
    put(fixture, "a0", "4");
    put(fixture, "a-", "5");
    lock_table_remove_tree(fixture->table, PATH("a/b"));
    assert_within("", "1 5 4 ");
    assert_true(lock_table_has_within(fixture->table, PATH("a")));
    assert_false(lock_table_has_within(fixture->table, PATH("a/b")));
    lock_table_remove_tree(fixture->table, PATH_ROOT);
    assert_int_equal(lock_table_count(fixture->table), 0);
    assert_false(lock_table_has_within(fixture->table, PATH_ROOT));
}

static void remove_below_leaves_what_is_at_the_path(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    put(fixture, "a/b", "2");
    put(fixture, "a/b/c", "3");
    put(fixture, "a0", "4");
    assert_true(lock_table_has_below(fixture->table, PATH("a")));
    lock_table_remove_below(fixture->table, PATH("a"));
    assert_within("", "1 4 ");
    assert_false(lock_table_has_below(fixture->table, PATH("a")));
    assert_true(lock_table_has_within(fixture->table, PATH("a")));
    lock_table_remove_below(fixture->table, PATH("b"));
    assert_false(lock_table_has_below(fixture->table, PATH("b")));
    assert_within("", "1 4 ");
}

static void expired_locks_are_absent_before_they_are_dropped(void **state)
{
    struct fixture *fixture = *state;
    put_for(fixture, "a", "short", 10);
    put_for(fixture, "a", "long", 20);
    clock_freeze(NOW_MS + 10);
    assert_covering("a", "long ");
    assert_within("", "long ");
    assert_int_equal(lock_table_count(fixture->table), 2);
    assert_true(lock_table_has(fixture->table, text("short")));
    assert_int_equal(lock_table_expire(fixture->table, clock_wall_ms()), 1);
    assert_int_equal(lock_table_count(fixture->table), 1);
    assert_false(lock_table_has(fixture->table, text("short")));
}

static void removing_an_expired_lock_removes_nothing(void **state)
{
    struct fixture *fixture = *state;
    put_for(fixture, "a", "t", 10);
    clock_freeze(NOW_MS + 10);
    assert_false(lock_table_remove(fixture->table, text("t")));
    assert_int_equal(lock_table_count(fixture->table), 0);
}

/* Against a plain list, with few paths, so that roots and ancestors come and go. */
static void table_agrees_with_a_list(void **state)
{
    enum { TOKENS = 10, STEPS = 3000 };
    static const char *const roots[] = {"", "a", "a/b", "a/b/c", "ab", "b", "b/a"};
    struct fixture *fixture = *state;
    const char *held[TOKENS] = {0}; /* the root under which each token is locked */
    unsigned random = 1;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1103515245 + 12345;
        size_t token_number = random / 65536 % TOKENS;
        const char *root = roots[random / 1048576 % ARRAY_LEN(roots)];
        char token[8];
        (void)snprintf(token, sizeof(token), "%zu", token_number);
        if (random / 256 % 3) {
            put(fixture, root, token);
            held[token_number] = root;
        } else {
            assert_int_equal(lock_table_remove(fixture->table, text(token)),
                             held[token_number] != NULL);
            held[token_number] = NULL;
        }
        for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
            bool has_within = false;
            for (size_t k = 0; k < TOKENS; k++)
                has_within |= held[k] && path_is_within(path(held[k]), path(roots[i]));
            assert_int_equal(lock_table_has_within(fixture->table, path(roots[i])), has_within);
        }
    }
}

/* --- from several threads --- */

enum { THREADS = 4, ROUNDS = 200 };

static void *lock_and_unlock(void *arg)
{
    struct lock_table *table = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct lock_list found;
        char token[32];
        (void)snprintf(token, sizeof(token), "%p-%d", (void *)&arena, i); /* each thread its own */
        struct lock lock = {.token = text(token), .root = PATH("a/b"), .expires_ms = INT64_MAX};
        lock_table_put(table, &lock);
        lock_table_query(table, &arena, PATH("a"), LOCKS_WITHIN, &found);
        assert(found.count >= 1 && found.count <= THREADS);
        bool was_there = lock_table_remove(table, lock.token);
        assert(was_there);
        arena_done(&arena);
    }
    return NULL;
}

static void threads_do_not_disturb_one_another(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, lock_and_unlock, fixture->table), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(lock_table_count(fixture->table), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(empty_table_has_nothing),
        TABLE_TEST(query_looks_up_and_down),
        TABLE_TEST(depth_zero_covers_its_root_only),
        TABLE_TEST(several_locks_share_a_root),
        TABLE_TEST(put_replaces_by_token),
        TABLE_TEST(put_copies),
        TABLE_TEST(remove_tree_leaves_what_is_beside),
        TABLE_TEST(remove_below_leaves_what_is_at_the_path),
        TABLE_TEST(expired_locks_are_absent_before_they_are_dropped),
        TABLE_TEST(removing_an_expired_lock_removes_nothing),
        TABLE_TEST(table_agrees_with_a_list),
        TABLE_TEST(threads_do_not_disturb_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
