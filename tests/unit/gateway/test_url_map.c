#include "gateway/url_map.h"

#include "support/test.h"

static struct url_place place_at(struct arena *arena, const char *outer, const char *origin)
{
    struct url_place place;
    struct err err = {0};
    struct res_path prefix;
    bool has_slash;
    assert_int_equal(path_decode(arena, str_of_c(outer), &prefix, &has_slash), PATH_OK);
    if (!url_place_init(&place, arena, prefix, origin, &err))
        fail_msg("%s", err.text);
    return place;
}

TEST(url_of_ours_is_the_origins)
{
    static const struct {
        const char *outer, *origin, *path, *inner; /* NULL: it has no place there */
    } rows[] = {
        {"/team", "https://dav.example/dav/t/", "/team/a/b", "/dav/t/a/b"},
        {"/team", "https://dav.example/dav/t", "/team/", "/dav/t/"},
        {"/team", "https://dav.example/dav/t", "/team", "/dav/t/"},
        {"/team", "https://dav.example", "/team", "/"},
        {"/team", "https://dav.example/", "/team/a/", "/a/"},
        {"/", "https://dav.example/dav/", "/", "/dav/"},
        {"/", "https://dav.example/dav/", "/a", "/dav/a"},
        {"/", "https://dav.example/", "/", "/"},
        /* behind the prefix all stays as it is written */
        {"/team", "http://h/i", "/team/a%2fb%7E~%41;x=1,2", "/i/a%2fb%7E~%41%3Bx=1,2"},
        {"/te am", "http://h/i", "/te%20am/x", "/i/x"},
        {"/team", "http://h/i%7e", "/%74e%61m/x", "/i%7e/x"},
        /* what the rules were not asked about is not there */
        {"/team", "http://h/i", "//team//a///b//", "/i/a/b/"},
        {"/team", "http://h/i", "/team/./a/%2E/b/.", "/i/a/b/"},
        {"/team", "http://h/i", "/team/a/../b", "/i/b"},
        {"/team", "http://h/i", "/team/a/%2e%2e", "/i/"},
        {"/team", "http://h/i", "/x/../team/a", "/i/a"},
        /* what some origins take for names that lead up: no place */
        {"/team", "http://h/i", "/team/..%5Cx", NULL},
        {"/team", "http://h/i", "/team/a\\..\\x", NULL},
        {"/team", "http://h/i", "/team/.../x", NULL},
        {"/team", "http://h/i", "/team/..%20", NULL},
        {"/team", "http://h/i", "/team/.%09.", NULL},
        {"/team", "http://h/i", "/team/..:x/y", NULL},
        {"/team", "http://h/i", "/team/%c0%ae%c0%ae", NULL},
        {"/team", "http://h/i", "/team/a%C1%9Cb", NULL},
        {"/team", "http://h/i", "/team/a\\b/..a/a../.%20/12:30/%C0",
         "/i/a%5Cb/..a/a../.%20/12:30/%C0"},
        /* what some origins take for parameters */
        {"/team", "http://h/i", "/team/..;/b;c", "/i/..%3B/b%3Bc"},
        /* what no URL may hold */
        {"/team", "http://h/i", "/team/a b\xc3\xa4^\"", "/i/a%20b%C3%A4%5E%22"},
        {"/team", "http://h/i", "/teams/a", NULL},
        {"/team", "http://h/i", "/team/../a", NULL},
        {"/team", "http://h/i", "/team/../../a", NULL},
        {"/team/a", "http://h/i", "/team", NULL},
        {"/team", "http://h/i", "team", NULL},
        {"/team", "http://h/i", "", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct buf to = {0};
        struct url_place place = place_at(&arena, rows[i].outer, rows[i].origin);
        bool is_mapped = url_to_inner(&place, str_of_c(rows[i].path), &to);
        check_int(rows[i].path, is_mapped, rows[i].inner != NULL);
        check_str(rows[i].path, buf_str(&to), rows[i].inner ? rows[i].inner : "");
        buf_done(&to);
        arena_done(&arena);
    }
}

TEST(url_of_the_origin_is_ours)
{
    static const struct {
        const char *uri, *outer; /* NULL: it stays */
    } rows[] = {
        {"/dav/t/a/b%2f", "/team/a/b%2f"},
        {"/dav/t/", "/team/"},
        {"/dav/t", "/team"},
        {"/dav/%74/a", "/team/a"},
        {"//dav.example/dav/t/a", "/team/a"},
        {"/dav//t/a//b/../c", "/team/a//b/../c"},
        {"/dav/t//else.example/x", "/team/else.example/x"},
        {"/dav/t/\\else.example\\x?\\", "/team/%5Celse.example%5Cx?\\"},
        {"https://dav.example/dav/t/a?b=/c#d", "/team/a?b=/c#d"},
        {"HTTPS://DAV.example:443/dav/t/a", "/team/a"},
        {"http://dav.example/dav/t/a", "/team/a"}, /* TLS may end before the origin */
        /* the longest place counts, and any of this origin */
        {"/dav/principals/me/", "/p/me/"},
        {"/dav/t/deep/x", "/deep/x"},
        {"https://dav.example:8443/dav/t/a", NULL},
        {"https://other.example/dav/t/a", NULL},
        {"https://me@dav.example/dav/t/a", NULL},
        {"/dav/teams", NULL},
        {"/dav/", NULL},
        {"/", NULL},
        {"a.txt", NULL},
        {"../t/a", NULL},
        {"mailto:me@dav.example", NULL},
        {"urn:uuid:1", NULL},
        {"", NULL},
    };
    struct arena arena = {0};
    const struct url_place places[] = {
        place_at(&arena, "/team", "https://dav.example/dav/t/"),
        place_at(&arena, "/p", "https://dav.example/dav/principals"),
        place_at(&arena, "/deep", "https://dav.example/dav/t/deep"),
        place_at(&arena, "/else", "https://else.example/dav"),
    };
    const struct url_map map = {places, ARRAY_LEN(places)};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf to = {0};
        bool is_mapped = url_to_outer(&map, &places[0], str_of_c(rows[i].uri), &to);
        check_int(rows[i].uri, is_mapped, rows[i].outer != NULL);
        check_str(rows[i].uri, buf_str(&to), rows[i].outer ? rows[i].outer : "");
        buf_done(&to);
    }
    arena_done(&arena);
}

