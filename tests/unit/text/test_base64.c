#include "support/test.h"

#include "text/base64.h"

/* RFC 4648 §10. */
static const struct {
    const char *plain, *padded, *bare;
} rows[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xff\xef\xbe", "/+++", "_---"},
};

TEST(base64_encodes_and_decodes_rfc4648s_examples)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct buf text = {0};
        struct str plain;
        base64_encode(&text, str_of_c(rows[i].plain), BASE64);
        check_str(rows[i].plain, buf_str(&text), rows[i].padded);
        check_that(rows[i].plain, base64_decode(buf_str(&text), BASE64, &arena, &plain));
        check_str(rows[i].padded, plain, rows[i].plain);
        buf_clear(&text);
        base64_encode(&text, str_of_c(rows[i].plain), BASE64_URL);
        check_str(rows[i].plain, buf_str(&text), rows[i].bare);
        check_that(rows[i].plain, base64_decode(buf_str(&text), BASE64_URL, &arena, &plain));
        check_str(rows[i].bare, plain, rows[i].plain);
        buf_done(&text);
        arena_done(&arena);
    }
}

TEST(base64_has_one_reading_for_each_text)
{
    static const char *const bad[] = {
        "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v=", "Zm 9", "Zm9_", "=Zg=", "Zg==Zg=="};
    static const char *const bad_for_urls[] = {"Zg==", "Z", "Zh", "Zm9=", "Zm+v", "Zm9vZ"};
    struct arena arena = {0};
    struct str plain;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], !base64_decode(str_of_c(bad[i]), BASE64, &arena, &plain));
    for (size_t i = 0; i < ARRAY_LEN(bad_for_urls); i++)
        check_that(bad_for_urls[i],
                   !base64_decode(str_of_c(bad_for_urls[i]), BASE64_URL, &arena, &plain));
    arena_done(&arena);
}

/* RFC 9651 §4.2.7. */
TEST(base64_of_structured_fields_may_lack_padding)
{
    static const char *const fine[] = {
        "Zg==", "Zg=", "Zg", "Zh", "Zh==", "Zm8", "Zm9=", "Zm9v", ""};
    static const char *const bad[] = {"Z",    "Z===", "Zm9vZ", "Zm 9",
                                      "Zm9_", "=Zg",  "Zg===", "Zg==Zg=="};
    struct arena arena = {0};
    struct str plain;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text = {0};
        base64_encode(&text, str_of_c(rows[i].plain), BASE64);
        while (text.len && text.at[text.len - 1] == '=')
            text.len--;
        check_that(rows[i].plain,
                   base64_decode(buf_str(&text), BASE64_ANY_PADDING, &arena, &plain));
        check_str(rows[i].padded, plain, rows[i].plain);
        buf_done(&text);
    }
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        check_that(fine[i], base64_decode(str_of_c(fine[i]), BASE64_ANY_PADDING, &arena, &plain));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], !base64_decode(str_of_c(bad[i]), BASE64_ANY_PADDING, &arena, &plain));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_encodes_and_decodes_rfc4648s_examples),
        cmocka_unit_test(base64_has_one_reading_for_each_text),
        cmocka_unit_test(base64_of_structured_fields_may_lack_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
