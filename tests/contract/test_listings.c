/* Promise 1 for listings that are remembered: whatever another program does to a collection or its
 * members, the next listing says so. Each test first makes sure that the members are watched, so
 * that there is something that could be stale. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "watched.h"

/* --- listing --- */

struct look {
    bool is_quick; /* the listing was known */
    size_t count;
    size_t watched_count;
};

/* What a listing says of a member, against what the kernel says. */
static void check_member(struct fixture *fixture, const char *path,
                         const struct store_member *member)
{
    struct stat st;
    const char *name = arena_text(&fixture->arena, member->name);
    char text[600];
    (void)snprintf(text, sizeof(text), "%s/%s", path, name);
    assert_rc(member->rc, STORE_OK);
    assert_int_equal(lstat(fixture_file(fixture, text), &st), 0);
    assert_int_equal(member->is_link, S_ISLNK(st.st_mode));
    if (member->is_link)
        return;
    bool is_collection = S_ISDIR(st.st_mode);
    bool is_executable = !is_collection && (st.st_mode & S_IXUSR);
    assert_int_equal(member->stat.is_collection, is_collection);
    assert_int_equal(member->stat.is_executable, is_executable);
    assert_int_equal(member->stat.size_bytes, is_collection ? 0 : st.st_size);
    assert_int_equal(member->stat.modified_s, st.st_mtim.tv_sec);
    assert_int_equal(member->stat.version, stat_of(fixture, path_of(text)).version);
}

static struct look look(struct fixture *fixture, const char *path)
{
    struct store_cursor *cursor;
    struct store_member member;
    struct look found = {0};
    enum store_rc rc;
    char text[600];
    assert_ok(store_list(fixture->store, path_of(path), 0, &cursor));
    found.is_quick = cursor->is_quick;
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        check_member(fixture, path, &member);
        (void)snprintf(text, sizeof(text), "%s/%.*s", path, STR_ARGS(member.name));
        if (!member.is_link)
            found.watched_count += is_watched(fixture_file(fixture, text));
        found.count++;
    }
    assert_rc(rc, STORE_END);
    store_cursor_close(&cursor);
    arena_reset(&fixture->arena);
    return found;
}

static void wait_a_little(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Lists until all of the `count` members are remembered. */
static void warm(struct fixture *fixture, const char *path, size_t count)
{
    struct look found = {0};
    for (int i = 0; i < 10000 && (!found.is_quick || found.watched_count < count); i++) {
        found = look(fixture, path);
        wait_a_little(); /* what is remembered is found out on another thread */
    }
    assert_true(found.is_quick);
    assert_int_equal(found.count, count);
    assert_int_equal(found.watched_count, count);
}

static void expect(struct fixture *fixture, const char *path, size_t count)
{
    assert_int_equal(look(fixture, path).count, count);
}

static size_t known_count;
static size_t forgotten_count;

/* The same; mostly it is not read from the directory. When something is mounted anywhere, all is
 * forgotten, and other programs on this machine may mount. */
static void expect_known(struct fixture *fixture, const char *path, size_t count)
{
    struct look found = look(fixture, path);
    known_count += found.is_quick;
    forgotten_count += !found.is_quick;
    assert_int_equal(found.count, count);
}

static void what_was_remembered_was_used(void **state)
{
    (void)state;
    only_for_directories();
    assert_true(known_count > 100);
    assert_true(forgotten_count <= known_count / 10);
}

static void write_file(const char *file, int flags, const char *text)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC | flags, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

/* --- members that change --- */

static void a_member_changes(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g", "c/d/");
    warm(fixture, "c", 3);
    write_file(fixture_file(fixture, "c/f"), O_APPEND, "more");
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    assert_int_equal(truncate(fixture_file(fixture, "c/f"), 1), 0);
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    assert_int_equal(chmod(fixture_file(fixture, "c/f"), 0755), 0);
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, fixture_file(fixture, "c/g"), times, 0), 0);
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    assert_int_equal(utimensat(AT_FDCWD, fixture_file(fixture, "c/d"), times, 0), 0);
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    assert_int_equal(mkdir(fixture_file(fixture, "c/d/inside"), 0755), 0); /* dates c/d */
    expect_known(fixture, "c", 3);
}

static void names_come_and_go(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g", "e/");
    warm(fixture, "c", 2);
    write_file(fixture_file(fixture, "c/new"), O_CREAT, "x");
    expect_known(fixture, "c", 3);
    assert_int_equal(mkdir(fixture_file(fixture, "c/d"), 0755), 0);
    expect_known(fixture, "c", 4);
    warm(fixture, "c", 4);
    assert_int_equal(rename(fixture_file(fixture, "c/g"), fixture_file(fixture, "c/f")), 0);
    expect_known(fixture, "c", 3);
    assert_int_equal(rename(fixture_file(fixture, "c/d"), fixture_file(fixture, "e/d")), 0);
    expect_known(fixture, "c", 2);
    assert_int_equal(unlink(fixture_file(fixture, "c/new")), 0);
    assert_int_equal(mkdir(fixture_file(fixture, "c/new"), 0755), 0);
    expect_known(fixture, "c", 2);
    warm(fixture, "c", 2);
    assert_int_equal(rmdir(fixture_file(fixture, "c/new")), 0);
    assert_int_equal(unlink(fixture_file(fixture, "c/f")), 0);
    expect_known(fixture, "c", 0);
}

