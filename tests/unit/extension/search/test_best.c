#include "support/test.h"

#include "extension/search/best.h"

/* Of many in any order the first are kept, and of equal ones those that came first. */
TEST(best_keeps_the_first_of_all)
{
    enum { COUNT = 1000, MAX = 37 };
    struct prop_name name = {.ns = STR("urn:x"), .name = STR("a")};
    const struct search_query query = {
        .props = {.names = &name, .name_count = 1}, .orders = {{.prop = 0}}, .order_count = 1};
    struct best best;
    best_init(&best, &query, MAX);
    for (unsigned i = 0; i < COUNT; i++) {
        char key[16], path[16];
        unsigned rank = i * 7919 % COUNT / 2; /* each twice */
        snprintf(key, sizeof(key), "%06u", rank);
        snprintf(path, sizeof(path), "%06u-%06u", rank, i);
        struct search_value value = {true, true, str_of_c(key), STR_NONE};
        struct walk_item item = {.path = {path, strlen(path)}, .real = {path, strlen(path)}};
        best_add(&best, &item, &(struct search_subject){.values = &value});
    }
    best_sort(&best);
    check_int("seen", best.seen, COUNT);
    check_int("kept", best.count, MAX);
    for (size_t i = 0; i < MAX; i++) {
        struct str path = path_str(best_item(&best, i)->path);
        char rank[16];
        snprintf(rank, sizeof(rank), "%06zu", i / 2);
        check_str("rank", str_first(path, 6), rank);
        if (i % 2)
            check_that("found first",
                       str_compare(path_str(best_item(&best, i - 1)->path), path) < 0);
    }
    best_done(&best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(best_keeps_the_first_of_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
