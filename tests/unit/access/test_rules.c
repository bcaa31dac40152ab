#include "support/test.h"

#include "access/access.h"
#include "access/rules.h"
#include "base/err.h"

struct row {
    const char *user;
    enum access_class class;
    const char *path;
    const char *address;
    bool is_allowed;
    unsigned line; /* of the rule that decides; 0: none */
};

static const struct {
    const char *pattern;
    bool is_allow;
    const char *sentence;
} policy[] = {
    {"/", true, "read for users"},                                      /* 1 */
    {"/public", true, "read for everyone"},                             /* 2 */
    {"/public/drop", true, "write for everyone"},                       /* 3 */
    {"/home/%u", true, "all for users"},                                /* 4 */
    {"/home/*", false, "all for everyone"},                             /* 5 */
    {"/staff", true, "read, write lock for @staff"},                    /* 6 */
    {"/staff", false, "write for bob"},                                 /* 7 */
    {"/staff/**/secret", false, "read for @staff"},                     /* 8 */
    {"/staff", true, "admin for alice"},                                /* 9 */
    {"/tie", true, "read for alice"},                                   /* 10 */
    {"/tie", false, "read for alice"},                                  /* 11 */
    {"/net", true, "read for everyone from 10.0.0.0/8, 2001:db8::/32"}, /* 12 */
    {"/net", false, "read for everyone from 10.1.0.0/16"},              /* 13 */
    {"/report-????.pdf", true, "write for carol"},                      /* 14 */
};

static void fill(struct rules *rules)
{
    struct err err;
    rules_init(rules);
    for (size_t i = 0; i < ARRAY_LEN(policy); i++) {
        struct rule_place place = {str_of_c(policy[i].pattern), (unsigned)i + 1, i == 7};
        if (!rules_add(rules, &place, policy[i].is_allow, str_of_c(policy[i].sentence), &err))
            fail_msg("%s", err.text);
    }
    rules_add_member(rules, STR("staff"), STR("alice"));
    rules_add_member(rules, STR("staff"), STR("bob"));
}

static struct rule_verdict judge(const struct rules *rules, const struct row *row)
{
    struct principal principal = {.name = str_of_c(row->user),
                                  .address = str_of_c(row->address ? row->address : "192.0.2.1")};
    struct rule_question question = {
        &principal, row->class, {row->path, strlen(row->path)}, UNICODE_NFC};
    return rules_judge(rules, &question);
}

TEST(rules_most_specific_wins_and_ties_refuse)
{
    static const struct row rows[] = {
        {"", ACCESS_READ, "", NULL, false, 0},
        {"alice", ACCESS_READ, "", NULL, true, 1},
        {"alice", ACCESS_WRITE, "", NULL, false, 0},
        {"", ACCESS_READ, "public", NULL, true, 2},
        {"", ACCESS_READ, "public/a/b", NULL, true, 2},
        {"", ACCESS_READ, "publicity", NULL, false, 0},
        {"", ACCESS_WRITE, "public/a", NULL, false, 0},
        {"", ACCESS_WRITE, "public/drop/a", NULL, true, 3},
        {"alice", ACCESS_WRITE, "home/alice/x", NULL, true, 4},
        {"alice", ACCESS_READ, "home/bob/x", NULL, false, 5},
        {"alice", ACCESS_READ, "home", NULL, true, 1},
        {"", ACCESS_READ, "home/alice", NULL, false, 5},
        {"", ACCESS_READ, "home/%u", NULL, false, 5},
        {"alice", ACCESS_WRITE, "staff/x", NULL, true, 6},
        {"bob", ACCESS_WRITE, "staff/x", NULL, false, 7},
        {"bob", ACCESS_READ, "staff/x", NULL, true, 6},
        {"carol", ACCESS_READ, "staff/x", NULL, true, 1},
        {"bob", ACCESS_READ, "staff/secret", NULL, false, 8},
        {"bob", ACCESS_READ, "staff/a/b/secret/c", NULL, false, 8},
        {"bob", ACCESS_READ, "staff/a/b/secrets", NULL, true, 6},
        {"alice", ACCESS_ADMIN, "staff/x", NULL, true, 9},
        {"bob", ACCESS_ADMIN, "staff/x", NULL, false, 0},
        {"alice", ACCESS_READ, "tie", NULL, false, 11},
        {"bob", ACCESS_READ, "tie", NULL, true, 1},
        {"", ACCESS_READ, "net", "10.2.3.4", true, 12},
        {"", ACCESS_READ, "net", "10.1.3.4", false, 13},
        {"", ACCESS_READ, "net", "11.2.3.4", false, 0},
        {"", ACCESS_READ, "net", "2001:db8:1::1", true, 12},
        {"", ACCESS_READ, "net", "::ffff:10.2.3.4", true, 12},
        {"", ACCESS_READ, "net", "2001:db9::1", false, 0},
        {"", ACCESS_READ, "net", "nonsense", false, 0},
        {"carol", ACCESS_WRITE, "report-2024.pdf", NULL, true, 14},
        {"carol", ACCESS_WRITE, "report-24.pdf", NULL, false, 0},
    };
    struct rules rules;
    fill(&rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char row[100];
        struct rule_verdict verdict = judge(&rules, &rows[i]);
        (void)snprintf(row, sizeof(row), "%s %d /%s", rows[i].user, (int)rows[i].class,
                       rows[i].path);
        check_int(row, verdict.is_allowed, rows[i].is_allowed);
        check_int(row, verdict.rule ? rule_line(verdict.rule) : 0, rows[i].line);
        check_int(row, verdict.is_hidden, rows[i].line == 8);
        check_int(row, verdict.tie != NULL, rows[i].line == 11);
    }
    rules_done(&rules);
}

