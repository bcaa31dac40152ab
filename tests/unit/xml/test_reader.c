#include "support/test.h"

#include "base/mem.h"
#include "support/xml_tree.h"

/* --- what is reported --- */

/* Events as a person would write them: {ns}local, @ for attributes, # for declarations. */
struct notes {
    struct xml_events events;
    struct buf text;
    int stop_at; /* the event that returns false; -1: none */
    int count;
};

static bool go_on(struct notes *notes)
{
    return notes->count++ != notes->stop_at;
}

static void add_name(struct buf *to, const struct xml_name *name)
{
    if (name->prefix.len)
        buf_addf(to, "%.*s:", STR_ARGS(name->prefix));
    if (name->ns.len)
        buf_addf(to, "{%.*s}", STR_ARGS(name->ns));
    buf_add(to, name->local);
}

static bool note_start(struct xml_events *events, const struct xml_element *element)
{
    struct notes *notes = CONTAINER_OF(events, struct notes, events);
    buf_addf(&notes->text, "<%u ", element->depth);
    add_name(&notes->text, &element->name);
    for (size_t i = 0; i < element->binding_count; i++)
        buf_addf(&notes->text, " #%.*s=%.*s", STR_ARGS(element->bindings[i].prefix),
                 STR_ARGS(element->bindings[i].ns));
    for (size_t i = 0; i < element->attr_count; i++) {
        BUF_ADD(&notes->text, " @");
        add_name(&notes->text, &element->attrs[i].name);
        buf_addf(&notes->text, "=%.*s", STR_ARGS(element->attrs[i].value));
    }
    if (element->lang.len)
        buf_addf(&notes->text, " lang=%.*s", STR_ARGS(element->lang));
    BUF_ADD(&notes->text, ">");
    return go_on(notes);
}

static bool note_text(struct xml_events *events, struct str text)
{
    struct notes *notes = CONTAINER_OF(events, struct notes, events);
    assert_true(text.len > 0);
    buf_add(&notes->text, text);
    return go_on(notes);
}

static bool note_end(struct xml_events *events, unsigned depth)
{
    struct notes *notes = CONTAINER_OF(events, struct notes, events);
    buf_addf(&notes->text, "</%u>", depth);
    return go_on(notes);
}

static void init_notes(struct notes *notes)
{
    *notes = (struct notes){.events = {note_start, note_text, note_end}, .stop_at = -1};
}

/* Reads `document` in pieces of `step` bytes. */
static enum xml_rc read_in_steps(struct notes *notes, struct str document, size_t step,
                                 const struct xml_limits *limits)
{
    struct xml_reader *reader = xml_reader_new(&notes->events, limits);
    enum xml_rc rc = XML_OK;
    size_t at = 0;
    do {
        struct str piece = str_first(str_from(document, at), step);
        at += piece.len;
        rc = xml_reader_feed(reader, piece, at == document.len);
    } while (rc == XML_OK && at < document.len);
    xml_reader_free(reader);
    return rc;
}

static void check_read_bytes(struct str document, enum xml_rc rc, const char *expected)
{
    static const size_t steps[] = {1, 2, 3, 7, SIZE_MAX / 2};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct notes notes;
        init_notes(&notes);
        check_int(document.at, read_in_steps(&notes, document, steps[i], &xml_limits_wide), rc);
        if (expected)
            check_str(document.at, buf_str(&notes.text), expected);
        buf_done(&notes.text);
    }
    if (rc != XML_OK)
        return;
    struct notes notes;
    init_notes(&notes);
    check_int(document.at, xml_read(document, &notes.events, &xml_limits_wide), XML_OK);
    check_str(document.at, buf_str(&notes.text), expected);
    buf_done(&notes.text);
}

static void check_read(const char *document, const char *expected)
{
    check_read_bytes(str_of_c(document), XML_OK, expected);
}

static void check_refused(const char *document, enum xml_rc rc)
{
    check_read_bytes(str_of_c(document), rc, NULL);
}

