#include "gateway/hrefs.h"

#include "support/drip.h"
#include "support/test.h"

/* Maps "/in…" to "/out…"; keeps all members but those named "hidden" and "refused"; gathers what it is
 * told. */
struct mapper {
    struct href_reader base;
    struct buf told;
};

static bool map(struct href_reader *base, struct str uri, struct buf *to)
{
    (void)base;
    if (!str_starts(uri, STR("/in")))
        return false;
    BUF_ADD(to, "/out");
    buf_add(to, str_from(uri, 3));
    return true;
}

static unsigned judge(struct href_reader *base, struct str uri, bool is_value)
{
    (void)base;
    if (is_value && str_ends(uri, STR("a-value-hidden")))
        return 200;
    return str_ends(uri, STR("hidden")) ? 404 : str_ends(uri, STR("refused")) ? 403 : 200;
}

static void status(struct href_reader *base, struct str line)
{
    struct mapper *mapper = CONTAINER_OF(base, struct mapper, base);
    buf_add(&mapper->told, str_first(str_from(line, 9), 3));
    buf_add_char(&mapper->told, ' ');
}

static void response_end(struct href_reader *base, unsigned judged)
{
    struct mapper *mapper = CONTAINER_OF(base, struct mapper, base);
    if (judged != 200)
        buf_add_u64(&mapper->told, judged);
    buf_add_char(&mapper->told, '|');
}

struct reading {
    enum hrefs_direction direction;
    size_t step; /* bytes at a time, both ways */
    bool filters;
    bool fails;
    struct mapper mapper;
    struct err err;
};

static enum pull read_all(struct reading *reading, struct str document, struct buf *to)
{
    struct arena arena = {0};
    struct drip drip = drip_of(document, reading->step);
    drip.fails = reading->fails;
    reading->mapper.base = (struct href_reader){.map = map,
                                                .judge = reading->filters ? judge : NULL,
                                                .expands = reading->filters,
                                                .hides_locks = reading->filters,
                                                .status = status,
                                                .response_end = response_end};
    struct source *source =
        hrefs_source(&arena, &drip.base, reading->direction, &reading->mapper.base);
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA || pulled == PULL_WAIT)
        pulled = source_pull(source, to, reading->step, &reading->err);
    source_close(&source);
    arena_done(&arena);
    return pulled;
}

static void check(struct reading reading, struct str document, struct str wanted)
{
    static const size_t steps[] = {1, 2, 3, 7, 100, 100000};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf got = {0};
        reading.step = steps[i];
        assert_int_equal(read_all(&reading, document, &got), PULL_END);
        check_bytes(document.at, buf_str(&got), wanted);
        buf_done(&got);
        buf_done(&reading.mapper.told);
    }
}

#define MS_OPEN  "<D:multistatus xmlns:D=\"DAV:\">"
#define MS_END   "</D:multistatus>"
#define MS(text) MS_OPEN text MS_END
#define MEMBER(uri)                                                                                \
    "<D:response><D:href>" uri "</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>"
#define PROP(text)                                                                                 \
    MS("<D:response><D:href>/x</D:href><D:propstat><D:prop>" text                                  \
       "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>")

struct row {
    const char *document;
    const char *wanted; /* NULL: the same */
};

static void check_rows(const struct row *rows, size_t count, enum hrefs_direction direction)
{
    for (size_t i = 0; i < count; i++)
        check((struct reading){.direction = direction}, str_of_c(rows[i].document),
              str_of_c(rows[i].wanted ? rows[i].wanted : rows[i].document));
}

