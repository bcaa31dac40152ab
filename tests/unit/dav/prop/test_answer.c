#include "support/test.h"

#include "../fixture.h"
#include "dav/prop/answer.h"
#include "extension/extension.h"
#include "support/changes.h"

static struct media_types types;

static int open_with_file(void **state)
{
    (void)!fixture_open(state); /* it asserts */
    media_types_init(&types);
    fixture_make("f");
    return 0;
}

static int close_all(void **state)
{
    media_types_done(&types);
    return fixture_close(state);
}

#define ANSWER_TEST(test) cmocka_unit_test_setup_teardown(test, open_with_file, close_all)

static void set_dead(struct str ns, struct str name, struct str xml)
{
    struct store_prop prop = {ns, name, xml};
    const struct store_patch patch = {.props = &prop, .prop_count = 1};
    assert_int_equal(do_patch(fixture.store, PATH("f"), &patch), STORE_OK);
}

#define FOUND(props)                                                                               \
    "<D:propstat><D:prop>" props "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
#define MISSING(props)                                                                             \
    "<D:propstat><D:prop>" props "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status>"            \
    "</D:propstat>"

static struct prop_target props_of(const char *path)
{
    struct prop_target target = {.x = &fixture.bare.x,
                                 .store = fixture.store,
                                 .arena = fixture.arena,
                                 .path = path_of(path),
                                 .real = path_of(path)};
    assert_int_equal(store_stat(fixture.store, target.real, WANTS_CREATED, &target.stat), STORE_OK);
    return target;
}

/* The response for what `body` asks of "f", without its href. From the arena. */
static struct str answer(const char *body, bool is_short)
{
    static const char head[] = "<D:response><D:href>/f</D:href>", tail[] = "</D:response>";
    struct propfind_request request;
    struct prop_target target = props_of("f");
    struct multistatus_body *written = multistatus_body_new(fixture.x);
    size_t start = multistatus_body_ms(written)->out->len;
    fixture.dav.media_types = &types;
    check_int(body,
              propfind_parse(str_of_c(body), &fixture.bare.limits, fixture.arena, &request).status,
              0);
    request.is_short = is_short;
    check_that(body, prop_answer(written, &target, &request));
    struct str whole =
        arena_str(fixture.arena, str_from(buf_str(spool_buf(&written->spool)), start));
    check_that(body, str_starts(whole, STR(head)) && str_ends(whole, STR(tail)));
    return str_of(whole.at + strlen(head), whole.len - strlen(head) - strlen(tail));
}

#define FIND(content) "<D:propfind xmlns:D='DAV:' xmlns:u='urn:u'>" content "</D:propfind>"
#define NAMES(names)  FIND("<D:prop>" names "</D:prop>")

/* RFC 4918 §9.1 */
TEST(answer_groups_properties_by_status)
{
    static const struct {
        const char *body, *answer;
    } rows[] = {
        {NAMES("<D:resourcetype/>"), FOUND("<D:resourcetype/>")},
        {NAMES("<D:getcontentlength/><D:displayname/>"),
         FOUND("<D:getcontentlength>1</D:getcontentlength><D:displayname>f</D:displayname>")},
        {NAMES("<u:dead/>"), FOUND("<u:dead xmlns:u=\"urn:u\">x</u:dead>")},
        {NAMES("<plain/>"), FOUND("<plain/>")},
        {NAMES("<u:none/><none/>"), MISSING("<x:none xmlns:x=\"urn:u\"/><none/>")},
        {NAMES("<u:none/><u:dead/><D:getcontentlanguage/><D:getcontentlength/>"),
         FOUND("<u:dead xmlns:u=\"urn:u\">x</u:dead><D:getcontentlength>1</D:getcontentlength>")
             MISSING("<x:none xmlns:x=\"urn:u\"/><D:getcontentlanguage/>")},
        {NAMES("<a:executable xmlns:a='http://apache.org/dav/props/'/>"),
         FOUND("<x:executable xmlns:x=\"http://apache.org/dav/props/\">F</x:executable>")},
        {NAMES("<D:quota-used-bytes/>"), MISSING("<D:quota-used-bytes/>")},
        /* nothing was asked for: a response must have something */
        {NAMES(""), FOUND("")},
    };
    set_dead(STR("urn:u"), STR("dead"), STR("<u:dead xmlns:u=\"urn:u\">x</u:dead>"));
    set_dead(STR_NONE, STR("plain"), STR("<plain/>"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].body, answer(rows[i].body, false), rows[i].answer);
}

