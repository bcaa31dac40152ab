/* Promises 6, 13, 14 and 19: moves. */
#include "support.h"

static enum store_rc move_recorded(struct fixture *fixture, struct res_path from,
                                   struct res_path to, struct recorder *recorder)
{
    return do_move(fixture->store, TRANSFER(from, to), &recorder->base);
}

/* --- what is moved over what --- */

static void make_sources(struct fixture *fixture)
{
    static const char *const with_prop[] = {"f", "c", "c/g", "c/d/h"};
    MAKE(fixture, "f", "c/", "c/g", "c/d/", "c/d/h", "c/e/", "c0");
    for (size_t i = 0; i < ARRAY_LEN(with_prop); i++)
        assert_ok(set_prop(fixture, path_of(with_prop[i]), "p", with_prop[i]));
    assert_ok(set_prop(fixture, PATH("c0"), "p", "beside"));
    assert_ok(set_lock(fixture, PATH("f"), "f"));
    assert_ok(set_lock(fixture, PATH("c"), "c"));
    assert_ok(set_lock(fixture, PATH("c/d/h"), "h"));
    assert_ok(set_lock(fixture, PATH("c0"), "beside"));
}

static void make_destination(struct fixture *fixture, unsigned kind)
{
    if (kind == 0)
        return;
    if (kind == 1) {
        MAKE(fixture, "x");
    } else {
        MAKE(fixture, "x/", "x/g", "x/d/", "x/d/other", "x/old/");
        assert_ok(set_prop(fixture, PATH("x/g"), "q", "old"));
        assert_ok(set_prop(fixture, PATH("x/old"), "q", "old"));
        assert_ok(set_lock(fixture, PATH("x/d/other"), "x-other"));
    }
    assert_ok(set_prop(fixture, PATH("x"), "q", "old"));
    assert_ok(set_lock(fixture, PATH("x"), "x"));
}

static void check_move(struct fixture *fixture, const char *from, const char *expected)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        make_sources(fixture);
        make_destination(fixture, kind);
        assert_ok(move_all(fixture, path_of(from), PATH("x")));
        assert_string_equal(dump(fixture),
                            kind ? dump_with_lock(&fixture->arena, expected, "x", "x") : expected);
        assert_ok(move_all(fixture, PATH("x"), path_of(from))); /* and back: locks do not return */
        assert_ok(remove_all(fixture, PATH("f")));
        assert_ok(remove_all(fixture, PATH("c")));
        assert_ok(remove_all(fixture, PATH("c0")));
        MAKE(fixture, "c/", "c/d/", "c/d/h", "f", "x/", "x/g", "x/d/");
        assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\nc/d/h \"c/d/h\" {}\nf \"f\" {}\n"
                                           "x/ {}\nx/d/ {}\nx/g \"x/g\" {}\n"); /* promise 9 */
        assert_ok(remove_all(fixture, PATH("c")));
        assert_ok(remove_all(fixture, PATH("f")));
        assert_ok(remove_all(fixture, PATH("x")));
    }
}

static void p13_file_replaces_what_is_there(void **state)
{
    check_move(*state, "f",
               "/ {}\nc/ {p=c } [c]\nc/d/ {}\nc/d/h \"c/d/h\" {p=c/d/h } [h]\nc/e/ {}\n"
               "c/g \"c/g\" {p=c/g }\nc0 \"c0\" {p=beside } [beside]\nx \"f\" {p=f }\n");
}

static void p13_collection_replaces_what_is_there(void **state)
{
    check_move(*state, "c",
               "/ {}\nc0 \"c0\" {p=beside } [beside]\nf \"f\" {p=f } [f]\nx/ {p=c }\nx/d/ {}\n"
               "x/d/h \"c/d/h\" {p=c/d/h }\nx/e/ {}\nx/g \"c/g\" {p=c/g }\n");
}

static void p13_resource_without_properties_loses_those_of_the_replaced(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "x");
    assert_ok(set_prop(fixture, PATH("x"), "q", "old"));
    assert_ok(move_all(fixture, PATH("f"), PATH("x")));
    assert_string_equal(dump(fixture), "/ {}\nx \"f\" {}\n");
}

/* RFC 4918 §7.6: also of what another program has put out of the way, and after a restart. */
static void p13_lock_of_the_destination_covers_what_comes_there(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "c/", "c/g", "x");
    assert_ok(set_lock(fixture, PATH("x"), "x"));
    assert_ok(set_lock(fixture, PATH("f"), "f"));
    assert_ok(set_lock(fixture, PATH("new"), "new"));
    assert_ok(move_all(fixture, PATH("f"), PATH("x")));
    assert_ok(move_all(fixture, PATH("c"), PATH("new")));
    for (int round = 0; round < 2; round++) {
        assert_string_equal(dump(fixture),
                            "/ {}\nnew/ {} [new]\nnew/g \"c/g\" {}\nx \"f\" {} [x]\n");
        if (backend->is_directory)
            fixture_reopen(fixture);
    }
    assert_ok(set_lock(fixture, PATH("x"), "x")); /* a refresh */
    assert_ok(do_unlock(fixture->store, STR("x")));
    assert_ok(do_unlock(fixture->store, STR("new")));
    assert_false(store_has_locks(fixture->store));
}

