/* Promises 6, 12, 14 and 19: copies. */
#include "support.h"

static enum store_rc copy_recorded(struct fixture *fixture, struct res_path from,
                                   struct res_path to, struct recorder *recorder)
{
    return do_copy(fixture->store, TRANSFER(from, to), &recorder->base);
}

static enum store_rc copy_shallow(struct fixture *fixture, struct res_path from, struct res_path to)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    struct store_transfer shallow = {.from = from, .to = to};
    return do_copy(fixture->store, &shallow, &recorder->base);
}

/* --- what is copied over what --- */

/* A file "f", a collection "c" with members; properties and locks on them. */
static void make_sources(struct fixture *fixture)
{
    static const char *const with_prop[] = {"f", "c", "c/g", "c/d/h"};
    MAKE(fixture, "f", "c/", "c/g", "c/d/", "c/d/h", "c/e/");
    for (size_t i = 0; i < ARRAY_LEN(with_prop); i++)
        assert_ok(set_prop(fixture, path_of(with_prop[i]), "p", with_prop[i]));
    assert_ok(set_lock(fixture, PATH("f"), "f"));
    assert_ok(set_lock(fixture, PATH("c/g"), "g"));
}

/* What is at "x" before: nothing, a file, a collection; with properties and locks. All but the lock
 * of "x" itself must go. */
static void make_destination(struct fixture *fixture, unsigned kind)
{
    if (kind == 0)
        return;
    if (kind == 1) {
        MAKE(fixture, "x");
    } else {
        MAKE(fixture, "x/", "x/g", "x/d/", "x/d/other", "x/old/");
        assert_ok(set_prop(fixture, PATH("x/g"), "q", "old"));
        assert_ok(set_prop(fixture, PATH("x/d"), "q", "old"));
        assert_ok(set_lock(fixture, PATH("x/d/other"), "x-other"));
    }
    assert_ok(set_prop(fixture, PATH("x"), "q", "old"));
    assert_ok(set_lock(fixture, PATH("x"), "x"));
}

static const char sources_dump[] = "/ {}\nc/ {p=c }\nc/d/ {}\nc/d/h \"c/d/h\" {p=c/d/h }\nc/e/ {}\n"
                                   "c/g \"c/g\" {p=c/g } [g]\nf \"f\" {p=f } [f]\n";

static void check_copy(struct fixture *fixture, const char *from, bool is_deep,
                       const char *expected)
{
    make_sources(fixture);
    for (unsigned kind = 0; kind < 3; kind++) {
        make_destination(fixture, kind);
        assert_ok(is_deep ? copy_all(fixture, path_of(from), PATH("x"))
                          : copy_shallow(fixture, path_of(from), PATH("x")));
        struct buf whole = {0};
        buf_addf(&whole, "%s%s", sources_dump,
                 kind ? dump_with_lock(&fixture->arena, expected, "x", "x") : expected);
        assert_string_equal(dump(fixture), buf_c(&whole));
        buf_done(&whole);
        assert_ok(remove_all(fixture, PATH("x")));
        assert_string_equal(dump(fixture), sources_dump);
    }
}

static void p12_file_replaces_what_is_there(void **state)
{
    check_copy(*state, "f", true, "x \"f\" {p=f }\n");
}

static void p12_collection_replaces_what_is_there(void **state)
{
    check_copy(*state, "c", true,
               "x/ {p=c }\nx/d/ {}\nx/d/h \"c/d/h\" {p=c/d/h }\nx/e/ {}\nx/g \"c/g\" {p=c/g }\n");
}

static void p12_shallow_copy_is_the_collection_alone(void **state)
{
    check_copy(*state, "c", false, "x/ {p=c }\n");
}

static void shallow_copy_of_a_file_is_a_copy(void **state)
{
    check_copy(*state, "f", false, "x \"f\" {p=f }\n");
}

static void copy_is_independent_of_its_source(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "1"));
    assert_ok(copy_all(fixture, PATH("f"), PATH("g")));
    assert_ok(put(fixture, PATH("f"), STR("changed")));
    assert_ok(set_prop(fixture, PATH("f"), "p", "2"));
    assert_string_equal(dump(fixture), "/ {}\nf \"changed\" {p=2 }\ng \"f\" {p=1 }\n");
}

static void p12_copy_keeps_time_and_executable_bit_of_files(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch patch = {
        .sets_executable = true, .is_executable = true, .sets_modified = true, .modified_s = 1234};
    MAKE(fixture, "c/", "c/f");
    assert_ok(do_patch(fixture->store, PATH("c/f"), &patch));
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
    struct store_stat copy = stat_of(fixture, PATH("d/f"));
    assert_true(copy.is_executable);
    assert_int_equal(copy.modified_s, 1234);
}

static void p3_copy_over_other_content_changes_the_version(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch patch = {.sets_modified = true, .modified_s = 1234};
    assert_ok(put(fixture, PATH("a"), STR("1")));
    assert_ok(put(fixture, PATH("b"), STR("2")));
    assert_ok(do_patch(fixture->store, PATH("a"), &patch));
    assert_ok(do_patch(fixture->store, PATH("b"), &patch));
    uint64_t version = stat_of(fixture, PATH("b")).version;
    assert_ok(copy_all(fixture, PATH("a"), PATH("b")));
    assert_true(stat_of(fixture, PATH("b")).version != version);
}