TEST(reader_resolves_namespaces)
{
    check_read("<a/>", "<1 a></1>");
    check_read("<a xmlns=\"u\"/>", "<1 {u}a #=u></1>");
    check_read("<p:a xmlns:p=\"u\"/>", "<1 p:{u}a #p=u></1>");
    check_read("<a xmlns=\"\"/>", "<1 a #=></1>");
    check_read("<a xmlns=\"u\"><b/><c xmlns=\"\"/></a>",
               "<1 {u}a #=u><2 {u}b></2><2 c #=></2></1>");
    check_read("<D:a xmlns:D=\"DAV:\"><D:b><D:c/></D:b></D:a>",
               "<1 D:{DAV:}a #D=DAV:><2 D:{DAV:}b><3 D:{DAV:}c></3></2></1>");
    check_read("<p:a xmlns:p=\"u\"><p:b xmlns:p=\"v\"/><p:c/></p:a>",
               "<1 p:{u}a #p=u><2 p:{v}b #p=v></2><2 p:{u}c></2></1>");
    /* Two prefixes of one namespace: each keeps its own. */
    check_read("<p:a xmlns:p=\"u\" xmlns:q=\"u\"><q:b/></p:a>",
               "<1 p:{u}a #p=u #q=u><2 q:{u}b></2></1>");
}

TEST(reader_gives_attributes)
{
    check_read("<a b='1' c=\"2\"/>", "<1 a @b=1 @c=2></1>");
    check_read("<a xmlns='u' b='1'/>", "<1 {u}a #=u @b=1></1>"); /* no default for attributes */
    check_read("<a xmlns:p='u' p:b='1' b='2'/>", "<1 a #p=u @p:{u}b=1 @b=2></1>");
    check_read("<a b=' x\ty\nz&#9;&lt;'/>", "<1 a @b= x y z\t<></1>"); /* normalised: XML §3.3.3 */
    check_read("<a xml:space='preserve'/>",
               "<1 a @xml:{http://www.w3.org/XML/1998/namespace}space=preserve></1>");
}

/* Few elements have so many that the reader has to make room. */
TEST(reader_gives_any_number_of_attributes)
{
    for (unsigned count = 0; count < 90; count++) {
        struct buf document = {0};
        struct buf expected = {0};
        BUF_ADD(&document, "<x><a");
        BUF_ADD(&expected, "<1 x><2 a");
        for (unsigned i = 0; i < count; i++) {
            buf_addf(&document, " xmlns:p%u='u%u' q%u='%u'", i, i, i, i);
            buf_addf(&expected, " #p%u=u%u", i, i);
        }
        for (unsigned i = 0; i < count; i++)
            buf_addf(&expected, " @q%u=%u", i, i);
        BUF_ADD(&document, "/><b c='d'/></x>");
        BUF_ADD(&expected, "></2><2 b @c=d></2></1>");
        check_read(buf_c(&document), buf_c(&expected));
        buf_done(&document);
        buf_done(&expected);
    }
}

TEST(reader_gives_text)
{
    check_read("<a>x</a>", "<1 a>x</1>");
    check_read("<a> x <b/> y </a>", "<1 a> x <2 b></2> y </1>");
    check_read("<a>&lt;&amp;&gt;&apos;&quot;&#65;&#x42;</a>", "<1 a><&>'\"AB</1>");
    check_read("<a>\r\nx\ry\n</a>", "<1 a>\nx\ny\n</1>"); /* XML §2.11 */
    check_read("<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>", "<1 a><b>&amp;]]></1>");
    check_read("<a>x<!-- no -->y<?no pi?>z</a>", "<1 a>xyz</1>");
    check_read("<?xml version='1.0'?><!-- no --><?no pi?><a/><!-- no --> ", "<1 a></1>");
    check_read("<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</a>",
               "<1 a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80</1>");
    check_read("<\xc3\xa4/>", "<1 \xc3\xa4></1>");
}

