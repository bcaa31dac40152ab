/* Promises 24 to 26: what has changed is logged, and told to who asks. */
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/change_log.h"
#include "store/directory/others/seen.h"
#include "support/inbox.h"

#define SYNCED_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open_synced, fixture_close)

/* --- asking --- */

static struct change_log *log_of(struct fixture *fixture, struct res_path path,
                                 struct res_path *inside_out)
{
    struct change_log *log = store_changes(fixture->store, &fixture->arena, path, inside_out);
    assert_non_null(log);
    return log;
}

static struct change_point tag(struct fixture *fixture, struct res_path path)
{
    struct res_path inside;
    struct change_log *log = log_of(fixture, path, &inside);
    return change_log_tag(log, inside);
}

static bool is_same(struct change_point a, struct change_point b)
{
    return a.run == b.run && a.seq == b.seq;
}

static bool knows(struct fixture *fixture, struct res_path path, struct change_point since,
                  bool is_deep)
{
    struct res_path inside;
    struct change_log *log = log_of(fixture, path, &inside);
    return change_log_knows(log, inside, since, is_deep);
}

/* The members of a collection that have changed, in order, with a space behind each, and a '+'
 * where all below is other than before. */
static const char *told(struct fixture *fixture, struct res_path path, struct change_point since,
                        bool is_deep)
{
    struct res_path inside;
    struct change_log *log = log_of(fixture, path, &inside);
    struct change_query query = {inside, is_deep, since.seq, UINT64_MAX};
    struct change_found found;
    struct buf text = {0};
    enum store_rc rc;
    if (!change_log_knows(log, inside, since, is_deep))
        return "?";
    while ((rc = change_log_next(log, &fixture->arena, &query, &found)) == STORE_OK) {
        struct res_path seen = path_rebase(&fixture->arena, found.path, inside, path);
        buf_addf(&text, "%.*s%s ", STR_ARGS(path_str(seen)), found.is_whole ? "+" : "");
    }
    assert_rc(rc, STORE_END);
    const char *copy = arena_text(&fixture->arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

/* What has been told since `*since`, which moves on. */
static const char *news(struct fixture *fixture, struct change_point *since)
{
    const char *text = told(fixture, PATH_ROOT, *since, true);
    *since = tag(fixture, PATH_ROOT);
    return text;
}

/* --- each change --- */

static void p24_each_change_of_one_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct change_point since = tag(fixture, PATH_ROOT);
    const struct lock lock = lock_of(PATH("l"), "t", false);
    assert_string_equal(news(fixture, &since), "");
    assert_ok(mkcol(fixture, PATH("c")));
    assert_string_equal(news(fixture, &since), "c ");
    assert_ok(put(fixture, PATH("c/f"), STR("one")));
    assert_string_equal(news(fixture, &since), "c/f ");
    assert_ok(put(fixture, PATH("c/f"), STR("two")));
    assert_string_equal(news(fixture, &since), "c/f ");
    assert_ok(set_prop(fixture, PATH("c/f"), "p", "v"));
    assert_string_equal(news(fixture, &since), "c/f ");
    assert_ok(do_lock_new(fixture->store, &lock));
    assert_string_equal(news(fixture, &since), "l ");
    assert_ok(copy_all(fixture, PATH("c/f"), PATH("g")));
    assert_string_equal(news(fixture, &since), "g ");
    assert_ok(move_all(fixture, PATH("g"), PATH("c/h")));
    assert_string_equal(news(fixture, &since), "g c/h ");
    assert_ok(remove_all(fixture, PATH("c/h")));
    assert_string_equal(news(fixture, &since), "c/h ");
}

static void p24_what_did_not_happen_is_not_told(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "f");
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_rc(mkcol(fixture, PATH("c")), STORE_EXISTS);
    assert_rc(put(fixture, PATH("no/f"), STR("x")), STORE_NO_PARENT);
    assert_rc(remove_all(fixture, PATH("no")), STORE_NOT_FOUND);
    assert_rc(move_all(fixture, PATH("no"), PATH("x")), STORE_NOT_FOUND);
    assert_ok(set_lock(fixture, PATH("f"), "t")); /* a lock is nothing that is there */
    assert_true(is_same(tag(fixture, PATH_ROOT), since));
    assert_string_equal(news(fixture, &since), "");
}