/* A dead property takes the place of a live one that can be overridden, and of no other. */
TEST(answer_prefers_what_the_client_has_set)
{
    set_dead(STR("DAV:"), STR("displayname"),
             STR("<D:displayname xmlns:D=\"DAV:\">mine</D:displayname>"));
    set_dead(STR("DAV:"), STR("getcontentlength"), STR("<getcontentlength xmlns=\"DAV:\"/>"));
    check_str("prop", answer(NAMES("<D:displayname/><D:getcontentlength/>"), false),
              FOUND("<D:displayname xmlns:D=\"DAV:\">mine</D:displayname>"
                    "<D:getcontentlength>1</D:getcontentlength>"));
}

static size_t count_of(struct str text, const char *part)
{
    size_t count = 0;
    for (const char *at = text.at; (at = strstr(at, part)); at++) /* an arena's strings end */
        count++;
    return count;
}

TEST(allprop_gives_each_property_once)
{
    static const struct {
        const char *part;
        size_t in_all, in_short, with_include;
    } rows[] = {
        {"<D:creationdate>", 1, 1, 1},     {"<D:displayname>", 1, 1, 1},
        {"<D:getcontentlength>", 1, 1, 1}, {"<D:getcontenttype>", 1, 1, 1},
        {"<D:getetag>", 1, 1, 1},          {"<D:getlastmodified>", 1, 1, 1},
        {"<D:resourcetype/>", 1, 1, 1},    {"<D:lockdiscovery/>", 1, 0, 1},
        {"<D:supportedlock>", 1, 0, 1},    {"<u:dead xmlns:u=\"urn:u\">", 1, 1, 1},
        {"executable", 0, 0, 1},           {"<D:quota-used-bytes/>", 0, 0, 1},
        {"404 Not Found", 0, 0, 1},
    };
    struct str all, brief, more;
    set_dead(STR("urn:u"), STR("dead"), STR("<u:dead xmlns:u=\"urn:u\">x</u:dead>"));
    all = answer(FIND("<D:allprop/>"), false);
    brief = answer(FIND("<D:allprop/>"), true);
    more = answer(FIND("<D:allprop/><D:include><D:getetag/><u:dead/><D:quota-used-bytes/>"
                       "<executable xmlns='http://apache.org/dav/props/'/></D:include>"),
                  false);
    check_bytes("an empty body", answer("", false), all);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_int(rows[i].part, count_of(all, rows[i].part), rows[i].in_all);
        check_int(rows[i].part, count_of(brief, rows[i].part), rows[i].in_short);
        /* opening and closing tags of the one with a value */
        check_that(rows[i].part, count_of(more, rows[i].part) >= rows[i].with_include);
    }
    assert_int_equal(count_of(more, "<D:getetag>"), 1);
    assert_int_equal(count_of(more, "<u:dead"), 1);
}

TEST(include_brings_back_what_a_short_allprop_leaves_out)
{
    struct str text = answer(FIND("<D:allprop/><D:include><D:lockdiscovery/></D:include>"), true);
    assert_int_equal(count_of(text, "<D:lockdiscovery/>"), 1);
    assert_int_equal(count_of(text, "404"), 0);
}

