#include "support/test.h"

#include "fixture.h"

/* RFC 4918 §5.2: a URL that ends in a slash names a collection. */
TEST(target_get_needs_a_resource)
{
    static const struct {
        const char *path;
        bool has_slash;
        unsigned status;
    } rows[] = {
        {"f", false, 0},     {"f", true, 404},       {"d", false, 0},
        {"d", true, 0},      {"", true, 0},          {"none", false, 404},
        {"none", true, 404}, {"none/x", false, 404}, {"f/x", false, 404},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_stat stat;
        fixture_next(rows[i].path);
        fixture.x->has_slash = rows[i].has_slash;
        check_int(rows[i].path, target_get(fixture.x, &stat).status, rows[i].status);
    }
}

TEST(target_stat_looks_where_it_was_located)
{
    struct store_stat stat;
    bool exists;
    fixture_next("none");
    fixture.target.leads_to = PATH("f");
    assert_int_equal(target_stat(fixture.x, &stat, &exists).status, 0);
    assert_false(exists);
    fixture.target.is_located = true;
    assert_int_equal(target_stat(fixture.x, &stat, &exists).status, 0);
    assert_true(exists && !stat.is_collection);
    assert_int_equal(stat.modified_s, FIXTURE_NOW_S);
}

TEST(etag_is_the_version)
{
    static const struct {
        uint64_t version;
        const char *etag;
    } rows[] = {
        {0, "\"0000000000000000\""},
        {0x1234abcd, "\"000000001234abcd\""},
        {UINT64_MAX, "\"ffffffffffffffff\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct store_stat stat = {.version = rows[i].version};
        check_str(rows[i].etag, etag_of_stat(fixture.arena, &stat), rows[i].etag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(target_get_needs_a_resource),
        FILES_TEST(target_stat_looks_where_it_was_located),
        FIXTURE_TEST(etag_is_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
