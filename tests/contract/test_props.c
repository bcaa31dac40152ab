/* Promises 15 and 16: dead properties. */
#include "support.h"

#include "base/mem.h"

static enum store_rc patch(struct fixture *fixture, struct res_path path, struct store_prop *props,
                           size_t count)
{
    struct store_patch all = {.props = props, .prop_count = count};
    return do_patch(fixture->store, path, &all);
}

static const char *props_of(struct fixture *fixture, struct res_path path)
{
    return props_text(fixture->store, &fixture->arena, path);
}

/* --- promise 16: bytes --- */

static void p16_properties_come_back_sorted(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop props[] = {
        {STR("urn:b"), STR("a"), STR("<1/>")}, {STR("ns"), STR("z"), STR("<2/>")},
        {STR(""), STR("b"), STR("<3/>")},      {STR("urn:b"), STR("A"), STR("<4/>")},
        {STR("ns"), STR("zz"), STR("<5/>")},   {STR("n"), STR("zzz"), STR("<6/>")},
    };
    MAKE(fixture, "f");
    assert_ok(patch(fixture, PATH("f"), props, ARRAY_LEN(props)));
    assert_string_equal(props_of(fixture, PATH("f")),
                        "{}b=<3/> {n}zzz=<6/> z=<2/> zz=<5/> {urn:b}A=<4/> {urn:b}a=<1/> ");
}

static void p16_any_bytes_come_back_as_they_were(void **state)
{
    struct fixture *fixture = *state;
    struct store_props got;
    struct store_prop prop = {STR("urn:\xc3\xa9'\"%"), STR("n\xff\x01me;--"),
                              STR("<x>\0'\"\xf0\x9f\x98\x80\xff</x>")};
    MAKE(fixture, "f");
    assert_ok(patch(fixture, PATH("f"), &prop, 1));
    assert_ok(store_gather_props(fixture->store, &fixture->arena, PATH("f"), &got));
    assert_int_equal(got.count, 1);
    assert_true(str_eq(got.items[0].ns, prop.ns));
    assert_true(str_eq(got.items[0].name, prop.name));
    assert_true(str_eq(got.items[0].xml, prop.xml));
}

static void p16_large_values_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_props got;
    struct buf xml = {0};
    memset(buf_reserve(&xml, MIB(1)), 'x', MIB(1));
    xml.len = MIB(1);
    struct store_prop prop = {STR("ns"), STR("large"), buf_str(&xml)};
    MAKE(fixture, "f");
    assert_ok(patch(fixture, PATH("f"), &prop, 1));
    assert_ok(store_gather_props(fixture->store, &fixture->arena, PATH("f"), &got));
    assert_int_equal(got.count, 1);
    assert_true(str_eq(got.items[0].xml, prop.xml));
    buf_done(&xml);
}

static void p16_namespace_and_name_identify(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop props[] = {
        {STR("n"), STR("sp"), STR("1")},
        {STR("ns"), STR("p"), STR("2")},
        {STR("ns"), STR("P"), STR("3")},
    };
    MAKE(fixture, "f");
    assert_ok(patch(fixture, PATH("f"), props, ARRAY_LEN(props)));
    assert_ok(set_prop(fixture, PATH("f"), "p", "new"));
    assert_string_equal(props_of(fixture, PATH("f")), "{n}sp=1 P=3 p=new ");
    assert_ok(set_prop(fixture, PATH("f"), "P", ""));
    assert_string_equal(props_of(fixture, PATH("f")), "{n}sp=1 p=new ");
}

static void properties_are_the_resources_own(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/f", "cf", "f");
    assert_ok(set_prop(fixture, PATH_ROOT, "p", "root"));
    assert_ok(set_prop(fixture, PATH("c"), "p", "c"));
    assert_ok(set_prop(fixture, PATH("c/f"), "p", "c/f"));
    assert_string_equal(dump(fixture), "/ {p=root }\nc/ {p=c }\nc/f \"c/f\" {p=c/f }\n"
                                       "cf \"cf\" {}\nf \"f\" {}\n");
}

static void removing_what_is_not_set_is_fine(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", ""));
    assert_string_equal(props_of(fixture, PATH("f")), "");
}

static void may_have_props_is_true_wherever_there_are_some(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "g", "c/");
    assert_false(store_may_have_props(fixture->store, PATH("f")));
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_true(store_may_have_props(fixture->store, PATH("f")));
    assert_ok(copy_all(fixture, PATH("f"), PATH("c/copy")));
    assert_true(store_may_have_props(fixture->store, PATH("c/copy")));
    assert_ok(move_all(fixture, PATH("c"), PATH("d")));
    assert_true(store_may_have_props(fixture->store, PATH("d/copy")));
}

