/* Promise 1, where something is remembered: whatever another program does to the files, the next
 * read says so. Each test first makes sure that the store watches the file, so that there is
 * something that could be stale. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/turn.h"
#include "watched.h"

/* --- remembering --- */

/* Until it is worth remembering: on a loop, since what workers ask for is not. */
static void look_often(struct fixture *fixture, const char *path)
{
    bool is_in_turn = turn_current() != 0;
    for (int i = 0; i < 200; i++) {
        if (!is_in_turn)
            turn_next();
        assert_ok(stat_rc(fixture, path_of(path)));
    }
    if (!is_in_turn)
        turn_over();
}

static void read_often(struct fixture *fixture, const char *path)
{
    look_often(fixture, path);
    (void)get(fixture, path_of(path));
}

static void warm(struct fixture *fixture, const char *path)
{
    read_often(fixture, path);
    assert_true(is_watched(fixture_file(fixture, path)));
}

static void warm_collection(struct fixture *fixture, const char *path)
{
    look_often(fixture, path);
    assert_true(is_watched(fixture_file(fixture, path)));
}

/* --- what another program does --- */

static void write_file(const char *file, int flags, const char *text)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC | flags, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void a_file_is_written_to(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f");
    const char *file = fixture_file(fixture, "c/f");
    warm(fixture, "c/f");
    uint64_t version = stat_of(fixture, PATH("c/f")).version;
    write_file(file, 0, "C");
    assert_string_equal(get(fixture, PATH("c/f")), "C/f");
    assert_true(stat_of(fixture, PATH("c/f")).version != version);
    warm(fixture, "c/f");
    write_file(file, O_APPEND, " and more");
    assert_string_equal(get(fixture, PATH("c/f")), "C/f and more");
    warm(fixture, "c/f");
    write_file(file, O_TRUNC, "new");
    assert_string_equal(get(fixture, PATH("c/f")), "new");
    warm(fixture, "c/f");
    assert_int_equal(truncate(file, 1), 0);
    assert_string_equal(get(fixture, PATH("c/f")), "n");
    assert_int_equal(stat_of(fixture, PATH("c/f")).size_bytes, 1);
    warm(fixture, "c/f");
    assert_int_equal(chmod(file, 0755), 0);
    assert_true(stat_of(fixture, PATH("c/f")).is_executable);
    warm(fixture, "c/f");
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
    assert_int_equal(stat_of(fixture, PATH("c/f")).modified_s, 1000);
}

static void a_file_gets_another_name_or_none(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g", "d/");
    warm(fixture, "c/f");
    warm(fixture, "c/g");
    assert_int_equal(rename(fixture_file(fixture, "c/g"), fixture_file(fixture, "c/f")), 0);
    assert_string_equal(get(fixture, PATH("c/f")), "c/g");
    assert_rc(stat_rc(fixture, PATH("c/g")), STORE_NOT_FOUND);
    warm(fixture, "c/f");
    assert_int_equal(rename(fixture_file(fixture, "c/f"), fixture_file(fixture, "d/f")), 0);
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
    warm(fixture, "d/f");
    assert_int_equal(unlink(fixture_file(fixture, "d/f")), 0);
    assert_rc(stat_rc(fixture, PATH("d/f")), STORE_NOT_FOUND);
    assert_int_equal(mkdir(fixture_file(fixture, "d/f"), 0755), 0);
    assert_true(stat_of(fixture, PATH("d/f")).is_collection);
}

static void a_collection_on_the_way_changes(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/", "a/b/", "a/b/c/", "a/b/c/f", "z/", "z/b/", "z/b/c/", "z/b/c/f");
    warm(fixture, "a/b/c/f");
    warm(fixture, "z/b/c/f");
    assert_int_equal(rename(fixture_file(fixture, "a/b"), fixture_file(fixture, "moved")), 0);
    assert_rc(stat_rc(fixture, PATH("a/b/c/f")), STORE_NOT_FOUND);
    assert_string_equal(get(fixture, PATH("moved/c/f")), "a/b/c/f");
    warm(fixture, "moved/c/f");
    assert_int_equal(renameat2(AT_FDCWD, fixture_file(fixture, "moved"), AT_FDCWD,
                               fixture_file(fixture, "z/b"), RENAME_EXCHANGE),
                     0);
    assert_string_equal(get(fixture, PATH("z/b/c/f")), "a/b/c/f");
    assert_string_equal(get(fixture, PATH("moved/c/f")), "z/b/c/f");
    warm(fixture, "z/b/c/f");
    assert_int_equal(rename(fixture_file(fixture, "z"), fixture_file(fixture, "y")), 0);
    assert_int_equal(symlink("y", fixture_file(fixture, "z")), 0);
    assert_rc(stat_rc(fixture, PATH("z/b/c/f")), STORE_ALIAS);
    struct res_path real = located(fixture, PATH("z/b/c/f"), LOCATE_RESOURCE);
    assert_string_equal(get(fixture, real), "a/b/c/f");
    assert_int_equal(unlink(fixture_file(fixture, "z")), 0);
    assert_int_equal(symlink("moved", fixture_file(fixture, "z")), 0);
    assert_rc(stat_rc(fixture, PATH("z/b/c/f")), STORE_ALIAS);
    assert_str(path_str(located(fixture, PATH("z/c/f"), LOCATE_RESOURCE)), "moved/c/f");
}

