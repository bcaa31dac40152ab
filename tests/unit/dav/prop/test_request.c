#include "support/test.h"

#include "base/buf.h"
#include "dav/prop/changes.h"
#include "dav/prop/request.h"

static struct arena arena;
static struct limits limits;

static int start(__attribute__((unused)) void **state)
{
    limits = limits_default();
    return 0;
}

static int forget(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

#define DOC(name, content) "<D:" name " xmlns:D='DAV:' xmlns:u='urn:u'>" content "</D:" name ">"

/* --- propfind, RFC 4918 §14.20 --- */

#define FIND(content) DOC("propfind", content)

/* "{ns}name" for each, with '*' behind those that davit knows. */
static void dump_names(struct buf *to, const struct propfind_request *request)
{
    for (size_t i = 0; i < request->name_count; i++) {
        const struct prop_name *name = &request->names[i];
        buf_addf(to, "%s{%.*s}%.*s%s", i ? " " : "", STR_ARGS(name->ns), STR_ARGS(name->name),
                 name->live ? "*" : "");
        check_that(buf_c(to), name->live == dav_prop_find(name->ns, name->name));
    }
}

TEST(propfind_asks_one_thing)
{
    static const struct {
        const char *body;
        enum propfind_kind kind;
        bool wants_dead;
        const char *names;
    } rows[] = {
        {"", PROPFIND_ALL, true, ""},
        {FIND("<D:allprop/>"), PROPFIND_ALL, true, ""},
        {FIND("<D:propname/>"), PROPFIND_NAMES, true, ""},
        {FIND("<D:prop/>"), PROPFIND_PROPS, false, ""},
        {FIND("<D:prop><D:getetag/></D:prop>"), PROPFIND_PROPS, false, "{DAV:}getetag*"},
        {FIND("<D:prop><D:other/></D:prop>"), PROPFIND_PROPS, true, "{DAV:}other"},
        /* one that a dead property may be the value of */
        {FIND("<D:prop><D:displayname/></D:prop>"), PROPFIND_PROPS, true, "{DAV:}displayname*"},
        {FIND("<D:prop><u:a/><a/><b xmlns='v'/></D:prop>"), PROPFIND_PROPS, true,
         "{urn:u}a {}a {v}b"},
        {FIND("<D:allprop/><D:include><D:a/></D:include>"), PROPFIND_ALL, true, "{DAV:}a"},
        {FIND("<D:include><D:a/></D:include><D:allprop/>"), PROPFIND_ALL, true, "{DAV:}a"},
        {FIND("<D:allprop/><D:include/><D:include><D:a/></D:include>"), PROPFIND_ALL, true,
         "{DAV:}a"},
        {"<propfind xmlns='DAV:'><prop><getetag/></prop></propfind>", PROPFIND_PROPS, false,
         "{DAV:}getetag*"},
        /* a name that is there twice is asked for once */
        {FIND("<D:prop><D:a/><D:b/><D:a/><x:a xmlns:x='DAV:'/></D:prop>"), PROPFIND_PROPS, true,
         "{DAV:}a {DAV:}b"},
        /* what stands in a name is not looked at */
        {FIND("<D:prop><D:a>text<D:b/></D:a></D:prop>"), PROPFIND_PROPS, true, "{DAV:}a"},
        /* what nobody knows is passed over: §17 */
        {FIND("<u:new><D:propname/></u:new><D:allprop u:a='b'/>"), PROPFIND_ALL, true, ""},
        {FIND("<u:prop/><D:propname><u:a/></D:propname>text"), PROPFIND_NAMES, true, ""},
        {FIND("<u:new><D:prop><D:a/></D:prop></u:new><D:prop><D:b/></D:prop>"), PROPFIND_PROPS,
         true, "{DAV:}b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct propfind_request request;
        struct buf names = {0};
        struct dav_result result =
            propfind_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, 0);
        check_int(rows[i].body, request.kind, rows[i].kind);
        check_int(rows[i].body, request.wants_dead, rows[i].wants_dead);
        check_int(rows[i].body, request.is_short, false);
        dump_names(&names, &request);
        check_str(rows[i].body, buf_str(&names), rows[i].names);
        buf_done(&names);
    }
}

/* It may be kept apart, and then is looked up for who wants it alone. */
TEST(propfind_wants_to_know_when_it_was_created)
{
    static const struct {
        const char *body;
        bool wants;
    } rows[] = {
        {"", true},
        {FIND("<D:allprop/>"), true},
        {FIND("<D:propname/>"), true},
        {FIND("<D:prop><D:getetag/></D:prop>"), false},
        {FIND("<D:prop><D:getetag/><D:creationdate/></D:prop>"), true},
        {FIND("<D:prop><u:creationdate/></D:prop>"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct propfind_request request;
        struct dav_result result =
            propfind_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, 0);
        check_int(rows[i].body, request.wants_created, rows[i].wants);
    }
}

static const struct wrong {
    const char *body;
    unsigned status;
} wrong_propfinds[] = {
    {" ", 400},
    {"nonsense", 400},
    {"<D:propfind xmlns:D='DAV:'>", 400},
    {"<D:propfind><D:allprop/></D:propfind>", 400}, /* no such prefix */
    {"<propfind><allprop/></propfind>", 400},       /* in no namespace */
    {"<propfind xmlns='dav:'><allprop/></propfind>", 400},
    {DOC("propertyupdate", ""), 400},
    {DOC("prop", "<D:allprop/>"), 400},
    {FIND(""), 400},
    {FIND("<u:allprop/>"), 400},
    {FIND("<D:include/>"), 400},
    {FIND("<D:allprop/><D:allprop/>"), 400},
    {FIND("<D:allprop/><D:propname/>"), 400},
    {FIND("<D:prop/><D:prop/>"), 400},
    {FIND("<D:prop/><D:include/>"), 400},
    {FIND("<D:propname/><D:include/>"), 400},
    {FIND("<D:allprop/>") "<a/>", 400},
    {FIND("<D:allprop/>") "text", 400},
    {FIND("<D:allprop></D:propname>"), 400},
    {FIND("<D:allprop/>&other;"), 400},
    {"<!DOCTYPE a>" FIND("<D:allprop/>"), 403},
    {"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" FIND("<D:prop>&e;</D:prop>"), 403},
};

/* --- propertyupdate, §14.19 --- */

#define UPDATE(content) DOC("propertyupdate", content)
#define SET(content)    "<D:set><D:prop>" content "</D:prop></D:set>"
#define REMOVE(content) "<D:remove><D:prop>" content "</D:prop></D:remove>"

/* "+{ns}name xml |text|" for what is set, "-{ns}name" for what is removed. */
static void dump_updates(struct buf *to, const struct proppatch_request *request)
{
    for (size_t i = 0; i < request->update_count; i++) {
        const struct prop_update *update = &request->updates[i];
        buf_addf(to, "%s%c{%.*s}%.*s", i ? "; " : "", update->is_removal ? '-' : '+',
                 STR_ARGS(update->name.ns), STR_ARGS(update->name.name));
        if (!update->is_removal)
            buf_addf(to, " %.*s |%.*s|", STR_ARGS(update->xml), STR_ARGS(update->text));
    }
}

TEST(proppatch_lists_instructions_in_their_order)
{
    static const struct {
        const char *body, *updates;
    } rows[] = {
        {UPDATE(SET("<u:a>x</u:a>")), "+{urn:u}a <u:a xmlns:u=\"urn:u\">x</u:a> |x|"},
        {UPDATE(SET("<a/>")), "+{}a <a/> ||"},
        {UPDATE(REMOVE("<u:a/>")), "-{urn:u}a"},
        {UPDATE(REMOVE("<u:a>x<b/></u:a>")), "-{urn:u}a"},
        {UPDATE(REMOVE("<a/>") SET("<a>1</a>") REMOVE("<b/>")), "-{}a; +{}a <a>1</a> |1|; -{}b"},
        {UPDATE(SET("<a>1</a><b>2</b>") SET("<a>3</a>")),
         "+{}a <a>1</a> |1|; +{}b <b>2</b> |2|; +{}a <a>3</a> |3|"},
        {UPDATE("<D:set><D:prop><a/></D:prop><D:prop><b/></D:prop></D:set>"),
         "+{}a <a/> ||; +{}b <b/> ||"},
        /* values as they are: §4.3 */
        {UPDATE(SET("<a>x<b c='d'>y</b>z</a>")), "+{}a <a>x<b c=\"d\">y</b>z</a> |xyz|"},
        {UPDATE(SET("<a> <![CDATA[<&]]> </a>")), "+{}a <a> &lt;&amp; </a> | <& |"},
        {UPDATE(SET("<a><D:prop><u:b/></D:prop></a>")),
         "+{}a <a xmlns:D=\"DAV:\" xmlns:u=\"urn:u\"><D:prop><u:b/></D:prop></a> ||"},
        {"<D:propertyupdate xmlns:D='DAV:' xml:lang='en'>" SET("<a/>") "</D:propertyupdate>",
         "+{}a <a xml:lang=\"en\"/> ||"},
        /* white space and comments around what matters */
        {UPDATE("\n<!-- c --> <D:set> <D:prop>\n<a/>\n</D:prop> </D:set> "), "+{}a <a/> ||"},
        /* what nobody knows is passed over: §17 */
        {UPDATE("<u:new>" SET("<a/>") "</u:new>" SET("<b/>")), "+{}b <b/> ||"},
        {UPDATE("<D:set><u:new><a/></u:new><D:prop><b/></D:prop><u:prop><c/></u:prop></D:set>"),
         "+{}b <b/> ||"},
        {UPDATE("<u:set><D:prop><a/></D:prop></u:set>" REMOVE("<b/>")), "-{}b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct proppatch_request request;
        struct buf updates = {0};
        struct dav_result result =
            proppatch_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, 0);
        dump_updates(&updates, &request);
        check_str(rows[i].body, buf_str(&updates), rows[i].updates);
        buf_done(&updates);
    }
}

TEST(proppatch_knows_live_properties)
{
    struct proppatch_request request;
    static const char body[] = UPDATE(SET("<D:displayname>x</D:displayname><a/>"));
    assert_int_equal(proppatch_parse(STR(body), &limits, &arena, &request).status, 0);
    assert_ptr_equal(request.updates[0].name.live, dav_prop_find(STR("DAV:"), STR("displayname")));
    assert_null(request.updates[1].name.live);
}

static const struct wrong wrong_proppatches[] = {
    {"", 400},
    {"nonsense", 400},
    {FIND("<D:allprop/>"), 400},
    {"<propertyupdate>" SET("<a/>") "</propertyupdate>", 400},
    {UPDATE(""), 400},
    {UPDATE("<D:set/>"), 400},
    {UPDATE(SET("") REMOVE("")), 400},
    {UPDATE("<D:set><a/></D:set>"), 400},
    {UPDATE("<D:prop><a/></D:prop>"), 400},
    {UPDATE(SET("<u:a></u:b>")), 400},
    {UPDATE(SET("<a/>")) "<a/>", 400},
    {UPDATE(SET("<v:a/>")), 400},
    {"<!DOCTYPE a>" UPDATE(SET("<a/>")), 403},
};

/* --- lockinfo, §14.11 --- */

#define INFO(content) DOC("lockinfo", content)
#define SCOPE(name)   "<D:lockscope><D:" name "/></D:lockscope>"
#define TYPE          "<D:locktype><D:write/></D:locktype>"

TEST(lockinfo_has_a_scope_a_type_and_perhaps_an_owner)
{
    static const struct {
        const char *body;
        bool is_exclusive;
        const char *owner;
    } rows[] = {
        {INFO(SCOPE("exclusive") TYPE), true, ""},
        {INFO(SCOPE("shared") TYPE), false, ""},
        {INFO(TYPE SCOPE("exclusive")), true, ""},
        {INFO(SCOPE("exclusive") TYPE "<D:owner/>"), true, "<D:owner xmlns:D=\"DAV:\"/>"},
        {INFO("<D:owner>me</D:owner>" TYPE SCOPE("shared")), false,
         "<D:owner xmlns:D=\"DAV:\">me</D:owner>"},
        {INFO(SCOPE("exclusive") TYPE "<D:owner><D:href>a</D:href> &amp; <u:b/></D:owner>"), true,
         "<D:owner xmlns:D=\"DAV:\" xmlns:u=\"urn:u\"><D:href>a</D:href> &amp; <u:b/></D:owner>"},
        {"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype>"
         "<owner>me</owner></lockinfo>",
         true, "<owner xmlns=\"DAV:\">me</owner>"},
        /* an owner's content is its own affair */
        {INFO("<D:owner>" SCOPE("shared") "<D:owner/></D:owner>" SCOPE("exclusive") TYPE), true,
         "<D:owner xmlns:D=\"DAV:\">" SCOPE("shared") "<D:owner/></D:owner>"},
        /* said twice */
        {INFO(SCOPE("shared") SCOPE("shared") TYPE TYPE), false, ""},
        /* what nobody knows is passed over: §17 */
        {INFO("<u:new>" SCOPE("shared") "</u:new>" SCOPE("exclusive") TYPE), true, ""},
        {INFO("<D:lockscope><u:new/><D:exclusive/></D:lockscope>"
              "<D:locktype><D:write/><u:new/></D:locktype>"),
         true, ""},
        {INFO("<D:lockscope><D:exclusive><D:shared/></D:exclusive></D:lockscope>" TYPE), true, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct lock_request request;
        struct dav_result result =
            lockinfo_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, 0);
        check_int(rows[i].body, request.is_exclusive, rows[i].is_exclusive);
        check_str(rows[i].body, request.owner_xml, rows[i].owner);
    }
}

/* What was read last is remembered: of a body with these bytes, and of no other. */
TEST(a_lockinfo_that_comes_again_says_the_same)
{
    static const char *const bodies[] = {INFO(SCOPE("shared") TYPE "<D:owner>a</D:owner>"),
                                         INFO(SCOPE("shared") TYPE "<D:owner>b</D:owner>"),
                                         INFO(SCOPE("exclusive") TYPE)};
    static const char *const owners[] = {"<D:owner xmlns:D=\"DAV:\">a</D:owner>",
                                         "<D:owner xmlns:D=\"DAV:\">b</D:owner>", ""};
    for (size_t i = 0; i < 12; i++) {
        size_t n = i / 2 % 3; /* each twice, and then another */
        struct lock_request request;
        assert_int_equal(lockinfo_parse(str_of_c(bodies[n]), &limits, &arena, &request).status, 0);
        check_int(bodies[n], request.is_exclusive, n == 2);
        check_str(bodies[n], request.owner_xml, owners[n]);
    }
}

static const struct wrong wrong_lockinfos[] = {
    {"", 400},
    {"nonsense", 400},
    {FIND("<D:allprop/>"), 400},
    {"<lockinfo>" SCOPE("exclusive") TYPE "</lockinfo>", 400},
    {INFO(""), 400},
    {INFO(TYPE), 400},
    {INFO(SCOPE("exclusive")), 400},
    {INFO("<D:lockscope/>" TYPE), 400},
    {INFO(SCOPE("exclusive") "<D:locktype/>"), 400},
    {INFO("<D:exclusive/><D:write/>"), 400},
    {INFO("<D:lockscope><D:write/></D:lockscope><D:locktype><D:exclusive/></D:locktype>"), 422},
    {INFO("<D:lockscope><u:half/></D:lockscope>" TYPE), 422},
    {INFO(SCOPE("exclusive") "<D:locktype><D:read/></D:locktype>"), 422},
    {INFO(SCOPE("exclusive") TYPE "<D:owner/><D:owner/>"), 400},
    /* what cannot be: §14.13 */
    {INFO("<D:lockscope><D:exclusive/><D:shared/></D:lockscope>" TYPE), 400},
    {INFO(SCOPE("shared") SCOPE("exclusive") TYPE), 400},
    {INFO(SCOPE("exclusive") SCOPE("shared") SCOPE("exclusive") TYPE), 400},
    {INFO(SCOPE("exclusive") TYPE) "<a/>", 400},
    {"<!DOCTYPE a>" INFO(SCOPE("exclusive") TYPE), 403},
};

/* --- sync-collection, RFC 6578 §6.1 --- */

#define SYNC(content) DOC("sync-collection", content)

TEST(sync_asks_since_when_and_for_what)
{
    static const struct {
        const char *body;
        const char *token;
        bool has_level, is_deep;
        uint64_t nresults;
        const char *names;
    } rows[] = {
        {SYNC("<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>"), "", true, false,
         UINT64_MAX, ""},
        {SYNC("<D:prop><D:getetag/><u:a/></D:prop><D:sync-level>infinite</D:sync-level>"
              "<D:sync-token>t</D:sync-token>"),
         "t", true, true, UINT64_MAX, "{DAV:}getetag* {urn:u}a"},
        {SYNC("<D:sync-token>\n t&amp;<!-- -->u\t</D:sync-token>"), "t&u", false, false, UINT64_MAX,
         ""},
        {SYNC("<D:sync-token/><D:limit><D:nresults> 7 </D:nresults></D:limit>"), "", false, false,
         7, ""},
        {SYNC("<D:sync-token/><D:limit><D:nresults>18446744073709551615</D:nresults></D:limit>"),
         "", false, false, UINT64_MAX, ""},
        /* §17: what nobody knows is passed over, wherever it is */
        {SYNC("<u:x><D:sync-token>no</D:sync-token></u:x><D:sync-token>t</D:sync-token>"
              "<D:nresults>1</D:nresults><u:limit><D:nresults>1</D:nresults></u:limit>"),
         "t", false, false, UINT64_MAX, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sync_request request;
        struct buf names = {0};
        struct dav_result result = sync_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, 0);
        check_str(rows[i].body, request.token, rows[i].token);
        check_int(rows[i].body, request.has_level, rows[i].has_level);
        check_int(rows[i].body, request.is_deep, rows[i].is_deep);
        check_that(rows[i].body, request.nresults == rows[i].nresults);
        dump_names(&names, &request.props);
        check_str(rows[i].body, buf_str(&names), rows[i].names);
        buf_done(&names);
    }
}

TEST(sync_that_makes_no_sense_is_refused)
{
    static const struct {
        const char *body;
        unsigned status;
    } rows[] = {
        {"", 400},
        {SYNC(""), 400},
        {SYNC("<D:sync-token/><D:sync-level>2</D:sync-level>"), 400},
        {SYNC("<D:sync-token/><D:sync-level/>"), 400},
        {SYNC("<D:sync-token/><D:limit><D:nresults>-1</D:nresults></D:limit>"), 400},
        {SYNC("<D:sync-token/><D:limit><D:nresults>0</D:nresults></D:limit>"), 400},
        {SYNC("<D:sync-token/>") "x", 400},
        {DOC("expand-property", ""), 403},
        {"<sync-collection/>", 403},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sync_request request = {.nresults = 42};
        struct dav_result result = sync_parse(str_of_c(rows[i].body), &limits, &arena, &request);
        check_int(rows[i].body, result.status, rows[i].status);
        check_int(rows[i].body, request.nresults, 42);
    }
}

/* Nothing depends on how much of it there is: each beginning is refused. */
TEST(sync_that_is_cut_off_is_refused)
{
    struct str body = STR(SYNC("<D:sync-token>t</D:sync-token><D:sync-level>1</D:sync-level>"
                               "<D:limit><D:nresults>3</D:nresults></D:limit>"
                               "<D:prop><D:getetag/></D:prop>"));
    for (size_t len = 0; len < body.len; len++) {
        struct sync_request request;
        assert_int_equal(sync_parse(str_first(body, len), &limits, &arena, &request).status, 400);
    }
}

TEST(sync_tokens_are_ours_or_none)
{
    static const char *const wrong[] = {
        "",
        "data:,davit-",
        "data:,davit-0123456789abcdef",
        "data:,davit-0123456789abcdef-",
        "data:,davit-0123456789abcdef-x",
        "data:,davit-0123456789abcdeg-1",
        "data:,davit-123456789abcdef-1",
        "data:,davit-0123456789abcdef-18446744073709551616",
        "data:,davit-0123456789abcdef-1-0123456789abcdef", /* nothing is hidden here */
        "data:,davit-0123456789abcdef-1-1",
        "data:,other-0123456789abcdef-1",
    };
    static const struct service service;
    static const struct exchange x = {.service = &service};
    struct change_point point = {1, 2};
    struct buf token = {0};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        check_that(wrong[i], !sync_token_parse(&x, PATH_ROOT, str_of_c(wrong[i]), &point));
    assert_true(point.run == 1 && point.seq == 2);
    sync_token_add(&token, &x, PATH_ROOT, (struct change_point){UINT64_MAX, UINT64_MAX});
    assert_true(sync_token_parse(&x, PATH_ROOT, buf_str(&token), &point));
    assert_true(point.run == UINT64_MAX && point.seq == UINT64_MAX);
    buf_done(&token);
}

/* --- what is wrong, and what is too much --- */

static struct dav_result parse_propfind(struct str body)
{
    struct propfind_request request = {.name_count = 42};
    struct dav_result result = propfind_parse(body, &limits, &arena, &request);
    check_that(body.at, dav_is_fine(result) || request.name_count == 42);
    return result;
}

static struct dav_result parse_proppatch(struct str body)
{
    struct proppatch_request request = {.update_count = 42};
    struct dav_result result = proppatch_parse(body, &limits, &arena, &request);
    check_that(body.at, dav_is_fine(result) || request.update_count == 42);
    return result;
}

static struct dav_result parse_lockinfo(struct str body)
{
    struct lock_request request = {.owner_xml = STR("untouched")};
    struct dav_result result = lockinfo_parse(body, &limits, &arena, &request);
    check_that(body.at, dav_is_fine(result) || str_eq(request.owner_xml, STR("untouched")));
    return result;
}

static const struct kind {
    struct dav_result (*parse)(struct str body);
    const char *before, *after; /* of content that is within the limits */
    const struct wrong *wrong;
    size_t wrong_count;
} kinds[] = {
    {parse_propfind, "<D:propfind xmlns:D='DAV:'><D:prop>", "</D:prop></D:propfind>",
     wrong_propfinds, ARRAY_LEN(wrong_propfinds)},
    {parse_proppatch, "<D:propertyupdate xmlns:D='DAV:'><D:set><D:prop><D:x/>",
     "</D:prop></D:set></D:propertyupdate>", wrong_proppatches, ARRAY_LEN(wrong_proppatches)},
    {parse_lockinfo, "<D:lockinfo xmlns:D='DAV:'>" SCOPE("shared") TYPE "<D:owner>",
     "</D:owner></D:lockinfo>", wrong_lockinfos, ARRAY_LEN(wrong_lockinfos)},
};

TEST(bodies_that_make_no_sense_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (size_t j = 0; j < kinds[i].wrong_count; j++) {
            const struct wrong *wrong = &kinds[i].wrong[j];
            struct dav_result result = kinds[i].parse(str_of_c(wrong->body));
            check_int(wrong->body, result.status, wrong->status);
            check_int(wrong->body, result.condition,
                      wrong->status == 403 ? CONDITION_NO_EXTERNAL_ENTITIES : CONDITION_NONE);
            check_that(wrong->body, result.text);
        }
    }
}

/* Whichever end is missing, it is the client's fault, and nothing is read behind the end. */
TEST(bodies_that_are_cut_off_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct buf body = {0};
        buf_addf(&body, "%s<a/>text%s", kinds[i].before, kinds[i].after);
        check_int(kinds[i].before, kinds[i].parse(buf_str(&body)).status, 0);
        for (size_t len = 1; len < body.len; len++) {
            struct str part = arena_str(&arena, str_first(buf_str(&body), len));
            check_int(part.at, kinds[i].parse(part).status, 400);
        }
        buf_done(&body);
    }
}

