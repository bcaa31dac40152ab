#include "support/test.h"

#include "dav/upload/choose.h"

static void check_dialects(const char *text, unsigned expected)
{
    unsigned dialects = 0;
    struct str wrong;
    check_that(text, upload_dialects_read(str_of_c(text), &dialects, &wrong));
    check_int(text, dialects, expected);
}

TEST(uploads_are_words)
{
    check_dialects("tus", DIALECT_TUS);
    check_dialects("tus, ietf", DIALECTS_DEFAULT);
    check_dialects("patch,content-range , tus",
                   DIALECT_PATCH | DIALECT_CONTENT_RANGE | DIALECT_TUS);
    check_dialects(" none ", 0);
}

static void check_wrong(const char *text, const char *expected)
{
    unsigned dialects = 7;
    struct str wrong;
    check_that(text, !upload_dialects_read(str_of_c(text), &dialects, &wrong));
    check_str(text, wrong, expected);
    check_int(text, dialects, 7);
}

TEST(uploads_that_are_none_are_named)
{
    check_wrong("", "");
    check_wrong("tus ietf", "tus ietf");
    check_wrong("tus, chunks", "chunks");
    check_wrong("tus,", "");
    check_wrong("none, tus", "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uploads_are_words),
        cmocka_unit_test(uploads_that_are_none_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
