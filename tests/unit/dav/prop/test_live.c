#include "store/backend.h"
#include "support/test.h"

#include "../fixture.h"
#include "dav/lock/describe.h"
#include "dav/prop/live.h"
#include "extension/extension.h"

TEST(props_are_found_by_namespace_and_name)
{
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        assert_ptr_equal(dav_prop_find(prop->ns, prop->name), prop); /* so none is there twice */
        assert_null(dav_prop_find(STR("urn:other"), prop->name));
        assert_null(dav_prop_find(prop->ns, str_first(prop->name, prop->name.len - 1)));
    }
    assert_null(dav_prop_find(STR("DAV:"), STR("GETETAG")));
    assert_null(dav_prop_find(STR("dav:"), STR("getetag")));
    assert_null(dav_prop_find(STR_NONE, STR("getetag")));
}

/* RFC 4918 §15: what the server computes may not be changed; the rest must have somewhere to go. */
TEST(props_can_be_set_or_are_protected)
{
    for (size_t i = 0; i < dav_prop_count; i++) {
        const struct dav_prop *prop = &dav_props[i];
        unsigned ways = prop->flags & (PROP_PROTECTED | PROP_OVERRIDABLE | PROP_SETS_MODIFIED |
                                       PROP_SETS_EXECUTABLE);
        check_that(prop->name.at, ways && (ways & (ways - 1)) == 0);
        check_that(prop->name.at, prop->get || !(prop->flags & PROP_IN_ALLPROP));
    }
}

static const struct store_stat file = {
    .size_bytes = 12345, .version = 0xabc, .modified_s = FIXTURE_NOW_S, .created_s = 0};
static const struct store_stat program = {.is_executable = true, .modified_s = -1, .created_s = -1};
static const struct store_stat collection = {.is_collection = true, .created_s = FIXTURE_NOW_S};

/* The value of each; NULL: the resource has no such property. */
static const struct {
    const char *name, *file, *program, *collection;
} rows[] = {
    {"creationdate", "1970-01-01T00:00:00Z", NULL, "1994-11-06T08:49:37Z"},
    {"displayname", "a &amp; b.txt", "\xef\xbf\xbd", "/"},
    {"getcontentlength", "12345", "0", NULL},
    {"getcontenttype", "text/plain", "application/octet-stream", NULL},
    {"getetag", "\"0000000000000abc\"", "\"0000000000000000\"", NULL},
    {"getlastmodified", "Sun, 06 Nov 1994 08:49:37 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
     "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"resourcetype", "", "", "<D:collection/>"},
    {"lockdiscovery", "", "", ""},
    {"supportedlock", LOCK_SUPPORTED_XML, LOCK_SUPPORTED_XML, LOCK_SUPPORTED_XML},
    {"executable", "F", "T", NULL},
    {"Win32LastModifiedTime", "Sun, 06 Nov 1994 08:49:37 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
     "Thu, 01 Jan 1970 00:00:00 GMT"},
};

static const struct dav_prop *find(const char *name)
{
    const struct dav_prop *found = dav_prop_find(STR(NS_DAV), str_of_c(name));
    if (!found)
        found = dav_prop_find(STR(NS_APACHE), str_of_c(name));
    return found ? found : dav_prop_find(STR(NS_WINDOWS), str_of_c(name));
}

static void check_value(const char *name, struct res_path path, const struct store_stat *stat,
                        const char *expected)
{
    struct buf value = {0};
    const struct prop_target target = {.x = &fixture.bare.x,
                                       .store = fixture.store,
                                       .arena = fixture.arena,
                                       .path = path,
                                       .real = path,
                                       .stat = *stat};
    check_int(name, find(name)->get(&target, &value), expected != NULL);
    check_str(name, buf_str(&value), expected);
    buf_done(&value);
}

TEST(props_have_their_values)
{
    struct media_types types;
    media_types_init(&types);
    fixture.dav.media_types = &types;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_value(rows[i].name, PATH("d/a & b.txt"), &file, rows[i].file);
        check_value(rows[i].name, PATH("\xff"), &program, rows[i].program);
        check_value(rows[i].name, PATH_ROOT, &collection, rows[i].collection);
    }
    media_types_done(&types);
}

static enum store_rc stub_quota(struct store *store, struct res_path path,
                                struct store_quota *quota_out)
{
    (void)store; /* as if there were one */
    *quota_out = (struct store_quota){!path_is_root(path), INT64_MAX, 7};
    return path_eq(path, PATH("none")) ? STORE_NOT_FOUND : STORE_OK;
}

/* RFC 4331 §3 and §4: not there where nothing is known. */
TEST(quota_is_what_the_store_says)
{
    static const struct store_ops ops = {.quota = stub_quota};
    struct store stub = {.ops = &ops};
    struct store *own = fixture.store;
    fixture.store = &stub;
    check_value("quota-available-bytes", PATH("d"), &collection, "9223372036854775807");
    check_value("quota-used-bytes", PATH("d"), &collection, "7");
    check_value("quota-available-bytes", PATH_ROOT, &collection, NULL);
    check_value("quota-used-bytes", PATH_ROOT, &collection, NULL);
    check_value("quota-used-bytes", PATH("none"), &collection, NULL);
    fixture.store = own;
}

TEST(lockdiscovery_tells_of_all_locks_that_cover)
{
    struct buf value = {0};
    fixture_make("f");
    fixture_lock("", "one", FIXTURE_SHARED | FIXTURE_INFINITE);
    fixture_lock("f", "two", FIXTURE_SHARED);
    const struct prop_target target = {.x = &fixture.bare.x,
                                       .store = fixture.store,
                                       .arena = fixture.arena,
                                       .path = PATH("f"),
                                       .real = PATH("f"),
                                       .stat = file};
    assert_true(find("lockdiscovery")->get(&target, &value));
    const char *text = buf_c(&value);
    const char *one = strstr(text, "<D:href>one</D:href>");
    const char *two = strstr(text, "<D:href>two</D:href>");
    assert_true(one && two);
    buf_done(&value);
}

TEST(supportedlock_is_empty_where_nothing_can_be_locked)
{
    fixture.bare.service.is_read_only = true;
    check_value("supportedlock", PATH("f"), &file, "");
}

int main(void)
{
    extensions_add(); /* some live properties are theirs */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(props_are_found_by_namespace_and_name),
        cmocka_unit_test(props_can_be_set_or_are_protected),
        FIXTURE_TEST(props_have_their_values),
        FIXTURE_TEST(quota_is_what_the_store_says),
        FIXTURE_TEST(lockdiscovery_tells_of_all_locks_that_cover),
        FIXTURE_TEST(supportedlock_is_empty_where_nothing_can_be_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
