#include "support/test.h"

#include "../fixture.h"
#include "dav/lock/if_check.h"
#include "dav/target.h"
#include "store/change_log.h"
#include "store/handle.h"

/* One list must hold, and all conditions in it (§10.4.3); @ is the file's entity tag. */
TEST(if_header_check_holds_when_a_list_does)
{
    static const struct {
        const char *value;
        bool holds;
    } rows[] = {
        {NULL, true},
        {"(<a>)", true},
        {"(<b>)", false},
        {"(Not <b>)", true},
        {"(Not <a>)", false},
        {"(<DAV:no-lock>)", false},
        {"(Not <DAV:no-lock>)", true},
        {"([@])", true},
        {"([W/@])", false}, /* only strong ones compare: RFC 9110 §13.1.1 */
        {"(Not [W/@])", true},
        {"([\"other\"])", false},
        {"(<a> [@])", true},
        {"(<a> [\"other\"])", false},
        {"(<b>) (<a>)", true},
        {"(<b>) ([\"other\"])", false},
        /* about another resource */
        {"</f> (<a>)", true},
        {"</g> (<a>)", false},
        {"</g> (Not <a>)", true},
        {"</g> ([@])", false},
        {"</d> (<d>)", true},
        {"</d/member> (<d>)", true},
        {"</d/member> ([@])", false},
        /* what is not there: §10.4.4 */
        {"</d/none> (<d>)", false},
        {"</d/none> (Not <d>)", true},
        {"</d/gone> (<g>)", true},
        {"</d/gone> (<d>)", false},
        {"</none> (Not [@])", true},
        {"</none> ([@])", false},
        {"</g> (<a>) </f> (<a>)", true},
        {"<http://dav.test/f> (<a>)", true},
        /* one that is not ours holds nothing, not even what is negated */
        {"<http://elsewhere.test/f> (<a>)", false},
        {"<http://elsewhere.test/f> (Not <a>)", false},
        {"<no-path> (Not <b>)", false},
        /* a collection has no entity tag */
        {"</d> ([@])", false},
    };
    fixture_make("f");
    fixture_make("g");
    fixture_make("d/");
    fixture_lock("f", "a", 0);
    fixture_make("d/member");
    fixture_lock("d", "d", FIXTURE_INFINITE);
    fixture_lock("d/gone", "g", 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next("f");
        if (rows[i].value)
            fixture_if(fixture_fill(rows[i].value, fixture_etag("f")).at);
        check_int(rows[i].value, if_header_check(fixture.x).status, rows[i].holds ? 0 : 412);
    }
}

/* What is said of other resources is covered by the change, for reading. */
TEST(if_header_cover_names_what_is_looked_at)
{
    static const struct {
        const char *value;
        bool own, other, none;
    } rows[] = {
        {"(<a>)", true, false, false},
        {"</g> (<a>)", false, true, false},
        {"</g> (<a>) (<b>) </f> (<a>)", true, true, false},
        {"</none> (<a>)", false, false, true}, /* it could come to be */
        {"<http://elsewhere.test/g> (<a>)", false, false, false},
    };
    fixture_make("f");
    fixture_make("g");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next("f");
        fixture_if(rows[i].value);
        const struct store_change *change = &target_of(fixture.x)->change;
        check_int(rows[i].value, if_header_cover(fixture.x), STAGE_NEXT);
        check_int(rows[i].value, change_covers(change, PATH("f"), CLAIM_SELF, false), rows[i].own);
        check_int(rows[i].value, change_covers(change, PATH("g"), CLAIM_SELF, false),
                  rows[i].other);
        check_int(rows[i].value, change_covers(change, PATH("none"), CLAIM_SELF, false),
                  rows[i].none);
        check_int(rows[i].value, change_covers(change, PATH("g"), CLAIM_SELF, true), 0);
    }
}

/* Only where there is a log can it hold: nobody makes others wait for nothing. */
TEST(if_header_cover_holds_what_a_sync_token_is_about)
{
    const struct change_log_options in_memory = {.count_max = 10};
    struct err err;
    fixture_make("d/");
    fixture_make("d/f");
    for (int is_synced = 0; is_synced < 2; is_synced++) {
        if (is_synced)
            fixture.store->log = change_log_open(&in_memory, &err);
        fixture_next("d/f");
        fixture_if("</d> (<a>) </d> (<data:,davit-0123456789abcdef-1>)");
        const struct store_change *change = &target_of(fixture.x)->change;
        assert_int_equal(if_header_cover(fixture.x), STAGE_NEXT);
        assert_true(change_covers(change, PATH("d"), CLAIM_SELF, false));
        assert_int_equal(change_covers(change, PATH("d"), CLAIM_TREE, false), is_synced);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(if_header_check_holds_when_a_list_does),
        FIXTURE_TEST(if_header_cover_names_what_is_looked_at),
        FIXTURE_TEST(if_header_cover_holds_what_a_sync_token_is_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