static void a_collection_gets_and_loses_members(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/d/");
    warm_collection(fixture, "c/d");
    uint64_t version = stat_of(fixture, PATH("c/d")).version;
    write_file(fixture_file(fixture, "c/d/new"), O_CREAT, "x");
    assert_true(stat_of(fixture, PATH("c/d")).version != version);
    warm_collection(fixture, "c/d");
    assert_int_equal(unlink(fixture_file(fixture, "c/d/new")), 0);
    assert_int_equal(rmdir(fixture_file(fixture, "c/d")), 0);
    assert_rc(stat_rc(fixture, PATH("c/d")), STORE_NOT_FOUND);
}

static void a_hard_link_is_written_to(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    char outside[] = "/tmp/davit-contract-link-XXXXXX";
    int fd = mkstemp(outside);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(outside), 0);
    MAKE(fixture, "c/", "c/f", "d/");
    assert_int_equal(link(fixture_file(fixture, "c/f"), fixture_file(fixture, "d/f")), 0);
    warm(fixture, "c/f");
    warm(fixture, "d/f");
    write_file(fixture_file(fixture, "d/f"), O_TRUNC, "by the other name");
    assert_string_equal(get(fixture, PATH("c/f")), "by the other name");
    assert_string_equal(get(fixture, PATH("d/f")), "by the other name");
    warm(fixture, "c/f");
    if (link(fixture_file(fixture, "c/f"), outside) != 0)
        return; /* another file system */
    warm(fixture, "c/f");
    write_file(outside, O_TRUNC, "from outside");
    assert_string_equal(get(fixture, PATH("c/f")), "from outside");
    assert_int_equal(unlink(outside), 0);
}