static void moved_file_keeps_its_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch patch = {
        .sets_executable = true, .is_executable = true, .sets_modified = true, .modified_s = 1234};
    MAKE(fixture, "f", "c/");
    assert_ok(do_patch(fixture->store, PATH("f"), &patch));
    assert_ok(move_all(fixture, PATH("f"), PATH("c/g")));
    assert_true(stat_of(fixture, PATH("c/g")).is_executable);
    assert_int_equal(stat_of(fixture, PATH("c/g")).modified_s, 1234);
}

/* --- what cannot be moved --- */

static const struct {
    const char *from, *to;
    enum store_rc rc;
} refused_ends[] = {
    {"no", "x", STORE_NOT_FOUND},
    {"no/no", "x", STORE_NOT_FOUND},
    {"f/below", "x", STORE_NOT_FOUND},
    {"no", "gone/x", STORE_NOT_FOUND},
    {"f", "no/x", STORE_NO_PARENT}, /* promise 6 */
    {"f", "f2/x", STORE_NO_PARENT},
    {"c", "f/x", STORE_NO_PARENT},
    {"f", "", STORE_DENIED}, /* promise 19 */
    {"c/d", "", STORE_DENIED},
    {"", "x", STORE_DENIED},
    {"", "", STORE_DENIED},
    {"f", "f", STORE_DENIED}, /* neither holds the other */
    {"c", "c", STORE_DENIED},
    {"c", "c/x", STORE_DENIED},
    {"c", "c/d", STORE_DENIED},
    {"c/d", "c", STORE_DENIED},
    {"c/d/g", "c", STORE_DENIED},
};