TEST(reader_keeps_track_of_the_language)
{
#define LANG "@xml:{http://www.w3.org/XML/1998/namespace}lang"
    check_read("<a xml:lang='en'><b/><c xml:lang='de'><d/></c><e/></a>",
               "<1 a " LANG "=en lang=en><2 b lang=en></2><2 c " LANG
               "=de lang=de><3 d lang=de></3></2><2 e lang=en></2></1>");
    check_read("<a xml:lang='en'><b xml:lang=''><c/></b></a>",
               "<1 a " LANG "=en lang=en><2 b " LANG "=><3 c></3></2></1>");
    check_read("<a><b xml:lang='en'/><c/></a>", "<1 a><2 b " LANG "=en lang=en></2><2 c></2></1>");
    check_read("<a lang='en'><b/></a>", "<1 a @lang=en><2 b></2></1>"); /* another attribute */
}

/* --- encodings --- */

/* `text`, which is ASCII, in UTF-16. */
static struct str utf16(struct buf *to, const char *text, bool is_big, bool has_bom)
{
    buf_clear(to);
    if (has_bom)
        buf_add(to, is_big ? STR("\xfe\xff") : STR("\xff\xfe"));
    for (; *text; text++) {
        buf_add_char(to, is_big ? '\0' : *text);
        buf_add_char(to, is_big ? *text : '\0');
    }
    return buf_str(to);
}

TEST(reader_takes_utf16)
{
    static const char document[] = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a b='c'>d</a>";
    struct buf bytes = {0};
    check_read_bytes(utf16(&bytes, document, true, true), XML_OK, "<1 a @b=c>d</1>");
    check_read_bytes(utf16(&bytes, document, false, true), XML_OK, "<1 a @b=c>d</1>");
    check_read_bytes(utf16(&bytes, "<a>d</a>", true, true), XML_OK, "<1 a>d</1>");
    check_read_bytes(STR("\xfe\xff\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>"), XML_OK,
                     "<1 a>\xf0\x9f\x98\x80</1>");
    /* The second half of a pair alone. (Of a first half without a second, expat makes some other
     * character.) */
    check_read_bytes(STR("\xfe\xff\0<\0a\0>\xde\x00\0<\0/\0a\0>"), XML_MALFORMED, NULL);
    buf_done(&bytes);
}

TEST(reader_takes_the_encodings_that_it_knows)
{
    check_read("\xef\xbb\xbf<a/>", "<1 a></1>"); /* a byte order mark */
    check_read("<?xml version='1.0' encoding='utf-8'?><a>\xc3\xa4</a>", "<1 a>\xc3\xa4</1>");
    check_read("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", "<1 a>\xc3\xa4</1>");
    check_read("<?xml version='1.0' encoding='us-ascii'?><a>x</a>", "<1 a>x</1>");
    check_refused("<?xml version='1.0' encoding='us-ascii'?><a>\xe4</a>", XML_MALFORMED);
    check_refused("<?xml version='1.0' encoding='windows-1252'?><a/>", XML_MALFORMED);
    check_refused("<?xml version='1.0' encoding='utf-7'?><a/>", XML_MALFORMED);
    check_refused("<?xml version='1.0' encoding='utf-16'?><a/>", XML_MALFORMED); /* it is not */
}

TEST(reader_refuses_what_is_no_utf8)
{
    static const char *const bytes[] = {
        "\xff",
        "\xfe",
        "\x80",
        "\xc3",
        "\xc3(",
        "\xe2\x82",
        "\xe2(\xac",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xf0\x80\x80\xaf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xef\xbf\xbe",
        "\xef\xbf\xbf",
    };
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        char document[64];
        snprintf(document, sizeof(document), "<a>x%sy</a>", bytes[i]);
        check_refused(document, XML_MALFORMED);
        snprintf(document, sizeof(document), "<a b='x%sy'/>", bytes[i]);
        check_refused(document, XML_MALFORMED);
        snprintf(document, sizeof(document), "<a%s/>", bytes[i]);
        check_refused(document, XML_MALFORMED);
    }
    check_read_bytes(str_of("<a>\0</a>", 8), XML_MALFORMED, NULL);
}