static void p24_what_changed_twice_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    struct change_point since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "a", "b");
    assert_ok(put(fixture, PATH("a"), STR("again")));
    assert_string_equal(news(fixture, &since), "b a ");
}

static void p24_trees_have_one_row(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/d/", "c/d/f");
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_ok(move_all(fixture, PATH("c"), PATH("m")));
    assert_string_equal(news(fixture, &since), "c+ m+ ");
    assert_ok(copy_all(fixture, PATH("m"), PATH("n")));
    assert_string_equal(news(fixture, &since), "n+ ");
    assert_ok(remove_all(fixture, PATH("m")));
    assert_string_equal(news(fixture, &since), "m+ ");
    assert_ok(put(fixture, PATH("n/d/f"), STR("x")));
    assert_string_equal(news(fixture, &since), "n/d/f ");
}

/* The row of the one does not take away what that of the other says. */
static void p26_what_came_is_told_of_when_it_has_changed_itself(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/f");
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_ok(copy_all(fixture, PATH("a"), PATH("b")));
    struct change_point between = tag(fixture, PATH_ROOT);
    assert_ok(set_prop(fixture, PATH("b"), "p", "v"));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "b+ ");
    assert_string_equal(told(fixture, PATH_ROOT, between, true), "b ");
    MAKE(fixture, "b/g");
    assert_ok(set_prop(fixture, PATH("b"), "p", "w"));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "b+ b/g ");
    assert_string_equal(told(fixture, PATH_ROOT, between, true), "b/g b ");
    if (backend->is_directory) {
        fixture_reopen(fixture);
        assert_string_equal(told(fixture, PATH_ROOT, since, true), "b+ b/g ");
        assert_string_equal(told(fixture, PATH_ROOT, between, true), "b/g b ");
    }
    assert_ok(remove_all(fixture, PATH("b")));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "b+ ");
    MAKE(fixture, "b/");
    assert_string_equal(told(fixture, PATH_ROOT, since, false), "b "); /* nothing came with it */
}

/* It is told again when it is found, as one that others made; who had been told of it meanwhile
 * must hear what has gone from it. */
static void p26_what_went_is_told_of_when_its_collection_is_found_later(void **state)
{
    struct fixture *fixture = *state;
    struct res_path inside;
    struct change_log *log = log_of(fixture, PATH_ROOT, &inside);
    MAKE(fixture, "a/", "a/f", "a/c/", "a/c/g");
    assert_ok(copy_all(fixture, PATH("a"), PATH("b")));
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_ok(remove_all(fixture, PATH("b/f")));
    assert_ok(remove_all(fixture, PATH("b/c")));
    const struct change_row found = {path_join(&fixture->arena, inside, STR("b")), CHANGE_CAME,
                                     LEFT_UNKNOWN};
    change_log_found(log, &found);
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "b/f b/c+ b+ ");
}

/* --- tags --- */

static void p25_a_tag_climbs(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/b/", "a/b/c/", "z/");
    struct change_point root = tag(fixture, PATH_ROOT);
    struct change_point a = tag(fixture, PATH("a"));
    struct change_point b = tag(fixture, PATH("a/b"));
    struct change_point z = tag(fixture, PATH("z"));
    assert_ok(put(fixture, PATH("a/b/c/f"), STR("x")));
    assert_false(is_same(tag(fixture, PATH_ROOT), root));
    assert_false(is_same(tag(fixture, PATH("a")), a));
    assert_false(is_same(tag(fixture, PATH("a/b")), b));
    assert_true(is_same(tag(fixture, PATH("z")), z));
    root = tag(fixture, PATH_ROOT);
    (void)dump(fixture); /* reads all */
    assert_true(is_same(tag(fixture, PATH_ROOT), root));
}

static void p25_what_moved_has_other_tags(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/c/", "b/", "b/c/", "b/c/f");
    struct change_point c = tag(fixture, PATH("a/c"));
    assert_ok(remove_all(fixture, PATH("a")));
    assert_ok(move_all(fixture, PATH("b"), PATH("a")));
    assert_false(is_same(tag(fixture, PATH("a/c")), c));
}

/* --- since when --- */

/* --- who listens --- */

struct ear {
    struct listener listener;
    struct inbox inbox;
    struct change_log *log;
    struct res_path inside;
    struct change_point tag; /* as it was when he heard last */
    unsigned count;
};

