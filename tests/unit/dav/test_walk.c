#include "support/test.h"

#include "dav/walk.h"
#include "fixture.h"

enum { LINES_MAX = 64 };

static int compare_lines(const void *a, const void *b)
{
    const struct str *left = a, *right = b;
    return str_compare(*left, *right);
}

/* Puts the lines of a text in order: a store gives members in none. */
static void sort_lines(struct buf *text)
{
    struct str lines[LINES_MAX];
    struct buf sorted = {0};
    size_t count = 0;
    for (struct str rest = buf_str(text); rest.len; count++) {
        assert_true(count < LINES_MAX);
        lines[count] = str_cut(&rest, '\n');
    }
    qsort(lines, count, sizeof(lines[0]), compare_lines);
    for (size_t i = 0; i < count; i++) {
        buf_add(&sorted, lines[i]);
        buf_add_char(&sorted, '\n');
    }
    buf_done(text);
    *text = sorted;
}

static struct walk_item item_of(const char *path, const char *real)
{
    struct walk_item target = {.path = path_of(path), .real = path_of(real)};
    assert_int_equal(store_stat(fixture.store, target.real, 0, &target.stat), STORE_OK);
    return target;
}

/* "path real/ rc" a line: a slash for a collection, rc where it is not OK. */
static void walk_all(struct walk *walk, struct buf *to)
{
    struct walk_item item;
    while (walk_next(walk, &item) == STORE_OK) {
        buf_addf(to, "%.*s", STR_ARGS(path_str(item.path)));
        if (!path_eq(item.path, item.real))
            buf_addf(to, " %.*s", STR_ARGS(path_str(item.real)));
        buf_addf(to, "%s", item.stat.is_collection ? "/" : "");
        if (item.rc != STORE_OK)
            buf_addf(to, " %d%s", (int)item.rc, item.is_listing_rc ? " listing" : "");
        buf_add_char(to, '\n');
    }
    assert_int_equal(walk_next(walk, &item), STORE_END); /* for ever */
}

static int open_with_tree(void **state)
{
    static const char *const names[] = {"d/", "d/b", "d/c/", "d/c/a", "d/c/e/", "d/c/e/f", "g"};
    (void)!fixture_open(state); /* it asserts */
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        fixture_make(names[i]);
    return 0;
}

#define TREE_TEST(test) cmocka_unit_test_setup_teardown(test, open_with_tree, fixture_close)

TEST(walk_goes_as_deep_as_it_is_told)
{
    static const struct {
        const char *path, *real;
        enum depth depth;
        const char *items; /* sorted */
    } rows[] = {
        {"d", "d", DEPTH_0, "d/\n"},
        {"d", "d", DEPTH_1, "d/\nd/b\nd/c/\n"},
        {"d", "d", DEPTH_INFINITY, "d/\nd/b\nd/c/\nd/c/a\nd/c/e/\nd/c/e/f\n"},
        {"", "", DEPTH_1, "/\nd/\ng\n"},
        {"", "", DEPTH_INFINITY, "/\nd/\nd/b\nd/c/\nd/c/a\nd/c/e/\nd/c/e/f\ng\n"},
        {"g", "g", DEPTH_0, "g\n"},
        {"g", "g", DEPTH_INFINITY, "g\n"},
        /* by another name */
        {"x/y", "d/c", DEPTH_1, "x/y d/c/\nx/y/a d/c/a\nx/y/e d/c/e/\n"},
        {"", "d/c", DEPTH_1, " d/c/\na d/c/a\ne d/c/e/\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct walk_item target = item_of(rows[i].path, rows[i].real);
        struct buf items = {0};
        struct walk walk;
        walk_init(&walk, fixture.store, &target, rows[i].depth, 400);
        walk_all(&walk, &items);
        walk_done(&walk);
        sort_lines(&items);
        check_str(rows[i].path, buf_str(&items), rows[i].items);
        buf_done(&items);
    }
}

TEST(walk_gives_a_collection_before_its_members)
{
    struct walk_item target = item_of("", ""), item;
    struct walk walk;
    char parents[LINES_MAX][16] = {""};
    size_t count = 1;
    walk_init(&walk, fixture.store, &target, DEPTH_INFINITY, 400);
    assert_int_equal(walk_next(&walk, &item), STORE_OK);
    while (walk_next(&walk, &item) == STORE_OK) {
        struct str parent = path_str(path_parent(item.path));
        bool is_there = false;
        for (size_t i = 0; i < count; i++)
            is_there |= str_eq(parent, str_of_c(parents[i]));
        check_that(parents[count - 1], is_there);
        snprintf(parents[count++], sizeof(parents[0]), "%.*s", STR_ARGS(path_str(item.path)));
    }
    walk_done(&walk);
}

/* What is deeper than allowed is told of, and the rest still comes. */
TEST(walk_is_bounded_in_depth)
{
    struct walk_item target = item_of("d", "d");
    struct buf items = {0};
    struct walk walk;
    char expected[64];
    snprintf(expected, sizeof(expected), "d/\nd/b\nd/c/\nd/c/a\nd/c/e/ %d listing\n",
             (int)STORE_TOO_DEEP);
    walk_init(&walk, fixture.store, &target, DEPTH_INFINITY, 1);
    walk_all(&walk, &items);
    walk_done(&walk);
    sort_lines(&items);
    check_str("bounded", buf_str(&items), expected);
    buf_done(&items);
}

TEST(walk_can_be_left_anywhere)
{
    struct walk_item target = item_of("", ""), item;
    for (int steps = 0; steps < 8; steps++) {
        struct walk walk;
        walk_init(&walk, fixture.store, &target, DEPTH_INFINITY, 400);
        for (int i = 0; i < steps; i++)
            assert_int_equal(walk_next(&walk, &item), STORE_OK);
        walk_done(&walk);
    }
}

/* A collection that has gone since it was looked at. */
TEST(walk_of_what_has_gone_says_so)
{
    struct walk_item target = item_of("d", "d"), item;
    struct walk walk;
    target.real = PATH("none");
    walk_init(&walk, fixture.store, &target, DEPTH_1, 400);
    assert_int_equal(walk_next(&walk, &item), STORE_OK);
    assert_int_equal(item.rc, STORE_NOT_FOUND);
    assert_true(item.is_listing_rc);
    assert_int_equal(walk_next(&walk, &item), STORE_END);
    walk_done(&walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(walk_goes_as_deep_as_it_is_told),
        TREE_TEST(walk_gives_a_collection_before_its_members),
        TREE_TEST(walk_is_bounded_in_depth),
        TREE_TEST(walk_can_be_left_anywhere),
        TREE_TEST(walk_of_what_has_gone_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
