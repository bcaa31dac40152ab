/* Promise 22: stores that count bytes keep to the room that they are told; promise 3 for what is
 * imported. Both are for stores whose traits say so. */
#include "support.h"

static void only_where(bool is_so)
{
    if (!is_so)
        skip();
}

static bool counts(const struct fixture *fixture)
{
    return fixture->store->traits.counts_bytes;
}

/* A change of the whole store, with room for so many bytes below "q". */
struct roomy {
    struct fixture *fixture;
    struct waiter waiter;
};

static struct store_change *begin(struct roomy *roomy, struct fixture *fixture,
                                  uint64_t quota_bytes)
{
    struct store_change *change = &roomy->waiter.change;
    roomy->fixture = fixture;
    waiter_init(&roomy->waiter);
    change_add(change, PATH_ROOT, CLAIM_TREE, true);
    assert_ok(waiter_begin(&roomy->waiter, fixture->store));
    change->room = (struct store_room){PATH("q"), quota_bytes};
    return change;
}

static void end(struct roomy *roomy)
{
    waiter_end(&roomy->waiter);
    waiter_done(&roomy->waiter);
}

static enum store_rc put_under(struct store_change *change, struct res_path path,
                               struct str content)
{
    struct store_upload *upload;
    struct store_commit options = {0};
    struct store_stat stat;
    assert_ok(store_upload(change->store, path, content.len, &upload));
    assert_ok(store_upload_write(upload, content));
    assert_ok(store_upload_end(upload));
    enum store_rc rc = store_upload_commit(upload, change, &options, &stat);
    store_upload_close(&upload);
    return rc;
}

static uint64_t used(struct fixture *fixture, struct res_path path)
{
    uint64_t bytes = 0;
    assert_ok(store_used(fixture->store, path, &bytes));
    return bytes;
}

static void p22_used_are_contents_and_properties(void **state)
{
    struct fixture *fixture = *state;
    uint64_t bytes;
    only_where(counts(fixture));
    MAKE(fixture, "q/", "q/four");
    assert_int_equal(used(fixture, PATH("q")), 6); /* its content is its path */
    assert_ok(set_prop(fixture, PATH("q/four"), "p", "<p/>"));
    assert_int_equal(used(fixture, PATH("q")), 6 + 2 + 1 + 4); /* the namespace is "ns" */
    assert_int_equal(used(fixture, PATH("q/four")), 13);
    assert_rc(store_used(fixture->store, PATH("none"), &bytes), STORE_NOT_FOUND);
}

static void p22_upload_keeps_to_the_room(void **state)
{
    struct fixture *fixture = *state;
    struct roomy roomy;
    only_where(counts(fixture));
    MAKE(fixture, "q/");
    struct store_change *change = begin(&roomy, fixture, 10);
    assert_rc(put_under(change, PATH("q/a"), STR("12345678901")), STORE_OVER_QUOTA);
    assert_ok(put_under(change, PATH("q/a"), STR("1234567890")));
    assert_rc(put_under(change, PATH("q/b"), STR("1")), STORE_OVER_QUOTA);
    assert_rc(stat_rc(fixture, PATH("q/b")), STORE_NOT_FOUND);
    assert_ok(put_under(change, PATH("q/a"), STR("123456789"))); /* what it replaces makes room */
    assert_ok(put_under(change, PATH("q/b"), STR("1")));
    end(&roomy);
}

static void p22_properties_keep_to_the_room(void **state)
{
    struct fixture *fixture = *state;
    struct roomy roomy;
    struct store_prop prop = {STR("ns"), STR("p"), STR("1234")};
    struct store_patch patch = {.props = &prop, .prop_count = 1};
    only_where(counts(fixture));
    MAKE(fixture, "q/", "q/a");
    struct store_change *change = begin(&roomy, fixture, 9);
    assert_rc(store_patch(change, PATH("q/a"), &patch), STORE_OVER_QUOTA);
    assert_string_equal(props_text(fixture->store, &fixture->arena, PATH("q/a")), "");
    prop.xml = STR("123");
    assert_ok(store_patch(change, PATH("q/a"), &patch));
    end(&roomy);
}

