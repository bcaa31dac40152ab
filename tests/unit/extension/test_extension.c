#include "support/test.h"

#include "dav/extension/extend.h"
#include "dav/extension/known.h"
#include "dav/method.h"
#include "dav/prop/live.h"
#include "extension/extension.h"
#include "fixture.h"

/* --- an extension for the tests --- */

static bool is_test_on;

static bool is_on(const struct exchange *x)
{
    (void)x; /* all of it, or nothing */
    return is_test_on;
}

static enum stage_end done(struct exchange *x)
{
    (void)x; /* no request comes here */
    return STAGE_DONE;
}

static bool get(const struct prop_target *target, struct buf *to)
{
    (void)target;
    buf_add_char(to, '7');
    return true;
}

static bool is_claimed(const struct exchange *x)
{
    return str_eq(x->stream->request.query, STR("claimed"));
}

static unsigned read_count;

static struct dav_result read_fields(struct exchange *x)
{
    (void)x;
    read_count++;
    return DAV_FINE;
}

static const struct stage method_stages[] = {{"method", done, ON_READ}};
static const struct stage report_stages_of_test[] = {{"report", done, ON_READ}};
static const struct stage post_stages_of_test[] = {{"post", done, ON_READ}};
static const struct stage claim_stages[] = {{"claim", done, ON_READ}};
static const struct dav_method methods[] = {
    {method_stages, METHOD_BIND, METHOD_ON_COLLECTION | METHOD_ON_ROOT}, {0}};
static const struct dav_report reports[] = {
    {report_stages_of_test, STR_INIT("urn:x"), STR_INIT("seven"), METHOD_ON_FILE, NULL}, {0}};
static const struct dav_post posts[] = {
    {post_stages_of_test, STR_INIT("application/seven"), METHOD_ON_COLLECTION, NULL}, {0}};
static const struct dav_claim claims[] = {{claim_stages, is_claimed, METHOD_WRITES}, {0}};
static const struct dav_prop props[] = {{STR_INIT("urn:x"), STR_INIT("seven"), get, PROP_PROTECTED},
                                        {{0}}};
static const enum http_field fields[] = {FIELD_TIMEOUT, FIELD_OTHER};
static const struct dav_extension extension = {.name = STR_INIT("seven"),
                                               .where = STR_INIT("nowhere"),
                                               .is_on = is_on,
                                               .methods = methods,
                                               .reports = reports,
                                               .posts = posts,
                                               .claims = claims,
                                               .props = props,
                                               .fields = fields,
                                               .read = read_fields};

static void next(const char *path, enum method_id method, bool is_there)
{
    fixture_next(path);
    fixture.target.extensions = (struct extension_memo){0};
    fixture.x->method = method_of(method);
    is_test_on = is_there;
}

/* --- tests --- */

TEST(methods_are_those_of_extensions_where_they_are_on)
{
    next("d", METHOD_BIND, true);
    assert_ptr_equal(dav_method_find(fixture.x).stages, method_stages);
    next("d", METHOD_BIND, false);
    assert_null(dav_method_find(fixture.x).stages);
    next("d", METHOD_ACL, true); /* nobody's */
    assert_null(dav_method_find(fixture.x).stages);
}

TEST(posts_are_taken_by_their_type)
{
    next("d", METHOD_POST, true);
    bare_exchange_add(&fixture.bare, FIELD_CONTENT_TYPE, STR("Application/Seven; charset=utf-8"));
    assert_ptr_equal(dav_method_find(fixture.x).stages, post_stages_of_test);
    next("d", METHOD_POST, true);
    bare_exchange_add(&fixture.bare, FIELD_CONTENT_TYPE, STR("application/eight"));
    assert_ptr_equal(dav_method_find(fixture.x).stages, post_stages);
    next("d", METHOD_POST, false);
    bare_exchange_add(&fixture.bare, FIELD_CONTENT_TYPE, STR("application/seven"));
    assert_ptr_equal(dav_method_find(fixture.x).stages, post_stages);
}

TEST(claims_come_before_methods)
{
    next("d", METHOD_GET, false);
    fixture.bare.stream.request.query = STR("claimed");
    struct dav_method found = dav_method_find(fixture.x);
    assert_ptr_equal(found.stages, claim_stages);
    assert_true(found.flags & METHOD_WRITES);
}

TEST(reports_are_of_what_they_are_for)
{
    for (unsigned kind = 0; kind < 4; kind++) {
        size_t at = 0;
        next("d", METHOD_REPORT, kind & 1);
        const struct prop_target target = {
            .x = fixture.x, .store = fixture.store, .stat.is_collection = kind & 2};
        const struct dav_report *report = dav_next_report(&target, &at);
        assert_ptr_equal(report, kind == 1 ? reports : NULL);
    }
}

TEST(properties_of_an_extension_that_is_off_are_dead)
{
    const struct dav_prop *prop = dav_prop_find(STR("urn:x"), STR("seven"));
    assert_non_null(prop);
    next("d", METHOD_PROPFIND, true);
    assert_ptr_equal(dav_prop_told(fixture.x, prop), prop);
    next("d", METHOD_PROPFIND, false);
    assert_null(dav_prop_told(fixture.x, prop));
}

TEST(fields_are_read_where_they_are_there)
{
    static const struct {
        bool is_on, has_field;
        unsigned count;
    } rows[] = {{true, true, 1}, {true, false, 0}, {false, true, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        next("d", METHOD_GET, rows[i].is_on);
        read_count = 0;
        if (rows[i].has_field)
            bare_exchange_add(&fixture.bare, FIELD_TIMEOUT, STR("Infinite"));
        assert_true(dav_is_fine(dav_read_fields(fixture.x)));
        assert_int_equal(read_count, rows[i].count);
    }
}

TEST(what_somebody_has_is_refused)
{
    const struct dav_extension same_name = {.name = STR_INIT("seven")};
    const struct dav_extension same_method = {.name = STR_INIT("a"), .methods = methods};
    const struct dav_extension same_report = {.name = STR_INIT("b"), .reports = reports};
    const struct dav_extension same_type = {.name = STR_INIT("c"), .posts = posts};
    const struct dav_extension same_prop = {.name = STR_INIT("d"), .props = props};
    const struct {
        const struct dav_extension *row;
        const char *why;
    } rows[] = {
        {&same_name, "there is already an extension 'seven'"},
        {&same_report, "there is already a report 'seven'"},
        {&same_type, "there is already who takes 'application/seven'"},
        {&same_method, "there is already a method 'BIND'"},
        {&same_prop, "there is already a property 'seven'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        check_that(rows[i].why, !dav_extend(rows[i].row, &err));
        check_str(rows[i].why, str_of_c(err.text), rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILES_TEST(methods_are_those_of_extensions_where_they_are_on),
        FILES_TEST(posts_are_taken_by_their_type),
        FILES_TEST(claims_come_before_methods),
        FILES_TEST(reports_are_of_what_they_are_for),
        FILES_TEST(properties_of_an_extension_that_is_off_are_dead),
        FILES_TEST(fields_are_read_where_they_are_there),
        cmocka_unit_test(
            what_somebody_has_is_refused), /* the last: what is refused is half there */
    };
    struct err err;
    extensions_add();
    if (!dav_extend(&extension, &err))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
