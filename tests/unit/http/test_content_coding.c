#include "http/content_coding.h"
#include "support/test.h"

static struct str choice(const char *field)
{
    enum compression chosen;
    return content_coding_choose(str_of_c(field), &chosen) ? content_coding_name(chosen)
                                                           : STR("none");
}

TEST(content_coding_is_what_is_liked_best)
{
    static const struct {
        const char *field;
        const char *chosen;
    } cases[] = {
        {"gzip", "gzip"},
        {"GZIP", "gzip"},
        {" gzip ;", "gzip"},
        {"x-gzip", "gzip"},
        {"gzip, deflate, br, zstd", "zstd"},
        {"gzip,deflate,br", "br"},
        {"gzip;q=1.0, br;q=0.5", "gzip"},
        {"gzip; q = 0.9 ,br; q=0.91", "br"},
        {"gzip;w=0.5", "gzip"},
        {"gzip;Q=0.002, br;q=0.001", "gzip"},
        {"*", "zstd"},
        {"*;q=0.5, zstd;q=0", "br"},
        {"gzip;q=0.5, identity", "none"},
        {"gzip;q=0.5, identity;q=0.5", "gzip"},
        {"identity;q=0, gzip", "gzip"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_str(cases[i].field, choice(cases[i].field), cases[i].chosen);
}

TEST(content_coding_is_none_where_none_is_taken)
{
    static const char *const fields[] = {
        "",        "identity", "deflate",    "gzip;q=0",  "gzip;q=0.000", "*;q=0",
        "gzip;q=", "gzip;q=x", "gzip;q=0.x", "gzip;q=-1", "gzip q=1",     ",;,=",
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        check_str(fields[i], choice(fields[i]), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_coding_is_what_is_liked_best),
        cmocka_unit_test(content_coding_is_none_where_none_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