static void moves_that_cannot_be_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f", "f2", "c/", "c/d/", "c/d/g");
    assert_ok(set_prop(fixture, PATH("c/d"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    const char *before = dump(fixture);
    for (size_t i = 0; i < ARRAY_LEN(refused_ends); i++) {
        assert_rc(move_all(fixture, path_of(refused_ends[i].from), path_of(refused_ends[i].to)),
                  refused_ends[i].rc);
        assert_string_equal(dump(fixture), before);
    }
}

/* --- trees with members that stay --- */

static const struct {
    const char *from, *to;
    const char *refused[2];
    const char *left;
    const char *failures;
} grafts[] = {
    /* a member that may not move: the rest goes, into a new collection */
    {"c",
     "y",
     {"c/g"},
     "c/ {p=c } [c]\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n"
     "y/ {}\ny/d/ {p=c/d }\ny/d/h \"c/d/h\" {}\ny/e/ {}\n",
     "c/g REFUSED 423\n"},
    {"c",
     "y",
     {"c/d/h"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n"
     "y/ {}\ny/d/ {}\ny/e/ {}\ny/g \"c/g\" {p=c/g }\n",
     "c/d/h REFUSED 423\n"},
    {"c",
     "y",
     {"c/d"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n"
     "y/ {}\ny/e/ {}\ny/g \"c/g\" {p=c/g }\n",
     "c/d/ REFUSED 423\n"},
    /* what moves may not: what is at the destination stays, and so does everything */
    {"c",
     "x",
     {"c"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\nc/e/ {}\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n",
     "c/ REFUSED 423\n"},
    {"c/g",
     "x/g",
     {"c/g"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\nc/e/ {}\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n",
     "c/g REFUSED 423\n"},
    {"c/g",
     "x/g",
     {"x/g"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\nc/e/ {}\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n",
     "x/g REFUSED 423\n"},
    /* a member of the destination stays: what it is in the way of stays at the source */
    {"c",
     "x",
     {"x/g"},
     "c/ {p=c } [c]\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {p=c/d }\nx/d/h \"c/d/h\" {}\nx/e/ {}\nx/g \"x/g\" {} [xg]\n",
     "x/g REFUSED 423\n"},
    {"c",
     "x",
     {"x/d/h"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/e/ {}\nx/g \"c/g\" {p=c/g }\n",
     "x/d/h REFUSED 423\n"},
    {"c",
     "x",
     {"x"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\nc/e/ {}\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {q=x/d }\nx/d/h \"x/d/h\" {q=x/d/h }\nx/g \"x/g\" {} [xg]\n",
     "x/ REFUSED 423\n"},
    /* both at once */
    {"c",
     "x",
     {"c/d/h", "x/g"},
     "c/ {p=c } [c]\nc/d/ {p=c/d }\nc/d/h \"c/d/h\" {}\nc/g \"c/g\" {p=c/g } [g]\n"
     "x/ {q=x } [x]\nx/d/ {}\nx/e/ {}\nx/g \"x/g\" {} [xg]\n",
     "c/d/h REFUSED 423\nx/g REFUSED 423\n"},
};

static void make_graft_trees(struct fixture *fixture)
{
    static const char *const marked[] = {"c", "c/g", "c/d"};
    static const char *const marked_old[] = {"x", "x/d", "x/d/h"};
    MAKE(fixture, "c/", "c/d/", "c/d/h", "c/e/", "c/g", "x/", "x/d/", "x/d/h", "x/g");
    for (size_t i = 0; i < ARRAY_LEN(marked); i++)
        assert_ok(set_prop(fixture, path_of(marked[i]), "p", marked[i]));
    for (size_t i = 0; i < ARRAY_LEN(marked_old); i++)
        assert_ok(set_prop(fixture, path_of(marked_old[i]), "q", marked_old[i]));
    assert_ok(set_lock(fixture, PATH("c"), "c"));
    assert_ok(set_lock(fixture, PATH("c/g"), "g"));
    assert_ok(set_lock(fixture, PATH("x"), "x"));
    assert_ok(set_lock(fixture, PATH("x/g"), "xg"));
}

static void p14_moves_go_on_past_what_must_stay(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(grafts); i++) {
        struct recorder *recorder = recorder_new(&fixture->arena);
        for (size_t k = 0; k < 2 && grafts[i].refused[k]; k++)
            recorder_refuse(recorder, grafts[i].refused[k]);
        make_graft_trees(fixture);
        assert_rc(move_recorded(fixture, path_of(grafts[i].from), path_of(grafts[i].to), recorder),
                  STORE_PARTIAL);
        assert_string_equal(dump(fixture) + strlen("/ {}\n"), grafts[i].left);
        assert_string_equal(recorder_failures(recorder, &fixture->arena), grafts[i].failures);
        assert_ok(remove_all(fixture, PATH("c")));
        assert_ok(remove_all(fixture, PATH("x")));
        (void)!remove_all(fixture, PATH("y")); /* not all of them make one */
    }
}

static void p14_move_asks_about_both_ends_top_down(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "c/d/no"); /* not there, but it makes the move go member by member */
    if (backend->is_trash)               /* what is replaced is asked about when it is kept, too */
        skip();
    MAKE(fixture, "c/", "c/d/", "c/d/f", "x/", "x/g");
    assert_ok(move_recorded(fixture, PATH("c"), PATH("x"), recorder));
    assert_str(buf_str(&recorder->asked), "c\nx\nx/g\nc/d\nc/d/f\n");
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\nx/d/ {}\nx/d/f \"c/d/f\" {}\n");
}

static void p14_nothing_goes_into_a_refused_collection(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "x/d");
    MAKE(fixture, "c/", "c/d/", "c/d/new", "c/e/", "c/e/new", "x/", "x/d/", "x/d/f", "x/e/");
    assert_rc(move_recorded(fixture, PATH("c"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "x/d/ REFUSED 423\n");
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\nc/d/new \"c/d/new\" {}\nx/ {}\n"
                                       "x/d/ {}\nx/d/f \"x/d/f\" {}\n"
                                       "x/e/ {}\nx/e/new \"c/e/new\" {}\n");
}

static void p13_graft_without_refusals_is_a_whole_move(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "c/d/no");
    make_graft_trees(fixture);
    assert_ok(move_recorded(fixture, PATH("c"), PATH("x"), recorder));
    assert_string_equal(dump(fixture), "/ {}\nx/ {p=c } [x]\nx/d/ {p=c/d }\nx/d/h \"c/d/h\" {}\n"
                                       "x/e/ {}\nx/g \"c/g\" {p=c/g }\n");
}

static void p14_too_deep_members_stay_and_are_reported(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "0/1/2/3/no");
    fixture->limits.walk_depth = 2;
    MAKE(fixture, "0/", "0/1/", "0/1/2/", "0/1/2/3/", "0/1/2/f", "0/1/2/3/f");
    assert_rc(move_recorded(fixture, PATH("0"), PATH("x"), recorder), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "0/1/2/3/ TOO_DEEP 0\n");
    assert_string_equal(dump(fixture), "/ {}\n0/ {}\n0/1/ {}\n0/1/2/ {}\n0/1/2/3/ {}\n"
                                       "0/1/2/3/f \"0/1/2/3/f\" {}\n"
                                       "x/ {}\nx/1/ {}\nx/1/2/ {}\nx/1/2/f \"0/1/2/f\" {}\n");
}

int move_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p13_file_replaces_what_is_there),
        CONTRACT_TEST(p13_collection_replaces_what_is_there),
        CONTRACT_TEST(p13_resource_without_properties_loses_those_of_the_replaced),
        CONTRACT_TEST(p13_lock_of_the_destination_covers_what_comes_there),
        CONTRACT_TEST(moved_file_keeps_its_attributes),
        CONTRACT_TEST(moves_that_cannot_be_change_nothing),
        CONTRACT_TEST(p14_moves_go_on_past_what_must_stay),
        CONTRACT_TEST(p14_move_asks_about_both_ends_top_down),
        CONTRACT_TEST(p14_nothing_goes_into_a_refused_collection),
        CONTRACT_TEST(p13_graft_without_refusals_is_a_whole_move),
        CONTRACT_TEST(p14_too_deep_members_stay_and_are_reported),
    };
    return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