static void root_is_copied_without_its_members(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "f");
    assert_ok(set_prop(fixture, PATH_ROOT, "p", "v"));
    assert_ok(copy_shallow(fixture, PATH_ROOT, PATH("c/r")));
    assert_string_equal(dump(fixture), "/ {p=v }\nc/ {}\nc/r/ {p=v }\nf \"f\" {}\n");
}

/* --- what cannot be copied --- */

static const struct {
    const char *from, *to;
    bool is_deep;
    enum store_rc rc;
} refused_ends[] = {
    {"no", "x", true, STORE_NOT_FOUND},
    {"no/no", "x", true, STORE_NOT_FOUND},
    {"f/below", "x", true, STORE_NOT_FOUND},
    {"no", "gone/x", true, STORE_NOT_FOUND},
    {"f", "no/x", true, STORE_NO_PARENT}, /* promise 6 */
    {"f", "f2/x", true, STORE_NO_PARENT},
    {"c", "no/no/x", true, STORE_NO_PARENT},
    {"f", "", true, STORE_DENIED}, /* promise 19 */
    {"c", "", true, STORE_DENIED},
    {"c", "", false, STORE_DENIED},
    {"", "c/x", true, STORE_DENIED}, /* neither holds the other */
    {"", "", true, STORE_DENIED},
    {"f", "f", true, STORE_DENIED},
    {"c", "c", true, STORE_DENIED},
    {"c", "c", false, STORE_DENIED},
    {"c", "c/x", true, STORE_DENIED},
    {"c", "c/d", true, STORE_DENIED},
    {"c/d", "c", true, STORE_DENIED},
    {"c/d", "c", false, STORE_DENIED},
};

static void copies_that_cannot_be_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "f2", "c/", "c/d/", "c/d/g");
    assert_ok(set_prop(fixture, PATH("c/d"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    const char *before = dump(fixture);
    for (size_t i = 0; i < ARRAY_LEN(refused_ends); i++) {
        struct res_path from = path_of(refused_ends[i].from);
        struct res_path to = path_of(refused_ends[i].to);
        assert_rc(refused_ends[i].is_deep ? copy_all(fixture, from, to)
                                          : copy_shallow(fixture, from, to),
                  refused_ends[i].rc);
        assert_string_equal(dump(fixture), before);
    }
}

static void p14_too_deep_members_are_left_out_and_reported(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    fixture->limits.walk_depth = 2;
    MAKE(fixture, "0/", "0/1/", "0/1/2/", "0/1/2/3/", "0/1/2/f", "0/1/2/3/f");
    assert_rc(copy_recorded(fixture, PATH("0"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "0/1/2/3/ TOO_DEEP 0\n");
    assert_ok(remove_all(fixture, PATH("0/1/2/3")));
    assert_ok(remove_all(fixture, PATH("0")));
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\nx/1/ {}\nx/1/2/ {}\nx/1/2/f \"0/1/2/f\" {}\n");
}

/* --- destinations with members that stay --- */

static void p14_source_of_a_copy_is_not_asked_about(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    if (backend->is_trash) /* what is replaced is asked about when it is kept, too */
        skip();
    MAKE(fixture, "c/", "c/f", "x/", "x/g");
    assert_ok(copy_recorded(fixture, PATH("c"), PATH("x"), recorder));
    assert_str(buf_str(&recorder->asked), "x\nx/g\n");
}

static const struct {
    const char *refused[2];
    const char *at_destination;
    const char *failures;
} stays[] = {
    /* the refused file stays as it is; all else is the source's */
    {{"x/g"},
     "x/ {q=x } [x]\nx/d/ {p=c/d }\nx/d/h \"c/d/h\" {p=c/d/h }\nx/g \"x/g\" {q=x/g }\n"
     "x/i \"c/i\" {p=c/i }\n",
     "x/g REFUSED 423\n"},
    /* the collections above it stay too, and keep what is theirs */
    {{"x/d/h"},
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h } [h]\nx/g \"c/g\" {p=c/g }\n"
     "x/i \"c/i\" {p=c/i }\n",
     "x/d/h REFUSED 423\n"},
    /* a file stands where the source has a collection, and the other way round */
    {{"x/i/z"},
     "x/ {q=x } [x]\nx/d/ {p=c/d }\nx/d/h \"c/d/h\" {p=c/d/h }\nx/g \"c/g\" {p=c/g }\n"
     "x/i/ {}\nx/i/z \"x/i/z\" {}\n",
     "x/i/z REFUSED 423\n"},
    {{"x"},
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h } [h]\nx/d/other \"x/d/other\" {}\n"
     "x/g \"x/g\" {q=x/g }\nx/i/ {}\nx/i/z \"x/i/z\" {}\n",
     "x/ REFUSED 423\n"},
};

static void mark(struct fixture *fixture, const char *name, const char *path)
{
    assert_ok(set_prop(fixture, path_of(path), name, path));
}

static void p14_what_stays_at_the_destination_keeps_its_own(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(stays); i++) {
        struct recorder *recorder = recorder_new(&fixture->arena);
        for (size_t k = 0; k < 2 && stays[i].refused[k]; k++)
            recorder_refuse(recorder, stays[i].refused[k]);
        MAKE(fixture, "c/", "c/g", "c/d/", "c/d/h", "c/i", "x/", "x/g", "x/d/", "x/d/h",
             "x/d/other", "x/i/", "x/i/z");
        mark(fixture, "p", "c/g"), mark(fixture, "p", "c/d"), mark(fixture, "p", "c/d/h");
        mark(fixture, "p", "c/i"), mark(fixture, "q", "x"), mark(fixture, "q", "x/g");
        mark(fixture, "q", "x/d"), mark(fixture, "q", "x/d/h");
        assert_ok(set_lock(fixture, PATH("x"), "x"));
        assert_ok(set_lock(fixture, PATH("x/d/h"), "h"));
        assert_rc(copy_recorded(fixture, PATH("c"), PATH("x"), recorder), STORE_PARTIAL);
        assert_string_equal(recorder_failures(recorder, &fixture->arena), stays[i].failures);
        assert_ok(remove_all(fixture, PATH("c")));
        assert_string_equal(dump(fixture) + strlen("/ {}\n"), stays[i].at_destination);
        assert_ok(remove_all(fixture, PATH("x")));
    }
}