TEST(propname_has_names_without_values)
{
    set_dead(STR("urn:u"), STR("dead"), STR("<u:dead xmlns:u=\"urn:u\">x</u:dead>"));
    set_dead(STR("DAV:"), STR("getcontentlanguage"),
             STR("<D:getcontentlanguage xmlns:D=\"DAV:\">en</D:getcontentlanguage>"));
    set_dead(STR("DAV:"), STR("displayname"), STR("<displayname xmlns=\"DAV:\">x</displayname>"));
    struct str text = answer(FIND("<D:propname/>"), false);
    static const char *const names[] = {"<D:getetag/>", "<x:dead xmlns:x=\"urn:u\"/>",
                                        "<D:getcontentlanguage/>", "<D:displayname/>",
                                        "<D:supportedlock/>"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        check_int(names[i], count_of(text, names[i]), 1);
    assert_int_equal(count_of(text, "</D:getetag>"), 0);
    assert_int_equal(count_of(text, "quota"), 0); /* it has none */
}

TEST(answer_refused_names_what_was_asked)
{
    struct propfind_request request;
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    static const char body[] = NAMES("<D:getetag/><u:a/>");
    assert_int_equal(
        propfind_parse(STR(body), &fixture.bare.limits, fixture.arena, &request).status, 0);
    struct prop_target target = {.path = PATH("x")};
    prop_answer_refused(&ms, &target, 403, &request);
    check_str("refused", buf_str(&out),
              "<D:response><D:href>/x</D:href><D:propstat><D:prop><D:getetag/>"
              "<x:a xmlns:x=\"urn:u\"/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status>"
              "</D:propstat></D:response>");
    buf_done(&out);
}

/* The response for what `body` asks of "d", a mount that is out of reach. From the arena. */
static struct str unreachable(const char *body, bool is_short)
{
    static const struct dav_result why = {.status = 503, .text = "gone & lost"};
    struct propfind_request request;
    struct multistatus_body *to = multistatus_body_new(fixture.x);
    struct prop_target target = props_of("d");
    size_t start = multistatus_body_ms(to)->out->len;
    check_int(body,
              propfind_parse(str_of_c(body), &fixture.bare.limits, fixture.arena, &request).status,
              0);
    request.is_short = is_short;
    check_that(body, prop_answer_unreachable(to, &target, &why, &request));
    return arena_str(fixture.arena, str_from(buf_str(spool_buf(&to->spool)), start));
}

#define OWN  "<D:displayname>d</D:displayname><D:resourcetype><D:collection/></D:resourcetype>"
#define FINE "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
#define LOST                                                                                       \
    "</D:prop><D:status>HTTP/1.1 503 Service Unavailable</D:status>"                               \
    "<D:responsedescription>gone &amp; lost</D:responsedescription></D:propstat></D:response>"
#define BEGUN "<D:response><D:href>/d/</D:href><D:propstat><D:prop>"

/* Whatever is asked: its own properties come first, and no other is missing. */
TEST(answer_unreachable_gives_what_is_known_first)
{
    fixture_make("d/");
    check_str("all", unreachable(FIND("<D:allprop/>"), false),
              BEGUN OWN FINE "<D:propstat><D:prop><D:creationdate/><D:getlastmodified/>"
                             "<D:lockdiscovery/><D:supportedlock/>" LOST);
    check_str("short", unreachable(FIND("<D:allprop/>"), true),
              BEGUN OWN FINE "<D:propstat><D:prop><D:creationdate/><D:getlastmodified/>" LOST);
    check_str("names", unreachable(FIND("<D:propname/>"), false),
              BEGUN "<D:displayname/><D:resourcetype/>" FINE
                    "<D:propstat><D:prop><D:creationdate/><D:getlastmodified/>"
                    "<D:lockdiscovery/><D:supportedlock/>" LOST);
    check_str("named", unreachable(NAMES("<D:getetag/><D:resourcetype/><u:a/>"), false),
              BEGUN "<D:resourcetype><D:collection/></D:resourcetype>" FINE
                    "<D:propstat><D:prop><D:getetag/><x:a xmlns:x=\"urn:u\"/>" LOST);
    check_str("of the mount alone", unreachable(NAMES("<D:displayname/>"), false),
              BEGUN "<D:displayname>d</D:displayname>" FINE "</D:response>");
    check_str("none of its own", unreachable(NAMES("<D:getetag/>"), false),
              BEGUN "<D:getetag/>" LOST);
}

/* What needs no look at dead properties may be answered on the loop. */
TEST(answer_blocks_only_for_dead_properties)
{
    static const struct propfind_request wants = {.wants_dead = true}, wants_not = {0};
    struct prop_target target = props_of("f");
    assert_false(prop_answer_blocks(&target, &wants));
    set_dead(STR_NONE, STR("a"), STR("<a/>"));
    assert_true(prop_answer_blocks(&target, &wants));
    assert_false(prop_answer_blocks(&target, &wants_not));
}

int main(void)
{
    extensions_add(); /* some live properties are theirs */
    const struct CMUnitTest tests[] = {
        ANSWER_TEST(answer_groups_properties_by_status),
        ANSWER_TEST(answer_prefers_what_the_client_has_set),
        ANSWER_TEST(allprop_gives_each_property_once),
        ANSWER_TEST(include_brings_back_what_a_short_allprop_leaves_out),
        ANSWER_TEST(propname_has_names_without_values),
        ANSWER_TEST(answer_refused_names_what_was_asked),
        ANSWER_TEST(answer_unreachable_gives_what_is_known_first),
        ANSWER_TEST(answer_blocks_only_for_dead_properties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