/* --- what is refused --- */

TEST(reader_refuses_document_types)
{
    static const char *const documents[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a []><a/>",
        "<?xml version='1.0'?><!DOCTYPE a SYSTEM 'http://example.com/a.dtd'><a/>",
        "<!DOCTYPE a PUBLIC '-//X//Y' 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://example.com/'> %x;]><a/>",
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
        "<!-- x --><!DOCTYPE a><a/>",
        /* the billion laughs, and the quadratic blow-up */
        "<!DOCTYPE l [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
        "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>]><l>&e;</l>",
    };
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        check_read_bytes(str_of_c(documents[i]), XML_FORBIDDEN, ""); /* and nothing was reported */
    check_refused("<a><!DOCTYPE a></a>", XML_MALFORMED);             /* not even in its place */
    check_refused("<!doctype a><a/>", XML_MALFORMED);
}

TEST(reader_refuses_entities)
{
    check_refused("<a>&x;</a>", XML_MALFORMED);
    check_refused("<a b='&x;'/>", XML_MALFORMED);
    check_refused("<a>&nbsp;</a>", XML_MALFORMED);
    check_refused("<a>&#0;</a>", XML_MALFORMED);
    check_refused("<a>&#1;</a>", XML_MALFORMED);
    check_refused("<a>&#xb;</a>", XML_MALFORMED);
    check_refused("<a>&#xd800;</a>", XML_MALFORMED);
    check_refused("<a>&#xfffe;</a>", XML_MALFORMED);
    check_refused("<a>&#x110000;</a>", XML_MALFORMED);
    check_refused("<a>&#99999999999;</a>", XML_MALFORMED);
    check_refused("<a>&</a>", XML_MALFORMED);
    check_refused("<a>&amp</a>", XML_MALFORMED);
}

TEST(reader_refuses_namespaces_that_are_none)
{
    check_refused("<p:a/>", XML_MALFORMED);
    check_refused("<a p:b='c'/>", XML_MALFORMED);
    check_refused("<a><p:b xmlns:p='u'/><p:c/></a>", XML_MALFORMED);
    check_refused("<a xmlns:p=''/>", XML_MALFORMED); /* RFC 4918 §17's own example, too */
    check_refused("<a xmlns:xml='u'/>", XML_MALFORMED);
    check_refused("<a xmlns:xmlns='u'/>", XML_MALFORMED);
    check_refused("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", XML_MALFORMED);
    check_refused("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", XML_MALFORMED);
    check_refused("<a xmlns='http://www.w3.org/2000/xmlns/'/>", XML_MALFORMED);
    check_refused("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", XML_MALFORMED);
    check_refused("<a xmlns:p='&#1;'/>", XML_MALFORMED); /* the separator within a name */
    check_refused("<a:b:c xmlns:a='u'/>", XML_MALFORMED);
    check_refused("<:a/>", XML_MALFORMED);
}

TEST(reader_refuses_what_is_not_well_formed)
{
    static const char *const documents[] = {
        "",
        " ",
        "a",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a b='1' b='2'/>",
        "<a b=1/>",
        "<a b/>",
        "<a b='<'/>",
        "<a>]]></a>",
        "<a><!-- -- --></a>",
        "<a><b></a></b>",
        "</a>",
        "<a",
        "<a b='",
        "<a>&amp;",
        "<a><![CDATA[x</a>",
        "<a><?x</a>",
        "<?xml version='1.0'?>",
        " <?xml version='1.0'?><a/>",
        "<1/>",
        "<a 1='b'/>",
        "< a/>",
        "<a>\x01</a>",
        "<a>\x0b</a>",
    };
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        check_refused(documents[i], XML_MALFORMED);
}

/* --- limits --- */

