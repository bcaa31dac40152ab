/* Promises 6, 9, 11, 14 and 19: collections made, resources and trees removed. */
#include "support.h"

#include <unistd.h>

#include "base/mem.h"

/* --- mkcol --- */

static void mkcol_makes_an_empty_collection(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(mkcol(fixture, PATH("c")));
    assert_ok(mkcol(fixture, PATH("c/d")));
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\n");
}

static void mkcol_refuses_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "f");
    const char *before = dump(fixture);
    assert_rc(mkcol(fixture, PATH("c")), STORE_EXISTS);
    assert_rc(mkcol(fixture, PATH("f")), STORE_EXISTS);
    assert_rc(mkcol(fixture, PATH_ROOT), STORE_EXISTS); /* promise 19 */
    assert_string_equal(dump(fixture), before);
}

static void p6_mkcol_needs_its_collection(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_rc(mkcol(fixture, PATH("no/c")), STORE_NO_PARENT);
    assert_rc(mkcol(fixture, PATH("f/c")), STORE_NO_PARENT);
    assert_rc(mkcol(fixture, PATH("no/no/no/c")), STORE_NO_PARENT);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

static void p9_new_collection_has_nothing_of_an_earlier_resource(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "x");
    assert_ok(set_prop(fixture, PATH("x"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("x"), "t"));
    assert_ok(remove_all(fixture, PATH("x")));
    MAKE(fixture, "x/");
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\n");
}

static void p9_nor_of_one_that_another_program_removed(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "x/");
    assert_ok(set_prop(fixture, PATH("x"), "p", "v"));
    assert_int_equal(rmdir(fixture_file(fixture, "x")), 0);
    MAKE(fixture, "x/");
    assert_string_equal(dump(fixture), "/ {}\nx/ {}\n");
}

/* --- remove, all of it --- */

static void p11_removal_takes_properties_and_locks(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"c", "c/f", "c/d", "c/d/g", "keep", "c0", "c-"};
    MAKE(fixture, "c/", "c/f", "c/d/", "c/d/g", "keep", "c0", "c-");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_ok(set_prop(fixture, path_of(names[i]), "p", names[i]));
        assert_ok(set_lock(fixture, path_of(names[i]), names[i]));
    }
    assert_ok(remove_all(fixture, PATH("c")));
    assert_string_equal(dump(fixture), "/ {}\nc- \"c-\" {p=c- } [c-]\nc0 \"c0\" {p=c0 } [c0]\n"
                                       "keep \"keep\" {p=keep } [keep]\n");
    MAKE(fixture, "c/", "c/f", "c/d/", "c/d/g"); /* promise 9 */
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\nc/d/g \"c/d/g\" {}\n"
                                       "c/f \"c/f\" {}\nc- \"c-\" {p=c- } [c-]\n"
                                       "c0 \"c0\" {p=c0 } [c0]\nkeep \"keep\" {p=keep } [keep]\n");
}

static void remove_of_nothing_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_rc(remove_all(fixture, PATH("no")), STORE_NOT_FOUND);
    assert_rc(remove_all(fixture, PATH("no/no")), STORE_NOT_FOUND);
    assert_rc(remove_all(fixture, PATH("f/below")), STORE_NOT_FOUND);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

static void p19_root_cannot_be_removed(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_rc(remove_all(fixture, PATH_ROOT), STORE_DENIED);
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

/* --- remove, with members that stay --- */

static const struct {
    const char *refused[3];
    const char *left;
    const char *failures;
} refusals[] = {
    {{"c/f"}, "c/ {p=c }\nc/f \"c/f\" {p=c/f } [c/f]\n", "c/f REFUSED 423\n"},
    {{"c/d/g"},
     "c/ {p=c }\nc/d/ {p=c/d } [c/d]\nc/d/g \"c/d/g\" {p=c/d/g }\n",
     "c/d/g REFUSED 423\n"},
    {{"c/d"},
     "c/ {p=c }\nc/d/ {p=c/d } [c/d]\nc/d/g \"c/d/g\" {p=c/d/g }\nc/d/h \"c/d/h\" {}\n",
     "c/d/ REFUSED 423\n"},
    {{"c/f", "c/d/g"},
     "c/ {p=c }\nc/d/ {p=c/d } [c/d]\nc/d/g \"c/d/g\" {p=c/d/g }\n"
     "c/f \"c/f\" {p=c/f } [c/f]\n",
     "c/d/g REFUSED 423\nc/f REFUSED 423\n"},
    {{"c"},
     "c/ {p=c }\nc/d/ {p=c/d } [c/d]\nc/d/g \"c/d/g\" {p=c/d/g }\nc/d/h \"c/d/h\" {}\n"
     "c/e/ {}\nc/f \"c/f\" {p=c/f } [c/f]\n",
     "c/ REFUSED 423\n"},
};

static void make_marked_tree(struct fixture *fixture)
{
    static const char *const with_prop[] = {"c", "c/d", "c/f", "c/d/g"};
    MAKE(fixture, "c/", "c/d/", "c/d/g", "c/d/h", "c/e/", "c/f");
    for (size_t i = 0; i < ARRAY_LEN(with_prop); i++)
        assert_ok(set_prop(fixture, path_of(with_prop[i]), "p", with_prop[i]));
    assert_ok(set_lock(fixture, PATH("c/d"), "c/d"));
    assert_ok(set_lock(fixture, PATH("c/f"), "c/f"));
}

/* What goes, goes with its properties and locks; what stays, keeps its own. */
static void p14_removal_goes_on_past_refused_members(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct recorder *recorder = recorder_new(&fixture->arena);
        for (size_t k = 0; refusals[i].refused[k]; k++)
            recorder_refuse(recorder, refusals[i].refused[k]);
        make_marked_tree(fixture);
        assert_rc(do_remove(fixture->store, PATH("c"), &recorder->base), STORE_PARTIAL);
        assert_string_equal(recorder_failures(recorder, &fixture->arena), refusals[i].failures);
        assert_string_equal(dump(fixture) + strlen("/ {}\n"), refusals[i].left);
        assert_ok(remove_all(fixture, PATH("c")));
        MAKE(fixture, "c/", "c/d/", "c/d/g", "c/f"); /* nothing has stayed behind: promise 9 */
        assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/d/ {}\nc/d/g \"c/d/g\" {}\n"
                                           "c/f \"c/f\" {}\n");
        assert_ok(remove_all(fixture, PATH("c")));
    }
}

