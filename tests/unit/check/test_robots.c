#include "support/test.h"

#include "base/buf.h"
#include "check/read/robots.h"

TEST(robots_rules)
{
    static const struct {
        const char *text, *target;
        bool is_allowed;
    } rows[] = {
        {"", "/a", true},
        {"User-agent: *\nDisallow: /", "/a", false},
        {"User-agent: *\nDisallow:", "/a", true},
        {"User-agent: other\nDisallow: /", "/a", true},
        {"user-agent: DAVIT/1.0\nDISALLOW : /a # why", "/ab", false},
        {"User-agent: davit\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", true},
        {"User-agent: *\nDisallow: /\nUser-agent: davit\nDisallow: /a", "/b", true},
        {"User-agent: x\nUser-agent: davit\nDisallow: /a", "/a", false},
        {"User-agent: davit\nDisallow: /a\nUser-agent: x\nDisallow: /b\n"
         "User-agent: davit\nDisallow: /c",
         "/c", false},
        {"User-agent: davit\nDisallow: /a\nUser-agent: x\nDisallow: /b", "/b", true},
        {"User-agent: davitx\nDisallow: /", "/a", true},
        {"User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", true},
        {"User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", false},
        {"User-agent: *\nDisallow: /a\nAllow: /a", "/a", true},
        {"User-agent: *\nAllow: /a\nDisallow: /a", "/a", true},
        {"User-agent: *\nDisallow: /*.gif$", "/x/y.gif", false},
        {"User-agent: *\nDisallow: /*.gif$", "/x/y.gifs", true},
        {"User-agent: *\nDisallow: /a*c*e", "/abcde", false},
        {"User-agent: *\nDisallow: /a*c*e$", "/abcdef", true},
        {"User-agent: *\nDisallow: /a$", "/a", false},
        {"User-agent: *\nDisallow: /a$", "/ab", true},
        {"User-agent: *\nDisallow: /\xc3\xa4", "/%c3%a4", false},
        {"User-agent: *\nDisallow: /%7Ea", "/~a", false},
        {"User-agent: *\nDisallow: /a%2Fb", "/a/b", true},
        {"User-agent: *\nDisallow: /a?b=", "/a?b=c", false},
        {"User-agent: *\nDisallow: /", "/robots.txt", true},
        {"\xef\xbb\xbfUser-agent: *\r\nDisallow: /a\rDisallow: /b", "/b", false},
        {"Disallow: /a\nUser-agent: *\nnonsense\nDisallow: /b", "/a", true},
        {"User-agent: davit\nSitemap: http://h/s\nDisallow: /a", "/a", false},
        {"User-agent: *\nDisallow: /****************************b", "/aaaaaaaaaaaaaaaaaaaaaaaa",
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct robots robots = robots_parse(&arena, str_of_c(rows[i].text), STR("davit"));
        check_int(rows[i].text, robots_allows(&robots, str_of_c(rows[i].target)),
                  rows[i].is_allowed);
        arena_done(&arena);
    }
}

TEST(robots_delay_and_sitemaps)
{
    struct arena arena = {0};
    struct robots robots = robots_parse(&arena,
                                        STR("Sitemap: http://h/a\nUser-agent: *\n"
                                            "Crawl-delay: 2.5\nSitemap:http://h/b"),
                                        STR("davit"));
    assert_true(robots.delay_s > 2.49 && robots.delay_s < 2.51);
    assert_int_equal(robots.sitemap_count, 2);
    check_str("first", robots.sitemaps[0], "http://h/a");
    check_str("second", robots.sitemaps[1], "http://h/b");
    robots = robots_parse(&arena, STR("User-agent: *\nCrawl-delay: soon"), STR("davit"));
    assert_true(robots.delay_s < 0.1);
    arena_done(&arena);
}

TEST(robots_take_any_number_of_rules)
{
    struct arena arena = {0};
    struct buf text = {0};
    BUF_ADD(&text, "User-agent: *\n");
    for (int i = 0; i < 300; i++)
        buf_addf(&text, "Disallow: /p%d/\n", i);
    struct robots robots = robots_parse(&arena, buf_str(&text), STR("davit"));
    assert_int_equal(robots.rule_count, 300);
    assert_false(robots_allows(&robots, STR("/p0/x")));
    assert_false(robots_allows(&robots, STR("/p299/x")));
    assert_true(robots_allows(&robots, STR("/p300/x")));
    buf_done(&text);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(robots_rules),
        cmocka_unit_test(robots_delay_and_sitemaps),
        cmocka_unit_test(robots_take_any_number_of_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
