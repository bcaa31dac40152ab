#include "support/test.h"

#include "../bench.h"
#include "dav/lock/if_check.h"

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
    bench_make("f");
    bench_make("g");
    bench_make("d/");
    bench_lock("f", "a", 0);
    bench_lock("d", "d", BENCH_INFINITE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_next("f");
        if (rows[i].value)
            bench_if(bench_fill(rows[i].value, bench_etag("f")).at);
        check_int(rows[i].value, if_header_check(bench.x).status, rows[i].holds ? 0 : 412);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(if_header_check_holds_when_a_list_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