static void add_times(struct buf *to, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add(to, str_of_c(text));
}

static void check_limit(const struct kind *kind, const char *open, const char *close, size_t count,
                        unsigned status)
{
    struct buf body = {0};
    buf_add(&body, str_of_c(kind->before));
    add_times(&body, open, count);
    add_times(&body, close, count);
    buf_add(&body, str_of_c(kind->after));
    check_int(kind->before, kind->parse(buf_str(&body)).status, status);
    buf_done(&body);
}

TEST(bodies_beyond_a_limit_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        limits = limits_default();
        limits.xml_depth = 20;
        check_limit(&kinds[i], "<a>", "</a>", 16, 0);
        check_limit(&kinds[i], "<a>", "</a>", 20, 413);
        limits.xml_elements = 100;
        check_limit(&kinds[i], "<a/>", "", 90, 0);
        check_limit(&kinds[i], "<a/>", "", 100, 413);
        limits.xml_attributes = 2;
        check_limit(&kinds[i], "<a b='' c=''/>", "", 1, 0);
        check_limit(&kinds[i], "<a b='' c='' xmlns='u'/>", "", 1, 413);
        limits.xml_namespace_bytes = 5;
        check_limit(&kinds[i], "<a xmlns='12345'/>", "", 1, 0);
        check_limit(&kinds[i], "<a xmlns='123456'/>", "", 1, 413);
        limits.xml_names_bytes = 300;
        check_limit(&kinds[i], "<a xmlns='12345'/>", "", 30, 0);
        check_limit(&kinds[i], "<a xmlns='12345'/>", "", 60, 413);
        check_limit(&kinds[i], "<a/>", "", 60, 0);
        check_limit(&kinds[i], "<a xmlns:p='12345' p:b=''/>", "", 30, 0);
        check_limit(&kinds[i], "<a xmlns:p='12345' p:b=''/>", "", 60, 413);
    }
}

