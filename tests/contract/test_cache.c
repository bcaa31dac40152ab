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

static void read_often(struct bench *bench, const char *path)
{
    for (int i = 0; i < 200; i++)
        assert_ok(stat_rc(bench, path_of(path))); /* until it is worth remembering */
    (void)get(bench, path_of(path));
}

static void warm(struct bench *bench, const char *path)
{
    read_often(bench, path);
    assert_true(is_watched(bench_file(bench, path)));
}

static void warm_collection(struct bench *bench, const char *path)
{
    for (int i = 0; i < 200; i++)
        assert_ok(stat_rc(bench, path_of(path))); /* as above */
    assert_true(is_watched(bench_file(bench, path)));
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
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "c/", "c/f");
    const char *file = bench_file(bench, "c/f");
    warm(bench, "c/f");
    uint64_t version = stat_of(bench, PATH("c/f")).version;
    write_file(file, 0, "C");
    assert_string_equal(get(bench, PATH("c/f")), "C/f");
    assert_true(stat_of(bench, PATH("c/f")).version != version);
    warm(bench, "c/f");
    write_file(file, O_APPEND, " and more");
    assert_string_equal(get(bench, PATH("c/f")), "C/f and more");
    warm(bench, "c/f");
    write_file(file, O_TRUNC, "new");
    assert_string_equal(get(bench, PATH("c/f")), "new");
    warm(bench, "c/f");
    assert_int_equal(truncate(file, 1), 0);
    assert_string_equal(get(bench, PATH("c/f")), "n");
    assert_int_equal(stat_of(bench, PATH("c/f")).size_bytes, 1);
    warm(bench, "c/f");
    assert_int_equal(chmod(file, 0755), 0);
    assert_true(stat_of(bench, PATH("c/f")).is_executable);
    warm(bench, "c/f");
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
    assert_int_equal(stat_of(bench, PATH("c/f")).modified_s, 1000);
}

static void a_file_gets_another_name_or_none(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "c/", "c/f", "c/g", "d/");
    warm(bench, "c/f");
    warm(bench, "c/g");
    assert_int_equal(rename(bench_file(bench, "c/g"), bench_file(bench, "c/f")), 0);
    assert_string_equal(get(bench, PATH("c/f")), "c/g");
    assert_rc(stat_rc(bench, PATH("c/g")), STORE_NOT_FOUND);
    warm(bench, "c/f");
    assert_int_equal(rename(bench_file(bench, "c/f"), bench_file(bench, "d/f")), 0);
    assert_rc(stat_rc(bench, PATH("c/f")), STORE_NOT_FOUND);
    warm(bench, "d/f");
    assert_int_equal(unlink(bench_file(bench, "d/f")), 0);
    assert_rc(stat_rc(bench, PATH("d/f")), STORE_NOT_FOUND);
    assert_int_equal(mkdir(bench_file(bench, "d/f"), 0755), 0);
    assert_true(stat_of(bench, PATH("d/f")).is_collection);
}

static void a_collection_on_the_way_changes(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "a/", "a/b/", "a/b/c/", "a/b/c/f", "z/", "z/b/", "z/b/c/", "z/b/c/f");
    warm(bench, "a/b/c/f");
    warm(bench, "z/b/c/f");
    assert_int_equal(rename(bench_file(bench, "a/b"), bench_file(bench, "moved")), 0);
    assert_rc(stat_rc(bench, PATH("a/b/c/f")), STORE_NOT_FOUND);
    assert_string_equal(get(bench, PATH("moved/c/f")), "a/b/c/f");
    warm(bench, "moved/c/f");
    assert_int_equal(renameat2(AT_FDCWD, bench_file(bench, "moved"), AT_FDCWD,
                               bench_file(bench, "z/b"), RENAME_EXCHANGE),
                     0);
    assert_string_equal(get(bench, PATH("z/b/c/f")), "a/b/c/f");
    assert_string_equal(get(bench, PATH("moved/c/f")), "z/b/c/f");
    warm(bench, "z/b/c/f");
    assert_int_equal(rename(bench_file(bench, "z"), bench_file(bench, "y")), 0);
    assert_int_equal(symlink("y", bench_file(bench, "z")), 0);
    assert_rc(stat_rc(bench, PATH("z/b/c/f")), STORE_ALIAS);
    struct res_path real = located(bench, PATH("z/b/c/f"), LOCATE_RESOURCE);
    assert_string_equal(get(bench, real), "a/b/c/f");
    assert_int_equal(unlink(bench_file(bench, "z")), 0);
    assert_int_equal(symlink("moved", bench_file(bench, "z")), 0);
    assert_rc(stat_rc(bench, PATH("z/b/c/f")), STORE_ALIAS);
    assert_str(path_str(located(bench, PATH("z/c/f"), LOCATE_RESOURCE)), "moved/c/f");
}

static void a_collection_gets_and_loses_members(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "c/", "c/d/");
    warm_collection(bench, "c/d");
    uint64_t version = stat_of(bench, PATH("c/d")).version;
    write_file(bench_file(bench, "c/d/new"), O_CREAT, "x");
    assert_true(stat_of(bench, PATH("c/d")).version != version);
    warm_collection(bench, "c/d");
    assert_int_equal(unlink(bench_file(bench, "c/d/new")), 0);
    assert_int_equal(rmdir(bench_file(bench, "c/d")), 0);
    assert_rc(stat_rc(bench, PATH("c/d")), STORE_NOT_FOUND);
}

