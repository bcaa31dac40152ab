#include "support/test.h"

#include "text/uuid.h"

TEST(uuid_format_sets_version_and_variant_only)
{
    static const struct {
        unsigned char random[16];
        const char *text;
    } rows[] = {
        {{0}, "00000000-0000-4000-8000-000000000000"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff},
         "ffffffff-ffff-4fff-bfff-ffffffffffff"},
        {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
          0xef},
         "01234567-89ab-4def-8123-456789abcdef"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[UUID_LEN + 1];
        text[UUID_LEN] = '!';
        uuid_format(text, rows[i].random);
        check_bytes(rows[i].text, str_of(text, UUID_LEN), str_of_c(rows[i].text));
        assert_int_equal(text[UUID_LEN], '!');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid_format_sets_version_and_variant_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
