#include "support/test.h"

#include "dav/allow.h"
#include "fixture.h"

/* RFC 9110 §15.5.6 */
TEST(allow_is_what_may_be_done_there)
{
    static const struct {
        const char *path, *raw, *allow;
    } rows[] = {
        {"d", "/d", "OPTIONS, GET, HEAD, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"f", "/f",
         "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"none", "/none", "OPTIONS, PUT, MKCOL, LOCK"},
        {"", "/", "OPTIONS, GET, HEAD, COPY, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"", "", /* "*" */
         "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
    };
    fixture_make("d/");
    fixture_make("f");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fixture_next(rows[i].path);
        fixture.bare.stream.request.path = str_of_c(rows[i].raw);
        struct buf allow = {0};
        allow_add(fixture.x, &allow);
        check_str(rows[i].raw, buf_str(&allow), rows[i].allow);
        buf_done(&allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(allow_is_what_may_be_done_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