/* No event tells of a store to mapped memory: what can be mapped so must not be remembered. */
static void a_mapping_is_written_to(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    warm(fixture, "f");
    int fd = open(fixture_file(fixture, "f"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(close(fd), 0); /* the mapping keeps it open */
    for (char c = 'a'; c < 'f'; c++) {
        *map = c;
        assert_memory_equal(get(fixture, PATH("f")), (char[]){c}, 1);
        read_often(fixture, "f");
        assert_false(is_watched(fixture_file(fixture, "f")));
    }
    assert_int_equal(munmap(map, 1), 0);
    warm(fixture, "f");
    assert_string_equal(get(fixture, PATH("f")), "e");
}

static enum store_rc put_it(struct fixture *fixture)
{
    return put(fixture, PATH("c/f"), STR("put"));
}

static enum store_rc move_it(struct fixture *fixture)
{
    return move_all(fixture, PATH("c"), PATH("d"));
}

static enum store_rc remove_it(struct fixture *fixture)
{
    return remove_all(fixture, PATH("d"));
}

struct change {
    struct fixture *fixture;
    enum store_rc (*run)(struct fixture *fixture);
    enum store_rc rc;
};

static void *make_change(void *arg)
{
    struct change *change = arg;
    change->rc = change->run(change->fixture);
    return NULL;
}

/* On a thread without turns, as a worker's is: changes may block. */
static enum store_rc on_worker(struct fixture *fixture,
                               enum store_rc (*run)(struct fixture *fixture))
{
    struct change change = {fixture, run, STORE_FAILED};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_change, &change), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return change.rc;
}

static void the_store_itself_changes_it_within_a_turn(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f");
    warm(fixture, "c/f");
    turn_next(); /* from now on one look is enough, but for what the store itself does */
    assert_string_equal(get(fixture, PATH("c/f")), "c/f");
    assert_ok(on_worker(fixture, put_it));
    assert_string_equal(get(fixture, PATH("c/f")), "put");
    read_often(fixture, "c/f");
    assert_ok(on_worker(fixture, move_it));
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
    read_often(fixture, "d/f");
    assert_ok(on_worker(fixture, remove_it));
    assert_rc(stat_rc(fixture, PATH("d/f")), STORE_NOT_FOUND);
    turn_over();
    MAKE(fixture, "f");
    turn_next();
    warm(fixture, "f");
    write_file(fixture_file(fixture, "f"), 0, "F");
    turn_next();
    assert_string_equal(get(fixture, PATH("f")), "F");
    turn_over();
}

/* One look at where a path leads counts for its turn, but not beyond a change. */
static void what_was_located_in_a_turn_changes(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/");
    turn_next();
    (void)located(fixture, PATH("c/f"), LOCATE_NAME);
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
    assert_ok(on_worker(fixture, put_it));
    assert_int_equal(stat_of(fixture, PATH("c/f")).size_bytes, 3);
    (void)located(fixture, PATH("c/f"), LOCATE_RESOURCE);
    (void)located(fixture, PATH("d/f"), LOCATE_RESOURCE);
    assert_ok(on_worker(fixture, move_it));
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
    assert_int_equal(stat_of(fixture, PATH("d/f")).size_bytes, 3);
    (void)located(fixture, PATH("d/f"), LOCATE_RESOURCE);
    write_file(fixture_file(fixture, "d/f"), O_TRUNC, "by another program");
    turn_next();
    assert_int_equal(stat_of(fixture, PATH("d/f")).size_bytes, 18);
    (void)located(fixture, PATH("d/f"), LOCATE_RESOURCE);
    assert_int_equal(unlink(fixture_file(fixture, "d/f")), 0);
    turn_next();
    assert_rc(stat_rc(fixture, PATH("d/f")), STORE_NOT_FOUND);
    turn_over();
}

/* More of them than are remembered, and what is hidden. */
static void what_is_located_in_a_turn_is_that_path(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a", "bb", "c/", "c/dddd", "c/eeeee");
    turn_next();
    for (int i = 0; i < 3; i++) {
        for (const char *const *name = (const char *const[]){"a", "bb", "c/dddd", "c/eeeee", NULL};
             *name; name++) {
            (void)located(fixture, path_of(*name), LOCATE_NAME);
            assert_int_equal(stat_of(fixture, path_of(*name)).size_bytes, strlen(*name));
        }
    }
    (void)located(fixture, PATH(".davit"), LOCATE_RESOURCE);
    assert_rc(stat_rc(fixture, PATH(".davit")), STORE_NOT_FOUND);
    turn_over();
}

/* A PUT looks at what it replaces, on a worker: to remember that would be for nothing. */
static void what_workers_look_at_is_not_remembered(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    for (int i = 0; i < 200; i++)
        assert_ok(stat_rc(fixture, PATH("f")));
    assert_false(is_watched(fixture_file(fixture, "f")));
}

static void what_is_to_be_replaced_is_not_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct store_stat stat;
    only_for_directories();
    MAKE(fixture, "f");
    for (int i = 0; i < 200; i++) {
        turn_next();
        assert_ok(store_stat(fixture->store, PATH("f"), WANTS_TO_REPLACE, &stat));
    }
    turn_over();
    assert_false(is_watched(fixture_file(fixture, "f")));
}

static void content_that_was_opened_stays(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    struct store_content *content = NULL;
    struct buf text = {0};
    struct err err;
    MAKE(fixture, "f");
    warm(fixture, "f");
    assert_ok(store_content_open(fixture->store, PATH("f"), &content));
    write_file(fixture_file(fixture, "f"), O_TRUNC, "other");
    assert_string_equal(get(fixture, PATH("f")), "other");
    struct source *source = store_content_source(content, &fixture->arena, 0, 1);
    assert_int_equal(source_pull(source, &text, 10, &err), PULL_DATA);
    assert_str(buf_str(&text), "f");
    source_close(&source);
    store_content_close(&content);
    buf_done(&text);
}

/* --- files that are kept open --- */

/* How many descriptors of this process are of files in the directory that hold so many bytes. */
static unsigned count_open(const struct stat *directory, size_t bytes)
{
    unsigned count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        struct stat st;
        count += fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_dev == directory->st_dev &&
                 (size_t)st.st_size == bytes;
    }
    return count;
}

static void put_many(struct fixture *fixture, const char *path, size_t bytes)
{
    char *content = arena_alloc(&fixture->arena, bytes);
    memset(content, 'a', bytes);
    assert_ok(put(fixture, path_of(path), str_of(content, bytes)));
}

/* It may have been closed again before we look. */
static void open_it(struct fixture *fixture, const char *path, size_t bytes)
{
    struct stat directory;
    assert_int_equal(stat(fixture->root, &directory), 0);
    while (count_open(&directory, bytes) != 1)
        read_often(fixture, path);
}