static void heard(struct listener *listener)
{
    struct ear *ear = CONTAINER_OF(listener, struct ear, listener);
    listener_wait(listener); /* or he hears nothing of what is changed from here on */
    ear->tag = change_log_tag(ear->log, ear->inside);
    ear->count++;
}

static void listen_at(struct fixture *fixture, struct ear *ear, struct res_path path)
{
    *ear = (struct ear){.listener.heard = heard, .listener.executor = &ear->inbox.base};
    inbox_init(&ear->inbox);
    ear->log = log_of(fixture, path, &ear->inside);
    change_log_listen(ear->log, &ear->listener, ear->inside);
}

/* How often he has heard since the last time. */
static unsigned hears(struct ear *ear)
{
    unsigned before = ear->count;
    (void)inbox_run_all(&ear->inbox);
    return ear->count - before;
}

static void p25_who_listens_hears(void **state)
{
    struct fixture *fixture = *state;
    struct ear ear;
    MAKE(fixture, "c/", "c/d/", "e/");
    listen_at(fixture, &ear, PATH("c"));
    assert_int_equal(hears(&ear), 0);
    MAKE(fixture, "c/f", "c/d/f", "e/f");
    assert_int_equal(hears(&ear), 1); /* once, and has the newest tag */
    assert_true(is_same(ear.tag, tag(fixture, PATH("c"))));
    MAKE(fixture, "e/g");
    assert_rc(mkcol(fixture, PATH("c/d")), STORE_EXISTS);
    assert_int_equal(hears(&ear), 0); /* that was not there, and that was nothing */
    assert_ok(move_all(fixture, PATH("c"), PATH("x")));
    assert_int_equal(hears(&ear), 1);
    assert_false(change_log_unlisten(ear.log, &ear.listener));
    inbox_done(&ear.inbox);
}

static void p25_who_listens_no_more_hears_what_was_under_way(void **state)
{
    struct fixture *fixture = *state;
    struct ear ear;
    listen_at(fixture, &ear, PATH_ROOT);
    MAKE(fixture, "f");
    assert_true(change_log_unlisten(ear.log, &ear.listener));
    MAKE(fixture, "g");
    assert_int_equal(hears(&ear), 1);
    assert_int_equal(hears(&ear), 0);
    inbox_done(&ear.inbox);
}

static void p26_levels(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/b/", "z/");
    struct change_point since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "a/f", "a/b/f", "z/f", "g");
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "a/f a/b/f z/f g ");
    assert_string_equal(told(fixture, PATH_ROOT, since, false), "g ");
    assert_string_equal(told(fixture, PATH("a"), since, true), "a/f a/b/f ");
    assert_string_equal(told(fixture, PATH("a"), since, false), "a/f ");
    assert_string_equal(told(fixture, PATH("a/b"), since, false), "a/b/f ");
}

/* What was in a collection that has gone is not known when there is one again. */
static void p26_what_came_again_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/b/", "a/b/f", "z/");
    struct change_point since = tag(fixture, PATH_ROOT);
    struct change_point a = tag(fixture, PATH("a"));
    assert_ok(remove_all(fixture, PATH("a/b")));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "a/b+ ");
    MAKE(fixture, "a/b/");
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "?");
    assert_string_equal(told(fixture, PATH("a"), a, true), "?");
    assert_string_equal(told(fixture, PATH("a"), a, false), "a/b "); /* beside it all is */
    assert_false(knows(fixture, PATH("a/b"), since, false));
    assert_string_equal(told(fixture, PATH("z"), since, true), "");
    since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "a/b/g");
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "a/b/g ");
}

static void p26_what_was_replaced_is_not_known(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "a/", "a/f", "b/", "b/f", "c");
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "d ");
    assert_ok(copy_all(fixture, PATH("a"), PATH("d"))); /* a file had no members */
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "d+ ");
    assert_ok(copy_all(fixture, PATH("a"), PATH("b")));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "?");
    assert_string_equal(told(fixture, PATH_ROOT, since, false), "d+ b+ ");
}

