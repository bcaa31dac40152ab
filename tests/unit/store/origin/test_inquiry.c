#include "store/origin/inquiry.h"

#include "store/origin/origin_state.h"
#include "support/test.h"

TEST(statuses_are_results)
{
    static const struct {
        unsigned status;
        enum store_rc rc;
    } rows[] = {
        {200, STORE_OK},          {201, STORE_OK},          {204, STORE_OK},
        {302, STORE_BAD_ORIGIN},  {401, STORE_BAD_ORIGIN},  {403, STORE_DENIED},
        {404, STORE_NOT_FOUND},   {410, STORE_NOT_FOUND},   {409, STORE_NO_PARENT},
        {412, STORE_EXISTS},      {413, STORE_NO_SPACE},    {414, STORE_NAME_TOO_LONG},
        {423, STORE_LOCKED},      {429, STORE_UNAVAILABLE}, {500, STORE_BAD_ORIGIN},
        {503, STORE_UNAVAILABLE}, {504, STORE_NO_ANSWER},   {507, STORE_NO_SPACE},
        {508, STORE_BAD_ORIGIN},  {0, STORE_BAD_ORIGIN},    {999, STORE_BAD_ORIGIN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char row[16];
        str_print(row, sizeof(row), "%u", rows[i].status);
        check_int(row, store_rc_of_status(rows[i].status), rows[i].rc);
    }
}

TEST(urls_are_the_origins)
{
    static const struct {
        const char *origin;
        const char *path;
        bool is_collection;
        const char *url;
    } rows[] = {
        {"http://h/dav/t/", "dav/t", false, "http://h/dav/t/"},
        {"http://h/dav/t", "dav/t", true, "http://h/dav/t/"},
        {"http://h/dav/t", "dav/t/a b", false, "http://h/dav/t/a%20b"},
        {"http://h/dav/t", "dav/t/a;b#c?d%", true, "http://h/dav/t/a%3Bb%23c%3Fd%25/"},
        {"http://h/dav/t", "dav/other", false, "http://h/dav/other"},
        {"http://h/d%7Eav/t", "d~av/t/x", false, "http://h/d%7Eav/t/x"},
        {"https://h:8443", "x", false, "https://h:8443/x"},
        {"https://h:443", "", true, "https://h/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct url_place place;
        struct buf url = {0};
        struct err err;
        const struct gateway gateway = {.place = &place};
        const struct origin origin = {.gateway = &gateway};
        assert_true(url_place_init(&place, &arena, PATH("team"), rows[i].origin, &err));
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        check_that(rows[i].origin, origin_add_url(&origin, path, rows[i].is_collection, &url));
        check_str(rows[i].origin, buf_str(&url), rows[i].url);
        buf_done(&url);
        arena_done(&arena);
    }
}

TEST(paths_are_those_of_urls)
{
    static const struct {
        const char *uri, *path; /* NULL: it is none */
    } rows[] = {
        {"/dav/t/a%20b/", "dav/t/a b"},
        {"http://other/x", "x"},
        {"/a//./b/../c", "a/c"},
        {"/a%2Fb", NULL},
        {"/a%00", NULL},
        {"/../x", NULL},
        {"relative", NULL},
        {"", NULL},
        {"/%zz", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct res_path path;
        bool is_one = origin_path(&arena, str_of_c(rows[i].uri), &path);
        check_int(rows[i].uri, is_one, rows[i].path != NULL);
        if (is_one && rows[i].path)
            check_str(rows[i].uri, path_str(path), rows[i].path);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_are_results),
        cmocka_unit_test(urls_are_the_origins),
        cmocka_unit_test(paths_are_those_of_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
