/* Promises 1, 2, 5 and 10 with many threads at once: each works in a collection of its own, and all
 * of them on one resource, one after the other. Threads note what they find wrong; the test looks at the
 * notes when they are done. Run with -Db_sanitize=thread as well. */
#include "support.h"

#include <pthread.h>

#include "base/mem.h"

enum { THREADS = 8, ROUNDS = 25, SHARED_BYTES = 20000 };

struct worker {
    struct fixture *fixture;
    unsigned number;
    pthread_t thread;
    struct waiter waiter;
    struct arena arena;
    char wrong[200]; /* the first thing that was; empty: nothing */
};

#define EXPECT(worker, condition)                                                                  \
    do {                                                                                           \
        if (!(condition) && !(worker)->wrong[0])                                                   \
            (void)snprintf((worker)->wrong, sizeof((worker)->wrong), "line %d: %s", __LINE__,      \
                           #condition); /* may be cut off */                                       \
    } while (0)

static void run_workers(struct fixture *fixture, void *(*run)(void *))
{
    struct worker *workers = mem_new(THREADS, sizeof(*workers));
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].fixture = fixture;
        workers[i].number = i;
        waiter_init(&workers[i].waiter);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_string_equal(workers[i].wrong, "");
        waiter_done(&workers[i].waiter);
        arena_done(&workers[i].arena);
    }
    mem_free(workers);
}

/* "t3/name" */
static struct res_path own(struct worker *worker, const char *name)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "t%u%s%s", worker->number, name[0] ? "/" : "", name);
    return path_of(arena_text(&worker->arena, str_of_c(text)));
}

/* --- each for itself --- */

static enum store_rc patch_own(struct worker *worker, struct res_path path, const char *value)
{
    struct store_prop prop = {STR("ns"), STR("p"), str_of_c(value)};
    struct store_patch patch = {.props = &prop, .prop_count = 1};
    return do_patch(worker->fixture->store, path, &patch);
}

static bool reads(struct worker *worker, struct res_path path, const char *expected)
{
    struct buf content = {0};
    bool is_right = get_from(worker->fixture->store, path, &content) == STORE_OK &&
                    str_eq(buf_str(&content), str_of_c(expected));
    buf_done(&content);
    return is_right;
}

/* What a thread was told is done, it finds done. */
static void work_alone(struct worker *worker, unsigned round)
{
    struct store *store = worker->fixture->store;
    struct store_commit options = {0};
    struct store_visitor *visitor = &recorder_new(&worker->arena)->base;
    char text[32];
    char token[32];
    (void)snprintf(text, sizeof(text), "%u in %u", round, worker->number);
    (void)snprintf(token, sizeof(token), "token-%u", worker->number);
    struct lock lock = lock_of(own(worker, "c/f"), token, false);
    EXPECT(worker, do_mkcol(store, own(worker, "c")) == STORE_OK);
    EXPECT(worker, put_in(store, own(worker, "c/f"), str_of_c(text), &options) == STORE_OK);
    EXPECT(worker, patch_own(worker, own(worker, "c/f"), text) == STORE_OK);
    EXPECT(worker, do_lock(store, &lock) == STORE_OK);
    EXPECT(worker, strstr(locks_text(store, &worker->arena, own(worker, ""), LOCKS_WITHIN), token));
    EXPECT(worker,
           do_copy(store, TRANSFER(own(worker, "c"), own(worker, "d")), visitor) == STORE_OK);
    EXPECT(worker, reads(worker, own(worker, "d/f"), text));
    EXPECT(worker,
           do_move(store, TRANSFER(own(worker, "d/f"), own(worker, "g")), visitor) == STORE_OK);
    EXPECT(worker, strstr(props_text(store, &worker->arena, own(worker, "g")), text));
    EXPECT(worker, do_unlock(store, lock.token) == STORE_OK);
    EXPECT(worker, do_remove(store, own(worker, "c"), visitor) == STORE_OK);
    EXPECT(worker, do_remove(store, own(worker, "d"), visitor) == STORE_OK);
}

static void *work_often(void *arg)
{
    struct worker *worker = arg;
    struct store *store = worker->fixture->store;
    EXPECT(worker, do_mkcol(store, own(worker, "")) == STORE_OK);
    for (unsigned round = 0; round < ROUNDS; round++) {
        work_alone(worker, round);
        arena_reset(&worker->arena);
    }
    return NULL;
}

static void p10_threads_find_done_what_they_were_told_is_done(void **state)
{
    struct fixture *fixture = *state;
    struct buf expected = {0};
    run_workers(fixture, work_often);
    if (backend->is_directory)
        fixture_reopen(fixture);
    BUF_ADD(&expected, "/ {}\n");
    for (unsigned i = 0; i < THREADS; i++)
        buf_addf(&expected, "t%u/ {}\nt%u/g \"%u in %u\" {p=%u in %u }\n", i, i, ROUNDS - 1, i,
                 ROUNDS - 1, i);
    assert_string_equal(dump(fixture), buf_c(&expected));
    buf_done(&expected);
}

