#include "place.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void look(struct place *place)
{
    news_take(&place->news);
    news_handle(&place->news, true);
}

static void pass_tells_what_is_different(void **state)
{
    struct place *place = place_new(0);
    uint64_t head = change_log_head(place_log(place));
    (void)state;
    assert_true(place_walk(place, false, NULL));
    assert_int_equal(change_log_head(place_log(place)), head);
    place_write(place, "tree/d/e/f", "2");
    place_make_directory(place, "tree/d/n");
    place_write(place, "tree/d/n/x", "1");
    assert_int_equal(unlink(place_path(place, "tree/g")), 0);
    assert_true(place_walk(place, false, NULL));
    assert_true(place_told(place, "d/e/f") > head && place_told(place, "d/n") > head &&
                place_told(place, "g") > head);
    assert_true(place_told(place, "d/n/x") == place_told(place, "d/n") &&
                !place_told(place, "d/e"));
    place_free(place);
}

static void let_nothing_be_written(struct place *place)
{
    const struct rlimit none = {0, RLIM_INFINITY};
    (void)place;
    assert_ptr_not_equal(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

static void take_away_what_is_written(struct place *place)
{
    assert_int_equal(unlink(place_path(place, "home/" SEEN_NAME ".new")), 0);
}

/* What has come is in the snapshot of the next walk, or a start after its going tells nothing. */
static void pass_that_is_not_kept_is_made_up_for(void **state)
{
    struct place *place = place_new(100);
    (void)state;
    place_write(place, "tree/d/e/new", "1");
    look(place);
    uint64_t came = place_told(place, "d/e/new");
    assert_true(came > 0);
    assert_false(place_walk(place, false, take_away_what_is_written));
    assert_true(place_walk(place, false, NULL));
    watches_done(&place->lookout.watches); /* as if it was restarted */
    watches_init(&place->lookout.watches, place->root.fd, 100);
    assert_int_equal(unlink(place_path(place, "tree/d/e/new")), 0);
    assert_true(place_walk(place, true, NULL));
    assert_true(place_told(place, "d/e/new") > came);
    place_free(place);
}

static void pass_without_room_leaves_what_is_known(void **state)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct place *place = place_new(100);
    (void)state;
    assert_int_equal(unlink(place_path(place, "home/" SEEN_NAME)), 0);
    struct change_point point = change_log_tag(place_log(place), PATH_ROOT);
    assert_false(place_walk(place, true, let_nothing_be_written));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_true(change_log_knows(place_log(place), PATH_ROOT, point, true));
    assert_true(place_walk(place, true, NULL));
    assert_false(change_log_knows(place_log(place), PATH_ROOT, point, true));
    place_free(place);
}

/* A write by a name that lies outside makes no event, and the collection has had another. */
static void pass_tells_what_the_kernel_does_not(void **state)
{
    char outside[128];
    struct place *place = place_new(100);
    (void)state;
    str_print(outside, sizeof(outside), "%s/outside", place->name);
    assert_int_equal(link(place_path(place, "tree/d/e/f"), outside), 0);
    place_write(place, "outside", "2");
    place_write(place, "tree/d/e/other", "1");
    look(place);
    assert_true(place_told(place, "d/e/other") > 0);
    assert_int_equal(place_told(place, "d/e/f"), 0);
    assert_true(place_walk(place, false, NULL));
    assert_true(place_told(place, "d/e/f") > 0);
    place_free(place);
}

/* As a user whose own the tree is and who may be kept out of it, unless we are one. */
static void become_a_user(struct place *place)
{
    static const char *const theirs[] = {"tree",   "tree/d", "tree/d/e",         "tree/d/e/f",
                                         "tree/g", "home",   ("home/" SEEN_NAME)};
    if (geteuid() != 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++)
        assert_int_equal(chown(place_path(place, theirs[i]), 65534, 65534), 0);
    assert_int_equal(seteuid(65534), 0);
}

static void be_who_we_were(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

static void pass_lets_alone_what_cannot_be_read(void **state)
{
    struct place *place = place_new(100);
    (void)state;
    place_make_directory(place, "tree/d/closed");
    assert_int_equal(chmod(place_path(place, "tree/d/closed"), 0), 0);
    become_a_user(place);
    bool is_kept = place_walk(place, true, NULL);
    be_who_we_were();
    assert_true(is_kept);
    assert_true(place_told(place, "d/closed") > 0);
    assert_false(place->lookout.has_unwatched);
    place_free(place);
}

static void set_mode(struct place *place, const char *name, mode_t mode)
{
    be_who_we_were();
    assert_int_equal(chmod(place_path(place, name), mode), 0);
    become_a_user(place);
    look(place);
}

/* What happened in it meanwhile is shown to nobody, and told when it is open again. */
static void closed_collection_is_told_when_it_is_opened(mode_t closed)
{
    struct place *place = place_new(100);
    set_mode(place, "tree/d/e", closed);
    uint64_t told = place_told(place, "d/e");
    be_who_we_were();
    if (getuid() == 0)
        place_write(place, "tree/d/e/new", "1");
    become_a_user(place);
    look(place);
    bool is_kept = place_walk(place, false, NULL);
    set_mode(place, "tree/d/e", 0700);
    be_who_we_were();
    assert_true(is_kept && !place->lookout.has_unwatched);
    assert_true(told > 0 && place_told(place, "d/e/new") > told);
    assert_non_null(watches_find(&place->lookout.watches, PATH("d/e")));
    place_free(place);
}

static void news_tell_what_is_opened_again(void **state)
{
    (void)state;
    closed_collection_is_told_when_it_is_opened(0);
    closed_collection_is_told_when_it_is_opened(0400);
}

/* davit moves d to n; `between`: before the kernel's news are taken. */
static uint64_t move_by_davit(struct place *place, void (*between)(struct place *place))
{
    char from[128];
    struct change_note note = {
        .rows = {{PATH("d"), CHANGE_WENT, LEFT_NOTHING}, {PATH("n"), CHANGE_CAME, LEFT_MOVED}},
        .row_count = 2};
    news_take(&place->news);
    place->news.is_settled = true;
    assert_int_equal(change_log_begin(place_log(place), &note), STORE_OK);
    str_print(from, sizeof(from), "%s", place_path(place, "tree/d"));
    assert_int_equal(rename(from, place_path(place, "tree/n")), 0);
    change_log_end(place_log(place), &note, OUTCOME_ALL);
    uint64_t head = change_log_head(place_log(place));
    if (between)
        between(place);
    news_take(&place->news);
    news_handle(&place->news, false);
    return head;
}

static void news_follow_what_davit_moves(void **state)
{
    struct place *place = place_new(100);
    (void)state;
    uint64_t head = move_by_davit(place, NULL);
    assert_int_equal(change_log_head(place_log(place)), head);
    assert_null(watches_find(&place->lookout.watches, PATH("d")));
    assert_non_null(watches_find(&place->lookout.watches, PATH("n/e")));
    place_write(place, "tree/n/e/x", "1");
    news_take(&place->news);
    news_handle(&place->news, false);
    assert_true(place_told(place, "n/e/x") > head);
    assert_true(place_walk(place, false, NULL)); /* and a walk knows no more */
    assert_int_equal(change_log_head(place_log(place)), head + 1);
    place_free(place);
}

static void take_too_early(struct place *place)
{
    news_handle(&place->news, false);
}

/* A collection that came in it a moment before was looked for where it is no more. */
static void news_begin_anew_where_not_all_is_watched(void **state)
{
    struct place *place = place_new(100);
    (void)state;
    place_make_directory(place, "tree/d/e/k");
    uint64_t head = move_by_davit(place, take_too_early);
    assert_true(place_told(place, "n") > head);
    assert_non_null(watches_find(&place->lookout.watches, PATH("n/e/k")));
    place_free(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass_tells_what_is_different),
        cmocka_unit_test(pass_that_is_not_kept_is_made_up_for),
        cmocka_unit_test(pass_without_room_leaves_what_is_known),
        cmocka_unit_test(pass_tells_what_the_kernel_does_not),
        cmocka_unit_test(pass_lets_alone_what_cannot_be_read),
        cmocka_unit_test(news_tell_what_is_opened_again),
        cmocka_unit_test(news_follow_what_davit_moves),
        cmocka_unit_test(news_begin_anew_where_not_all_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
