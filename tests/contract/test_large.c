/* Promise 4 for collections of so many members that others help to look at them, while these come,
 * go and are replaced. The helpers are those of the fixture, who always come where a store calls for
 * them; other stores answer the same without. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { MEMBERS = 4000, GONE_EACH = 7 /* one of so many goes */ };

static void name_of(char name[16], size_t number)
{
    (void)snprintf(name, 16, "m%05zu", number); /* it fits */
}

static void add_member(struct fixture *fixture, const char *collection, size_t number)
{
    char path[64];
    char name[16];
    name_of(name, number);
    (void)snprintf(path, sizeof(path), "%s/%s", collection, name); /* it fits */
    if (!backend->is_directory) {
        assert_ok(put(fixture, path_of(path), STR("x")));
    } else {
        int fd = open(fixture_file(fixture, path), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)number), 0);
        assert_int_equal(close(fd), 0);
        arena_reset(&fixture->arena); /* there is a view in that of others */
    }
}

static void add_members(struct fixture *fixture, const char *collection)
{
    for (size_t i = 0; i < MEMBERS; i++)
        add_member(fixture, collection, i);
}

/* What a listing of "c" gave. */
struct seen {
    size_t count;
    unsigned times[MEMBERS];
    size_t order[MEMBERS];
};

static void see(struct fixture *fixture, struct seen *seen)
{
    struct store_cursor *cursor;
    struct store_member member;
    enum store_rc rc;
    *seen = (struct seen){0};
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        size_t number;
        assert_int_equal(sscanf(member.name.at, "m%zu", &number), 1);
        assert_true(number < MEMBERS && seen->count < MEMBERS);
        assert_ok(member.rc);
        assert_false(member.is_link || member.stat.is_collection);
        if (backend->is_directory) /* it is this one's, whoever has looked */
            assert_int_equal(member.stat.size_bytes, number);
        seen->order[seen->count++] = number;
        seen->times[number]++;
    }
    assert_rc(rc, STORE_END);
    store_cursor_close(&cursor);
}

/* Names as the directory has them. */
static void expect_order(struct fixture *fixture, const struct seen *seen)
{
    DIR *directory = opendir(fixture_file(fixture, "c"));
    size_t count = 0;
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        size_t number;
        if (entry->d_name[0] == '.')
            continue;
        assert_int_equal(sscanf(entry->d_name, "m%zu", &number), 1);
        assert_int_equal(seen->order[count++], number);
    }
    assert_int_equal(count, seen->count);
    assert_int_equal(closedir(directory), 0);
}

static void p4_each_of_many_is_given_once_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct seen *seen = MEM_NEW(struct seen);
    MAKE(fixture, "c/");
    add_members(fixture, "c");
    see(fixture, seen);
    assert_int_equal(seen->count, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(seen->times[i], 1);
    if (backend->is_directory) {
        assert_true(fixture->helpers.calls > 0);
        expect_order(fixture, seen);
    }
    mem_free(seen);
}

/* --- while several look --- */

static void remove_some(struct fixture *fixture)
{
    char path[64];
    char name[16];
    for (size_t i = 0; i < MEMBERS; i += GONE_EACH) {
        name_of(name, i);
        (void)snprintf(path, sizeof(path), "c/%s", name); /* it fits */
        assert_int_equal(unlink(fixture_file(fixture, path)), 0);
    }
}

static void p4_what_goes_while_several_look_takes_nothing_along(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    struct seen *seen = MEM_NEW(struct seen);
    MAKE(fixture, "c/");
    add_members(fixture, "c");
    fixture->helpers.meanwhile = remove_some;
    see(fixture, seen);
    assert_true(fixture->helpers.calls > 0);
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_true(seen->times[i] <= 1);
        assert_true(seen->times[i] == 1 || i % GONE_EACH == 0);
    }
    see(fixture, seen);
    assert_int_equal(seen->count, MEMBERS - (MEMBERS + GONE_EACH - 1) / GONE_EACH);
    mem_free(seen);
}

static void replace_collection(struct fixture *fixture)
{
    assert_int_equal(rename(fixture_file(fixture, "c"), fixture_file(fixture, "before")), 0);
    assert_int_equal(mkdir(fixture_file(fixture, "c"), 0755), 0);
    add_member(fixture, "c", 1);
}

static void p4_a_collection_that_is_replaced_meanwhile_is_told_whole(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    struct seen *seen = MEM_NEW(struct seen);
    MAKE(fixture, "c/");
    add_members(fixture, "c");
    fixture->helpers.meanwhile = replace_collection;
    see(fixture, seen);
    assert_true(fixture->helpers.calls > 0);
    assert_int_equal(seen->count, MEMBERS);
    for (size_t i = 0; i < MEMBERS; i++)
        assert_int_equal(seen->times[i], 1);
    see(fixture, seen);
    assert_int_equal(seen->count, 1);
    mem_free(seen);
}

static void add_links(struct fixture *fixture)
{
    char path[64];
    char name[16];
    for (size_t i = 0; i < MEMBERS; i += GONE_EACH) {
        name_of(name, i);
        (void)snprintf(path, sizeof(path), "c/%s", name); /* it fits */
        assert_int_equal(unlink(fixture_file(fixture, path)), 0);
        assert_int_equal(symlink("elsewhere", fixture_file(fixture, path)), 0);
    }
}

/* What was read as a file's name is a link when it is looked at: that is what it is. */
static void p4_what_becomes_a_link_meanwhile_is_given_as_one(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    struct store_cursor *cursor;
    struct store_member member;
    size_t files = 0;
    enum store_rc rc;
    MAKE(fixture, "c/");
    add_members(fixture, "c");
    fixture->helpers.meanwhile = add_links;
    assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        size_t number;
        assert_int_equal(sscanf(member.name.at, "m%zu", &number), 1);
        assert_ok(member.rc);
        assert_true(!member.is_link || number % GONE_EACH == 0);
        files += number % GONE_EACH != 0;
    }
    assert_rc(rc, STORE_END);
    assert_int_equal(files, MEMBERS - (MEMBERS + GONE_EACH - 1) / GONE_EACH);
    store_cursor_close(&cursor);
}

/* One that is given up in the middle leaves nobody at it, and nothing behind. */
static void p4_a_listing_may_be_given_up_anywhere(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/");
    add_members(fixture, "c");
    for (size_t stop = 0; stop < MEMBERS; stop += MEMBERS / 10 + 1) {
        struct store_cursor *cursor;
        struct store_member member;
        assert_ok(store_list(fixture->store, PATH("c"), 0, &cursor));
        for (size_t i = 0; i < stop; i++)
            assert_ok(store_cursor_next(cursor, &member));
        store_cursor_close(&cursor);
    }
    assert_true(!backend->is_directory || fixture->helpers.calls > 0);
}

int large_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p4_each_of_many_is_given_once_and_in_order),
        CONTRACT_TEST(p4_what_goes_while_several_look_takes_nothing_along),
        CONTRACT_TEST(p4_a_collection_that_is_replaced_meanwhile_is_told_whole),
        CONTRACT_TEST(p4_what_becomes_a_link_meanwhile_is_given_as_one),
        CONTRACT_TEST(p4_a_listing_may_be_given_up_anywhere),
    };
    return cmocka_run_group_tests_name("large", tests, NULL, NULL);
}
