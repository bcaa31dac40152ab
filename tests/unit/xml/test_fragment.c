#include "support/test.h"

#include "support/xml_tree.h"

/* The fragment of the first element at `depth`. */
static struct str fragment_of(struct xml_fragment *fragment, const char *document, unsigned depth)
{
    struct xml_tree tree;
    xml_tree_init(&tree, depth);
    tree.fragment = fragment;
    xml_fragment_clear(fragment);
    check_int(document, xml_tree_read(&tree, str_of_c(document), SIZE_MAX / 2, &xml_limits_wide),
              XML_OK);
    check_int(document, tree.tree_count, 1);
    xml_tree_done(&tree);
    return buf_str(&fragment->text);
}

TEST(fragment_declares_what_it_uses)
{
    static const struct {
        const char *document;
        unsigned depth;
        const char *fragment;
    } rows[] = {
        {"<a/>", 1, "<a/>"},
        {"<a>x</a>", 1, "<a>x</a>"},
        {"<a xmlns='u'><b/></a>", 1, "<a xmlns=\"u\"><b/></a>"},
        /* from outside */
        {"<a xmlns='u'><b><c/></b></a>", 2, "<b xmlns=\"u\"><c/></b>"},
        {"<p:a xmlns:p='u'><p:b p:c='d'/></p:a>", 2, "<p:b xmlns:p=\"u\" p:c=\"d\"/>"},
        {"<a xmlns:p='u'><b p:c='d'/></a>", 2, "<b xmlns:p=\"u\" p:c=\"d\"/>"},
        {"<a xmlns:p='u' xmlns:q='v'><p:b><q:c/><q:c/></p:b></a>", 2,
         "<p:b xmlns:p=\"u\" xmlns:q=\"v\"><q:c/><q:c/></p:b>"},
        {"<a xmlns='u' xmlns:q='v'><b xmlns=''><c q:d='e'/></b></a>", 2,
         "<b xmlns:q=\"v\"><c q:d=\"e\"/></b>"},
        {"<a xmlns='u' xmlns:p='v'><p:b><c xmlns=''><d/></c><e/></p:b></a>", 2,
         "<p:b xmlns:p=\"v\" xmlns=\"u\"><c xmlns=\"\"><d/></c><e/></p:b>"},
        {"<a xmlns:p='u'><b><c xmlns:p='v' p:d='1'/><p:e/></b></a>", 2,
         "<b xmlns:p=\"u\"><c xmlns:p=\"v\" p:d=\"1\"/><p:e/></b>"},
        /* what is not used stays outside */
        {"<a xmlns:p='u' xmlns='v'><p:b/></a>", 2, "<p:b xmlns:p=\"u\"/>"},
        /* what the client declared within stays, used or not: content may use it */
        {"<a xmlns:p='u'>p:name</a>", 1, "<a xmlns:p=\"u\">p:name</a>"},
        {"<a><b xmlns:p='u'><c>p:name</c></b></a>", 2, "<b xmlns:p=\"u\"><c>p:name</c></b>"},
        /* what is declared around it, too, where it may be used (RFC 4918 §4.3) */
        {"<a xmlns:k='u'><b>k:name</b></a>", 2, "<b xmlns:k=\"u\">k:name</b>"},
        {"<a xmlns:k='u'><b c='k:name'/></a>", 2, "<b xmlns:k=\"u\" c=\"k:name\"/>"},
        {"<a xmlns:k='u'><b><c d='1'>[k:x &amp;k:y]</c></b></a>", 2,
         "<b xmlns:k=\"u\"><c d=\"1\">[k:x &amp;k:y]</c></b>"},
        {"<a xmlns:k='u'><b xmlns:l='v'><c>l:x k:y</c></b></a>", 3,
         "<c xmlns:l=\"v\" xmlns:k=\"u\">l:x k:y</c>"},
        {"<a xmlns:k='u'><b xmlns:k='v'><c>k:x</c></b></a>", 3, "<c xmlns:k=\"v\">k:x</c>"},
        {"<a xmlns:k='u'><k:b>k:x</k:b></a>", 2, "<k:b xmlns:k=\"u\">k:x</k:b>"},
        {"<a xmlns:k='u'><b xmlns:k='v'>k:x</b></a>", 2, "<b xmlns:k=\"v\">k:x</b>"},
        {"<a xmlns:k='u'><b><c xmlns:k='v'>k:x</c>k:y</b></a>", 2,
         "<b xmlns:k=\"u\"><c xmlns:k=\"v\">k:x</c>k:y</b>"},
        {"<a xmlns:\xc3\xa4.b-c='u'><b>\xc3\xa4.b-c:x</b></a>", 2,
         "<b xmlns:\xc3\xa4.b-c=\"u\">\xc3\xa4.b-c:x</b>"},
        {"<a xmlns:k='u&quot;&lt;'><b>k:</b></a>", 2, "<b xmlns:k=\"u&quot;&lt;\">k:</b>"},
        /* and no other */
        {"<a xmlns:k='u' xmlns='v'><p:b xmlns:p='w'>k x :k kk:x k</p:b></a>", 2,
         "<p:b xmlns:p=\"w\">k x :k kk:x k</p:b>"},
        /* declared again as the same: once is enough */
        {"<a xmlns='u'><b xmlns='u'/></a>", 1, "<a xmlns=\"u\"><b/></a>"},
        {"<p:a xmlns:p='u'><p:b xmlns:p='u'/></p:a>", 1, "<p:a xmlns:p=\"u\"><p:b/></p:a>"},
        /* and as another, and back */
        {"<p:a xmlns:p='u'><p:b xmlns:p='v'><p:c xmlns:p='u'/></p:b><p:d/></p:a>", 1,
         "<p:a xmlns:p=\"u\"><p:b xmlns:p=\"v\"><p:c xmlns:p=\"u\"/></p:b><p:d/></p:a>"},
        /* the default namespace undone */
        {"<a xmlns='u'><b xmlns=''><c/></b></a>", 1, "<a xmlns=\"u\"><b xmlns=\"\"><c/></b></a>"},
        {"<a xmlns='u'><b xmlns=''><c/></b></a>", 2, "<b><c/></b>"},
        {"<a xmlns='u'><b xmlns=''><c xmlns='u'/></b></a>", 2, "<b><c xmlns=\"u\"/></b>"},
        /* attributes */
        {"<a b='&lt;\"&#10;&#9;&amp;'/>", 1, "<a b=\"&lt;&quot;&#10;&#9;&amp;\"/>"},
        {"<a xmlns:p='u' xmlns:q='u' p:b='1' q:c='2'/>", 1,
         "<a xmlns:p=\"u\" xmlns:q=\"u\" p:b=\"1\" q:c=\"2\"/>"},
        {"<a xml:space='preserve'/>", 1, "<a xml:space=\"preserve\"/>"},
        /* text */
        {"<a>x<b/>y<b>z</b></a>", 1, "<a>x<b/>y<b>z</b></a>"},
        {"<a> \n x </a>", 1, "<a> \n x </a>"},
        {"<a><![CDATA[<&>]]></a>", 1, "<a>&lt;&amp;&gt;</a>"},
        {"<a>x<!-- c -->y<?p i?>z</a>", 1, "<a>xyz</a>"},
        {"<a>&#13;</a>", 1, "<a>&#13;</a>"},
        {"<a></a>", 1, "<a/>"},
        {"<a><b></b></a>", 1, "<a><b/></a>"},
        {"<a xmlns='a&amp;b\"'/>", 1, "<a xmlns=\"a&amp;b&quot;\"/>"},
        {"<xml:a/>", 1, "<xml:a/>"},
        {"<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", 1, "<a/>"},
    };
    struct xml_fragment fragment = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_str(rows[i].document, fragment_of(&fragment, rows[i].document, rows[i].depth),
                  rows[i].fragment);
        const char *complaint =
            xml_fragments_check(str_of_c(rows[i].document), rows[i].depth, NULL);
        check_str(rows[i].document, str_of_c(complaint), "");
    }
    xml_fragment_done(&fragment);
}

