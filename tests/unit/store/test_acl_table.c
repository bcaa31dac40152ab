#include "support/test.h"

#include "store/acl/table.h"

static struct arena arena;

static void check_found(struct acl_table *table, struct res_path path, const char *text,
                        size_t levels)
{
    const struct kept_acl *found = acl_table_find(table, &arena, path);
    if (!text) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_true(str_eq(found->text, str_of_c(text)));
    assert_int_equal(found->levels, levels);
}

TEST(acl_table_finds_the_nearest)
{
    struct acl_table *table = acl_table_new(8);
    assert_true(acl_table_is_empty(table));
    check_found(table, PATH("a/b"), NULL, 0);
    acl_table_set(table, PATH("a"), STR("one"));
    acl_table_set(table, PATH("a/b/c"), STR("two"));
    check_found(table, PATH("a"), "one", 0);
    check_found(table, PATH("a/b"), "one", 1);
    check_found(table, PATH("a/b/c"), "two", 0);
    check_found(table, PATH("a/b/c/d/e"), "two", 2);
    check_found(table, PATH("ab"), NULL, 0);
    check_found(table, PATH_ROOT, NULL, 0);
    acl_table_set(table, PATH_ROOT, STR("all"));
    check_found(table, PATH("ab"), "all", 1);
    acl_table_set(table, PATH("a"), STR("new"));
    check_found(table, PATH("a/b"), "new", 1);
    acl_table_set(table, PATH("a"), STR_NONE);
    check_found(table, PATH("a/b"), "all", 2);
    acl_table_free(table);
    arena_done(&arena);
}

TEST(acl_table_knows_what_is_below)
{
    struct acl_table *table = acl_table_new(8);
    size_t count;
    acl_table_set(table, PATH_ROOT, STR("x"));
    assert_false(acl_table_differs_below(table, PATH_ROOT));
    acl_table_set(table, PATH("a"), STR("x"));
    acl_table_set(table, PATH("a-b"), STR("x"));
    assert_true(acl_table_differs_below(table, PATH_ROOT));
    assert_false(acl_table_differs_below(table, PATH("a")));
    acl_table_set(table, PATH("a/b"), STR("x"));
    assert_true(acl_table_differs_below(table, PATH("a")));
    struct res_path *paths = acl_table_paths(table, &arena, PATH("a"), &count);
    assert_int_equal(count, 2);
    assert_true(path_eq(paths[0], PATH("a")) && path_eq(paths[1], PATH("a/b")));
    (void)acl_table_paths(table, &arena, PATH_ROOT, &count);
    assert_int_equal(count, 4);
    acl_table_free(table);
    arena_done(&arena);
}

TEST(acl_table_holds_both_ends_of_a_move)
{
    struct acl_table *table = acl_table_new(8);
    struct acl_move move = {.from = PATH("a"), .to = PATH("b")};
    acl_table_set(table, PATH("a/x"), STR("one"));
    acl_table_set(table, PATH("b"), STR("two"));
    acl_table_begin_move(table, &move);
    const struct kept_acl *found = acl_table_find(table, &arena, PATH("b/x/y"));
    assert_true(str_eq(found->text, STR("two")));
    assert_true(str_eq(found->next->text, STR("one")));
    assert_true(acl_table_differs_below(table, PATH("c")));
    acl_table_end_move(table, &move);
    assert_null(acl_table_find(table, &arena, PATH("b/x/y"))->next);
    acl_table_free(table);
    arena_done(&arena);
}

TEST(acl_table_has_room_for_so_many)
{
    struct acl_table *table = acl_table_new(1);
    assert_true(acl_table_has_room(table, PATH("a")));
    acl_table_set(table, PATH("a"), STR("x"));
    assert_true(acl_table_has_room(table, PATH("a")));
    assert_false(acl_table_has_room(table, PATH("b")));
    acl_table_free(table);
}

TEST(acl_table_has_the_same_mark_for_the_same)
{
    struct acl_table *table = acl_table_new(8);
    struct acl_table *other = acl_table_new(8);
    acl_table_set(table, PATH("a"), STR("x"));
    acl_table_set(table, PATH("b"), STR("y"));
    acl_table_set(other, PATH("b"), STR("y"));
    assert_true(acl_table_mark(table) != acl_table_mark(other));
    acl_table_set(other, PATH("a"), STR("x"));
    assert_true(acl_table_mark(table) == acl_table_mark(other));
    acl_table_set(other, PATH("a"), STR("z"));
    assert_true(acl_table_mark(table) != acl_table_mark(other));
    acl_table_free(table);
    acl_table_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acl_table_finds_the_nearest),
        cmocka_unit_test(acl_table_knows_what_is_below),
        cmocka_unit_test(acl_table_holds_both_ends_of_a_move),
        cmocka_unit_test(acl_table_has_room_for_so_many),
        cmocka_unit_test(acl_table_has_the_same_mark_for_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