static void p26_behind_the_horizon_nothing_is_known(void **state)
{
    enum { CHANGES = 40 };
    struct fixture *fixture = *state;
    struct change_point moments[CHANGES];
    fixture->limits.synced_changes = 8;
    fixture_renew(fixture);
    MAKE(fixture, "q/", "q/f");
    struct change_point quiet = tag(fixture, PATH("q"));
    for (int i = 0; i < CHANGES; i++) {
        char name[16];
        moments[i] = tag(fixture, PATH_ROOT);
        str_print(name, sizeof(name), "f%d", i);
        assert_ok(put(fixture, path_of(arena_text(&fixture->arena, str_of_c(name))), STR("x")));
    }
    assert_string_equal(told(fixture, PATH_ROOT, moments[CHANGES - 2], true), "f38 f39 ");
    assert_string_equal(told(fixture, PATH_ROOT, moments[0], true), "?");
    int known = CHANGES - 1;
    while (known && knows(fixture, PATH_ROOT, moments[known - 1], true))
        known--;
    assert_in_range(CHANGES - known, 3, 8);
    for (int i = 0; i < known; i++)
        assert_false(knows(fixture, PATH_ROOT, moments[i], true));
    assert_true(is_same(tag(fixture, PATH("q")), quiet)); /* it has not changed, and says so */
    assert_string_equal(told(fixture, PATH("q"), quiet, true), "");
}

/* Of a place that the log knows nothing of, the tag is none that it had. */
static void p25_a_tag_that_is_forgotten_does_not_come_back(void **state)
{
    enum { COLLECTIONS = 60 };
    struct fixture *fixture = *state;
    struct change_point before[COLLECTIONS];
    struct change_point after[COLLECTIONS];
    struct res_path paths[COLLECTIONS];
    fixture->limits.synced_changes = 8;
    fixture_renew(fixture);
    for (int i = 0; i < COLLECTIONS; i++) {
        char name[16];
        str_print(name, sizeof(name), "c%d", i);
        paths[i] = path_of(arena_text(&fixture->arena, str_of_c(name)));
        assert_ok(mkcol(fixture, paths[i]));
        before[i] = tag(fixture, paths[i]);
        assert_ok(put(fixture, path_join(&fixture->arena, paths[i], STR("f")), STR("x")));
        after[i] = tag(fixture, paths[i]);
        assert_false(is_same(before[i], after[i]));
    }
    for (int i = 0; i < COLLECTIONS; i++) {
        struct change_point now = tag(fixture, paths[i]);
        assert_false(is_same(now, before[i]));
        assert_true(now.seq >= after[i].seq); /* which a moment before it is not */
    }
}

/* --- after the end of the process --- */

static void p24_the_log_outlives_the_store(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/", "a/f", "b/");
    struct change_point since = tag(fixture, PATH_ROOT);
    struct change_point b = tag(fixture, PATH("b"));
    MAKE(fixture, "a/g");
    struct change_point a = tag(fixture, PATH("a"));
    fixture_reopen(fixture);
    assert_true(is_same(tag(fixture, PATH("a")), a));
    assert_true(is_same(tag(fixture, PATH("b")), b));
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "a/g ");
    MAKE(fixture, "a/h");
    fixture_reopen(fixture);
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "a/g a/h ");
}

static void p26_a_log_that_is_gone_knows_nothing(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/");
    struct change_point since = tag(fixture, PATH_ROOT);
    store_close(&fixture->store);
    assert_int_equal(unlink(fixture_file(fixture, ".davit/" CHANGES_NAME)), 0);
    fixture_reopen(fixture);
    assert_false(knows(fixture, PATH_ROOT, since, true));
    assert_false(is_same(tag(fixture, PATH_ROOT), since));
}

static void p26_nor_does_one_that_was_not_kept_on(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/");
    struct change_point since = tag(fixture, PATH_ROOT);
    fixture->options.is_synced = false;
    fixture_reopen(fixture);
    struct res_path inside;
    assert_null(store_changes(fixture->store, &fixture->arena, PATH_ROOT, &inside));
    MAKE(fixture, "b/");
    fixture->options.is_synced = true;
    fixture_reopen(fixture);
    assert_false(knows(fixture, PATH_ROOT, since, true));
}