TEST(hrefs_of_answers_are_mapped)
{
    static const struct row rows[] = {
        {MS(MEMBER("/in/a") MEMBER("/in/b%2Fc")), MS(MEMBER("/out/a") MEMBER("/out/b%2Fc"))},
        {MS(MEMBER("/elsewhere") MEMBER("")), NULL},
        /* other prefixes, and none */
        {"<?xml version='1.0'?>\n<multistatus xmlns='DAV:'><response><href>/in</href></response>"
         "</multistatus>\n",
         "<?xml version='1.0'?>\n<multistatus xmlns='DAV:'><response><href>/out</href></response>"
         "</multistatus>\n"},
        {"<a:multistatus xmlns:a='DAV:'><a:response><b:href xmlns:b='DAV:'>/in</b:href>"
         "<href>/in</href><a:href xmlns:a='urn:x'>/in</a:href></a:response></a:multistatus>",
         "<a:multistatus xmlns:a='DAV:'><a:response><b:href xmlns:b='DAV:'>/out</b:href>"
         "<href>/in</href><a:href xmlns:a='urn:x'>/in</a:href></a:response></a:multistatus>"},
        /* several, location, errors */
        {MS("<D:response><D:href>/in/1</D:href><D:href>/in/2</D:href><D:status>HTTP/1.1 423 L"
            "</D:status><D:error><D:lock-token-submitted><D:href>/in/3</D:href>"
            "</D:lock-token-submitted></D:error><D:location><D:href>/in/4</D:href></D:location>"
            "</D:response>"),
         MS("<D:response><D:href>/out/1</D:href><D:href>/out/2</D:href><D:status>HTTP/1.1 423 L"
            "</D:status><D:error><D:lock-token-submitted><D:href>/out/3</D:href>"
            "</D:lock-token-submitted></D:error><D:location><D:href>/out/4</D:href></D:location>"
            "</D:response>")},
        {"<D:error xmlns:D='DAV:'><D:no-conflicting-lock><D:href>/in</D:href>"
         "</D:no-conflicting-lock></D:error>",
         "<D:error xmlns:D='DAV:'><D:no-conflicting-lock><D:href>/out</D:href>"
         "</D:no-conflicting-lock></D:error>"},
        /* properties that hold URLs */
        {PROP("<D:current-user-principal><D:href>/in/p</D:href></D:current-user-principal>"),
         PROP("<D:current-user-principal><D:href>/out/p</D:href></D:current-user-principal>")},
        {PROP("<D:acl><D:ace><D:principal><D:href>/in/p</D:href></D:principal><D:inherited>"
              "<D:href>/in</D:href></D:inherited></D:ace></D:acl>"),
         PROP("<D:acl><D:ace><D:principal><D:href>/out/p</D:href></D:principal><D:inherited>"
              "<D:href>/out</D:href></D:inherited></D:ace></D:acl>")},
        {PROP("<C:calendar-home-set xmlns:C='urn:ietf:params:xml:ns:caldav'><D:href>/in/c</D:href>"
              "</C:calendar-home-set>"),
         PROP("<C:calendar-home-set xmlns:C='urn:ietf:params:xml:ns:caldav'><D:href>/out/c</D:href>"
              "</C:calendar-home-set>")},
        {PROP("<D:parent-set><D:parent><D:href>/in</D:href><D:segment>in</D:segment></D:parent>"
              "</D:parent-set>"),
         PROP("<D:parent-set><D:parent><D:href>/out</D:href><D:segment>in</D:segment></D:parent>"
              "</D:parent-set>")},
        {PROP("<D:version-history><D:response><D:href>/in/h</D:href><D:propstat><D:prop>"
              "<D:version-set><D:href>/in/v</D:href></D:version-set></D:prop></D:propstat>"
              "</D:response></D:version-history>"),
         PROP("<D:version-history><D:response><D:href>/out/h</D:href><D:propstat><D:prop>"
              "<D:version-set><D:href>/out/v</D:href></D:version-set></D:prop></D:propstat>"
              "</D:response></D:version-history>")},
    };
    check_rows(rows, ARRAY_LEN(rows), HREFS_OF_ANSWER);
}