static void p14_nobody_is_asked_below_a_refused_collection(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "c/d");
    MAKE(fixture, "c/", "c/d/", "c/d/e/", "c/d/e/f");
    assert_rc(do_remove(fixture->store, PATH("c"), &recorder->base), STORE_PARTIAL);
    assert_str(buf_str(&recorder->asked), "c\nc/d\n");
}

/* More collections within collections than walk_depth. */
static void p14_a_removal_goes_to_any_depth(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    fixture->limits.walk_depth = 2;
    MAKE(fixture, "0/", "0/1/", "0/1/2/", "0/1/2/3/", "0/1/2/3/4/", "0/1/2/3/4/5/", "0/1/2/f",
         "0/1/2/3/f", "0/1/2/3/4/5/f", "0/1/2/3/4/5/6/", "0/g");
    assert_ok(do_remove(fixture->store, PATH("0"), &recorder->base));
    assert_string_equal(dump(fixture), "/ {}\n");
}

/* The walk comes back to collections that it has met members of before, and tells of each once. */
static void p14_what_is_refused_far_down_stays(void **state)
{
    static const char *const refused[] = {"0/a", "0/m/b", "0/m/z", "0/m/1/2/3/4/c", "0/n/1/2/3/d"};
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    if (backend->is_trash) /* promise 33: what may not go all at once moves, and no deeper */
        skip();
    fixture->limits.walk_depth = 2;
    MAKE(fixture, "0/", "0/a", "0/e", "0/m/", "0/m/b", "0/m/z", "0/m/1/", "0/m/1/2/", "0/m/1/2/3/",
         "0/m/1/2/3/4/", "0/m/1/2/3/4/c", "0/m/1/2/3/4/g");
    MAKE(fixture, "0/n/", "0/n/1/", "0/n/1/2/", "0/n/1/2/3/", "0/n/1/2/3/d", "0/n/1/2/3/h",
         "0/n/1/2/3/4/", "0/n/1/2/3/4/5/", "0/o/", "0/o/1/", "0/o/1/2/", "0/o/1/2/3/",
         "0/o/1/2/3/4/");
    assert_ok(set_lock(fixture, PATH("0/m/1/2/3/4/c"), "c"));
    assert_ok(set_lock(fixture, PATH("0/m/1/2/3/4/g"), "g"));
    assert_ok(set_prop(fixture, PATH("0/n/1/2/3/d"), "p", "v"));
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        recorder_refuse(recorder, refused[i]);
    assert_rc(do_remove(fixture->store, PATH("0"), &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena),
                        "0/a REFUSED 423\n0/m/1/2/3/4/c REFUSED 423\n0/m/b REFUSED 423\n"
                        "0/m/z REFUSED 423\n0/n/1/2/3/d REFUSED 423\n");
    assert_string_equal(dump(fixture),
                        "/ {}\n0/ {}\n0/a \"0/a\" {}\n0/m/ {}\n0/m/1/ {}\n0/m/1/2/ {}\n"
                        "0/m/1/2/3/ {}\n0/m/1/2/3/4/ {}\n0/m/1/2/3/4/c \"0/m/1/2/3/4/c\" {} [c]\n"
                        "0/m/b \"0/m/b\" {}\n0/m/z \"0/m/z\" {}\n0/n/ {}\n0/n/1/ {}\n"
                        "0/n/1/2/ {}\n0/n/1/2/3/ {}\n0/n/1/2/3/d \"0/n/1/2/3/d\" {p=v }\n");
    assert_ok(remove_all(fixture, PATH("0")));
    assert_string_equal(dump(fixture), "/ {}\n");
}