static enum xml_rc read_within(const char *document, unsigned depth, unsigned elements,
                               unsigned attrs)
{
    const struct xml_limits limits = {depth, elements, attrs, .ns_bytes_max = 10};
    struct notes whole, bytewise;
    init_notes(&whole);
    init_notes(&bytewise);
    enum xml_rc rc = read_in_steps(&whole, str_of_c(document), SIZE_MAX / 2, &limits);
    check_int(document, read_in_steps(&bytewise, str_of_c(document), 1, &limits), rc);
    check_bytes(document, buf_str(&bytewise.text), buf_str(&whole.text));
    buf_done(&whole.text);
    buf_done(&bytewise.text);
    return rc;
}

TEST(reader_bounds_depth)
{
    assert_int_equal(read_within("<a><a><a/></a><a><a/></a></a>", 3, 100, 100), XML_OK);
    assert_int_equal(read_within("<a><a><a><a/></a></a></a>", 3, 100, 100), XML_LIMIT);
    assert_int_equal(read_within("<a/>", 1, 100, 100), XML_OK);
}

TEST(reader_bounds_the_number_of_elements)
{
    assert_int_equal(read_within("<a><b/><b/><b/></a>", 100, 4, 100), XML_OK);
    assert_int_equal(read_within("<a><b/><b/><b/></a>", 100, 3, 100), XML_LIMIT);
}

TEST(reader_bounds_attributes_and_declarations_together)
{
    assert_int_equal(read_within("<a b='' c='' d=''/>", 100, 100, 3), XML_OK);
    assert_int_equal(read_within("<a b='' c='' d='' e=''/>", 100, 100, 3), XML_LIMIT);
    assert_int_equal(read_within("<a xmlns='u' xmlns:p='u' xmlns:q='u'/>", 100, 100, 3), XML_OK);
    assert_int_equal(read_within("<a xmlns='u' xmlns:p='u' xmlns:q='u' xmlns:r='u'/>", 100, 100, 3),
                     XML_LIMIT);
    assert_int_equal(read_within("<a xmlns='u' xmlns:p='u' b=''/>", 100, 100, 3), XML_OK);
    assert_int_equal(read_within("<a xmlns='u' xmlns:p='u' b='' c=''/>", 100, 100, 3), XML_LIMIT);
    /* On each element, not on all. */
    assert_int_equal(read_within("<a b='' c='' d=''><e b='' c='' d=''/></a>", 100, 100, 3), XML_OK);
}

/* A name is declared once, but stands in each name that is copied from the document. */
TEST(reader_bounds_namespace_names)
{
    assert_int_equal(read_within("<a xmlns='1234567890'/>", 10, 10, 10), XML_OK);
    assert_int_equal(read_within("<a xmlns='12345678901'/>", 10, 10, 10), XML_LIMIT);
    assert_int_equal(read_within("<a><b xmlns:p='1234567890'/></a>", 10, 10, 10), XML_OK);
    assert_int_equal(read_within("<a><b xmlns:p='12345678901'/></a>", 10, 10, 10), XML_LIMIT);
    assert_int_equal(read_within("<a b='12345678901'/>", 10, 10, 10), XML_OK);
}

TEST(reader_survives_a_document_of_nothing_but_start_tags)
{
    static char document[3 * 5000 + 1];
    struct notes notes;
    init_notes(&notes);
    for (size_t i = 0; i < 5000; i++)
        memcpy(document + 3 * i, "<a>", 3);
    assert_int_equal(read_in_steps(&notes, STR(document), 4096, &xml_limits_wide), XML_LIMIT);
    buf_done(&notes.text);
}

/* --- stopping --- */

TEST(reader_stops_at_any_event_and_reports_no_other)
{
    static const char document[] = "<a b='c'>d<e/>f</a>";
    for (int stop_at = 0; stop_at < 6; stop_at++) {
        struct notes notes;
        init_notes(&notes);
        notes.stop_at = stop_at;
        assert_int_equal(read_in_steps(&notes, STR(document), SIZE_MAX / 2, &xml_limits_wide),
                         XML_STOPPED);
        assert_int_equal(notes.count, stop_at + 1);
        buf_done(&notes.text);
    }
}

