#include "support/test.h"

#include "support/xml_tree.h"
#include "xml/writer.h"

#define REPLACED "\xef\xbf\xbd"

static void check_escapes(const char *raw, size_t len, const char *as_text, const char *as_attr)
{
    struct buf text = {0}, attr = {0};
    xml_add_text(&text, str_of(raw, len));
    xml_add_attr(&attr, str_of(raw, len));
    check_str(raw, buf_str(&text), as_text);
    check_str(raw, buf_str(&attr), as_attr);
    buf_done(&text);
    buf_done(&attr);
}

TEST(writer_escapes_markup)
{
    static const struct {
        const char *raw, *as_text, *as_attr;
    } rows[] = {
        {"", "", ""},
        {"plain text", "plain text", "plain text"},
        {"<a>&\"'", "&lt;a&gt;&amp;\"'", "&lt;a&gt;&amp;&quot;'"},
        {"]]>", "]]&gt;", "]]&gt;"},
        {"&amp;", "&amp;amp;", "&amp;amp;"},
        {"a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\x7f", "\x7f", "\x7f"},
        {"\xc2\x80\xef\xbf\xbd", "\xc2\x80\xef\xbf\xbd", "\xc2\x80\xef\xbf\xbd"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}, /* the last character */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_escapes(rows[i].raw, strlen(rows[i].raw), rows[i].as_text, rows[i].as_attr);
}

/* What no XML document can hold: controls, and bytes that are no UTF-8. */
TEST(writer_replaces_what_xml_cannot_hold)
{
    static const struct {
        const char *raw;
        size_t replaced; /* characters */
    } rows[] = {
        {"\x01", 1},
        {"\x1f\x0b", 2},
        {"\x80", 1},
        {"\xff\xfe", 2},
        {"\xc3", 1},
        {"\xc0\xaf", 2},
        {"\xc1\x81", 2},
        {"\xe2\x82", 2},
        {"\xe0\x80\xaf", 3},
        {"\xe0\x9f\xbf", 3},
        {"\xed\xa0\x80", 3}, /* a surrogate */
        {"\xed\xbf\xbf", 3},
        {"\xef\xbf\xbe", 3}, /* U+FFFE */
        {"\xef\xbf\xbf", 3},
        {"\xf0\x80\x80\x80", 4},
        {"\xf0\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 4}, /* beyond Unicode */
        {"\xf5\x80\x80\x80", 4},
        {"\xf8\x88\x80\x80\x80", 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf raw = {0}, expected = {0};
        buf_addf(&raw, "a%sb", rows[i].raw);
        BUF_ADD(&expected, "a");
        for (size_t j = 0; j < rows[i].replaced; j++)
            BUF_ADD(&expected, REPLACED);
        BUF_ADD(&expected, "b");
        check_escapes(raw.at, raw.len, buf_c(&expected), buf_c(&expected));
        buf_done(&raw);
        buf_done(&expected);
    }
    check_escapes("a\0b", 3, "a" REPLACED "b", "a" REPLACED "b");
    /* Cut short by the end of the view, though the memory goes on. */
    check_escapes("\xc3\xa4", 1, REPLACED, REPLACED);
    check_escapes("\xf0\x9f\x98\x80", 3, REPLACED REPLACED REPLACED, REPLACED REPLACED REPLACED);
    /* A broken sequence does not swallow what follows. */
    check_escapes("\xe2\x82<", 3, REPLACED REPLACED "&lt;", REPLACED REPLACED "&lt;");
    check_escapes("\xf0\xc3\xa4", 3, REPLACED "\xc3\xa4", REPLACED "\xc3\xa4");
}

/* UTF-8 without looking at what it is: surrogates as well. */
static struct str encode(char to[4], uint32_t c)
{
    static const unsigned char firsts[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (c < 0x80) {
        to[0] = (char)c;
        return str_of(to, 1);
    }
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(firsts[len] | c);
    return str_of(to, len);
}

TEST(writer_replaces_exactly_what_xml_has_no_character_for)
{
    struct buf out = {0};
    for (uint32_t c = 0; c < 0x110000; c++) {
        char bytes[4];
        bool is_char = c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) ||
                       (c >= 0xe000 && c < 0xfffe) || c >= 0x10000; /* XML 1.0 §2.2 */
        buf_clear(&out);
        xml_add_text(&out, encode(bytes, c));
        bool is_replaced = c != 0xfffd && str_starts(buf_str(&out), STR(REPLACED));
        if (is_replaced == is_char)
            fail_msg("U+%04X", c);
    }
    buf_done(&out);
}

/* Random bytes: always well-formed, and the reader gives back what was written. */
TEST(writer_makes_any_bytes_well_formed)
{
    static const char some[] =
        "<>&\"'\r\n\t ]a\x01\x7f\x80\xc3\xa4\xe2\x82\xac\xed\xa0\xef\xbf\xbe\xf0\x9f";
    struct rng rng = {12};
    for (int turn = 0; turn < 20000; turn++) {
        char raw[24];
        size_t len = rng_below(&rng, sizeof(raw));
        struct buf document = {0};
        struct xml_tree tree;
        for (size_t i = 0; i < len; i++)
            raw[i] = some[rng_below(&rng, sizeof(some) - 1)];
        BUF_ADD(&document, "<a b=\"");
        xml_add_attr(&document, str_of(raw, len));
        BUF_ADD(&document, "\">");
        xml_add_text(&document, str_of(raw, len));
        BUF_ADD(&document, "</a>");
        xml_tree_init(&tree, 1);
        assert_int_equal(xml_tree_read(&tree, buf_str(&document), SIZE_MAX / 2, &xml_limits_wide),
                         XML_OK);
        /* Attribute and text are the same characters; each shows up in the log. */
        struct str log = buf_str(&tree.log);
        (void)str_cut(&log, '=');
        struct str attr = str_cut(&log, '\x1f');
        (void)str_cut(&log, '\x1f');
        struct str text = str_cut(&log, '\x1e');
        if (len)
            check_bytes("both", attr, text);
        xml_tree_done(&tree);
        buf_done(&document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_escapes_markup),
        cmocka_unit_test(writer_replaces_what_xml_cannot_hold),
        cmocka_unit_test(writer_replaces_exactly_what_xml_has_no_character_for),
        cmocka_unit_test(writer_makes_any_bytes_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