/* --- all on one --- */

/* Every content is one letter, many times; the property is the same letter once. */
static void check_shared(struct worker *worker)
{
    struct store *store = worker->fixture->store;
    struct buf content = {0};
    EXPECT(worker, get_from(store, PATH("shared"), &content) == STORE_OK);
    EXPECT(worker, content.len == SHARED_BYTES);
    for (size_t i = 1; i < content.len; i++)
        EXPECT(worker, content.at[i] == content.at[0]);
    buf_done(&content);
}

static void change_shared(struct worker *worker, struct store_change *change)
{
    struct store_commit options = {0};
    struct store_upload *upload;
    struct store_stat stat;
    char value[2] = {(char)('a' + worker->number), '\0'};
    struct store_prop prop = {STR("ns"), STR("p"), str_of_c(value)};
    struct store_patch patch = {.props = &prop, .prop_count = 1};
    char *bytes = arena_alloc(&worker->arena, SHARED_BYTES);
    memset(bytes, value[0], SHARED_BYTES);
    EXPECT(worker, store_upload(change->store, PATH("shared"), SHARED_BYTES, &upload) == STORE_OK);
    EXPECT(worker, store_upload_write(upload, str_of(bytes, SHARED_BYTES)) == STORE_OK);
    EXPECT(worker, store_upload_end(upload) == STORE_OK);
    EXPECT(worker, store_upload_commit(upload, change, &options, &stat) == STORE_OK);
    store_upload_close(&upload);
    EXPECT(worker, store_patch(change, PATH("shared"), &patch) == STORE_OK);
    check_shared(worker);
    EXPECT(worker, props_text(change->store, &worker->arena, PATH("shared"))[2] == value[0]);
}

static void *change_often(void *arg)
{
    struct worker *worker = arg;
    struct waiter *waiter = &worker->waiter;
    for (unsigned round = 0; round < ROUNDS; round++) {
        check_shared(worker); /* a read needs no change to see a content whole */
        change_add(&waiter->change, PATH("shared"), CLAIM_SELF, true);
        EXPECT(worker, waiter_begin(waiter, worker->fixture->store) == STORE_OK);
        change_shared(worker, &waiter->change);
        waiter_end(waiter);
        arena_reset(&worker->arena);
    }
    return NULL;
}

static void p5_changes_of_one_thing_are_one_step(void **state)
{
    struct fixture *fixture = *state;
    char *bytes = arena_alloc(&fixture->arena, SHARED_BYTES);
    memset(bytes, 'a', SHARED_BYTES);
    assert_ok(put(fixture, PATH("shared"), str_of(bytes, SHARED_BYTES)));
    assert_ok(set_prop(fixture, PATH("shared"), "p", "a"));
    run_workers(fixture, change_often);
    assert_int_equal(get(fixture, PATH("shared"))[0],
                     props_text(fixture->store, &fixture->arena, PATH("shared"))[2]);
}

/* --- listings while members come and go --- */

static void *list_often(void *arg)
{
    struct worker *worker = arg;
    struct store *store = worker->fixture->store;
    struct store_commit options = {0};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct store_cursor *cursor;
        struct store_member member;
        unsigned stayed = 0;
        char name[32];
        (void)snprintf(name, sizeof(name), "new-%u-%u", worker->number, round);
        EXPECT(worker, put_in(store, path_of(name), STR("x"), &options) == STORE_OK);
        EXPECT(worker, store_list(store, PATH_ROOT, 0, &cursor) == STORE_OK);
        while (store_cursor_next(cursor, &member) == STORE_OK)
            stayed += str_starts(member.name, STR("stays"));
        store_cursor_close(&cursor);
        EXPECT(worker, stayed == 3);
        struct store_visitor *visitor = &recorder_new(&worker->arena)->base;
        EXPECT(worker, do_remove(store, path_of(name), visitor) == STORE_OK);
    }
    return NULL;
}

static void p4_listings_give_what_stays(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "stays-1", "stays-2", "stays-3/");
    run_workers(fixture, list_often);
    assert_string_equal(dump(fixture), "/ {}\nstays-1 \"stays-1\" {}\nstays-2 \"stays-2\" {}\n"
                                       "stays-3/ {}\n");
}

int concurrent_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p10_threads_find_done_what_they_were_told_is_done),
        CONTRACT_TEST(p5_changes_of_one_thing_are_one_step),
        CONTRACT_TEST(p4_listings_give_what_stays),
    };
    return cmocka_run_group_tests_name("concurrent", tests, NULL, NULL);
}
