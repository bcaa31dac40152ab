#include "gateway/union/plan.h"

#include "support/test.h"

enum { MATES_MAX = 4 };

/* Of each origin: '-' nothing, 'f' a file, 'c' a collection, 'x' a refusal, '?' a challenge, '!' not
 * known, '.' it has not said it yet. */
static size_t read_had(const char *text, enum had *had)
{
    static const char letters[] = "-fcx?!.";
    static const enum had kinds[] = {HAD_NOTHING,   HAD_FILE,    HAD_COLLECTION, HAD_REFUSAL,
                                     HAD_CHALLENGE, HAD_UNKNOWN, HAD_PENDING};
    size_t count = strlen(text);
    assert_true(count <= MATES_MAX);
    for (size_t i = 0; i < count; i++)
        had[i] = kinds[strchr(letters, text[i]) - letters];
    return count;
}

struct row {
    const char *had;
    struct wish wish;
    struct plan plan;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum had had[MATES_MAX];
        size_t had_count = read_had(rows[i].had, had);
        struct plan plan = plan_of(had, had_count, rows[i].wish);
        check_int(rows[i].had, plan.kind, rows[i].plan.kind);
        check_int(rows[i].had, plan.lacking, rows[i].plan.lacking);
        if (plan.kind == PLAN_GO || plan.kind == PLAN_UNKNOWN || plan.kind == PLAN_LIST)
            check_int(rows[i].had, plan.index, rows[i].plan.index);
        if (plan.kind == PLAN_LIST || plan.kind == PLAN_EACH)
            check_int(rows[i].had, plan.members, rows[i].plan.members);
    }
}

#define GO(i)                                                                                      \
    {                                                                                              \
        .kind = PLAN_GO, .index = (i)                                                              \
    }
#define UNKNOWN(i)                                                                                 \
    {                                                                                              \
        .kind = PLAN_UNKNOWN, .index = (i)                                                         \
    }
#define JUST(word)                                                                                 \
    {                                                                                              \
        .kind = PLAN_##word                                                                        \
    }
#define LIST(i, who)                                                                               \
    {                                                                                              \
        .kind = PLAN_LIST, .index = (i), .members = (who)                                          \
    }
#define EACH(who)                                                                                  \
    {                                                                                              \
        .kind = PLAN_EACH, .members = (who)                                                        \
    }