static void p16_properties_of_any_path_are_there_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {
        "f", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x01", "\xc3\xa9", "a b%41'\"", "c/\xff"};
    only_for_directories();
    MAKE(fixture, "c/");
    assert_ok(set_prop(fixture, PATH_ROOT, "p", "v"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        MAKE(fixture, names[i]);
        assert_ok(set_prop(fixture, path_of(names[i]), "p", "v"));
    }
    const char *before = dump(fixture);
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), before);
    assert_string_equal(props_of(fixture, path_of(names[1])), "p=v ");
}

/* --- promise 15: all or nothing --- */

static void p15_changes_are_made_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop props[] = {
        {STR("ns"), STR("a"), STR("1")}, {STR("ns"), STR("b"), STR("1")},
        {STR("ns"), STR("a"), STR("2")}, {STR("ns"), STR("b"), STR_NONE},
        {STR("ns"), STR("c"), STR_NONE}, {STR("ns"), STR("c"), STR("3")},
    };
    MAKE(fixture, "f");
    assert_ok(patch(fixture, PATH("f"), props, ARRAY_LEN(props)));
    assert_string_equal(props_of(fixture, PATH("f")), "a=2 c=3 ");
}

static void p15_patch_beyond_the_limit_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_stat before;
    struct store_prop props[] = {
        {STR("ns"), STR("a"), STR("new")},
        {STR("ns"), STR("c"), STR("new")},
        {STR("ns"), STR("d"), STR("new")},
    };
    struct store_patch all = {.props = props,
                              .prop_count = ARRAY_LEN(props),
                              .sets_modified = true,
                              .modified_s = 1234,
                              .sets_executable = true,
                              .is_executable = true};
    fixture->limits.property_count = 3;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "a", "old"));
    assert_ok(set_prop(fixture, PATH("f"), "b", "old"));
    before = stat_of(fixture, PATH("f"));
    assert_rc(do_patch(fixture->store, PATH("f"), &all), STORE_NO_SPACE);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {a=old b=old }\n");
    assert_int_equal(stat_of(fixture, PATH("f")).modified_s, before.modified_s);
    assert_ok(patch(fixture, PATH("f"), props, 2)); /* just within it */
    assert_string_equal(props_of(fixture, PATH("f")), "a=new b=old c=new ");
    assert_ok(set_prop(fixture, PATH("f"), "a", "newer")); /* adds none */
    assert_rc(set_prop(fixture, PATH("f"), "d", "one too many"), STORE_NO_SPACE);
}

static void p15_the_limit_counts_what_is_left(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop exchange[] = {{STR("ns"), STR("b"), STR("1")},
                                    {STR("ns"), STR("a"), STR_NONE}};
    fixture->limits.property_count = 1;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "a", "1"));
    assert_ok(patch(fixture, PATH("f"), exchange, 2));
    assert_string_equal(props_of(fixture, PATH("f")), "b=1 ");
}

/* Names and values count; what is replaced does not. */
static void p15_bytes_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    fixture->limits.property_bytes = 20;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "a", "0123456")); /* and "ns" and "a": 10 */
    assert_rc(set_prop(fixture, PATH("f"), "b", "01234567"), STORE_NO_SPACE);
    assert_string_equal(props_of(fixture, PATH("f")), "a=0123456 ");
    assert_ok(set_prop(fixture, PATH("f"), "b", "0123456"));
    assert_ok(set_prop(fixture, PATH("f"), "a", "6543210"));
    assert_rc(set_prop(fixture, PATH("f"), "c", "1"), STORE_NO_SPACE);
    fixture->limits.property_bytes = 5; /* it was lowered: what is there may become less */
    assert_ok(set_prop(fixture, PATH("f"), "b", "1"));
    assert_rc(set_prop(fixture, PATH("f"), "b", "12"), STORE_NO_SPACE);
    assert_ok(set_prop(fixture, PATH("f"), "a", ""));
    assert_string_equal(props_of(fixture, PATH("f")), "b=1 ");
}

/* Notes what it is asked about and what is shown; wants what does not begin with "no". */
struct choosy {
    struct store_prop_visitor visitor;
    struct buf log;
    size_t shown_max;
    enum store_rc end;
};

static bool choose(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    struct choosy *choosy = CONTAINER_OF(visitor, struct choosy, visitor);
    buf_addf(&choosy->log, "%.*s:%.*s? ", STR_ARGS(ns), STR_ARGS(name));
    return !str_starts(name, STR("no"));
}

static enum store_rc show(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct choosy *choosy = CONTAINER_OF(visitor, struct choosy, visitor);
    buf_addf(&choosy->log, "%.*s=%.*s ", STR_ARGS(prop->name), STR_ARGS(prop->xml));
    return --choosy->shown_max ? STORE_OK : choosy->end;
}