static void most_names_are_replaced(void **state)
{
    enum { COUNT = 300 };
    struct fixture *fixture = *state;
    only_for_directories();
    char name[32];
    MAKE(fixture, "c/", "c/f");
    warm(fixture, "c", 1);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "c/n%d", i);
        write_file(fixture_file(fixture, name), O_CREAT, "x");
        if (i % 10 == 0)
            expect(fixture, "c", 2);
        assert_int_equal(unlink(fixture_file(fixture, name)), 0);
    }
    expect(fixture, "c", 1);
    warm(fixture, "c", 1);
}

static void a_member_changes_by_another_name(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g", "e/");
    warm(fixture, "c", 2);
    assert_int_equal(link(fixture_file(fixture, "c/f"), fixture_file(fixture, "e/f")), 0);
    write_file(fixture_file(fixture, "e/f"), O_APPEND, "by the other name");
    expect_known(fixture, "c", 2);
    warm(fixture, "c", 2);
    write_file(fixture_file(fixture, "e/f"), O_APPEND, "again");
    expect_known(fixture, "c", 2);
    assert_int_equal(link(fixture_file(fixture, "c/f"), fixture_file(fixture, "c/f2")), 0);
    warm(fixture, "c", 3); /* one watch for both */
    write_file(fixture_file(fixture, "e/f"), O_APPEND, "and again");
    expect_known(fixture, "c", 3);
    assert_int_equal(unlink(fixture_file(fixture, "c/f2")), 0);
    int fd = open(fixture_file(fixture, "e/f"), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(fixture_file(fixture, "e/f")), 0);
    for (int i = 0; i < 100; i++) { /* it has one, but may be written to under that which is gone */
        assert_int_equal(ftruncate(fd, i), 0);
        expect_known(fixture, "c", 2);
    }
    assert_int_equal(close(fd), 0);
    warm(fixture, "c", 2);
}

/* No event tells of a store to mapped memory. */
static void a_member_is_mapped(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g");
    int fd = open(fixture_file(fixture, "c/f"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_int_equal(close(fd), 0); /* the mapping keeps it open */
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, fixture_file(fixture, "c/f"), times, 0), 0);
    for (int i = 0; i < 100; i++) {
        expect(fixture, "c", 2);
        wait_a_little();
    }
    *map = 'x';
    expect_known(fixture, "c", 2);
    assert_false(is_watched(fixture_file(fixture, "c/f")));
    assert_int_equal(munmap(map, 1), 0);
    warm(fixture, "c", 2);
}

static void what_is_no_plain_member(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "e/");
    assert_int_equal(symlink("../e", fixture_file(fixture, "c/link")), 0);
    assert_int_equal(symlink("nowhere", fixture_file(fixture, "c/dangling")), 0);
    assert_int_equal(mkfifo(fixture_file(fixture, "c/fifo"), 0600), 0);
    for (int i = 0; i < 200; i++) {
        expect(fixture, "c", 3);
        wait_a_little();
    }
    expect_known(fixture, "c", 3);
    assert_int_equal(mkdir(fixture_file(fixture, "c/nowhere"), 0755), 0);
    expect_known(fixture, "c", 4);
    assert_int_equal(unlink(fixture_file(fixture, "c/link")), 0); /* another thing of that name */
    expect_known(fixture, "c", 3);
    assert_int_equal(mkdir(fixture_file(fixture, "c/link"), 0755), 0);
    expect_known(fixture, "c", 4);
}

/* --- the collection itself --- */

static void the_way_changes(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/", "a/c/", "a/c/f", "a/c/g", "z/", "z/c/", "z/c/h");
    warm(fixture, "a/c", 2);
    warm(fixture, "z/c", 1);
    assert_int_equal(renameat2(AT_FDCWD, fixture_file(fixture, "a"), AT_FDCWD,
                               fixture_file(fixture, "z"), RENAME_EXCHANGE),
                     0);
    expect(fixture, "a/c", 1);
    expect(fixture, "z/c", 2);
    warm(fixture, "a/c", 1);
    assert_int_equal(rename(fixture_file(fixture, "a/c"), fixture_file(fixture, "a/d")), 0);
    struct store_cursor *cursor;
    assert_rc(store_list(fixture->store, PATH("a/c"), 0, &cursor), STORE_NOT_FOUND);
    expect(fixture, "a/d", 1);
}