TEST(plan_is_the_first_that_has_it)
{
    static const struct wish wish = {.aim = AIM_FIRST};
    const struct row rows[] = {
        {"ff", wish, GO(0)},        {"-f", wish, GO(1)},      {"-c", wish, GO(1)},
        {"c.", wish, GO(0)},        {".f", wish, JUST(WAIT)}, {"-.", wish, JUST(WAIT)},
        {"--", wish, JUST(ABSENT)}, {"!f", wish, UNKNOWN(0)}, {"f!", wish, GO(0)},
        {"-!", wish, UNKNOWN(1)},   {"xf", wish, GO(0)},      {"?f", wish, GO(0)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_for_what_is_nowhere_needs_to_know_all)
{
    static const struct wish makes = {.aim = AIM_FIRST, .makes = true};
    static const struct wish locks = {.aim = AIM_INSIDE, .makes = true};
    const struct row rows[] = {
        {"--", makes, JUST(PARENT)}, {"-.", makes, JUST(WAIT)},   {"-!", makes, UNKNOWN(1)},
        {"-f", makes, GO(1)},        {"--", locks, JUST(PARENT)}, {"f!", locks, GO(0)},
        {"cc", locks, JUST(SHARED)}, {"c-", locks, GO(0)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_of_a_listing_is_of_all_that_have_the_collection)
{
    static const struct wish wish = {.aim = AIM_LIST};
    const struct row rows[] = {
        {"c-", wish, GO(0)},        {"-c", wish, GO(1)},        {"cc", wish, LIST(0, 3)},
        {"-ccf", wish, LIST(1, 6)}, {"cf", wish, GO(0)},        {"fc", wish, GO(0)},
        {"c.", wish, JUST(WAIT)},   {"c!", wish, UNKNOWN(1)},   {"!c", wish, UNKNOWN(0)},
        {"cx", wish, UNKNOWN(1)},   {"xc", wish, GO(0)},        {"c?", wish, GO(1)},
        {"f!", wish, GO(0)},        {"--", wish, JUST(ABSENT)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_that_may_lack_some_names_them)
{
    static const struct wish list = {.aim = AIM_LIST, .may_lack = true};
    static const struct wish first = {.aim = AIM_FIRST, .may_lack = true};
    static const struct wish inside = {.aim = AIM_INSIDE, .may_lack = true};
    const struct row rows[] = {
        {"c!", list, {.kind = PLAN_LIST, .members = 1, .lacking = 2}},
        {"!c", list, {.kind = PLAN_LIST, .index = 1, .members = 2, .lacking = 1}},
        {"cc!", list, {.kind = PLAN_LIST, .members = 3, .lacking = 4}},
        {"!f", list, {.kind = PLAN_GO, .index = 1, .lacking = 1}},
        {"!f", first, {.kind = PLAN_GO, .index = 1, .lacking = 1}},
        {"!-", first, UNKNOWN(0)},
        {"!!", list, UNKNOWN(0)},
        {"!c", inside, UNKNOWN(0)},
        {"c!", inside, UNKNOWN(1)},
        {"!f", inside, {.kind = PLAN_GO, .index = 1, .lacking = 1}},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_of_a_collection_itself_asks_the_first_alone)
{
    static const struct wish wish = {.aim = AIM_ITSELF};
    const struct row rows[] = {
        {"cc", wish, LIST(0, 1)},
        {"-cc", wish, LIST(1, 2)},
        {"c!", wish, {.kind = PLAN_LIST, .members = 1, .lacking = 2}},
        {"c-", wish, GO(0)},
        {"!c", wish, UNKNOWN(0)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_to_take_away_is_of_each)
{
    static const struct wish each = {.aim = AIM_EACH};
    static const struct wish sole = {.aim = AIM_SOLE};
    const struct row rows[] = {
        {"ff", each, EACH(3)},    {"fc-f", each, EACH(11)}, {"f-", each, GO(0)},
        {"f!", each, UNKNOWN(1)}, {"!f", each, UNKNOWN(0)}, {"--", each, JUST(ABSENT)},
        {"f.", each, JUST(WAIT)}, {"fx", each, EACH(3)},    {"ff", sole, JUST(SHARED)},
        {"-f", sole, GO(1)},      {"f!", sole, UNKNOWN(1)}, {"c-", sole, GO(0)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_of_one_origins_is_its_own)
{
    static const struct wish wish = {.aim = AIM_INSIDE};
    const struct row rows[] = {
        {"c-", wish, GO(0)},      {"cc", wish, JUST(SHARED)}, {"cf", wish, GO(0)},
        {"c!", wish, UNKNOWN(1)}, {"f.", wish, GO(0)},        {"c.", wish, JUST(WAIT)},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(plan_for_a_member_is_the_first_collection)
{
    static const struct {
        const char *had;
        enum plan_kind kind;
        size_t index;
    } rows[] = {
        {"cc", PLAN_GO, 0},     {"-c", PLAN_GO, 1},     {"fc", PLAN_GO, 1},
        {"c.", PLAN_GO, 0},     {".c", PLAN_WAIT, 0},   {"-!", PLAN_UNKNOWN, 1},
        {"--", PLAN_ABSENT, 0}, {"f-", PLAN_ABSENT, 0}, {"xc", PLAN_GO, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum had had[MATES_MAX];
        size_t count = read_had(rows[i].had, had);
        struct plan plan = plan_for_member(had, count);
        check_int(rows[i].had, plan.kind, rows[i].kind);
        check_int(rows[i].had, plan.index, rows[i].index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_is_the_first_that_has_it),
        cmocka_unit_test(plan_for_what_is_nowhere_needs_to_know_all),
        cmocka_unit_test(plan_of_a_listing_is_of_all_that_have_the_collection),
        cmocka_unit_test(plan_that_may_lack_some_names_them),
        cmocka_unit_test(plan_of_a_collection_itself_asks_the_first_alone),
        cmocka_unit_test(plan_to_take_away_is_of_each),
        cmocka_unit_test(plan_of_one_origins_is_its_own),
        cmocka_unit_test(plan_for_a_member_is_the_first_collection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