static void a_file_that_is_kept_open_changes_and_goes(void **state)
{
    enum { BYTES = 54321 };
    struct fixture *fixture = *state;
    struct stat directory;
    only_for_directories();
    put_many(fixture, "f", BYTES);
    assert_int_equal(stat(fixture->root, &directory), 0);
    open_it(fixture, "f", BYTES);
    assert_int_equal(strlen(get(fixture, PATH("f"))), BYTES);
    write_file(fixture_file(fixture, "f"), 0, "B");
    assert_int_equal(get(fixture, PATH("f"))[0], 'B');
    put_many(fixture, "g", BYTES + 1);
    open_it(fixture, "f", BYTES);
    assert_int_equal(rename(fixture_file(fixture, "g"), fixture_file(fixture, "f")), 0);
    assert_int_equal(strlen(get(fixture, PATH("f"))), BYTES + 1);
    assert_int_equal(count_open(&directory, BYTES), 0); /* its space is free */
    open_it(fixture, "f", BYTES + 1);
    while (count_open(&directory, BYTES + 1)) /* nobody asks for it */
        usleep(10000);
    assert_int_equal(strlen(get(fixture, PATH("f"))), BYTES + 1);
}

static void few_files_are_kept_open(void **state)
{
    enum { BYTES = 54321 };
    struct fixture *fixture = *state;
    struct stat directory;
    char name[32];
    only_for_directories();
    fixture->limits.open_files = 2;
    fixture_reopen(fixture);
    assert_int_equal(stat(fixture->root, &directory), 0);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof(name), "f%d", i);
        put_many(fixture, name, BYTES);
        look_often(fixture, name);
        assert_in_range(count_open(&directory, BYTES), 0, 2);
    }
    put_many(fixture, "large", (1 << 20) + 1);
    look_often(fixture, "large");
    assert_int_equal(count_open(&directory, (1 << 20) + 1), 0);
    fixture->limits.open_files = 0;
    fixture_reopen(fixture);
    look_often(fixture, "f1");
    assert_int_equal(count_open(&directory, BYTES), 0);
    assert_int_equal(strlen(get(fixture, PATH("f1"))), BYTES);
}

/* --- bounds --- */

static void memory_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    char name[32];
    size_t watched = 0;
    fixture->limits.cache_bytes = 20000;
    fixture_reopen(fixture);
    MAKE(fixture, "c/");
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "c/f%d", i);
        make(fixture, (const char *const[]){name}, 1);
        read_often(fixture, name);
        assert_string_equal(get(fixture, path_of(name)), name);
    }
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "c/f%d", i);
        watched += is_watched(fixture_file(fixture, name));
    }
    assert_in_range(watched, 1, 20);
    fixture->limits.cache_bytes = 0;
    fixture_reopen(fixture);
    read_often(fixture, "c/f1");
    assert_false(is_watched(fixture_file(fixture, "c/f1")));
}

static void more_happens_than_the_kernel_can_queue(void **state)
{
    enum { CHANGES = 20000 };
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g");
    warm(fixture, "c/f");
    warm(fixture, "c/g");
    for (int i = 0; i < CHANGES; i++) { /* equal events that follow each other would be one */
        assert_int_equal(utimensat(AT_FDCWD, fixture_file(fixture, "c/f"), NULL, 0), 0);
        assert_int_equal(utimensat(AT_FDCWD, fixture_file(fixture, "c"), NULL, 0), 0);
        arena_reset(&fixture->arena);
    }
    write_file(fixture_file(fixture, "c/g"), O_TRUNC, "late");
    assert_string_equal(get(fixture, PATH("c/g")), "late");
    assert_int_equal(rename(fixture_file(fixture, "c"), fixture_file(fixture, "d")), 0);
    assert_rc(stat_rc(fixture, PATH("c/f")), STORE_NOT_FOUND);
}

int cache_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(a_file_is_written_to),
        CONTRACT_TEST(a_file_gets_another_name_or_none),
        CONTRACT_TEST(a_collection_on_the_way_changes),
        CONTRACT_TEST(a_collection_gets_and_loses_members),
        CONTRACT_TEST(a_hard_link_is_written_to),
        CONTRACT_TEST(a_mapping_is_written_to),
        CONTRACT_TEST(the_store_itself_changes_it_within_a_turn),
        CONTRACT_TEST(what_was_located_in_a_turn_changes),
        CONTRACT_TEST(what_is_located_in_a_turn_is_that_path),
        CONTRACT_TEST(what_workers_look_at_is_not_remembered),
        CONTRACT_TEST(what_is_to_be_replaced_is_not_remembered),
        CONTRACT_TEST(content_that_was_opened_stays),
        CONTRACT_TEST(a_file_that_is_kept_open_changes_and_goes),
        CONTRACT_TEST(few_files_are_kept_open),
        CONTRACT_TEST(memory_is_bounded),
        CONTRACT_TEST(more_happens_than_the_kernel_can_queue),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
