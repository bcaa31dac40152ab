#include "support/test.h"

#include "dav/upload/create.h"

static void check_note(const char *note, const char *type, const char *metadata)
{
    struct upload_note parts = upload_note_read(str_of_c(note));
    check_str(note, parts.type, type);
    check_str(note, parts.metadata, metadata);
}

TEST(a_note_has_a_type_and_metadata)
{
    check_note("text/plain\nfilename YQ==", "text/plain", "filename YQ==");
    check_note("\nfilename YQ==", "", "filename YQ==");
    check_note("text/plain\n", "text/plain", "");
    check_note("\n", "", "");
    check_note("", "", ""); /* of another front end */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_has_a_type_and_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