TEST(hrefs_of_clients_stay_as_they_are)
{
    static const struct row rows[] = {
        /* RFC 4918 §14.17 and §4.3 */
        {PROP("<D:lockdiscovery><D:activelock><D:owner><D:href>/in/me</D:href></D:owner>"
              "<D:locktoken><D:href>/in/t</D:href></D:locktoken><D:lockroot><D:href>/in/r</D:href>"
              "</D:lockroot></D:activelock></D:lockdiscovery>"),
         PROP("<D:lockdiscovery><D:activelock><D:owner><D:href>/in/me</D:href></D:owner>"
              "<D:locktoken><D:href>/in/t</D:href></D:locktoken><D:lockroot><D:href>/out/r</D:href>"
              "</D:lockroot></D:activelock></D:lockdiscovery>")},
        {PROP("<x:dead xmlns:x='urn:x'><D:href>/in</D:href><D:response><D:href>/in</D:href>"
              "</D:response></x:dead>"),
         NULL},
        {PROP(
             "<D:displayname>/in</D:displayname><D:unheard-of><D:href>/in</D:href></D:unheard-of>"),
         NULL},
        {PROP("<x:owner xmlns:x='urn:x'><D:href>/in</D:href></x:owner>"), NULL},
        {"<html xmlns='http://www.w3.org/1999/xhtml'><a href='/in'>/in</a></html>", NULL},
        /* an href that is none */
        {MS("<D:response><D:href>/in<D:b/></D:href></D:response>"), NULL},
    };
    check_rows(rows, ARRAY_LEN(rows), HREFS_OF_ANSWER);
}

TEST(hrefs_of_requests_are_mapped)
{
    static const struct row rows[] = {
        {"<C:calendar-multiget xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop/>"
         "<D:href>/in/1.ics</D:href><D:href>/in/2.ics</D:href></C:calendar-multiget>",
         "<C:calendar-multiget xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><D:prop/>"
         "<D:href>/out/1.ics</D:href><D:href>/out/2.ics</D:href></C:calendar-multiget>"},
        {"<D:bind xmlns:D='DAV:'><D:segment>in</D:segment><D:href>/in/a</D:href></D:bind>",
         "<D:bind xmlns:D='DAV:'><D:segment>in</D:segment><D:href>/out/a</D:href></D:bind>"},
        {"<D:searchrequest xmlns:D='DAV:'><D:basicsearch><D:from><D:scope><D:href>/in</D:href>"
         "</D:scope></D:from></D:basicsearch></D:searchrequest>",
         "<D:searchrequest xmlns:D='DAV:'><D:basicsearch><D:from><D:scope><D:href>/out</D:href>"
         "</D:scope></D:from></D:basicsearch></D:searchrequest>"},
        {"<D:propertyupdate "
         "xmlns:D='DAV:'><D:set><D:prop><D:group-member-set><D:href>/in/u</D:href>"
         "</D:group-member-set><x:y xmlns:x='urn:x'><D:href>/in</D:href></x:y></D:prop></D:set>"
         "</D:propertyupdate>",
         "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:group-member-set><D:href>/out/u"
         "</D:href></D:group-member-set><x:y xmlns:x='urn:x'><D:href>/in</D:href></x:y></D:prop>"
         "</D:set></D:propertyupdate>"},
        /* an owner is the client's, whatever it says */
        {"<D:lockinfo xmlns:D='DAV:'><D:owner><D:href>/in</D:href></D:owner></D:lockinfo>", NULL},
        /* what is of no kind that is known may be about what it names */
        {MS(MEMBER("/in")), MS(MEMBER("/out"))},
        {"<D:propfind xmlns:D='DAV:'><D:prop/><x><D:href>/in</D:href></x></D:propfind>", NULL},
    };
    check_rows(rows, ARRAY_LEN(rows), HREFS_OF_REQUEST);
}