/* Whatever is made of the bytes, what it says it knows is so. */
static void p26_a_damaged_log_says_nothing_wrong(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    char *name = fixture_file(fixture, ".davit/" CHANGES_NAME);
    MAKE(fixture, "a/", "a/f");
    unsigned known = 0;
    for (off_t at = 0; at < 700; at += 23) {
        char byte;
        struct change_point since = tag(fixture, PATH_ROOT);
        assert_ok(set_prop(fixture, PATH("a/f"), "p", "v"));
        store_close(&fixture->store);
        int fd = open(name, O_RDWR | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x55;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(close(fd), 0);
        fixture_reopen(fixture);
        const char *text = told(fixture, PATH_ROOT, since, true);
        assert_true(strcmp(text, "?") == 0 || strcmp(text, "a/f ") == 0);
        known += text[0] == 'a';
    }
    assert_true(known < 31); /* what is behind the end is zeros */
}

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    ssize_t len;
    int from_fd = open(from, O_RDONLY | O_CLOEXEC);
    int to_fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while ((len = read(from_fd, bytes, sizeof(bytes))) > 0)
        assert_int_equal(write(to_fd, bytes, (size_t)len), len);
    assert_true(len == 0 && close(from_fd) == 0 && close(to_fd) == 0);
}

/* The tree has gone on without what comes back from a backup, and is told of by nothing in it. */
static void p26_an_older_log_knows_nothing(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    char *name = fixture_file(fixture, ".davit/" CHANGES_NAME);
    char *copy = fixture_file(fixture, ".davit/copy");
    MAKE(fixture, "a/");
    struct change_point since = tag(fixture, PATH_ROOT);
    fixture_reopen(fixture);
    store_close(&fixture->store);
    copy_file(name, copy);
    fixture_reopen(fixture);
    assert_true(knows(fixture, PATH_ROOT, since, true));
    MAKE(fixture, "b/");
    struct change_point later = tag(fixture, PATH_ROOT);
    store_close(&fixture->store);
    assert_int_equal(rename(copy, name), 0);
    fixture_reopen(fixture);
    MAKE(fixture, "c/", "d/", "e/");
    assert_false(is_same(tag(fixture, PATH_ROOT), later));
    assert_false(knows(fixture, PATH_ROOT, later, true));
    assert_false(knows(fixture, PATH_ROOT, since, true));
}

static void p24_a_log_that_is_removed_is_written_again(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "a/");
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_int_equal(unlink(fixture_file(fixture, ".davit/" CHANGES_NAME)), 0);
    MAKE(fixture, "b/");
    fixture_reopen(fixture);
    assert_string_equal(told(fixture, PATH_ROOT, since, true), "b ");
}

/* Who is told of changes a few at a time: of one of them after each. */
static bool is_overtaken(struct fixture *fixture, struct change_point since,
                         enum store_rc (*meanwhile)(struct fixture *fixture))
{
    struct res_path inside;
    struct change_found found;
    struct change_log *log = log_of(fixture, PATH_ROOT, &inside);
    struct change_query query = {.path = inside,
                                 .is_deep = true,
                                 .since = since.seq,
                                 .until = change_log_tag(log, inside).seq,
                                 .begun = change_log_head(log)};
    assert_ok(change_log_next(log, &fixture->arena, &query, &found));
    assert_ok(meanwhile(fixture));
    while (change_log_next(log, &fixture->arena, &query, &found) == STORE_OK)
        assert_true(found.seq <= query.until);
    return query.is_overtaken;
}

static enum store_rc change_first(struct fixture *fixture)
{
    return put(fixture, PATH("c/a"), STR("again"));
}

static enum store_rc change_last(struct fixture *fixture)
{
    return put(fixture, PATH("c/b"), STR("again"));
}

static enum store_rc remove_both(struct fixture *fixture)
{
    return remove_all(fixture, PATH("c"));
}

static enum store_rc make_another(struct fixture *fixture)
{
    return put(fixture, PATH("another"), STR("x"));
}

static void p26_a_change_that_is_overtaken_is_not_passed_by(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/");
    struct change_point since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "c/a", "c/b");
    assert_false(is_overtaken(fixture, since, make_another));
    assert_false(is_overtaken(fixture, since, change_first)); /* it has been told */
    since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "c/a", "c/b");
    assert_true(is_overtaken(fixture, since, change_last));
    since = tag(fixture, PATH_ROOT);
    MAKE(fixture, "c/a", "c/b");
    assert_true(is_overtaken(fixture, since, remove_both));
}

/* --- what others change --- */

