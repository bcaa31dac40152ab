#include "support/test.h"

#include "base/buf.h"
#include "dav/method.h"

static const char *const known[] = {"OPTIONS", "GET",  "HEAD",     "PUT",       "DELETE", "MKCOL",
                                    "COPY",    "MOVE", "PROPFIND", "PROPPATCH", "LOCK",   "UNLOCK"};

TEST(methods_are_found_by_their_names)
{
    static const char *const others[] = {"",     "get",  "Get",    "GE",
                                         "GETS", "GET ", "REPORT", "SEARCH"};
    static const char *const refused[] = {"POST", "PATCH", "TRACE", "CONNECT"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const struct dav_method *method = dav_method_find(str_of_c(known[i]));
        check_that(known[i], method && method->stages && method->flags);
        check_str(known[i], method->name, known[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        check_that(refused[i], !dav_method_find(str_of_c(refused[i]))->stages);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !dav_method_find(str_of_c(others[i])));
}

/* RFC 9110 §9.2.1: what is safe does not write; what may change something does. */
TEST(methods_that_write_are_marked)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        bool is_safe = strcmp(known[i], "OPTIONS") == 0 || strcmp(known[i], "GET") == 0 ||
                       strcmp(known[i], "HEAD") == 0 || strcmp(known[i], "PROPFIND") == 0;
        const struct dav_method *method = dav_method_find(str_of_c(known[i]));
        check_int(known[i], !(method->flags & METHOD_WRITES), is_safe);
    }
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
        cmocka_unit_test(methods_are_found_by_their_names),
        cmocka_unit_test(methods_that_write_are_marked),
        cmocka_unit_test(methods_allow_lists_those_that_make_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