/* RFC 4918 §4.3: the language in force is part of a property's value. */
TEST(fragment_keeps_the_language)
{
    static const struct {
        const char *document;
        unsigned depth;
        const char *fragment;
    } rows[] = {
        {"<a xml:lang='en'><b/></a>", 2, "<b xml:lang=\"en\"/>"},
        {"<a xml:lang='en'><b><c/></b></a>", 2, "<b xml:lang=\"en\"><c/></b>"},
        {"<a xml:lang='en'><b xml:lang='de'/></a>", 2, "<b xml:lang=\"de\"/>"},
        {"<a xml:lang='en'><b><c xml:lang='de'/><d/></b></a>", 2,
         "<b xml:lang=\"en\"><c xml:lang=\"de\"/><d/></b>"},
        {"<a xml:lang='en'><b xml:lang=''><c/></b></a>", 2, "<b xml:lang=\"\"><c/></b>"},
        {"<a xml:lang='en'><x xml:lang='de'><b/></x></a>", 3, "<b xml:lang=\"de\"/>"},
        {"<a xml:lang='en'><x xml:lang=''><b/></x></a>", 3, "<b/>"},
        {"<a><b/></a>", 2, "<b/>"},
        {"<a xmlns:p='u' xml:lang='en'><b p:c='d'/></a>", 2,
         "<b xmlns:p=\"u\" p:c=\"d\" xml:lang=\"en\"/>"},
    };
    struct xml_fragment fragment = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].document, fragment_of(&fragment, rows[i].document, rows[i].depth),
                  rows[i].fragment);
    xml_fragment_done(&fragment);
}