/* The same tree once more, in which others may change something; returns when a walk has passed. */
static void let_others_in(struct fixture *fixture)
{
    const char *seen = fixture_file(fixture, ".davit/" SEEN_NAME);
    uint64_t before = state_file_mark(AT_FDCWD, seen);
    fixture->options.is_alone = false;
    fixture_renew(fixture);
    while (state_file_mark(AT_FDCWD, seen) == before || access(seen, F_OK) < 0)
        (void)usleep(1000);
}

/* Returns when that has been told; what a walk has seen a moment after it was changed is told twice.
 */
static void wait_told(struct fixture *fixture, struct change_point *since, const char *expected)
{
    for (int i = 0; i < 60000 && !strstr(told(fixture, PATH_ROOT, *since, true), expected); i++)
        (void)usleep(1000);
    assert_non_null(strstr(news(fixture, since), expected));
}

static void write_text(struct fixture *fixture, const char *name, const char *text)
{
    int fd = open(fixture_file(fixture, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void change_as_others(struct fixture *fixture)
{
    struct change_point since = tag(fixture, PATH_ROOT);
    write_text(fixture, "c/g", "new");
    wait_told(fixture, &since, "c/g ");
    write_text(fixture, "c/f", "longer than it was");
    wait_told(fixture, &since, "c/f ");
    assert_int_equal(chmod(fixture_file(fixture, "c/f"), 0755), 0);
    wait_told(fixture, &since, "c/f ");
    assert_int_equal(unlink(fixture_file(fixture, "c/g")), 0);
    wait_told(fixture, &since, "c/g ");
    assert_int_equal(rename(fixture_file(fixture, "d"), fixture_file(fixture, ".davit-staged-x")),
                     0);
    wait_told(fixture, &since, "d+ ");
}

static void p24_what_others_change_is_told(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "d/", "d/e/");
    let_others_in(fixture);
    change_as_others(fixture);
    struct change_point since = tag(fixture, PATH_ROOT);
    assert_int_equal(mkdir(fixture_file(fixture, "n"), 0700), 0);
    wait_told(fixture, &since, "n+ ");
    write_text(fixture, "n/f", "new");
    wait_told(fixture, &since, "n/f ");
    assert_int_equal(rename(fixture_file(fixture, "n"), fixture_file(fixture, "m")), 0);
    wait_told(fixture, &since, "n+ m+ ");
    write_text(fixture, "m/f", "changed");
    wait_told(fixture, &since, "m/f ");
}

static void p24_a_walk_finds_the_same(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    fixture->limits.watched_directories = 1;
    fixture->limits.walk_seconds = 0;
    MAKE(fixture, "c/", "c/f", "d/", "d/e/");
    let_others_in(fixture);
    change_as_others(fixture);
}

static void p24_what_others_did_meanwhile_is_told(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/", "c/f", "c/g", "d/", "d/f");
    let_others_in(fixture);
    struct change_point since = tag(fixture, PATH_ROOT);
    (void)usleep(50000); /* what was written to a moment ago is told of in any case */
    store_close(&fixture->store);
    write_text(fixture, "c/f", "longer than it was");
    assert_int_equal(unlink(fixture_file(fixture, "c/g")), 0);
    assert_int_equal(unlink(fixture_file(fixture, "d/f")), 0);
    assert_int_equal(rmdir(fixture_file(fixture, "d")), 0);
    assert_int_equal(mkdir(fixture_file(fixture, "n"), 0700), 0);
    let_others_in(fixture);
    const char *all = told(fixture, PATH_ROOT, since, true);
    assert_non_null(strstr(all, "c/f ")); /* in the order of the hashes of names */
    assert_non_null(strstr(all, "c/g "));
    assert_non_null(strstr(all, "d+ "));
    assert_non_null(strstr(all, "n+ "));
    assert_int_equal(strlen(all), strlen("c/f c/g d+ n+ "));
}

/* More at a time than the kernel's queue holds. */
static void p24_news_that_were_lost_are_found(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f", "g");
    let_others_in(fixture);
    struct change_point since = tag(fixture, PATH_ROOT);
    const char *names[] = {fixture_file(fixture, "f"), fixture_file(fixture, "g")};
    for (int i = 0; i < 40000; i++)
        assert_int_equal(chmod(names[i % 2], i % 4 < 2 ? 0700 : 0600), 0);
    write_text(fixture, "last", "x");
    /* It is told; or the log has begun anew, since it was asked while news were lost. */
    while (knows(fixture, PATH_ROOT, since, true) &&
           !strstr(told(fixture, PATH_ROOT, since, true), "last "))
        (void)usleep(1000);
}

static void p26_without_a_snapshot_nothing_is_known(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "c/");
    let_others_in(fixture);
    struct change_point since = tag(fixture, PATH_ROOT);
    store_close(&fixture->store);
    assert_int_equal(unlink(fixture_file(fixture, ".davit/" SEEN_NAME)), 0);
    let_others_in(fixture);
    assert_false(knows(fixture, PATH_ROOT, since, true));
}

/* --- somebody who syncs --- */

/* What he has: "path version" lines. */
struct mirror {
    struct map members;
    struct change_point since;
    bool has_begun;
    unsigned full, partial;
};

struct mirrored {
    struct map_entry entry;
    uint64_t version;
    char path[];
};

static void forget_within(struct mirror *mirror, struct res_path path, bool with_itself)
{
    struct map_entry *entry = map_next(&mirror->members, NULL);
    while (entry) {
        struct map_entry *next = map_next(&mirror->members, entry);
        struct res_path member = {entry->key.at, entry->key.len};
        if (path_is_within(member, path) && (with_itself || !path_eq(member, path))) {
            map_remove(&mirror->members, entry);
            mem_free(CONTAINER_OF(entry, struct mirrored, entry));
        }
        entry = next;
    }
}

static void set_member(struct mirror *mirror, struct res_path path, const struct store_stat *stat)
{
    struct map_entry *entry = map_find(&mirror->members, path_str(path));
    struct mirrored *member = entry ? CONTAINER_OF(entry, struct mirrored, entry) : NULL;
    if (!member) {
        member = mem_new(1, sizeof(*member) + path.len + 1);
        memcpy(member->path, path.at, path.len);
        map_add(&mirror->members, &member->entry, str_of(member->path, path.len));
    }
    member->version = stat->is_collection ? 0 : stat->version;
}

static void add_below(struct fixture *fixture, struct mirror *mirror, struct res_path path)
{
    struct store_cursor *cursor;
    struct store_member member;
    assert_ok(store_list(fixture->store, path, 0, &cursor));
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        struct res_path below = path_join(&fixture->arena, path, member.name);
        set_member(mirror, below, &member.stat);
        if (member.stat.is_collection)
            add_below(fixture, mirror, below);
    }
    store_cursor_close(&cursor);
}