TEST(hrefs_all_else_stays_byte_by_byte)
{
    static const struct row rows[] = {
        {"<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<!-- <D:href>/in</D:href> -->\r\n"
         "<D:multistatus\r\n xmlns:D = 'DAV:'  a='&lt;D:href>/in'><?pi <D:href>?>\n<D:response >"
         "<D:href x=\"1\"\n>\n\t/in/&#97;&amp;b \n</D:href ><D:href/><![CDATA[<D:href>/in]]>"
         "</D:response>\r\n</D:multistatus>\r\n<!-- end -->\r\n",
         "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n<!-- <D:href>/in</D:href> -->\r\n"
         "<D:multistatus\r\n xmlns:D = 'DAV:'  a='&lt;D:href>/in'><?pi <D:href>?>\n<D:response >"
         "<D:href x=\"1\"\n>\n\t/out/a&#x26;b \n</D:href ><D:href/><![CDATA[<D:href>/in]]>"
         "</D:response>\r\n</D:multistatus>\r\n<!-- end -->\r\n"},
        {MS("<D:response><D:href><![CDATA[/in/<]]>x</D:href></D:response>"),
         MS("<D:response><D:href>/out/&#x3C;x</D:href></D:response>")},
        {MS(MEMBER("/in/\xc3\xa4")), MS(MEMBER("/out/&#xE4;"))},
        {"<?xml version='1.0' encoding='iso-8859-1'?>" MS(MEMBER("/in/\xe4")),
         "<?xml version='1.0' encoding='iso-8859-1'?>" MS(MEMBER("/out/&#xE4;"))},
        {"\xef\xbb\xbf" MS(MEMBER("/in")), "\xef\xbb\xbf" MS(MEMBER("/out"))},
        {"", NULL},
    };
    check_rows(rows, ARRAY_LEN(rows), HREFS_OF_ANSWER);
}

static struct str widen(struct buf *to, const char *text, bool is_big)
{
    buf_add(to, is_big ? STR("\xfe\xff") : STR("\xff\xfe"));
    for (; *text; text++) {
        buf_add(to, is_big ? STR("\0") : STR_NONE);
        buf_add_char(to, *text);
        buf_add(to, is_big ? STR_NONE : STR("\0"));
    }
    return buf_str(to);
}

TEST(hrefs_in_utf16_are_mapped)
{
    for (int is_big = 0; is_big < 2; is_big++) {
        struct buf document = {0}, wanted = {0};
        check((struct reading){.direction = HREFS_OF_ANSWER},
              widen(&document, MS(MEMBER("/in/a")), is_big),
              widen(&wanted, MS(MEMBER("/out/a")), is_big));
        buf_done(&document);
        buf_done(&wanted);
    }
}

#define NAMED(name)                                                                                \
    "<D:response><D:href>/in/" name "</D:href><D:propstat><D:prop/></D:propstat></D:response>"
#define SHOWN(name)                                                                                \
    "<D:response><D:href>/out/" name "</D:href><D:propstat><D:prop/></D:propstat></D:response>"

