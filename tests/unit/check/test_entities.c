#include "support/test.h"

#include "check/read/entities.h"

TEST(references_are_resolved)
{
    static const struct {
        const char *text, *in_text, *in_attribute;
    } rows[] = {
        {"a&amp;b", "a&b", "a&b"},
        {"&lt;&gt;&quot;", "<>\"", "<>\""},
        {"&#65;&#x42;&#X43;", "ABC", "ABC"},
        {"&#65b", "Ab", "Ab"},
        {"&copy;", "\xc2\xa9", "\xc2\xa9"},
        {"&copy", "\xc2\xa9", "\xc2\xa9"},
        {"?a&copy=2", "?a\xc2\xa9=2", "?a&copy=2"},
        {"&copyx", "\xc2\xa9x", "&copyx"},
        {"&copy-x", "\xc2\xa9-x", "\xc2\xa9-x"},
        {"&notit;", "\xc2\xacit;", "&notit;"},
        {"&notin;", "\xe2\x88\x89", "\xe2\x88\x89"},
        {"&nGt;", "\xe2\x89\xab\xe2\x83\x92", "\xe2\x89\xab\xe2\x83\x92"},
        {"&nosuch;", "&nosuch;", "&nosuch;"},
        {"&", "&", "&"},
        {"&&amp", "&&", "&&"},
        {"&#;&#x;&#xg", "&#;&#x;&#xg", "&#;&#x;&#xg"},
        {"&#0;&#xd800;&#x110000;&#99999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"&#128;&#x81;", "\xe2\x82\xac\xc2\x81", "\xe2\x82\xac\xc2\x81"},
    };
    struct buf out = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_clear(&out);
        entities_decode(&out, str_of_c(rows[i].text), false);
        check_str(rows[i].text, buf_str(&out), rows[i].in_text);
        buf_clear(&out);
        entities_decode(&out, str_of_c(rows[i].text), true);
        check_str(rows[i].text, buf_str(&out), rows[i].in_attribute);
    }
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