TEST(reader_knows_where_it_stopped)
{
    struct notes notes;
    init_notes(&notes);
    struct xml_reader *reader = xml_reader_new(&notes.events, &xml_limits_wide);
    assert_int_equal(xml_reader_feed(reader, STR("<a>\n\n<b></c></a>"), true), XML_MALFORMED);
    assert_int_equal(xml_reader_line(reader), 3);
    xml_reader_free(reader);
    xml_reader_free(NULL);
    buf_done(&notes.text);
}

/* --- pausing --- */

struct pausing {
    struct notes notes;
    struct xml_reader *reader;
};

static bool pause_at_end(struct xml_events *events, unsigned depth)
{
    struct pausing *pausing = CONTAINER_OF(events, struct pausing, notes.events);
    if (depth == 2)
        xml_reader_pause(pausing->reader);
    return note_end(events, depth);
}

TEST(reader_pauses_between_two_elements)
{
    struct pausing pausing;
    init_notes(&pausing.notes);
    pausing.notes.events.end = pause_at_end;
    pausing.reader = xml_reader_new(&pausing.notes.events, &xml_limits_wide);
    assert_int_equal(xml_reader_feed(pausing.reader, STR("<a><b/>x<c>y</c></a>"), false),
                     XML_PAUSED);
    check_str("first", buf_str(&pausing.notes.text), "<1 a><2 b></2>");
    assert_int_equal(xml_reader_resume(pausing.reader), XML_PAUSED);
    assert_int_equal(xml_reader_resume(pausing.reader), XML_OK);
    assert_int_equal(xml_reader_feed(pausing.reader, STR_NONE, true), XML_OK);
    check_str("all", buf_str(&pausing.notes.text), "<1 a><2 b></2>x<2 c>y</2></1>");
    xml_reader_free(pausing.reader);
    buf_done(&pausing.notes.text);
}

static bool start_in_b(struct xml_events *events, const struct xml_element *element)
{
    struct pausing *pausing = CONTAINER_OF(events, struct pausing, notes.events);
    if (str_eq(element->name.local, STR("b")))
        xml_reader_want_text(pausing->reader, true);
    return note_start(events, element);
}

static bool end_of_b(struct xml_events *events, unsigned depth)
{
    struct pausing *pausing = CONTAINER_OF(events, struct pausing, notes.events);
    if (depth == 2)
        xml_reader_want_text(pausing->reader, false);
    return note_end(events, depth);
}

TEST(reader_passes_over_text_that_nobody_wants)
{
    static const char document[] = "<a>v&amp;<b>w&lt;<c>x</c>\n\n</b><d>y<![CDATA[z]]></d></a>";
    struct pausing pausing;
    init_notes(&pausing.notes);
    pausing.notes.events.start = start_in_b;
    pausing.notes.events.end = end_of_b;
    pausing.reader = xml_reader_new(&pausing.notes.events, &xml_limits_wide);
    xml_reader_want_text(pausing.reader, false);
    for (size_t i = 0; i < sizeof(document) - 1; i++)
        assert_int_equal(xml_reader_feed(pausing.reader, str_of(document + i, 1), false), XML_OK);
    assert_int_equal(xml_reader_feed(pausing.reader, STR_NONE, true), XML_OK);
    check_str("all", buf_str(&pausing.notes.text), "<1 a><2 b>w<<3 c>x</3>\n\n</2><2 d></2></1>");
    xml_reader_free(pausing.reader);
    buf_done(&pausing.notes.text);
}