TEST(hrefs_leaves_members_out)
{
    static const struct row rows[] = {
        {MS(NAMED("a") NAMED("hidden") NAMED("b")), MS(SHOWN("a") SHOWN("b"))},
        {MS(NAMED("hidden") "\n" NAMED("hidden")), MS("\n")},
        {MS("<D:response><D:propstat><D:prop><D:owner><D:href>/in/o</D:href></D:owner></D:prop>"
            "</D:propstat><D:href>/in/hidden</D:href></D:response>" NAMED("a")),
         MS(SHOWN("a"))},
        {MS("<D:response><D:propstat><D:prop><D:owner><D:href>/in/o</D:href></D:owner></D:prop>"
            "</D:propstat><D:href>/in/a</D:href></D:response>"),
         MS("<D:response><D:propstat><D:prop><D:owner><D:href>/out/o</D:href></D:owner></D:prop>"
            "</D:propstat><D:href>/out/a</D:href></D:response>")},
        /* one of several that may not be seen; none at all */
        {MS("<D:response><D:href>/in/a</D:href><D:href>/in/hidden</D:href><D:status>HTTP/1.1 423 L"
            "</D:status></D:response>" NAMED("b")),
         MS(SHOWN("b"))},
        {MS("<D:response><D:status>HTTP/1.1 423 L</D:status></D:response>" NAMED("b")),
         MS(SHOWN("b"))},
        {MS(NAMED("a") NAMED("refused&amp;refused") NAMED("b")),
         MS(SHOWN(
             "a") "<D:response xmlns:D=\"DAV:\"><D:href>/out/refused&#x26;refused</D:href>"
                  "<D:propstat><D:prop/><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat>"
                  "</D:response>" SHOWN("b"))},
        {PROP("<D:version-set>" NAMED(
             "refused") "<D:response><D:href>/in/c</D:href><D:propstat><D:prop>"
                        "<D:version-history>" NAMED("hidden")
                            NAMED("d") "</D:version-history></D:prop>"
                                       "</D:propstat></D:response></D:version-set>"),
         PROP("<D:version-set><D:response xmlns:D=\"DAV:\"><D:href>/out/refused</D:href>"
              "<D:propstat><D:prop/><D:status>HTTP/1.1 403 Forbidden</D:status></D:propstat>"
              "</D:response><D:response><D:href>/out/c</D:href><D:propstat><D:prop>"
              "<D:version-history>" SHOWN("d") "</D:version-history></D:prop></D:propstat>"
                                               "</D:response></D:version-set>")},
        /* one that is left out has others in it, and one that is still held */
        {MS("<D:response><D:href>/in/hidden</D:href><D:propstat><D:prop><D:version-set>" NAMED("a")
                NAMED("hidden") "</D:version-set></D:prop></D:propstat></D:response>" NAMED("b")),
         MS(SHOWN("b"))},
        {MS("<D:response><D:propstat><D:prop><D:version-set>" NAMED("a")
                NAMED("hidden") "</D:version-set></D:prop></D:propstat><D:href>/in/c</D:href></"
                                "D:response>" NAMED("b")),
         MS("<D:response><D:propstat><D:prop><D:version-set>" SHOWN(
             "a") "</D:version-set>"
                  "</D:prop></D:propstat><D:href>/out/c</D:href></D:response>" SHOWN("b"))},
        {MS("<D:response><D:propstat><D:prop><D:version-set>" NAMED("a")
                NAMED("hidden") "</D:version-set></D:prop></D:propstat><D:href>/in/hidden</"
                                "D:href></D:response>"),
         MS("")},
        /* a property that nobody knows is expanded as any other: in a report */
        {PROP("<x:y xmlns:x='urn:x'>" NAMED("hidden") NAMED("a") "</x:y>"),
         PROP("<x:y xmlns:x='urn:x'>" SHOWN("a") "</x:y>")},
        {PROP("<D:supportedlock><D:lockentry><D:href/></D:lockentry>\n</"
              "D:supportedlock><D:supportedlock/>"),
         PROP("<D:supportedlock></D:supportedlock><D:supportedlock/>")},
        /* within a property, and a property of that */
        {PROP("<D:group-member-set>" NAMED("hidden") NAMED("a-value-hidden")
                  NAMED("b") "</D:group-member-set>"),
         PROP("<D:group-member-set>" SHOWN("a-value-hidden") SHOWN("b") "</D:group-member-set>")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check((struct reading){.direction = HREFS_OF_ANSWER, .filters = true},
              str_of_c(rows[i].document), str_of_c(rows[i].wanted));
}

TEST(hrefs_tells_statuses_of_members)
{
    struct reading reading = {.direction = HREFS_OF_ANSWER, .step = 5, .filters = true};
    struct buf got = {0};
    struct str document =
        STR(MS(MEMBER("/in") MEMBER("/in/hidden")
                   MEMBER("/in/refused") "<D:response><D:href>/in/a</D:href><D:propstat><D:prop>"
                                         "<D:version-set><D:response><D:href>/in/v</"
                                         "D:href><D:propstat><D:status>HTTP/1.1 999 X"
                                         "</D:status></D:propstat></D:response></D:version-set></"
                                         "D:prop><D:status>HTTP/1.1 404 Not"
                                         " Found</D:status></D:propstat></D:response>"));
    assert_int_equal(read_all(&reading, document, &got), PULL_END);
    check_str("told", buf_str(&reading.mapper.told), "200 |404|403|404 |");
    buf_done(&reading.mapper.told);
    buf_done(&got);
}

/* Nothing of what is behind the mistake is given out; what is before it may be. */
static void check_fails(struct str document, bool source_fails, const char *why)
{
    static const size_t steps[] = {1, 100000};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct reading reading = {
            .direction = HREFS_OF_ANSWER, .step = steps[i], .fails = source_fails};
        struct buf got = {0};
        assert_int_equal(read_all(&reading, document, &got), PULL_FAIL);
        if (!strstr(reading.err.text, why))
            fail_msg("%s: not '%s', but '%s'", document.at, why, reading.err.text);
        assert_true(got.len <= document.len + 10);
        buf_done(&got);
        buf_done(&reading.mapper.told);
    }
}

TEST(hrefs_fails_where_it_cannot_read_on)
{
    check_fails(STR(MS_OPEN MEMBER("/in")), false, "cut off");
    check_fails(STR(MS_OPEN "<D:resp"), false, "cut off");
    check_fails(STR(MS(MEMBER("/in"))), true, "cut off");
    check_fails(STR(MS(MEMBER("/in")) "x"), false, "malformed");
    check_fails(STR("<D:multistatus/>"), false, "malformed"); /* the prefix is not declared */
    check_fails(STR("<a>&b;</a>"), false, "malformed");
    check_fails(STR("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), false, "document type");
}

static void add_many(struct buf *to, char c, size_t count)
{
    memset(buf_reserve(to, count), c, count);
    to->len += count;
}

TEST(hrefs_holds_back_within_bounds)
{
    static const struct {
        const char *before;
        const char *behind;
        const char *why;
        bool filters;
    } rows[] = {
        {MS_OPEN "<D:response><D:href>", "</D:href></D:response>" MS_END, "too long", false},
        {MS_OPEN "<D:response><D:propstat><D:prop><x>", "</x></D:prop></D:propstat></D:response>",
         "whose it is", true},
        {MS_OPEN "<!-- ", " -->" MS_END, "too long", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct reading reading = {
            .direction = HREFS_OF_ANSWER, .step = 4000, .filters = rows[i].filters};
        struct buf document = {0}, got = {0};
        buf_add(&document, str_of_c(rows[i].before));
        add_many(&document, 'x', 400000);
        buf_add(&document, str_of_c(rows[i].behind));
        assert_int_equal(read_all(&reading, buf_str(&document), &got), PULL_FAIL);
        assert_non_null(strstr(reading.err.text, rows[i].why));
        assert_true(got.len < 1000);
        buf_done(&document);
        buf_done(&got);
        buf_done(&reading.mapper.told);
    }
}

TEST(hrefs_gives_out_a_long_property_as_it_comes)
{
    struct reading reading = {.direction = HREFS_OF_ANSWER, .step = 4000, .fails = true};
    struct buf document = {0}, got = {0};
    BUF_ADD(&document, MS_OPEN "<D:response><D:propstat><D:prop><x>");
    add_many(&document, 'x', 400000);
    assert_int_equal(read_all(&reading, buf_str(&document), &got), PULL_FAIL);
    check_bytes("all of it", buf_str(&got), buf_str(&document));
    buf_done(&document);
    buf_done(&got);
    buf_done(&reading.mapper.told);
}

TEST(hrefs_maps_a_text)
{
    struct mapper mapper = {.base.map = map};
    struct buf got = {0};
    struct err err;
    assert_true(hrefs_map(STR(MS(MEMBER("/in"))), HREFS_OF_ANSWER, &mapper.base, &got, &err));
    check_str("mapped", buf_str(&got), MS(MEMBER("/out")));
    assert_false(hrefs_map(STR("<a>"), HREFS_OF_ANSWER, &mapper.base, &got, &err));
    assert_non_null(strstr(err.text, "cut off"));
    buf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hrefs_of_answers_are_mapped),
        cmocka_unit_test(hrefs_of_clients_stay_as_they_are),
        cmocka_unit_test(hrefs_of_requests_are_mapped),
        cmocka_unit_test(hrefs_all_else_stays_byte_by_byte),
        cmocka_unit_test(hrefs_in_utf16_are_mapped),
        cmocka_unit_test(hrefs_leaves_members_out),
        cmocka_unit_test(hrefs_tells_statuses_of_members),
        cmocka_unit_test(hrefs_fails_where_it_cannot_read_on),
        cmocka_unit_test(hrefs_holds_back_within_bounds),
        cmocka_unit_test(hrefs_gives_out_a_long_property_as_it_comes),
        cmocka_unit_test(hrefs_maps_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