/* --- as deep as is allowed --- */

/* "0", "0/0" and so on: `depth` collections within "0". */
static struct buf make_deep(struct fixture *fixture, size_t depth)
{
    struct buf path = {0};
    buf_add_char(&path, '0');
    for (size_t i = 0;; i++) {
        struct str at = buf_str(&path);
        assert_ok(mkcol(fixture, (struct res_path){at.at, at.len}));
        if (i == depth)
            return path;
        BUF_ADD(&path, "/0");
    }
}

static void trees_as_deep_as_allowed_are_copied_moved_and_removed(void **state)
{
    struct fixture *fixture = *state;
    struct buf path = make_deep(fixture, fixture->limits.walk_depth);
    BUF_ADD(&path, "/f");
    struct res_path file = {path.at, path.len};
    assert_ok(put(fixture, file, STR("deep")));
    assert_ok(set_prop(fixture, file, "p", "v"));
    assert_ok(copy_all(fixture, PATH("0"), PATH("1")));
    path.at[0] = '1';
    assert_string_equal(get(fixture, file), "deep");
    assert_string_equal(props_text(fixture->store, &fixture->arena, file), "p=v ");
    assert_ok(move_all(fixture, PATH("1"), PATH("2")));
    path.at[0] = '2';
    assert_string_equal(get(fixture, file), "deep");
    assert_ok(copy_all(fixture, PATH("0"), PATH("2")));
    assert_string_equal(props_text(fixture->store, &fixture->arena, file), "p=v ");
    assert_ok(remove_all(fixture, PATH("0")));
    assert_ok(remove_all(fixture, PATH("2")));
    assert_string_equal(dump(fixture), "/ {}\n");
    buf_done(&path);
}

/* A visitor that looks around: what it may ask the store must be answered, from within. */
struct looker {
    struct recorder *recorder;
    struct store_visitor base;
    struct fixture *fixture;
};

static unsigned look(struct store_visitor *visitor, struct res_path path)
{
    struct looker *looker = CONTAINER_OF(visitor, struct looker, base);
    struct store *store = looker->fixture->store;
    struct lock_list locks;
    struct store_stat stat;
    assert_ok(store_stat(store, path, 0, &stat));
    assert_true(store_has_locks(store));
    assert_ok(store_locks(store, &looker->fixture->arena, path, LOCKS_COVERING, &locks));
    return looker->recorder->base.refuse(&looker->recorder->base, path);
}

static bool may_refuse_all(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* so that each is asked about */
    return true;
}

static void hear(struct store_visitor *visitor, struct res_path path, bool is_collection,
                 enum store_rc rc, unsigned reason)
{
    struct store_visitor *inner = &CONTAINER_OF(visitor, struct looker, base)->recorder->base;
    inner->failed(inner, path, is_collection, rc, reason);
}

static void p14_visitors_may_ask_for_locks_and_stat(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct looker looker = {.recorder = recorder_new(&fixture->arena),
                            .base = {look, may_refuse_all, hear},
                            .fixture = fixture};
    recorder_refuse(looker.recorder, "c/f");
    recorder_refuse(looker.recorder, "e/f");
    MAKE(fixture, "c/", "c/f", "c/g", "e/", "e/f");
    assert_ok(set_lock(fixture, PATH("c/f"), "t"));
    assert_rc(do_remove(store, PATH("c"), &looker.base), STORE_PARTIAL);
    assert_rc(do_copy(store, TRANSFER(PATH("c"), PATH("e")), &looker.base), STORE_PARTIAL);
    assert_rc(do_move(store, TRANSFER(PATH("c"), PATH("m")), &looker.base), STORE_PARTIAL);
    assert_string_equal(get(fixture, PATH("c/f")), "c/f");
}

int remove_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(mkcol_makes_an_empty_collection),
        CONTRACT_TEST(mkcol_refuses_what_is_there),
        CONTRACT_TEST(p6_mkcol_needs_its_collection),
        CONTRACT_TEST(p9_new_collection_has_nothing_of_an_earlier_resource),
        CONTRACT_TEST(p9_nor_of_one_that_another_program_removed),
        CONTRACT_TEST(p11_removal_takes_properties_and_locks),
        CONTRACT_TEST(remove_of_nothing_is_not_found),
        CONTRACT_TEST(p19_root_cannot_be_removed),
        CONTRACT_TEST(p14_removal_goes_on_past_refused_members),
        CONTRACT_TEST(p14_nobody_is_asked_below_a_refused_collection),
        CONTRACT_TEST(p14_a_removal_goes_to_any_depth),
        CONTRACT_TEST(p14_what_is_refused_far_down_stays),
        CONTRACT_TEST(p14_visitors_may_ask_for_locks_and_stat),
        CONTRACT_TEST(trees_as_deep_as_allowed_are_copied_moved_and_removed),
    };
    return cmocka_run_group_tests_name("removes", tests, NULL, NULL);
}
