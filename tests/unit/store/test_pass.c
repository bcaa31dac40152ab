#include "store/directory/others/pass.h"

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

#include "base/limits.h"
#include "base/mem.h"
#include "store/directory/root.h"
#include "store/state_home.h"

/* A tree, `name`/tree, and beside it what a store keeps. */
struct place {
    char name[64];
    char text[128]; /* of path() */
    struct dir_root root;
    struct state_home home;
    struct limits limits;
    struct lookout lookout;
    struct news news;
    struct pass pass;
};

static const char *path(struct place *place, const char *name)
{
    str_print(place->text, sizeof(place->text), "%s/%s", place->name, name);
    return place->text;
}

static void write_file(struct place *place, const char *name, const char *content)
{
    int fd = open(path(place, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(close(fd), 0);
}

static void make_directory(struct place *place, const char *name)
{
    assert_int_equal(mkdir(path(place, name), 0700), 0);
}

static struct change_log *log_of(const struct place *place)
{
    return place->lookout.options.log;
}

/* A walk; `begun` does something before it ends. */
static bool walk(struct place *place, bool is_whole, void (*begun)(struct place *place))
{
    const struct pass_options options = {is_whole, true, change_log_asked(log_of(place))};
    place->lookout.has_unwatched = false;
    assert_true(pass_begin(&place->pass, &options));
    if (begun)
        begun(place);
    while (pass_step(&place->pass))
        continue;
    return pass_end(&place->pass);
}

static uint64_t told(struct place *place, const char *name)
{
    return change_log_told(log_of(place), (struct res_path){name, strlen(name)});
}

/* With d/e/f and g, which a walk has seen, and so many watches at most. */
static struct place *make_place(size_t watches)
{
    struct place *place = MEM_NEW(struct place);
    struct err err;
    const char *temp = getenv("TMPDIR");
    const struct change_log_options how = {.count_max = 1000, .has_others = true};
    str_print(place->name, sizeof(place->name), "%s/davit-pass-XXXXXX", temp ? temp : "/tmp");
    assert_non_null(mkdtemp(place->name));
    make_directory(place, "tree");
    make_directory(place, "home");
    make_directory(place, "tree/d");
    make_directory(place, "tree/d/e");
    write_file(place, "tree/d/e/f", "1");
    write_file(place, "tree/g", "1");
    place->root.fd = open(path(place, "tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->home.fd = open(path(place, "home"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->limits = limits_default();
    place->lookout.options = (struct others_options){.root = &place->root,
                                                     .home = &place->home,
                                                     .log = change_log_open(&how, &err),
                                                     .limits = &place->limits};
    watches_init(&place->lookout.watches, place->root.fd, watches);
    news_init(&place->news, &place->lookout);
    place->pass.lookout = &place->lookout;
    place->pass.news = &place->news;
    (void)usleep(30000); /* what was written a moment ago is not trusted */
    assert_true(walk(place, true, NULL));
    return place;
}

static void free_place(struct place *place)
{
    char command[128];
    pass_abort(&place->pass);
    news_done(&place->news);
    watches_done(&place->lookout.watches);
    change_log_close(log_of(place));
    assert_int_equal(close(place->root.fd), 0);
    assert_int_equal(close(place->home.fd), 0);
    str_print(command, sizeof(command), "rm -r '%s'", place->name);
    assert_int_equal(system(command), 0);
    mem_free(place);
}

static void pass_tells_what_is_different(void **state)
{
    struct place *place = make_place(0);
    uint64_t head = change_log_head(log_of(place));
    (void)state;
    assert_true(walk(place, false, NULL));
    assert_int_equal(change_log_head(log_of(place)), head);
    write_file(place, "tree/d/e/f", "2");
    make_directory(place, "tree/d/n");
    write_file(place, "tree/d/n/x", "1");
    assert_int_equal(unlink(path(place, "tree/g")), 0);
    assert_true(walk(place, false, NULL));
    assert_true(told(place, "d/e/f") > head && told(place, "d/n") > head &&
                told(place, "g") > head);
    assert_true(told(place, "d/n/x") == told(place, "d/n") && !told(place, "d/e"));
    free_place(place);
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
    assert_int_equal(unlink(path(place, "home/" SEEN_NAME ".new")), 0);
}

/* What has come is in the snapshot of the next walk, or a start after its going tells nothing. */
static void pass_that_is_not_kept_is_made_up_for(void **state)
{
    struct place *place = make_place(100);
    (void)state;
    write_file(place, "tree/d/e/new", "1");
    news_take(&place->news);
    news_handle(&place->news, true);
    uint64_t came = told(place, "d/e/new");
    assert_true(came > 0);
    assert_false(walk(place, false, take_away_what_is_written));
    assert_true(walk(place, false, NULL));
    watches_done(&place->lookout.watches); /* as if it was restarted */
    watches_init(&place->lookout.watches, place->root.fd, 100);
    assert_int_equal(unlink(path(place, "tree/d/e/new")), 0);
    assert_true(walk(place, true, NULL));
    assert_true(told(place, "d/e/new") > came);
    free_place(place);
}

static void pass_without_room_leaves_what_is_known(void **state)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct place *place = make_place(100);
    (void)state;
    assert_int_equal(unlink(path(place, "home/" SEEN_NAME)), 0);
    struct change_point point = change_log_tag(log_of(place), PATH_ROOT);
    assert_false(walk(place, true, let_nothing_be_written));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    assert_true(change_log_knows(log_of(place), PATH_ROOT, point, true));
    assert_true(walk(place, true, NULL));
    assert_false(change_log_knows(log_of(place), PATH_ROOT, point, true));
    free_place(place);
}

/* A write by a name that lies outside makes no event, and the collection has had another. */
static void pass_tells_what_the_kernel_does_not(void **state)
{
    char outside[128];
    struct place *place = make_place(100);
    (void)state;
    str_print(outside, sizeof(outside), "%s/outside", place->name);
    assert_int_equal(link(path(place, "tree/d/e/f"), outside), 0);
    write_file(place, "outside", "2");
    write_file(place, "tree/d/e/other", "1");
    news_take(&place->news);
    news_handle(&place->news, true);
    assert_true(told(place, "d/e/other") > 0);
    assert_int_equal(told(place, "d/e/f"), 0);
    assert_true(walk(place, false, NULL));
    assert_true(told(place, "d/e/f") > 0);
    free_place(place);
}

static void pass_lets_alone_what_cannot_be_read(void **state)
{
    struct place *place = make_place(100);
    bool is_root = geteuid() == 0;
    (void)state;
    make_directory(place, "tree/d/closed");
    assert_int_equal(chmod(path(place, "tree/d/closed"), 0), 0);
    static const char *const theirs[] = {"tree",   "tree/d", "tree/d/e",         "tree/d/e/f",
                                         "tree/g", "home",   ("home/" SEEN_NAME)};
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]) && is_root; i++)
        assert_int_equal(chown(path(place, theirs[i]), 65534, 65534), 0);
    assert_int_equal(is_root ? seteuid(65534) : 0, 0);
    bool is_kept = walk(place, true, NULL);
    assert_int_equal(is_root ? seteuid(0) : 0, 0);
    assert_true(is_kept);
    assert_true(told(place, "d/closed") > 0);
    assert_false(place->lookout.has_unwatched);
    free_place(place);
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
    assert_int_equal(change_log_begin(log_of(place), &note), STORE_OK);
    str_print(from, sizeof(from), "%s", path(place, "tree/d"));
    assert_int_equal(rename(from, path(place, "tree/n")), 0);
    change_log_end(log_of(place), &note, OUTCOME_ALL);
    uint64_t head = change_log_head(log_of(place));
    if (between)
        between(place);
    news_take(&place->news);
    news_handle(&place->news, false);
    return head;
}