TEST(reader_tells_what_is_cut_off_from_what_is_broken)
{
    static const struct {
        const char *document;
        bool is_cut_off;
    } rows[] = {
        {"", true},     {"<a", true},       {"<a>\xc3", true},     {"<a><![CDATA[x", true},
        {"<a>x", true}, {"<a></b>", false}, {"<a>&x;</a>", false}, {"x", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct notes notes;
        init_notes(&notes);
        struct xml_reader *reader = xml_reader_new(&notes.events, &xml_limits_wide);
        check_int(rows[i].document, xml_reader_feed(reader, str_of_c(rows[i].document), true),
                  XML_MALFORMED);
        check_int(rows[i].document, xml_reader_is_cut_off(reader), rows[i].is_cut_off);
        check_that(rows[i].document, strlen(xml_reader_message(reader)) > 0);
        xml_reader_free(reader);
        buf_done(&notes.text);
    }
}

TEST(reader_can_be_freed_at_any_moment)
{
    static const char document[] = "<p:a xmlns:p='u' xml:lang='en'>x<p:b c='d'>&amp;</p:b></p:a>";
    for (size_t len = 0; len < sizeof(document); len++) {
        struct notes notes;
        init_notes(&notes);
        struct xml_reader *reader = xml_reader_new(&notes.events, &xml_limits_wide);
        assert_int_equal(xml_reader_feed(reader, str_of(document, len), false), XML_OK);
        xml_reader_free(reader);
        buf_done(&notes.text);
    }
}

static void reader_looks_for_an_element(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        unsigned depth;
        bool is_there;
    } rows[] = {
        {"<a xmlns='u'/>", 1, true},
        {"<a/>", 1, false},
        {"<p:a xmlns:p='u'/>", 1, true},
        {"<a xmlns='v'><p:a xmlns:p='u'/></a>", 2, true},
        {"<a xmlns='v'><p:a xmlns:p='u'/></a>", 1, false},
        {"<x><b><a xmlns='u'/></b></x>", 2, false},
        {"<x><b/><c>text</c><a xmlns='u'>text</a></x>", 2, true},
        {"<a xmlns='u'><b/></a>", 2, false},
        {"<x>&lt;a xmlns='u'/></x>", 2, false},
        {"<x><a xmlns='u'/></x", 2, false}, /* it cannot be read */
        {"<x><a xmlns='u'></x>", 2, false},
        {"<!DOCTYPE x><x><a xmlns='u'/></x>", 2, false},
        {"", 1, false},
    };
    static const struct xml_name name = {.ns = STR_INIT("u"), .local = STR_INIT("a")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].document,
                  xml_has(str_of_c(rows[i].document), rows[i].depth, &name, &xml_limits_wide),
                  rows[i].is_there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_resolves_namespaces),
        cmocka_unit_test(reader_gives_attributes),
        cmocka_unit_test(reader_gives_any_number_of_attributes),
        cmocka_unit_test(reader_gives_text),
        cmocka_unit_test(reader_keeps_track_of_the_language),
        cmocka_unit_test(reader_takes_utf16),
        cmocka_unit_test(reader_takes_the_encodings_that_it_knows),
        cmocka_unit_test(reader_refuses_what_is_no_utf8),
        cmocka_unit_test(reader_refuses_document_types),
        cmocka_unit_test(reader_refuses_entities),
        cmocka_unit_test(reader_refuses_namespaces_that_are_none),
        cmocka_unit_test(reader_refuses_what_is_not_well_formed),
        cmocka_unit_test(reader_bounds_depth),
        cmocka_unit_test(reader_bounds_the_number_of_elements),
        cmocka_unit_test(reader_bounds_attributes_and_declarations_together),
        cmocka_unit_test(reader_bounds_namespace_names),
        cmocka_unit_test(reader_survives_a_document_of_nothing_but_start_tags),
        cmocka_unit_test(reader_stops_at_any_event_and_reports_no_other),
        cmocka_unit_test(reader_knows_where_it_stopped),
        cmocka_unit_test(reader_pauses_between_two_elements),
        cmocka_unit_test(reader_passes_over_text_that_nobody_wants),
        cmocka_unit_test(reader_tells_what_is_cut_off_from_what_is_broken),
        cmocka_unit_test(reader_looks_for_an_element),
        cmocka_unit_test(reader_can_be_freed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
