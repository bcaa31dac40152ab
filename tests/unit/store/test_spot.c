#include "store/trash/spot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *path;
    unsigned levels;
    enum spot_zone zone;
    const char *base; /* NULL: nothing there has a trash */
    const char *rest;
    const char *real;
    const char *versions; /* of what is outside, or was deleted */
} rows[] = {
    {"", 0, ZONE_OUTSIDE, "", "", "", NULL},
    {"a/f", 0, ZONE_OUTSIDE, "", "a/f", "a/f", ".t/.versions/a/f"},
    {".trash", 0, ZONE_OUTSIDE, "", ".trash", ".trash", ".t/.versions/.trash"},
    {".t", 0, ZONE_TRASH, "", "", ".t", NULL},
    {".t/e", 0, ZONE_KEPT, "", "", ".t/e/kept", ".t/e/versions"},
    {".t/e/about", 0, ZONE_KEPT, "", "about", ".t/e/kept/about", ".t/e/versions/about"},
    {".t/e/a/f", 0, ZONE_KEPT, "", "a/f", ".t/e/kept/a/f", ".t/e/versions/a/f"},
    {".t/.versions", 0, ZONE_VERSIONS, "", "", ".t/.versions", NULL},
    {".t/.versions/a/v", 0, ZONE_VERSIONS, "", "a/v", ".t/.versions/a/v", NULL},
    {"", 1, ZONE_OUTSIDE, NULL, "", "", NULL},
    {".t", 1, ZONE_OUTSIDE, ".t", "", ".t", NULL},
    {"u/f", 1, ZONE_OUTSIDE, "u", "f", "u/f", "u/.t/.versions/f"},
    {"u/.t/e/f", 1, ZONE_KEPT, "u", "f", "u/.t/e/kept/f", "u/.t/e/versions/f"},
    {"u/files/.t", 2, ZONE_TRASH, "u/files", "", "u/files/.t", NULL},
    {"u/.t", 2, ZONE_OUTSIDE, "u/.t", "", "u/.t", NULL},
};

static void paths_have_their_spots(void **state)
{
    (void)state; /* there is none */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct str text = str_of_c(rows[i].path);
        struct res_path path = {text.at, text.len};
        struct spot spot = spot_of(&arena, STR(".t"), rows[i].levels, path);
        assert_int_equal(spot.zone, rows[i].zone);
        assert_int_equal(spot.base.at != NULL, rows[i].base != NULL);
        if (rows[i].base)
            assert_string_equal(arena_text(&arena, path_str(spot.base)), rows[i].base);
        assert_string_equal(arena_text(&arena, spot.rest), rows[i].rest);
        struct res_path real = spot_real(&arena, &spot, path);
        assert_string_equal(arena_text(&arena, path_str(real)), rows[i].real);
        if (rows[i].versions)
            assert_string_equal(arena_text(&arena, path_str(spot_versions(&arena, &spot))),
                                rows[i].versions);
        arena_done(&arena);
    }
}

static void moments_come_back(void **state)
{
    static const int64_t moments[] = {0, 1, 999999, 1764532862123456, 253402300799999999};
    (void)state; /* there is none */
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        struct buf text = {0};
        int64_t again = -1;
        moment_add(&text, moments[i]);
        assert_int_equal(text.len, MOMENT_LEN);
        BUF_ADD(&text, "-3f9c-f");
        assert_true(moment_parse(buf_str(&text), &again));
        assert_int_equal(again, moments[i]);
        buf_done(&text);
    }
}

static void what_is_no_moment_is_none(void **state)
{
    static const char *const texts[] = {
        "",
        "f",
        ".versions",
        "20261130T200102.123456",
        "20261130T200102.12345xZ",
        "20261131T200102.123456Z",
        "20261130T250102.123456Z",
        "20261130 200102.123456Z",
        "20261130T200102,123456Z",
        "20261130T200160.123456Z",
        "00001130T200102.123456Z",
    };
    (void)state; /* there is none */
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int64_t us;
        assert_false(moment_parse(str_of_c(texts[i]), &us));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_have_their_spots),
        cmocka_unit_test(moments_come_back),
        cmocka_unit_test(what_is_no_moment_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
