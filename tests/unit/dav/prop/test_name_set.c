#include "support/test.h"

#include "dav/prop/name_set.h"

TEST(name_set_tells_where_a_name_was_first)
{
    static const struct {
        const char *ns, *name;
        size_t first;
    } rows[] = {{"DAV:", "a", 0}, {"DAV:", "b", 1}, {"DAV:", "a", 0},  {"dav:", "a", 3},
                {"DAV:", "A", 4}, {"", "a", 5},     {"", "aDAV:", 6},  {"a", "DAV:", 7},
                {"", "a", 5},     {"DAV:", "b", 1}, {"DAV:a", "a", 10}};
    struct arena arena = {0};
    struct name_set set = {.arena = &arena};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].name, name_set_add(&set, str_of_c(rows[i].ns), str_of_c(rows[i].name), i),
                  rows[i].first);
    assert_int_equal(name_set_add(&set, STR_NONE, STR("a"), 99), 5);
    name_set_done(&set);
    arena_done(&arena);
}

TEST(name_set_copies_what_it_keeps)
{
    struct arena arena = {0};
    struct name_set set = {.arena = &arena};
    char name[16] = "first";
    assert_int_equal(name_set_add(&set, STR("u"), str_of_c(name), 0), 0);
    memcpy(name, "other", 5);
    assert_int_equal(name_set_add(&set, STR("u"), str_of_c(name), 1), 1);
    assert_int_equal(name_set_add(&set, STR("u"), STR("first"), 2), 0);
    name_set_done(&set);
    arena_done(&arena);
}

TEST(name_set_of_many)
{
    struct arena arena = {0};
    struct name_set set = {.arena = &arena};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 20000; i++) {
            char name[16];
            snprintf(name, sizeof(name), "n%zu", i);
            check_int(name, name_set_add(&set, STR("u"), str_of_c(name), i), i);
        }
    }
    assert_int_equal(set.names.count, 20000);
    name_set_done(&set);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_set_tells_where_a_name_was_first),
        cmocka_unit_test(name_set_copies_what_it_keeps),
        cmocka_unit_test(name_set_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