static void p14_nothing_goes_into_a_refused_collection(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "x/d");
    MAKE(fixture, "c/", "c/d/", "c/d/new", "c/e/", "x/", "x/d/", "x/d/f");
    assert_rc(copy_recorded(fixture, PATH("c"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x/d/ REFUSED 423\n");
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\nx/d/ {}\nx/d/f \"x/d/f\" {}\nx/e/ {}\n");
}

static void p14_refused_file_keeps_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "x");
    MAKE(fixture, "f", "x");
    mark(fixture, "p", "f");
    assert_rc(copy_recorded(fixture, PATH("f"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x REFUSED 423\n");
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=f }\nx \"x\" {}\n");
}

static void p14_file_cannot_take_the_place_of_a_collection_that_stays(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "x/g");
    MAKE(fixture, "f", "x/", "x/g", "x/h");
    mark(fixture, "p", "f");
    assert_rc(copy_recorded(fixture, PATH("f"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x/g REFUSED 423\n");
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {p=f }\nx/ {}\nx/g \"x/g\" {}\n");
}

static void p14_collection_cannot_take_the_place_of_a_file_that_stays(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "x");
    MAKE(fixture, "c/", "c/g", "x");
    mark(fixture, "p", "c");
    assert_rc(copy_recorded(fixture, PATH("c"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x REFUSED 423\n");
    assert_string_equal(dump(fixture), "/ {}\nc/ {p=c }\nc/g \"c/g\" {}\nx \"x\" {}\n");
}

static unsigned refuse_to_copy(struct store_visitor *visitor, struct res_path path)
{
    return visitor->refuse(visitor, path);
}

static void p14_what_may_not_be_copied_is_left_out_and_reported(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder->base.refuse_copy = refuse_to_copy;
    recorder_refuse(recorder, "c/d");
    recorder_refuse(recorder, "c/f");
    MAKE(fixture, "c/", "c/d/", "c/d/h", "c/f", "c/g");
    assert_rc(copy_recorded(fixture, PATH("c"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena),
                        "c/d/ REFUSED 423\nc/f REFUSED 423\n");
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\nx/g \"c/g\" {}\n");
}

int copy_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p12_file_replaces_what_is_there),
        CONTRACT_TEST(p12_collection_replaces_what_is_there),
        CONTRACT_TEST(p12_shallow_copy_is_the_collection_alone),
        CONTRACT_TEST(shallow_copy_of_a_file_is_a_copy),
        CONTRACT_TEST(copy_is_independent_of_its_source),
        CONTRACT_TEST(p12_copy_keeps_time_and_executable_bit_of_files),
        CONTRACT_TEST(p3_copy_over_other_content_changes_the_version),
        CONTRACT_TEST(root_is_copied_without_its_members),
        CONTRACT_TEST(copies_that_cannot_be_change_nothing),
        CONTRACT_TEST(p14_too_deep_members_are_left_out_and_reported),
        CONTRACT_TEST(p14_source_of_a_copy_is_not_asked_about),
        CONTRACT_TEST(p14_what_may_not_be_copied_is_left_out_and_reported),
        CONTRACT_TEST(p14_what_stays_at_the_destination_keeps_its_own),
        CONTRACT_TEST(p14_nothing_goes_into_a_refused_collection),
        CONTRACT_TEST(p14_refused_file_keeps_its_own),
        CONTRACT_TEST(p14_file_cannot_take_the_place_of_a_collection_that_stays),
        CONTRACT_TEST(p14_collection_cannot_take_the_place_of_a_file_that_stays),
    };
    return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
