#include "support/test.h"

#include "base/clock.h"
#include "dav/precondition.h"
#include "fixture.h"

TEST(parent_check_needs_a_collection)
{
    static const struct {
        const char *path;
        unsigned status;
    } rows[] = {
        {"new", 0}, {"d/new", 0}, {"d", 0}, {"f/new", 409}, {"none/new", 409}, {"d/e/new", 409},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].path, parent_check(fixture.x, path_of(rows[i].path)).status,
                  rows[i].status);
}

TEST(representation_has_what_http_asks_about)
{
    const struct store_stat file = {.version = 0xa, .modified_s = 7};
    const struct store_stat collection = {.is_collection = true, .modified_s = 7};
    struct http_representation now = representation_of(fixture.x, &file, true);
    assert_true(now.exists && now.has_etag && !now.etag.is_weak);
    check_str("etag", now.etag.opaque, "\"000000000000000a\"");
    assert_int_equal(now.modified_s, 7);
    now = representation_of(fixture.x, &collection, true);
    assert_true(now.exists && !now.has_etag);
    assert_int_equal(now.modified_s, 7);
    now = representation_of(fixture.x, &file, false);
    assert_true(!now.exists && !now.has_etag);
    assert_int_equal(now.modified_s, -1);
}

/* Both kinds of conditions must hold; @ is the file's entity tag. */
TEST(precondition_check_asks_if_and_http)
{
    static const struct {
        const char *path, *conditions, *match, *none_match;
        unsigned status;
    } rows[] = {
        {"f", NULL, NULL, NULL, 0},
        {"f", NULL, "@", NULL, 0},
        {"f", NULL, "\"other\"", NULL, 412},
        {"f", NULL, NULL, "*", 412},
        {"f", NULL, NULL, "@", 412},
        {"f", "([@])", NULL, NULL, 0},
        {"f", "([@])", "@", NULL, 0},
        {"f", "([@])", "\"other\"", NULL, 412},
        {"f", "([\"other\"])", "@", NULL, 412},
        {"none", NULL, NULL, "*", 0},
        {"none", NULL, "*", NULL, 412},
        {"d", NULL, "*", NULL, 0},
        /* Joplin's, which is no entity tag */
        {"f", NULL, NULL, "JoplinIgnore-1", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_stat stat;
        bool exists;
        fixture_next(rows[i].path);
        struct str etag = fixture_etag("f");
        if (rows[i].conditions)
            fixture_if(fixture_fill(rows[i].conditions, etag).at);
        if (rows[i].match)
            bare_exchange_add(&fixture.bare, FIELD_IF_MATCH, fixture_fill(rows[i].match, etag));
        if (rows[i].none_match)
            bare_exchange_add(&fixture.bare, FIELD_IF_NONE_MATCH,
                              fixture_fill(rows[i].none_match, etag));
        assert_int_equal(target_stat(fixture.x, &stat, &exists).status, 0);
        char row[16];
        snprintf(row, sizeof(row), "row %zu", i);
        check_int(row, precondition_check(fixture.x, &stat, exists).status, rows[i].status);
    }
}

/* The log says once in an hour that a proxy has changed an entity tag. */
TEST(precondition_note_is_about_what_a_proxy_has_changed)
{
    static const struct {
        int64_t ms;
        const char *match;
        bool is_noted;
    } rows[] = {
        {10000000, "\"other\"", false}, {10000000, "W/@", true}, {10000001, "W/@", false},
        {13599999, "W/@", false},       {13600000, "W/@", true}, {20000000, "@", false},
    };
    struct store_stat stat;
    bool exists;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        clock_freeze(rows[i].ms);
        fixture_next("f");
        bare_exchange_add(&fixture.bare, FIELD_IF_MATCH,
                          fixture_fill(rows[i].match, fixture_etag("f")));
        assert_int_equal(target_stat(fixture.x, &stat, &exists).status, 0);
        check_int(rows[i].match, precondition_check(fixture.x, &stat, exists).status,
                  rows[i].match[0] == '@' ? 0 : 412);
        check_int(rows[i].match, fixture.x->stream->response.note.len > 0, rows[i].is_noted);
    }
    clock_freeze(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(parent_check_needs_a_collection),
        FILES_TEST(representation_has_what_http_asks_about),
        FILES_TEST(precondition_check_asks_if_and_http),
        FILES_TEST(precondition_note_is_about_what_a_proxy_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