static void take_change(struct fixture *fixture, struct mirror *mirror, struct res_path path,
                        bool is_whole)
{
    struct store_stat stat;
    if (store_stat(fixture->store, path, 0, &stat) != STORE_OK) {
        forget_within(mirror, path, true);
        return;
    }
    set_member(mirror, path, &stat);
    if (is_whole && stat.is_collection)
        add_below(fixture, mirror, path);
}

static void sync_mirror(struct fixture *fixture, struct mirror *mirror)
{
    struct res_path inside;
    struct change_found found;
    struct change_log *log = log_of(fixture, PATH_ROOT, &inside);
    struct change_point now = change_log_tag(log, inside);
    struct change_query query = {inside, true, mirror->since.seq, now.seq};
    if (mirror->has_begun && change_log_knows(log, inside, mirror->since, true)) {
        mirror->partial++;
        while (change_log_next(log, &fixture->arena, &query, &found) == STORE_OK) {
            struct res_path path = path_rebase(&fixture->arena, found.path, inside, PATH_ROOT);
            take_change(fixture, mirror, path, found.is_whole);
        }
    } else {
        mirror->full++;
        forget_within(mirror, PATH_ROOT, true);
        add_below(fixture, mirror, PATH_ROOT);
    }
    mirror->has_begun = true;
    mirror->since = now;
}

static void assert_mirrors(struct fixture *fixture, const struct mirror *mirror)
{
    struct mirror other = {0};
    add_below(fixture, &other, PATH_ROOT);
    assert_int_equal(mirror->members.count, other.members.count);
    for (struct map_entry *entry = map_next(&other.members, NULL); entry;
         entry = map_next(&other.members, entry)) {
        struct map_entry *mine = map_find(&mirror->members, entry->key);
        if (!mine)
            fail_msg("%.*s is missing", STR_ARGS(entry->key));
        assert_int_equal(CONTAINER_OF(mine, struct mirrored, entry)->version,
                         CONTAINER_OF(entry, struct mirrored, entry)->version);
    }
    forget_within(&other, PATH_ROOT, true);
    map_done(&other.members);
}