#define NFC_AE "\xc3\xa4"  /* ä in one character */
#define NFD_AE "a\xcc\x88" /* in two */

/* A rule is about a thing, however it is spelled. */
TEST(rules_hold_in_every_spelling)
{
    static const struct {
        const char *pattern, *path;
        bool holds[3]; /* in NFC, SMALL, LOOSE */
    } rows[] = {
        {"/Geh" NFC_AE "lter", "Geh" NFC_AE "lter/a", {true, true, true}},
        {"/Geh" NFC_AE "lter", "Geh" NFD_AE "lter/a", {true, true, true}},
        {"/Geh" NFD_AE "lter", "Geh" NFC_AE "lter", {true, true, true}},
        {"/Geh" NFC_AE "lter", "geh" NFC_AE "lter", {false, true, true}},
        {"/*" NFC_AE "/\xff", "x" NFD_AE "/\xff", {true, true, true}},
        {"/stra\xc3\x9f"
         "e",
         "STRASSE",
         {false, false, true}},
        {"/Secret", "SECRET/x", {false, true, true}},
        {"/Secret",
         "\xc5\xbf"
         "ecret",
         {false, true, true}}, /* ſ */
        {"/%u", "J" NFD_AE "N", {false, true, true}},
    };
    static const enum unicode_form forms[] = {UNICODE_NFC, UNICODE_SMALL, UNICODE_LOOSE};
    for (size_t i = 0; i < 3 * ARRAY_LEN(rows); i++) {
        struct rules rules;
        struct err err;
        struct principal principal = {.name = STR("j" NFC_AE "n")};
        struct rule_place place = {str_of_c(rows[i / 3].pattern), 1, false};
        const char *path = rows[i / 3].path;
        struct rule_question question = {
            &principal, ACCESS_READ, {path, strlen(path)}, forms[i % 3]};
        rules_init(&rules);
        assert_true(rules_add(&rules, &place, true, STR("read for j" NFD_AE "n"), &err));
        check_int(path, rules_judge(&rules, &question).is_allowed, rows[i / 3].holds[i % 3]);
        rules_done(&rules);
    }
}

TEST(rules_know_where_they_differ_below)
{
    static const struct {
        const char *path;
        bool differ;
    } rows[] = {{"", true},        {"public", true},      {"public/drop", false},
                {"home", true},    {"home/alice", false}, {"staff", true},
                {"staff/a", true}, {"tie", false},        {"elsewhere", false}};
    struct rules rules;
    fill(&rules);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        check_that(rows[i].path, rules_differ_below(&rules, path, UNICODE_NFC) == rows[i].differ);
    }
    rules_done(&rules);
}

static bool may_there(void *arg, struct res_path path)
{
    struct str *told = arg;
    *told = path_str(path);
    return str_eq(*told, STR("home/alice/open")) || str_eq(*told, STR("home/alice/o*")) ||
           str_eq(*told, STR("all")) || str_eq(*told, STR("all/*"));
}

TEST(rules_lead_to_what_they_name)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool leads;
    } rows[] = {
        {"/home/alice/open", "", true},
        {"/home/%u/open", "home", true},
        {"/home/%u/open", "home/alice", true},
        {"/home/%u/open", "home/bob", false},
        {"/home/alice/open", "hom", false},
        {"/home/alice/open", "home/alice/open", false},
        {"/home/*/open", "", false},
        {"/home/*/open", "home", false},
        {"/home/*/open", "home/alice", false},
        {"/home/alice/o*", "home/alice", true},
        {"/home/alice/o*", "", true},
        {"/home/bob/open", "home", false},
        {"/all/**", "", true},
        {"/**/open", "", false},
        {"/all/*", "", true},
        {"/none/*", "", false},
        {"/none/*", "none", false},
        {"/all/*/**", "", false},
    };
    struct principal principal = {.name = STR("alice"), .address = STR("192.0.2.1")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rules rules;
        struct rule_place place = {str_of_c(rows[i].pattern), 1, false};
        struct rule_question question = {
            &principal, ACCESS_READ, {rows[i].path, strlen(rows[i].path)}, UNICODE_NFC};
        struct str told;
        struct err err;
        rules_init(&rules);
        check_that(rows[i].pattern, rules_add(&rules, &place, true, STR("read for alice"), &err));
        check_that(rows[i].pattern,
                   rules_lead_below(&rules, &question, may_there, &told) == rows[i].leads);
        rules_done(&rules);
    }
}