TEST(fragment_keeps_a_language_of_any_length)
{
    struct xml_fragment fragment = {0};
    for (size_t len = 60; len < 3000; len += len < 70 ? 1 : 977) {
        struct buf document = {0}, expected = {0}, lang = {0};
        for (size_t i = 0; i < len; i++) /* of two bytes each */
            BUF_ADD(&lang, "\xc3\xa4");
        buf_addf(&document, "<a xml:lang='x%s'><b><c xml:lang='de'/><d/></b></a>", buf_c(&lang));
        buf_addf(&expected, "<b xml:lang=\"x%s\"><c xml:lang=\"de\"/><d/></b>", buf_c(&lang));
        check_bytes("long", fragment_of(&fragment, buf_c(&document), 2), buf_str(&expected));
        buf_done(&document);
        buf_done(&expected);
        buf_done(&lang);
    }
    xml_fragment_done(&fragment);
}

/* A namespace that is declared once and used often is written once: a small request must not grow
 * without bound on its way into the store. */
TEST(fragment_is_not_much_longer_than_its_source)
{
    struct xml_fragment fragment = {0};
    struct buf document = {0};
    BUF_ADD(&document, "<a xmlns:p='");
    for (int i = 0; i < 10000; i++)
        buf_add_char(&document, 'u');
    BUF_ADD(&document, "' xmlns:q='v'><b>");
    for (int i = 0; i < 1000; i++)
        BUF_ADD(&document, "<p:c q:d=''/>");
    BUF_ADD(&document, "</b></a>");
    struct str text = fragment_of(&fragment, buf_c(&document), 2);
    assert_true(text.len < 2 * document.len);
    assert_null(xml_fragments_check(buf_str(&document), 2, NULL));
    xml_fragment_done(&fragment);
    buf_done(&document);
}

TEST(fragment_can_be_used_again)
{
    struct xml_fragment fragment = {0};
    for (int turn = 0; turn < 3; turn++) {
        check_str("first", fragment_of(&fragment, "<a xmlns='u'><b/></a>", 2), "<b xmlns=\"u\"/>");
        check_str("second", fragment_of(&fragment, "<p:a xmlns:p='v'/>", 1),
                  "<p:a xmlns:p=\"v\"/>");
    }
    xml_fragment_done(&fragment);
    xml_fragment_done(&fragment);
}

static void end_what_has_not_begun(void)
{
    struct xml_fragment fragment = {0};
    xml_fragment_end(&fragment);
}

TEST(fragment_end_without_a_start_aborts)
{
    assert_true(aborts(end_what_has_not_begun));
}

/* --- random trees --- */

static void add_random_element(struct buf *to, struct rng *rng, unsigned depth)
{
    static const char *const prefixes[] = {"", "p:", "q:", "x:", "D:"};
    static const char *const attrs[] = {
        " xmlns='u'",   " xmlns=''",    " xmlns='v'",   " xmlns:p='u'",      " xmlns:p='v'",
        " xmlns:q='u'", " xmlns:q='w'", " xmlns:x='v'", " xml:lang='en'",    " xml:lang=''",
        " p:b='1'",     " q:c='&lt;'",  " b='2'",       " xmlns:D='other:'", " x:d='&#10;'",
    };
    static const char *const texts[] = {"",         "text",         " ", "&amp;", "p:q",
                                        "\xc3\xa4", "<![CDATA[<]]>"};
    const char *prefix = prefixes[rng_below(rng, ARRAY_LEN(prefixes))];
    size_t first_attr = rng_below(rng, ARRAY_LEN(attrs));
    buf_addf(to, "<%se", prefix);
    for (size_t count = rng_below(rng, 5); count; count--, first_attr += 3)
        buf_add(to, str_of_c(attrs[first_attr % ARRAY_LEN(attrs)]));
    BUF_ADD(to, ">");
    for (size_t children = depth ? rng_below(rng, 4) : 0; children; children--) {
        buf_add(to, str_of_c(texts[rng_below(rng, ARRAY_LEN(texts))]));
        add_random_element(to, rng, depth - 1);
    }
    buf_add(to, str_of_c(texts[rng_below(rng, ARRAY_LEN(texts))]));
    buf_addf(to, "</%se>", prefix);
}

TEST(fragment_is_the_tree_that_it_was_taken_from)
{
    struct rng rng = {10};
    size_t total = 0;
    for (int turn = 0; turn < 1500; turn++) {
        struct buf document = {0};
        BUF_ADD(&document, "<r xmlns:p='u' xmlns:q='v' xmlns:x='u' xmlns:D='DAV:' xml:lang='en'>");
        add_random_element(&document, &rng, 3);
        BUF_ADD(&document, "</r>");
        for (unsigned depth = 1; depth < 4; depth++) {
            size_t count = 0;
            const char *complaint = xml_fragments_check(buf_str(&document), depth, &count);
            check_str(buf_c(&document), str_of_c(complaint), "");
            total += count;
        }
        buf_done(&document);
    }
    assert_true(total > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fragment_declares_what_it_uses),
        cmocka_unit_test(fragment_keeps_the_language),
        cmocka_unit_test(fragment_keeps_a_language_of_any_length),
        cmocka_unit_test(fragment_is_not_much_longer_than_its_source),
        cmocka_unit_test(fragment_can_be_used_again),
        cmocka_unit_test(fragment_end_without_a_start_aborts),
        cmocka_unit_test(fragment_is_the_tree_that_it_was_taken_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
