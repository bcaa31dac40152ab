#include "support/test.h"

#include "base/buf.h"
#include "dav/method.h"

/* What dav has itself; what extensions add: tests/unit/extension/test_extension.c. */
TEST(methods_allow_lists_those_that_make_sense)
{
    static const struct {
        const char *name;
        unsigned flag;
        bool is_root, is_read_only;
        const char *allow;
    } rows[] = {
        {"a file", METHOD_ON_FILE, false, false,
         "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"a collection", METHOD_ON_COLLECTION, false, false,
         "OPTIONS, GET, HEAD, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"the root", METHOD_ON_COLLECTION, true, false,
         "OPTIONS, GET, HEAD, COPY, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"nothing", METHOD_ON_UNMAPPED, false, false, "OPTIONS, PUT, MKCOL, LOCK"},
        {"a file, read-only", METHOD_ON_FILE, false, true, "OPTIONS, GET, HEAD, PROPFIND"},
        {"nothing, read-only", METHOD_ON_UNMAPPED, false, true, "OPTIONS"},
        {"the server", METHOD_ON_ANY, false, false,
         "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
    };
    static const struct exchange x;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct method_place place = {rows[i].flag, rows[i].is_root, rows[i].is_read_only,
                                           NULL};
        struct buf allow = {0};
        dav_methods_allow(&allow, &x, &place);
        check_str(rows[i].name, buf_str(&allow), rows[i].allow);
        buf_done(&allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_allow_lists_those_that_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