static void p16_only_wanted_values_are_shown(void **state)
{
    static const struct {
        size_t shown_max;
        enum store_rc end, rc;
        const char *log;
    } rows[] = {
        {9, STORE_END, STORE_OK, "ns:a? a=1 ns:no? ns:z? z=3 "},
        {1, STORE_END, STORE_OK, "ns:a? a=1 "},
        {1, STORE_BUSY, STORE_BUSY, "ns:a? a=1 "},
        {2, STORE_NO_SPACE, STORE_NO_SPACE, "ns:a? a=1 ns:no? ns:z? z=3 "},
    };
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "z", "3"));
    assert_ok(set_prop(fixture, PATH("f"), "a", "1"));
    assert_ok(set_prop(fixture, PATH("f"), "no", "2"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct choosy choosy = {{choose, show}, {0}, rows[i].shown_max, rows[i].end};
        assert_rc(store_props(fixture->store, PATH("f"), &choosy.visitor), rows[i].rc);
        assert_str(buf_str(&choosy.log), rows[i].log);
        buf_done(&choosy.log);
    }
}

static void properties_can_be_removed_when_the_limit_was_lowered(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "a", "1"));
    assert_ok(set_prop(fixture, PATH("f"), "b", "1"));
    assert_ok(set_prop(fixture, PATH("f"), "c", "1"));
    fixture->limits.property_count = 1;
    assert_ok(set_prop(fixture, PATH("f"), "a", ""));
    assert_ok(set_prop(fixture, PATH("f"), "b", "2"));
    assert_rc(set_prop(fixture, PATH("f"), "d", "1"), STORE_NO_SPACE);
    assert_string_equal(props_of(fixture, PATH("f")), "b=2 c=1 ");
}

static void p15_patch_of_nothing_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch attributes = {.sets_modified = true, .modified_s = 1};
    assert_rc(set_prop(fixture, PATH("f"), "p", "v"), STORE_NOT_FOUND);
    assert_rc(do_patch(fixture->store, PATH("f"), &attributes), STORE_NOT_FOUND);
    assert_rc(set_prop(fixture, PATH("no/f"), "p", "v"), STORE_NOT_FOUND);
    MAKE(fixture, "f", "no/", "no/f");
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\nno/ {}\nno/f \"no/f\" {}\n");
}

static void patch_sets_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct store_prop prop = {STR("ns"), STR("p"), STR("v")};
    struct store_patch on = {.props = &prop,
                             .prop_count = 1,
                             .sets_modified = true,
                             .modified_s = 1234,
                             .sets_executable = true,
                             .is_executable = true};
    struct store_patch off = {.sets_executable = true};
    MAKE(fixture, "f", "c/");
    assert_ok(do_patch(fixture->store, PATH("f"), &on));
    assert_int_equal(stat_of(fixture, PATH("f")).modified_s, 1234);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nf \"f\" x {p=v }\n");
    assert_ok(do_patch(fixture->store, PATH("f"), &off));
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nf \"f\" {p=v }\n");
    assert_int_equal(stat_of(fixture, PATH("f")).modified_s, 1234);
}

static void collections_have_a_time_but_are_not_executable(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch both = {
        .sets_modified = true, .modified_s = 1234, .sets_executable = true, .is_executable = true};
    MAKE(fixture, "c/");
    assert_ok(do_patch(fixture->store, PATH("c"), &both));
    assert_int_equal(stat_of(fixture, PATH("c")).modified_s, 1234);
    assert_false(stat_of(fixture, PATH("c")).is_executable);
}

int prop_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p16_properties_come_back_sorted),
        CONTRACT_TEST(p16_any_bytes_come_back_as_they_were),
        CONTRACT_TEST(p16_large_values_come_back),
        CONTRACT_TEST(p16_namespace_and_name_identify),
        CONTRACT_TEST(properties_are_the_resources_own),
        CONTRACT_TEST(removing_what_is_not_set_is_fine),
        CONTRACT_TEST(may_have_props_is_true_wherever_there_are_some),
        CONTRACT_TEST(p16_properties_of_any_path_are_there_after_a_restart),
        CONTRACT_TEST(p15_changes_are_made_in_their_order),
        CONTRACT_TEST(p15_patch_beyond_the_limit_changes_nothing),
        CONTRACT_TEST(p15_the_limit_counts_what_is_left),
        CONTRACT_TEST(p15_bytes_are_bounded),
        CONTRACT_TEST(p16_only_wanted_values_are_shown),
        CONTRACT_TEST(properties_can_be_removed_when_the_limit_was_lowered),
        CONTRACT_TEST(p15_patch_of_nothing_leaves_nothing),
        CONTRACT_TEST(patch_sets_attributes),
        CONTRACT_TEST(collections_have_a_time_but_are_not_executable),
    };
    return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