static void news_follow_what_davit_moves(void **state)
{
    struct place *place = make_place(100);
    (void)state;
    uint64_t head = move_by_davit(place, NULL);
    assert_int_equal(change_log_head(log_of(place)), head);
    assert_null(watches_find(&place->lookout.watches, PATH("d")));
    assert_non_null(watches_find(&place->lookout.watches, PATH("n/e")));
    write_file(place, "tree/n/e/x", "1");
    news_take(&place->news);
    news_handle(&place->news, false);
    assert_true(told(place, "n/e/x") > head);
    assert_true(walk(place, false, NULL)); /* and a walk knows no more */
    assert_int_equal(change_log_head(log_of(place)), head + 1);
    free_place(place);
}

static void take_too_early(struct place *place)
{
    news_handle(&place->news, false);
}

/* A collection that came in it a moment before was looked for where it is no more. */
static void news_begin_anew_where_not_all_is_watched(void **state)
{
    struct place *place = make_place(100);
    (void)state;
    make_directory(place, "tree/d/e/k");
    uint64_t head = move_by_davit(place, take_too_early);
    assert_true(told(place, "n") > head);
    assert_non_null(watches_find(&place->lookout.watches, PATH("n/e/k")));
    free_place(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass_tells_what_is_different),
        cmocka_unit_test(pass_that_is_not_kept_is_made_up_for),
        cmocka_unit_test(pass_without_room_leaves_what_is_known),
        cmocka_unit_test(pass_tells_what_the_kernel_does_not),
        cmocka_unit_test(pass_lets_alone_what_cannot_be_read),
        cmocka_unit_test(news_follow_what_davit_moves),
        cmocka_unit_test(news_begin_anew_where_not_all_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
