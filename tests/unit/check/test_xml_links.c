#include "support/test.h"

#include "check/read/xml_links.h"
#include "finding.h"

TEST(xml_documents)
{
    static const struct {
        const char *xml, *expected;
        enum xml_document document;
        bool is_fine;
    } rows[] = {
        {"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>\n"
         "<url><loc> http://h/a?b&amp;c </loc></url></urlset>",
         "sitemap@loc 2:6 http://h/a?b&c\n", XML_DOCUMENT_SITEMAP, true},
        {"<sitemapindex><sitemap><loc>http://h/s.xml</loc></sitemap></sitemapindex>",
         "sitemap@sitemap 1:24 http://h/s.xml\n", XML_DOCUMENT_SITEMAP_INDEX, true},
        {"<rss><channel><link>http://h/</link><item><link>http://h/a</link>"
         "<enclosure url='http://h/b' type='audio/mpeg'/></item></channel></rss>",
         "feed@link 1:15 http://h/\nfeed@link 1:43 http://h/a\nfeed@enclosure 1:66 http://h/b\n",
         XML_DOCUMENT_FEED, true},
        {"<feed xmlns='http://www.w3.org/2005/Atom'><link href='/a'/><icon>/i</icon></feed>",
         "feed@link 1:43 /a\nfeed@enclosure 1:60 /i\n", XML_DOCUMENT_FEED, true},
        /* a base of one's own (RFC 4287 §2) */
        {"<feed xml:base='http://h/'><entry xml:base='a/'><link href='x' xml:base='b/'/><icon "
         "xml:base='i/'>y</icon></entry><link href='z'/></feed>",
         "in http://h/\nin a/\nin b/\nfeed@link 1:49 x\nout\nin i/\nfeed@enclosure 1:79 y\nout\n"
         "out\nfeed@link 1:115 z\nout\n",
         XML_DOCUMENT_FEED, true},
        {"<urlset xml:base='no'><url><loc>http://h/</loc></url></urlset>",
         "sitemap@loc 1:28 http://h/\n", XML_DOCUMENT_SITEMAP, true},
        /* permanent links, unless it says that they are none, or they look like none */
        {"<rss><channel><item><guid>http://h/a</guid></item><item><guid>tag:x</guid></item>"
         "<item><guid isPermaLink='false'>http://no/</guid></item>"
         "<item><guid isPermaLink='true'>b</guid></item></channel></rss>",
         "feed@guid 1:21 http://h/a\nfeed@guid 1:144 b\n", XML_DOCUMENT_FEED, true},
        {"<rss xmlns:media='m' xmlns:itunes='i'><item><media:content url='c'/><media:player "
         "url='p'/>"
         "<media:group><media:thumbnail url='t'/></media:group><itunes:image href='i'/>"
         "<source url='s'>t</source></item></rss>",
         "feed@enclosure 1:45 c\nfeed@enclosure 1:69 p\nfeed@enclosure 1:105 t\n"
         "feed@enclosure 1:145 i\nfeed@link 1:169 s\n",
         XML_DOCUMENT_FEED, true},
        /* what others call by the same name */
        {"<rss xmlns:slash='s' xmlns:media='m' xmlns:a='http://www.w3.org/2005/Atom'><item>"
         "<slash:comments>5</slash:comments><media:comments><media:comment>x</media:comment>"
         "</media:comments><comments>c</comments><a:link href='l'/></item></rss>",
         "feed@link 1:181 c\nfeed@link 1:203 l\n", XML_DOCUMENT_FEED, true},
        {"<feed><link rel='hub' href='h'/><link rel='edit' href='e'/><link rel='self' href='s'/>"
         "</feed>",
         "feed@link 1:7 h\nfeed@link 1:33 e\nfeed@link 1:60 s\n", XML_DOCUMENT_FEED, true},
        {"<opml><body><outline text='F'><outline text='T' xmlUrl='x' htmlUrl='h'/></outline>"
         "<outline type='link' url='u'/></body></opml>",
         "opml@xmlUrl 1:31 x [T]\nopml@htmlUrl 1:31 h [T]\nopml@url 1:83 u\n", XML_DOCUMENT_OPML,
         true},
        {"<other><loc>no</loc></other>", "", XML_DOCUMENT_OTHER, true},
        {"<urlset><url><loc>http://h/a</loc></url>", "sitemap@loc 1:14 http://h/a\n",
         XML_DOCUMENT_SITEMAP, false},
        {"<!DOCTYPE urlset [<!ENTITY a 'b'>]><urlset/>", "", XML_DOCUMENT_OTHER, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str xml = str_of_c(rows[i].xml);
        for (size_t step = xml.len; step > 0; step = step > 1 ? 1 : 0) {
            struct finding finding;
            bool is_fine = true;
            finding_init(&finding);
            struct xml_links *links = xml_links_new(&finding.finder);
            for (size_t at = 0; at < xml.len; at += step)
                is_fine = xml_links_feed(links, str_first(str_from(xml, at), step), false);
            is_fine = xml_links_feed(links, STR_NONE, true) && is_fine;
            check_int(rows[i].xml, is_fine, rows[i].is_fine);
            check_int(rows[i].xml, xml_links_document(links), rows[i].document);
            check_str(rows[i].xml, buf_str(&finding.lines), rows[i].expected);
            xml_links_free(links);
            finding_done(&finding);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