/* What rules_differ_below() denies is compared with what is decided for random paths below. */
TEST(rules_that_do_not_differ_below_decide_the_same)
{
    static const char *const names[] = {"public", "drop", "home", "alice", "staff",
                                        "secret", "tie",  "net",  "x"};
    struct rng rng = {1};
    struct rules rules;
    fill(&rules);
    for (int i = 0; i < 20000; i++) {
        struct buf path = {0};
        struct row row = {.user = rng_below(&rng, 2) ? "alice" : "",
                          .class = (enum access_class)rng_below(&rng, ACCESS_CLASS_COUNT)};
        size_t depth = 1 + rng_below(&rng, 4);
        size_t above = 0;
        for (size_t k = 0; k < depth; k++) {
            if (k)
                buf_add_char(&path, '/');
            buf_add(&path, str_of_c(names[rng_below(&rng, ARRAY_LEN(names))]));
            if (k + 2 == depth)
                above = path.len;
        }
        struct res_path parent = {path.at, above};
        row.path = buf_c(&path);
        if (!rules_differ_below(&rules, parent, UNICODE_NFC)) {
            bool is_allowed = judge(&rules, &row).is_allowed;
            char *cut = path.at;
            cut[above] = '\0';
            check_that(cut, judge(&rules, &row).is_allowed == is_allowed);
        }
        buf_done(&path);
    }
    rules_done(&rules);
}

TEST(rules_say_what_is_wrong_with_a_sentence)
{
    static const struct {
        const char *pattern, *sentence, *mistake;
    } rows[] = {
        {"/", "", "the rule does not say what it is about: read, write, lock, admin or all"},
        {"/", "read", "the rule does not say for whom it is: everyone, users, @group or a name"},
        {"/", "for alice",
         "the rule does not say what it is about: read, write, lock, admin or all"},
        {"/", "raed for alice", "'raed' is none of read, write, lock, admin and all"},
        {"/", "read for alice from here", "'here' is neither an address nor a network"},
        {"/", "read for alice from 10.0.0.0/33",
         "'10.0.0.0/33' is neither an address nor a network"},
        {"a", "read for alice", "a rule's path must begin with a slash"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rules rules;
        struct err err;
        struct rule_place place = {.pattern = str_of_c(rows[i].pattern)};
        rules_init(&rules);
        assert_false(rules_add(&rules, &place, true, str_of_c(rows[i].sentence), &err));
        check_str(rows[i].sentence, str_of_c(err.text), rows[i].mistake);
        check_that(rows[i].sentence, rules_are_empty(&rules));
        rules_done(&rules);
    }
}

static bool sees_the_same(const struct principal *a, const struct rules *rules,
                          const struct principal *b, const struct rules *others)
{
    const struct access access = {.rules = (struct rules *)(uintptr_t)rules};
    const struct access other = {.rules = (struct rules *)(uintptr_t)others};
    return access_view(&access, a) == access_view(&other, b);
}

TEST(rules_give_another_view_to_whom_they_tell_otherwise)
{
    struct rules rules;
    struct rules changed;
    struct err err;
    struct principal bob = {.name = STR("bob"), .address = STR("192.0.2.1")};
    struct principal carol = bob;
    struct principal far = bob;
    struct principal near = bob;
    struct principal bounded = bob;
    carol.name = STR("carol");
    far.address = STR("198.51.100.7");
    near.address = STR("10.1.2.3");
    bounded.scope.path = (struct res_path){"staff", 5};
    fill(&rules);
    fill(&changed);
    assert_true(sees_the_same(&bob, &rules, &bob, &changed));
    assert_true(sees_the_same(&bob, &rules, &far, &rules));
    assert_false(sees_the_same(&bob, &rules, &near, &rules));
    assert_false(sees_the_same(&bob, &rules, &carol, &rules));
    assert_false(sees_the_same(&bob, &rules, &bounded, &rules));
    rules_add_member(&changed, STR("staff"), STR("carol"));
    assert_true(sees_the_same(&bob, &rules, &bob, &changed));
    assert_false(sees_the_same(&carol, &rules, &carol, &changed));
    struct rule_place place = {.pattern = STR("/x")};
    assert_true(rules_add(&changed, &place, false, STR("write for bob"), &err));
    assert_true(sees_the_same(&bob, &rules, &bob, &changed));
    assert_true(rules_add(&changed, &place, false, STR("read for bob"), &err));
    assert_false(sees_the_same(&bob, &rules, &bob, &changed));
    rules_done(&rules);
    rules_done(&changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_most_specific_wins_and_ties_refuse),
        cmocka_unit_test(rules_hold_in_every_spelling),
        cmocka_unit_test(rules_know_where_they_differ_below),
        cmocka_unit_test(rules_lead_to_what_they_name),
        cmocka_unit_test(rules_that_do_not_differ_below_decide_the_same),
        cmocka_unit_test(rules_say_what_is_wrong_with_a_sentence),
        cmocka_unit_test(rules_give_another_view_to_whom_they_tell_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