TEST(url_at_a_root_is_mapped_both_ways)
{
    struct arena arena = {0};
    struct buf to = {0};
    struct url_place place = place_at(&arena, "/", "http://[::1]:8080/");
    const struct url_map map = {&place, 1};
    assert_true(url_to_outer(&map, &place, STR("/a"), &to));
    assert_true(url_to_outer(&map, &place, STR("http://[::1]:8080"), &to));
    check_str("both", buf_str(&to), "/a/");
    buf_clear(&to);
    url_place_add_authority(&place, &to);
    check_str("authority", buf_str(&to), "http://[::1]:8080");
    buf_done(&to);
    arena_done(&arena);
}

TEST(url_that_is_no_origin_is_refused)
{
    static const char *const rows[] = {"",
                                       "/dav",
                                       "dav.example",
                                       "ftp://dav.example/",
                                       "https://me:secret@dav.example/",
                                       "https://dav.example/?a",
                                       "https://dav.example/a?",
                                       "https://dav.example/%zz",
                                       "https://dav.example/files/%u/",
                                       "https://dav.example/..%5c..%5cfiles/",
                                       "https://dav.example/a/../../b",
                                       "https://dav.example/#a",
                                       "https://dav example/"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct url_place place;
        struct err err = {0};
        check_that(rows[i], !url_place_init(&place, &arena, PATH_ROOT, rows[i], &err));
        check_that(rows[i], err.text[0] != '\0');
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_of_ours_is_the_origins),
        cmocka_unit_test(url_of_the_origin_is_ours),
        cmocka_unit_test(url_at_a_root_is_mapped_both_ways),
        cmocka_unit_test(url_that_is_no_origin_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