/* One of few names, so that they come again. */
static struct res_path some_path(struct fixture *fixture, unsigned *seed)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct res_path path = PATH_ROOT;
    unsigned depth = 1 + (unsigned)rand_r(seed) % 3;
    for (unsigned i = 0; i < depth; i++)
        path = path_join(&fixture->arena, path, str_of_c(names[(unsigned)rand_r(seed) % 4]));
    return path;
}

/* Most of them fail: that is a part of it. */
static void change_something(struct fixture *fixture, unsigned *seed)
{
    struct res_path path = some_path(fixture, seed);
    struct res_path other = some_path(fixture, seed);
    switch (rand_r(seed) % 9) {
    case 0:
    case 1:
        (void)!mkcol(fixture, path);
        break;
    case 2:
    case 3:
    case 4:
        (void)!put(fixture, path, path_str(other));
        break;
    case 5:
        (void)!remove_all(fixture, path);
        break;
    case 6:
        (void)!copy_all(fixture, path, other);
        break;
    case 7:
        (void)!set_prop(fixture, path, "p", "v");
        break;
    default:
        (void)!move_all(fixture, path, other);
    }
}

static void p26_who_syncs_has_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct mirror mirror = {0};
    unsigned seed = 1;
    unsigned rounds = is_thorough() ? 4000 : 400;
    fixture->limits.synced_changes = 64;
    fixture_renew(fixture);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned changes = (unsigned)rand_r(&seed) % 4;
        for (unsigned n = 0; n < changes; n++)
            change_something(fixture, &seed);
        if (backend->is_directory && i % 50 == 49)
            fixture_reopen(fixture);
        sync_mirror(fixture, &mirror);
        assert_mirrors(fixture, &mirror);
    }
    assert_true(mirror.partial > rounds / 4);
    forget_within(&mirror, PATH_ROOT, true);
    map_done(&mirror.members);
}

int synced_tests(void)
{
    const struct CMUnitTest tests[] = {
        SYNCED_TEST(p24_each_change_of_one_is_told),
        SYNCED_TEST(p24_what_did_not_happen_is_not_told),
        SYNCED_TEST(p24_what_changed_twice_is_told_once),
        SYNCED_TEST(p24_trees_have_one_row),
        SYNCED_TEST(p26_what_came_is_told_of_when_it_has_changed_itself),
        SYNCED_TEST(p26_what_went_is_told_of_when_its_collection_is_found_later),
        SYNCED_TEST(p25_a_tag_climbs),
        SYNCED_TEST(p25_what_moved_has_other_tags),
        SYNCED_TEST(p25_who_listens_hears),
        SYNCED_TEST(p25_who_listens_no_more_hears_what_was_under_way),
        SYNCED_TEST(p26_levels),
        SYNCED_TEST(p26_what_came_again_is_not_known),
        SYNCED_TEST(p26_what_was_replaced_is_not_known),
        SYNCED_TEST(p26_behind_the_horizon_nothing_is_known),
        SYNCED_TEST(p25_a_tag_that_is_forgotten_does_not_come_back),
        SYNCED_TEST(p24_the_log_outlives_the_store),
        SYNCED_TEST(p26_a_log_that_is_gone_knows_nothing),
        SYNCED_TEST(p26_nor_does_one_that_was_not_kept_on),
        SYNCED_TEST(p26_a_damaged_log_says_nothing_wrong),
        SYNCED_TEST(p26_an_older_log_knows_nothing),
        SYNCED_TEST(p24_a_log_that_is_removed_is_written_again),
        SYNCED_TEST(p26_a_change_that_is_overtaken_is_not_passed_by),
        SYNCED_TEST(p24_what_others_change_is_told),
        SYNCED_TEST(p24_a_walk_finds_the_same),
        SYNCED_TEST(p24_what_others_did_meanwhile_is_told),
        SYNCED_TEST(p24_news_that_were_lost_are_found),
        SYNCED_TEST(p26_without_a_snapshot_nothing_is_known),
        SYNCED_TEST(p26_who_syncs_has_what_is_there),
    };
    return cmocka_run_group_tests_name("synced", tests, NULL, NULL);
}