static void the_store_itself_changes_members(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g");
    warm(fixture, "c", 2);
    assert_ok(put(fixture, PATH("c/f"), STR("other content")));
    expect_known(fixture, "c", 2);
    assert_ok(put(fixture, PATH("c/new"), STR("new")));
    expect_known(fixture, "c", 3);
    assert_ok(mkcol(fixture, PATH("c/d")));
    expect_known(fixture, "c", 4);
    assert_ok(move_all(fixture, PATH("c/g"), PATH("c/d/g")));
    expect_known(fixture, "c", 3);
    warm(fixture, "c", 3);
    assert_ok(copy_all(fixture, PATH("c/f"), PATH("c/f2")));
    expect_known(fixture, "c", 4);
    assert_ok(remove_all(fixture, PATH("c/d")));
    expect_known(fixture, "c", 3);
    assert_ok(remove_all(fixture, PATH("c")));
    struct store_cursor *cursor;
    assert_rc(store_list(fixture->store, PATH("c"), 0, &cursor), STORE_NOT_FOUND);
}

static void a_reader_outlives_what_was_known(void **state)
{
    enum { COUNT = 300 };
    struct fixture *fixture = *state;
    only_for_directories();
    struct store_cursor *cursor;
    struct store_member member;
    char name[32];
    size_t count = 0;
    enum store_rc rc;
    MAKE(fixture, "c/");
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(name, sizeof(name), "c/f%d", i);
        write_file(fixture_file(fixture, name), O_CREAT, "x");
    }
    arena_reset(&fixture->arena);
    warm(fixture, "c", COUNT);
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    assert_ok(store_cursor_next(cursor, &member));
    /* From the middle: what comes first, in either order, the cursor may have gone on to. */
    write_file(fixture_file(fixture, "c/f149"), O_TRUNC, "longer");
    assert_int_equal(unlink(fixture_file(fixture, "c/f150")), 0);
    expect(fixture, "c", COUNT - 1);
    assert_int_equal(chmod(fixture_file(fixture, "c"), 0700), 0); /* what is known is dropped */
    expect(fixture, "c", COUNT - 1);
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        assert_rc(member.rc, STORE_OK);
        count++;
    }
    assert_rc(rc, STORE_END);
    assert_int_equal(count, COUNT - 2); /* the first was taken before */
    store_cursor_close(&cursor);
}

/* --- bounds --- */

/* Nothing but the listing: whether it was known. */
static bool list_only(struct fixture *fixture, const char *path)
{
    struct store_cursor *cursor;
    struct store_member member;
    assert_ok(store_list(fixture->store, path_of(path), 0, &cursor));
    bool is_quick = cursor->is_quick;
    while (store_cursor_next(cursor, &member) == STORE_OK)
        assert_rc(member.rc, STORE_OK);
    store_cursor_close(&cursor);
    return is_quick;
}

static void listings_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    char name[32];
    size_t quick = 0;
    fixture->limits.cache_bytes = 64000; /* three or four of ten members */
    fixture_reopen(fixture);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(name, sizeof(name), "c%d/", i);
        make(fixture, (const char *const[]){name}, 1);
        for (int j = 0; j < 10; j++) {
            (void)snprintf(name, sizeof(name), "c%d/f%d", i, j);
            write_file(fixture_file(fixture, name), O_CREAT, "x");
        }
    }
    MAKE(fixture, "large/");
    for (int j = 0; j < 100; j++) {
        (void)snprintf(name, sizeof(name), "large/f%d", j);
        write_file(fixture_file(fixture, name), O_CREAT, "x");
    }
    for (int round = 0; round < 70; round++) {
        for (int i = 0; i < 10; i++) {
            (void)snprintf(name, sizeof(name), "c%d", i);
            quick += list_only(fixture, name);
        }
        assert_false(list_only(fixture, "large"));
        wait_a_little();
    }
    assert_in_range(quick, 35, 5 * 70);
    bool is_known = false; /* what is asked for now takes the others' place */
    for (int i = 0; i < 2000 && !is_known; i++) {
        is_known = list_only(fixture, "c9");
        wait_a_little();
    }
    assert_true(is_known);
    fixture->limits.cache_bytes = 0;
    fixture_reopen(fixture);
    for (int i = 0; i < 10; i++)
        assert_false(list_only(fixture, "c1"));
}

int listing_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(a_member_changes),
        CONTRACT_TEST(names_come_and_go),
        CONTRACT_TEST(most_names_are_replaced),
        CONTRACT_TEST(a_member_changes_by_another_name),
        CONTRACT_TEST(a_member_is_mapped),
        CONTRACT_TEST(what_is_no_plain_member),
        CONTRACT_TEST(the_way_changes),
        CONTRACT_TEST(the_store_itself_changes_members),
        CONTRACT_TEST(a_reader_outlives_what_was_known),
        CONTRACT_TEST(listings_are_bounded),
        CONTRACT_TEST(what_was_remembered_was_used),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
