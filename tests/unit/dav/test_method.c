#include "support/test.h"

#include "base/buf.h"
#include "dav/method.h"

TEST(methods_that_are_served_are_somewhere_allowed)
{
    static const enum method_id refused[] = {METHOD_TRACE, METHOD_CONNECT};
    for (enum method_id id = 0; id < METHOD_COUNT; id++) {
        const struct method *method = method_of(id);
        check_int(method->name.at, dav_method_stages(method) != NULL,
                  dav_method_flags(method) != 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_null(dav_method_stages(method_of(refused[i])));
}

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
        {"a file of which parts may be changed", METHOD_ON_FILE | METHOD_ON_PATCHED, false, false,
         "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK, PATCH"},
        {"the root, where uploads go on later", METHOD_ON_COLLECTION | METHOD_ON_RESUMABLE, true,
         false, "OPTIONS, GET, HEAD, COPY, PROPFIND, PROPPATCH, LOCK, UNLOCK, POST"},
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
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf allow = {0};
        dav_methods_allow(&allow, rows[i].flag, rows[i].is_root, rows[i].is_read_only);
        check_str(rows[i].name, buf_str(&allow), rows[i].allow);
        buf_done(&allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_that_are_served_are_somewhere_allowed),
        cmocka_unit_test(methods_allow_lists_those_that_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