static void a_hard_link_is_written_to(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    char outside[] = "/tmp/davit-contract-link-XXXXXX";
    int fd = mkstemp(outside);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(outside), 0);
    MAKE(bench, "c/", "c/f", "d/");
    assert_int_equal(link(bench_file(bench, "c/f"), bench_file(bench, "d/f")), 0);
    warm(bench, "c/f");
    warm(bench, "d/f");
    write_file(bench_file(bench, "d/f"), O_TRUNC, "by the other name");
    assert_string_equal(get(bench, PATH("c/f")), "by the other name");
    assert_string_equal(get(bench, PATH("d/f")), "by the other name");
    warm(bench, "c/f");
    if (link(bench_file(bench, "c/f"), outside) != 0)
        return; /* another file system */
    warm(bench, "c/f");
    write_file(outside, O_TRUNC, "from outside");
    assert_string_equal(get(bench, PATH("c/f")), "from outside");
    assert_int_equal(unlink(outside), 0);
}

/* No event tells of a store to mapped memory: what can be mapped so must not be remembered. */
static void a_mapping_is_written_to(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "f");
    warm(bench, "f");
    int fd = open(bench_file(bench, "f"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(close(fd), 0); /* the mapping keeps it open */
    for (char c = 'a'; c < 'f'; c++) {
        *map = c;
        assert_memory_equal(get(bench, PATH("f")), (char[]){c}, 1);
        read_often(bench, "f");
        assert_false(is_watched(bench_file(bench, "f")));
    }
    assert_int_equal(munmap(map, 1), 0);
    warm(bench, "f");
    assert_string_equal(get(bench, PATH("f")), "e");
}

static enum store_rc put_it(struct bench *bench)
{
    return put(bench, PATH("c/f"), STR("put"));
}

static enum store_rc move_it(struct bench *bench)
{
    return move_all(bench, PATH("c"), PATH("d"));
}

static enum store_rc remove_it(struct bench *bench)
{
    return remove_all(bench, PATH("d"));
}

struct change {
    struct bench *bench;
    enum store_rc (*run)(struct bench *bench);
    enum store_rc rc;
};

static void *make_change(void *arg)
{
    struct change *change = arg;
    change->rc = change->run(change->bench);
    return NULL;
}

/* On a thread without turns, as a worker's is: changes may block. */
static enum store_rc on_worker(struct bench *bench, enum store_rc (*run)(struct bench *bench))
{
    struct change change = {bench, run, STORE_FAILED};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, make_change, &change), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return change.rc;
}

static void the_store_itself_changes_it_within_a_turn(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "c/", "c/f");
    warm(bench, "c/f");
    turn_next(); /* from now on one look is enough, but for what the store itself does */
    assert_string_equal(get(bench, PATH("c/f")), "c/f");
    assert_ok(on_worker(bench, put_it));
    assert_string_equal(get(bench, PATH("c/f")), "put");
    read_often(bench, "c/f");
    assert_ok(on_worker(bench, move_it));
    assert_rc(stat_rc(bench, PATH("c/f")), STORE_NOT_FOUND);
    read_often(bench, "d/f");
    assert_ok(on_worker(bench, remove_it));
    assert_rc(stat_rc(bench, PATH("d/f")), STORE_NOT_FOUND);
    turn_over();
    MAKE(bench, "f");
    turn_next();
    warm(bench, "f");
    write_file(bench_file(bench, "f"), 0, "F");
    turn_next();
    assert_string_equal(get(bench, PATH("f")), "F");
    turn_over();
}

static void content_that_was_opened_stays(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    struct store_content *content = NULL;
    struct buf text = {0};
    struct err err;
    MAKE(bench, "f");
    warm(bench, "f");
    assert_ok(store_content_open(bench->store, PATH("f"), &content));
    write_file(bench_file(bench, "f"), O_TRUNC, "other");
    assert_string_equal(get(bench, PATH("f")), "other");
    struct source *source = store_content_source(content, &bench->arena, 0, 1);
    assert_int_equal(source_pull(source, &text, 10, &err), PULL_DATA);
    assert_str(buf_str(&text), "f");
    source_close(&source);
    store_content_close(&content);
    buf_done(&text);
}

/* --- bounds --- */

static void memory_is_bounded(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    char name[32];
    size_t watched = 0;
    bench->limits.cache_bytes = 20000;
    bench_reopen(bench);
    MAKE(bench, "c/");
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "c/f%d", i);
        make(bench, (const char *const[]){name}, 1);
        read_often(bench, name);
        assert_string_equal(get(bench, path_of(name)), name);
    }
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "c/f%d", i);
        watched += is_watched(bench_file(bench, name));
    }
    assert_in_range(watched, 1, 20);
    bench->limits.cache_bytes = 0;
    bench_reopen(bench);
    read_often(bench, "c/f1");
    assert_false(is_watched(bench_file(bench, "c/f1")));
}

static void more_happens_than_the_kernel_can_queue(void **state)
{
    enum { CHANGES = 20000 };
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "c/", "c/f", "c/g");
    warm(bench, "c/f");
    warm(bench, "c/g");
    for (int i = 0; i < CHANGES; i++) { /* equal events that follow each other would be one */
        assert_int_equal(utimensat(AT_FDCWD, bench_file(bench, "c/f"), NULL, 0), 0);
        assert_int_equal(utimensat(AT_FDCWD, bench_file(bench, "c"), NULL, 0), 0);
        arena_reset(&bench->arena);
    }
    write_file(bench_file(bench, "c/g"), O_TRUNC, "late");
    assert_string_equal(get(bench, PATH("c/g")), "late");
    assert_int_equal(rename(bench_file(bench, "c"), bench_file(bench, "d")), 0);
    assert_rc(stat_rc(bench, PATH("c/f")), STORE_NOT_FOUND);
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
        CONTRACT_TEST(content_that_was_opened_stays),
        CONTRACT_TEST(memory_is_bounded),
        CONTRACT_TEST(more_happens_than_the_kernel_can_queue),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
