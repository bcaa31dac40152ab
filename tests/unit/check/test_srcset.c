#include "support/test.h"

#include "base/buf.h"
#include "check/read/srcset.h"

TEST(srcset_gives_each_image)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"a.png", "a.png|"},
        {"a.png 1x, b.png 2x", "a.png|b.png|"},
        {"a.png 100w,b.png 200w", "a.png|b.png|"},
        {"a,b.png 1x", "a,b.png|"},
        {"a.png, b.png", "a.png|b.png|"},
        {" , a.png ,,b.png,", "a.png|b.png|"},
        {"a.png (x,y) 1x, b.png", "a.png|b.png|"},
        {"data:image/png;base64,AA== 1x, b.png 2x", "data:image/png;base64,AA==|b.png|"},
        {"", ""},
        {" ,, ", ""},
    };
    struct buf out = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str rest = str_of_c(rows[i].text), url;
        buf_clear(&out);
        while (srcset_take(&rest, &url))
            buf_addf(&out, "%.*s|", STR_ARGS(url));
        check_str(rows[i].text, buf_str(&out), rows[i].expected);
    }
    buf_done(&out);
}

TEST(refresh_has_a_url_or_not)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"5; url=/a", "/a"},
        {"0;URL='/a b'x", "/a b"},
        {"5,/a", "/a"},
        {" 1.5 ; url = \"/a\"", "/a"},
        {"5;url/a", "url/a"},
        {"5 /a", "/a"},
        {"5", ""},
        {"url=/a", ""},
        {"", ""},
        {"5x; url=/a", ""},
        {"5;", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str url = STR_NONE;
        check_int(rows[i].text, refresh_url(str_of_c(rows[i].text), &url),
                  rows[i].expected[0] != 0);
        check_str(rows[i].text, url, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(srcset_gives_each_image),
        cmocka_unit_test(refresh_has_a_url_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