static void p22_trees_keep_to_the_room(void **state)
{
    struct fixture *fixture = *state;
    struct roomy roomy;
    struct store_visitor *visitor = &recorder_new(&fixture->arena)->base;
    only_where(counts(fixture));
    MAKE(fixture, "q/", "c/", "c/1", "c/2");
    const char *before = dump(fixture);
    struct store_change *change = begin(&roomy, fixture, 5);
    assert_rc(store_copy(change, TRANSFER(PATH("c"), PATH("q/c")), visitor), STORE_OVER_QUOTA);
    assert_rc(store_move(change, TRANSFER(PATH("c"), PATH("q/c")), visitor), STORE_OVER_QUOTA);
    assert_string_equal(dump(fixture), before);
    change->room.quota_bytes = 6;
    assert_ok(store_move(change, TRANSFER(PATH("c"), PATH("q/c")), visitor));
    assert_ok(store_move(change, TRANSFER(PATH("q/c"), PATH("q/d")), visitor)); /* in it already */
    assert_rc(store_copy(change, TRANSFER(PATH("q/d/1"), PATH("q/e")), visitor), STORE_OVER_QUOTA);
    assert_ok(store_remove(change, PATH("q/d/2"), visitor));
    assert_ok(store_copy(change, TRANSFER(PATH("q/d/1"), PATH("q/e")), visitor));
    end(&roomy);
}

/* What a view tells its stores, for whoever asks it. */
static void p22_views_tell_of_their_room(void **state)
{
    struct fixture *fixture = *state;
    struct store_quota quota;
    only_where(backend->is_view && fixture->inner->traits.counts_bytes);
    fixture->mount.quota_bytes = 10;
    assert_ok(put(fixture, PATH("a"), STR("123456")));
    assert_ok(store_quota(fixture->store, PATH_ROOT, &quota));
    assert_int_equal(quota.used_bytes, 6);
    assert_int_equal(quota.available_bytes, 4);
    assert_rc(put(fixture, PATH("b"), STR("12345")), STORE_OVER_QUOTA);
    assert_ok(put(fixture, PATH("b"), STR("1234")));
    assert_rc(copy_all(fixture, PATH("b"), PATH("c")), STORE_OVER_QUOTA);
    assert_ok(move_all(fixture, PATH("b"), PATH("c")));
    assert_rc(set_prop(fixture, PATH("c"), "p", "1"), STORE_OVER_QUOTA);
}

/* --- imports --- */

static void p3_import_keeps_versions_and_dates(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.sets_modified = true,
                                   .modified_s = 1000000000,
                                   .sets_created = true,
                                   .created_s = 900000000,
                                   .sets_version = true,
                                   .version = 1234567};
    only_where(fixture->store->traits.keeps_versions);
    assert_ok(put_in(fixture->store, PATH("f"), STR("x"), &options));
    struct store_stat stat = stat_of(fixture, PATH("f"));
    assert_int_equal(stat.version, 1234567);
    assert_int_equal(stat.created_s, 900000000);
    assert_int_equal(stat.modified_s, 1000000000);
    for (unsigned i = 0; i < 3; i++) { /* no later one is the same */
        assert_ok(put(fixture, PATH("f"), STR("y")));
        assert_true(stat_of(fixture, PATH("f")).version > stat.version);
        stat = stat_of(fixture, PATH("f"));
    }
    assert_int_equal(stat.created_s, 900000000);
}

static void import_is_no_harm_where_they_are_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.sets_version = true, .version = 1};
    only_where(!fixture->store->traits.keeps_versions);
    assert_ok(put_in(fixture->store, PATH("f"), STR("x"), &options));
    struct store_stat before = stat_of(fixture, PATH("f"));
    assert_ok(put_in(fixture->store, PATH("f"), STR("y"), &options));
    assert_true(stat_of(fixture, PATH("f")).version != before.version);
}

int room_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p22_used_are_contents_and_properties),
        CONTRACT_TEST(p22_upload_keeps_to_the_room),
        CONTRACT_TEST(p22_properties_keep_to_the_room),
        CONTRACT_TEST(p22_trees_keep_to_the_room),
        CONTRACT_TEST(p22_views_tell_of_their_room),
        CONTRACT_TEST(p3_import_keeps_versions_and_dates),
        CONTRACT_TEST(import_is_no_harm_where_they_are_not_kept),
    };
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