TEST(lockinfo_owner_is_bounded)
{
    static const char body[] = INFO(SCOPE("exclusive") TYPE "<D:owner>0123456789</D:owner>");
    size_t owner_bytes = strlen("<D:owner xmlns:D=\"DAV:\">0123456789</D:owner>");
    limits.lock_owner_bytes = owner_bytes;
    assert_int_equal(parse_lockinfo(STR(body)).status, 0);
    limits.lock_owner_bytes = owner_bytes - 1;
    assert_int_equal(parse_lockinfo(STR(body)).status, 413);
}

static struct dav_result parse_update(struct str body)
{
    struct proppatch_request request;
    return proppatch_parse(body, &limits, &arena, &request);
}

/* No resource may have more: it is not read to its end. */
TEST(proppatch_values_are_bounded)
{
    static const char body[] = UPDATE("<D:set><D:prop><a>0123456789</a></D:prop></D:set>");
    limits.property_bytes = strlen("<a>0123456789</a>");
    assert_int_equal(parse_update(STR(body)).status, 0);
    limits.property_bytes--;
    assert_int_equal(parse_update(STR(body)).status, 507);
}

/* A name stands for its namespace, too, each time. */
TEST(names_of_properties_are_bounded)
{
    static const char update[] = UPDATE("<D:remove><D:prop xmlns='urn:of-46-bytes:0123456789012345"
                                        "67890123456789'><a/><a/><a/></D:prop></D:remove>");
    static const char find[] = FIND("<D:prop xmlns='urn:of-46-bytes:0123456789012345"
                                    "67890123456789'><a/><a/><a/></D:prop>");
    struct propfind_request request;
    limits.property_name_bytes = 3 * (47 + sizeof(struct prop_name));
    assert_int_equal(parse_update(STR(update)).status, 0);
    assert_int_equal(propfind_parse(STR(find), &limits, &arena, &request).status, 0);
    static struct limits fewer; /* what was read under other limits is not remembered */
    fewer = limits;
    fewer.property_name_bytes = 3 * (47 + sizeof(struct prop_name)) - 1;
    assert_int_equal(
        proppatch_parse(STR(update), &fewer, &arena, &(struct proppatch_request){0}).status, 413);
    assert_int_equal(propfind_parse(STR(find), &fewer, &arena, &request).status, 413);
}

#define TEST_ROW(test) cmocka_unit_test_setup_teardown(test, start, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_ROW(propfind_asks_one_thing),
        TEST_ROW(propfind_wants_to_know_when_it_was_created),
        TEST_ROW(proppatch_lists_instructions_in_their_order),
        TEST_ROW(proppatch_knows_live_properties),
        TEST_ROW(lockinfo_has_a_scope_a_type_and_perhaps_an_owner),
        TEST_ROW(a_lockinfo_that_comes_again_says_the_same),
        TEST_ROW(sync_asks_since_when_and_for_what),
        TEST_ROW(sync_that_makes_no_sense_is_refused),
        TEST_ROW(sync_that_is_cut_off_is_refused),
        TEST_ROW(sync_tokens_are_ours_or_none),
        TEST_ROW(bodies_that_make_no_sense_are_refused),
        TEST_ROW(bodies_that_are_cut_off_are_refused),
        TEST_ROW(bodies_beyond_a_limit_are_refused),
        TEST_ROW(lockinfo_owner_is_bounded),
        TEST_ROW(proppatch_values_are_bounded),
        TEST_ROW(names_of_properties_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
