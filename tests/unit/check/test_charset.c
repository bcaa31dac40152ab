#include "support/test.h"

#include "check/read/charset.h"
#include "check/read/html_links.h"

TEST(labels_are_those_of_the_web)
{
    static const struct {
        const char *label, *name;
    } rows[] = {
        {"utf-8", "utf-8"},
        {" UTF8\n", "utf-8"},
        {"latin1", "windows-1252"},
        {"US-ASCII", "windows-1252"},
        {"cp1251", "windows-1251"},
        {"sjis", "shift_jis"},
        {"gb2312", "gbk"},
        {"utf-16", "utf-16le"},
        {"iso-2022-kr", "replacement"},
        {"nonsense", ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].label, charset_name(charset_of_label(str_of_c(rows[i].label))),
                  rows[i].name);
}

TEST(documents_say_what_they_are_in)
{
    size_t len;
    assert_int_equal(charset_of_mark(STR("\xef\xbb\xbf"
                                         "a"),
                                     &len),
                     CHARSET_UTF_8);
    assert_int_equal(len, 3);
    assert_int_equal(charset_of_mark(STR("\xff\xfe"), &len), CHARSET_UTF_16LE);
    assert_int_equal(charset_of_mark(STR("abc"), &len), CHARSET_NONE);
    assert_int_equal(len, 0);
    assert_int_equal(charset_of_css(STR("@charset \"koi8-r\";")), CHARSET_KOI8_R);
    assert_int_equal(charset_of_css(STR("@charset 'koi8-r';")), CHARSET_NONE);
    assert_int_equal(charset_of_css(STR("a{}")), CHARSET_NONE);
    static const struct {
        const char *start, *name;
    } rows[] = {
        {"<meta charset=koi8-r>", "koi8-r"},
        {"<!-- <meta charset=koi8-r> --><META CHARSET='big5'>", "big5"},
        {"<script>'<meta charset=big5>'</script><meta charset=gbk>", "gbk"},
        {"<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>",
         "windows-1251"},
        {"<meta http-equiv=Content-Type content='text/html;charset = \"big5\" x'>", "big5"},
        {"<meta content='text/html; charset=windows-1251'>", ""},
        {"<meta charset=utf-16>", "utf-8"},
        {"<meta charset=nonsense><meta charset=utf8>", "utf-8"},
        {"<p>nothing", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].start, charset_name(html_links_charset(str_of_c(rows[i].start))),
                  rows[i].name);
}

static void decode(enum charset charset, struct str bytes, size_t step, struct buf *to)
{
    struct charset_decoder *decoder = charset_decoder_new(charset);
    buf_clear(to);
    for (size_t i = 0; i < bytes.len; i += step)
        charset_decode(decoder, str_first(str_from(bytes, i), step), false, to);
    charset_decode(decoder, STR_NONE, true, to);
    charset_decoder_free(decoder);
}

TEST(bytes_become_utf8_at_any_split)
{
    static const struct {
        const char *label;
        struct str bytes;
        const char *utf8;
    } rows[] = {
        {"utf-8", STR_INIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"),
         "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"},
        {"utf-8", STR_INIT("\xff\xc3(\xe2\x82(\xed\xa0\x80"),
         "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"utf-8", STR_INIT("a\xe2\x82"), "a\xef\xbf\xbd"},
        {"windows-1251", STR_INIT("\xcf\xf0\xe8"), "\xd0\x9f\xd1\x80\xd0\xb8"},
        {"latin1", STR_INIT("\xe4\x80\x81"), "\xc3\xa4\xe2\x82\xac\xc2\x81"},
        {"shift_jis", STR_INIT("\x93\xfa\x96{"), "\xe6\x97\xa5\xe6\x9c\xac"},
        {"gbk", STR_INIT("\xd6\xd0\xce\xc4x"), "\xe4\xb8\xad\xe6\x96\x87x"},
        {"utf-16le", STR_INIT("a\0\xac\x20"), "a\xe2\x82\xac"},
        {"utf-16be", STR_INIT("\0a\x20\xac"), "a\xe2\x82\xac"},
        {"x-user-defined", STR_INIT("a\x80"), "a\xef\x9e\x80"},
        {"iso-2022-kr", STR_INIT("abc"), ""},
    };
    struct buf out = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t step = 1; step <= rows[i].bytes.len; step++) {
            decode(charset_of_label(str_of_c(rows[i].label)), rows[i].bytes, step, &out);
            check_str(rows[i].label, buf_str(&out), rows[i].utf8);
        }
    }
    buf_done(&out);
}

TEST(rubbish_decodes_the_same_at_any_split)
{
    static const enum charset charsets[] = {CHARSET_UTF_8,  CHARSET_WINDOWS_1252, CHARSET_SHIFT_JIS,
                                            CHARSET_EUC_KR, CHARSET_BIG5,         CHARSET_UTF_16LE};
    struct rng rng = {7};
    struct buf whole = {0}, split = {0};
    char bytes[24];
    for (int round = 0; round < 300; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (char)rng_below(&rng, 256);
        for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
            decode(charsets[i], str_of(bytes, sizeof(bytes)), sizeof(bytes), &whole);
            decode(charsets[i], str_of(bytes, sizeof(bytes)), 1, &split);
            check_bytes(charset_name(charsets[i]).at, buf_str(&split), buf_str(&whole));
        }
    }
    buf_done(&whole);
    buf_done(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_those_of_the_web),
        cmocka_unit_test(documents_say_what_they_are_in),
        cmocka_unit_test(bytes_become_utf8_at_any_split),
        cmocka_unit_test(rubbish_decodes_the_same_at_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
