#include "support/test.h"

#include "text/size.h"

static const struct {
    uint64_t bytes;
    const char *text;
    const char *exact;
} rows[] = {
    {0, "0 B", "0 bytes"},
    {1, "1 B", "1 byte"},
    {999, "999 B", "999 bytes"},
    {1023, "1023 B", "1,023 bytes"},
    {1024, "1.0 KiB", "1,024 bytes"},
    {1536, "1.5 KiB", "1,536 bytes"},
    {10188, "9.9 KiB", "10,188 bytes"},
    {10189, "10 KiB", "10,189 bytes"},
    {27 * 1024 + 511, "27 KiB", "28,159 bytes"},
    {27 * 1024 + 512, "28 KiB", "28,160 bytes"},
    {1023 * 1024 + 511, "1023 KiB", "1,048,063 bytes"},
    {1023 * 1024 + 512, "1.0 MiB", "1,048,064 bytes"},
    {1048575, "1.0 MiB", "1,048,575 bytes"},
    {1ULL << 40, "1.0 TiB", "1,099,511,627,776 bytes"},
    {UINT64_MAX, "16 EiB", "18,446,744,073,709,551,615 bytes"},
};

TEST(size_is_rounded_once_and_never_1024_of_a_unit)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text = {0};
        size_add(&text, rows[i].bytes);
        check_str(rows[i].text, buf_str(&text), rows[i].text);
        buf_clear(&text);
        size_exact_add(&text, rows[i].bytes);
        check_str(rows[i].exact, buf_str(&text), rows[i].exact);
        buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_is_rounded_once_and_never_1024_of_a_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
