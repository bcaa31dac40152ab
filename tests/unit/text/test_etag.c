#include "support/test.h"

#include "text/etag.h"

TEST(etag_take_reads_one_tag)
{
    static const struct {
        const char *text, *opaque, *rest;
        bool is_weak;
    } rows[] = {
        {"\"a\"", "\"a\"", "", false},
        {"W/\"a\"", "\"a\"", "", true},
        {"\"\"", "\"\"", "", false},
        {"W/\"\"", "\"\"", "", true},
        {"\"a\", \"b\"", "\"a\"", ", \"b\"", false},
        {"\"a\\\"b", "\"a\\\"", "b", false}, /* a backslash escapes nothing */
        {"\"!#~\"", "\"!#~\"", "", false},
        {"\"\xc3\xa4\"", "\"\xc3\xa4\"", "", false}, /* obs-text */
        {"\"a,b\"", "\"a,b\"", "", false},
        {"\"W/\"x", "\"W/\"", "x", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str rest = str_of_c(rows[i].text);
        struct etag etag = {0};
        check_that(rows[i].text, etag_take(&rest, &etag));
        check_str(rows[i].text, etag.opaque, rows[i].opaque);
        check_str(rows[i].text, rest, rows[i].rest);
        check_int(rows[i].text, etag.is_weak, rows[i].is_weak);
    }
}

TEST(etag_take_refuses_what_is_none)
{
    static const char *const texts[] = {
        "",       "\"",        "a",        "\"a",   "a\"",       "W/",     "W/\"", "W/a", "w/\"a\"",
        "W\"a\"", "W/W/\"a\"", "W /\"a\"", "\"a b", "\"a\x7f\"", "\"\n\"", "'a'",  "*",   " \"a\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str rest = str_of_c(texts[i]);
        struct etag etag = {.is_weak = true, .opaque = STR("kept")};
        check_that(texts[i], !etag_take(&rest, &etag));
        check_str(texts[i], rest, texts[i]);
        check_str(texts[i], etag.opaque, "kept");
    }
    struct str rest = str_of("\"a\0b\"", 5);
    struct etag etag;
    assert_false(etag_take(&rest, &etag));
}

/* The table of RFC 9110 §8.8.3.2. */
TEST(etag_comparison)
{
    static const struct {
        const char *a, *b;
        bool strong, weak;
    } rows[] = {
        {"W/\"1\"", "W/\"1\"", false, true}, {"W/\"1\"", "W/\"2\"", false, false},
        {"W/\"1\"", "\"1\"", false, true},   {"\"1\"", "\"1\"", true, true},
        {"\"1\"", "\"10\"", false, false},   {"\"a\"", "\"A\"", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str texts[] = {str_of_c(rows[i].a), str_of_c(rows[i].b)};
        struct etag a, b;
        assert_true(etag_take(&texts[0], &a));
        assert_true(etag_take(&texts[1], &b));
        check_int(rows[i].a, etag_matches_strongly(a, b), rows[i].strong);
        check_int(rows[i].a, etag_matches_strongly(b, a), rows[i].strong);
        check_int(rows[i].a, etag_matches_weakly(a, b), rows[i].weak);
        check_int(rows[i].a, etag_matches_weakly(b, a), rows[i].weak);
    }
}

TEST(etag_list_finds_a_tag)
{
    static const struct {
        const char *list;
        enum etag_list weak, strong; /* for own "a" */
    } rows[] = {
        {"*", ETAG_LIST_ANY, ETAG_LIST_ANY},
        {" *\t", ETAG_LIST_ANY, ETAG_LIST_ANY},
        {"\"a\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"W/\"a\"", ETAG_LIST_HIT, ETAG_LIST_MISS},
        {"\"b\"", ETAG_LIST_MISS, ETAG_LIST_MISS},
        {"\"b\", \"a\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"\"a\",\"b\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"\"b\"\t,  W/\"c\" ,\"d\"", ETAG_LIST_MISS, ETAG_LIST_MISS},
        {",, \"a\",,", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"\"a,\"", ETAG_LIST_MISS, ETAG_LIST_MISS},
        {"\"a b\", \"a\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"\"a b\", W/\"a\tb\"", ETAG_LIST_MISS, ETAG_LIST_MISS},
        {"W/\"a\", \"a\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"\"a\", W/\"a\"", ETAG_LIST_HIT, ETAG_LIST_HIT},
        {"", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {",", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"a", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"\"a\" \"b\"", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"\"a\"; \"b\"", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"*, \"a\"", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"\"a\", *", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"\"a\", b", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"\"a\", \"b", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
        {"**", ETAG_LIST_INVALID, ETAG_LIST_INVALID},
    };
    const struct etag own = {.opaque = STR("\"a\"")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str list = str_of_c(rows[i].list);
        check_int(rows[i].list, etag_list_find(list, &own, false), rows[i].weak);
        check_int(rows[i].list, etag_list_find(list, &own, true), rows[i].strong);
        /* Without a tag of one's own nothing hits, and all else stays. */
        enum etag_list without = rows[i].weak == ETAG_LIST_HIT ? ETAG_LIST_MISS : rows[i].weak;
        check_int(rows[i].list, etag_list_find(list, NULL, false), without);
    }
}

TEST(etag_list_never_hits_strongly_for_a_weak_tag_of_our_own)
{
    const struct etag own = {.opaque = STR("\"a\""), .is_weak = true};
    assert_int_equal(etag_list_find(STR("\"a\", W/\"a\""), &own, true), ETAG_LIST_MISS);
    assert_int_equal(etag_list_find(STR("\"a\""), &own, false), ETAG_LIST_HIT);
}

/* A resource whose content is compressed as well is the same by each of its tags. */
TEST(etag_of_a_coding_matches_where_there_are_codings)
{
    static const struct {
        const char *theirs, *own;
        bool matches;
    } rows[] = {
        {"\"a-gzip\"", "\"a\"", true},  {"\"a-br\"", "\"a\"", true},
        {"\"a-zstd\"", "\"a\"", true},  {"\"a\"", "\"a-gzip\"", true},
        {"\"a\"", "\"a\"", true},       {"\"a-gzip\"", "\"b\"", false},
        {"\"a-lzma\"", "\"a\"", false}, {"\"agzip\"", "\"a\"", false},
        {"\"\"", "\"a\"", false},       {"\"-gzip\"", "\"\"", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct etag theirs = {.opaque = str_of_c(rows[i].theirs)};
        struct etag own = {.opaque = str_of_c(rows[i].own), .has_codings = true};
        check_int(rows[i].theirs, etag_matches_strongly(theirs, own), rows[i].matches);
        own.has_codings = false;
        check_int(rows[i].theirs, etag_matches_strongly(theirs, own),
                  strcmp(rows[i].theirs, rows[i].own) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(etag_of_a_coding_matches_where_there_are_codings),
        cmocka_unit_test(etag_take_reads_one_tag),
        cmocka_unit_test(etag_take_refuses_what_is_none),
        cmocka_unit_test(etag_comparison),
        cmocka_unit_test(etag_list_finds_a_tag),
        cmocka_unit_test(etag_list_never_hits_strongly_for_a_weak_tag_of_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
