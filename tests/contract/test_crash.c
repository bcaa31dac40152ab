/* Promises 8 to 15 at every step of every change: the process dies before the n-th call by which
 * the directory backend changes anything, or that call fails, for each n until the change succeeds.
 * After a restart each resource must be as it was before or as it is after, with its properties and
 * locks; a change to a single resource must be there as a whole or not at all; nothing may be left
 * among the staged; and what was acknowledged must be there.
 *
 * On a poor kernel every fourth point is tried, unless DAVIT_CONTRACT=full: there it is mostly the
 * same calls over again. */
#include "support.h"

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "points.h"
#include "store/resumable.h"

/* --- what is changed --- */

/* Resources that another program has removed: what was known of them must not come back. */
static void make_ghosts(struct fixture *fixture)
{
    static const char *const ghosts[] = {"c/new", "new/f", "new"};
    MAKE(fixture, "c/", "c/new", "new/", "new/f");
    for (size_t i = 0; i < ARRAY_LEN(ghosts); i++)
        assert_ok(set_prop(fixture, path_of(ghosts[i]), "ghost", ghosts[i]));
    for (size_t i = 0; i < ARRAY_LEN(ghosts); i++)
        assert_int_equal(remove(fixture_file(fixture, ghosts[i])), 0);
}

/* What learns what has been listed opens files while the calls and descriptors of a change are
 * counted. */
static void begin_without_cache(struct fixture *fixture)
{
    fixture->limits.cache_bytes = 0;
    fixture_reopen(fixture);
}

static void make_stage(struct fixture *fixture)
{
    static const char *const marked[] = {"c", "c/f", "x", "x/old", "x/f", "y", "g"};
    make_ghosts(fixture);
    MAKE(fixture, "c/f", "c/d/", "c/d/h", "x/", "x/f", "x/old", "y", "g", "plain");
    for (size_t i = 0; i < ARRAY_LEN(marked); i++)
        assert_ok(set_prop(fixture, path_of(marked[i]), "p", marked[i]));
    assert_ok(set_lock(fixture, PATH("c/f"), "cf"));
    assert_ok(set_lock(fixture, PATH("x"), "x"));
    assert_ok(set_lock(fixture, PATH("x/f"), "xf"));
    assert_ok(set_lock(fixture, PATH("x/old"), "old"));
    assert_ok(set_lock(fixture, PATH("y"), "y"));
    struct resumable_list none; /* what keeps them is open from now on */
    const struct resumable_key all = {.near = PATH("y")};
    assert_ok(resumable_list(fixture->store, &fixture->arena, &all, &none));
}

static enum store_rc put_new(struct fixture *fixture)
{
    return put(fixture, PATH("c/new"), STR("content"));
}

static enum store_rc put_over(struct fixture *fixture)
{
    return put(fixture, PATH("y"), STR("content"));
}

static enum store_rc make_collection(struct fixture *fixture)
{
    return mkcol(fixture, PATH("c/new"));
}

static enum store_rc patch(struct fixture *fixture)
{
    struct store_prop props[] = {{STR("ns"), STR("p"), STR("new")},
                                 {STR("ns"), STR("q"), STR("new")}};
    struct store_patch all = {.props = props, .prop_count = ARRAY_LEN(props)};
    return do_patch(fixture->store, PATH("g"), &all);
}

static enum store_rc lock(struct fixture *fixture)
{
    return set_lock(fixture, PATH("g"), "new");
}

static enum store_rc lock_new(struct fixture *fixture)
{
    struct lock wanted = lock_of(PATH("c/new"), "new", false);
    return do_lock_new(fixture->store, &wanted);
}

static enum store_rc unlock(struct fixture *fixture)
{
    return do_unlock(fixture->store, STR("y"));
}

static enum store_rc remove_file(struct fixture *fixture)
{
    return remove_all(fixture, PATH("y"));
}

static enum store_rc remove_tree(struct fixture *fixture)
{
    return remove_all(fixture, PATH("c"));
}

static enum store_rc copy_file_new(struct fixture *fixture)
{
    return copy_all(fixture, PATH("g"), PATH("c/new"));
}

static enum store_rc copy_file_over(struct fixture *fixture)
{
    return copy_all(fixture, PATH("plain"), PATH("y"));
}

static enum store_rc copy_tree_new(struct fixture *fixture)
{
    return copy_all(fixture, PATH("c"), PATH("new"));
}

static enum store_rc copy_tree_over(struct fixture *fixture)
{
    return copy_all(fixture, PATH("c"), PATH("x"));
}

static enum store_rc move_file_over(struct fixture *fixture)
{
    return move_all(fixture, PATH("g"), PATH("y"));
}

static enum store_rc move_plain_over(struct fixture *fixture)
{
    return move_all(fixture, PATH("plain"), PATH("y"));
}

static enum store_rc move_tree_new(struct fixture *fixture)
{
    return move_all(fixture, PATH("c"), PATH("new"));
}

static enum store_rc move_tree_over(struct fixture *fixture)
{
    return move_all(fixture, PATH("c"), PATH("x"));
}

static enum store_rc move_members(struct fixture *fixture)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "c/none"); /* nothing of that name: all goes, one by one */
    return do_move(fixture->store, TRANSFER(PATH("c"), PATH("new")), &recorder->base);
}

static enum store_rc transfer_new(struct fixture *fixture, bool is_move, const char *refused)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    struct store_transfer transfer = {PATH("c"), PATH("new"), true, .expects_absent = true};
    recorder_refuse(recorder, refused);
    return is_move ? do_move(fixture->store, &transfer, &recorder->base)
                   : do_copy(fixture->store, &transfer, &recorder->base);
}

static enum store_rc copy_where_nothing_is(struct fixture *fixture)
{
    return transfer_new(fixture, false, "nothing");
}

static enum store_rc move_where_nothing_is(struct fixture *fixture)
{
    return transfer_new(fixture, true, "nothing");
}

static enum store_rc move_members_where_nothing_is(struct fixture *fixture)
{
    return transfer_new(fixture, true, "c/none");
}

/* --- a resumable upload, from its beginning to its end --- */

static enum store_rc append(struct fixture *fixture, const struct resumable_key *key,
                            const struct resumable_part *part, struct str bytes)
{
    struct resumable_append *appending;
    enum store_rc rc = resumable_append(fixture->store, key, part, &appending);
    if (rc != STORE_OK)
        return rc;
    rc = (enum store_rc)sink_write(&appending->sink, bytes);
    if (rc == STORE_OK)
        rc = resumable_append_end(appending, NULL);
    resumable_append_close(&appending);
    return rc;
}

static enum store_rc upload_pieces(struct fixture *fixture, const struct resumable_key *key)
{
    static const struct resumable_part parts[] = {
        {.piece = STR_INIT("1"), .key = 1, .next = 2},
        {.piece = STR_INIT("0"), .key = 0, .next = 1, .is_first = true},
        {.piece = STR_INIT("1"), .key = 1, .next = 2},
    };
    static const char *const texts[] = {"wrong", "con", "tent"};
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; i < ARRAY_LEN(parts) && rc == STORE_OK; i++) {
        struct resumable_part part = parts[i];
        part.size_bytes = UINT64_MAX;
        rc = append(fixture, key, &part, str_of_c(texts[i]));
    }
    return rc;
}

static enum store_rc commit_resumable(struct fixture *fixture, const struct resumable_key *key,
                                      struct res_path path)
{
    static const struct store_commit options = {0};
    const struct resumable_end end = {.target = path, .size_bytes = 7};
    struct resumable_commit *commit;
    struct store_stat stat;
    struct waiter waiter;
    enum store_rc rc = resumable_prepare(fixture->store, &fixture->arena, key, &end, &commit);
    if (rc != STORE_OK)
        return rc;
    waiter_init(&waiter);
    change_add(&waiter.change, path, CLAIM_SELF, true);
    change_add(&waiter.change, path_parent(path), CLAIM_SELF, false);
    rc = waiter_begin(&waiter, fixture->store);
    if (rc == STORE_OK)
        rc = resumable_commit(commit, &waiter.change, &options, true, &stat);
    waiter_end(&waiter);
    waiter_done(&waiter);
    resumable_commit_close(&commit);
    return rc;
}

static enum store_rc upload_in_pieces(struct fixture *fixture)
{
    struct res_path path = PATH("y");
    struct resumable made;
    const struct resumable_wish wish = {.near = path, .target = path, .size_bytes = UINT64_MAX};
    enum store_rc rc = resumable_create(fixture->store, &fixture->arena, &wish, &made);
    const struct resumable_key key = {path, STR_NONE, rc == STORE_OK ? made.wish.id : STR_NONE};
    if (rc == STORE_OK)
        rc = upload_pieces(fixture, &key);
    return rc == STORE_OK ? commit_resumable(fixture, &key, path) : rc;
}

static const struct change {
    const char *name;
    enum store_rc (*run)(struct fixture *fixture);
    bool is_whole;       /* one step for whoever looks */
    const char *between; /* lines that may be seen only on the way */
} changes[] = {
    {"put new", put_new, true},
    {"put over", put_over, true},
    {"upload in pieces", upload_in_pieces, true},
    {"mkcol", make_collection, true},
    {"patch", patch, true},
    {"lock", lock, true},
    {"lock_new", lock_new, true},
    {"unlock", unlock, true},
    {"remove file", remove_file, true},
    {"remove tree", remove_tree, false},
    {"copy file", copy_file_new, true},
    {"copy file over", copy_file_over, true},
    {"copy tree", copy_tree_new, true},
    {"copy tree over", copy_tree_over, false},
    {"move file over", move_file_over, true},
    {"move plain over", move_plain_over, true},
    {"move tree", move_tree_new, true},
    {"move tree over", move_tree_over, false},
    {"move members", move_members, false, "new/ {}\nnew/d/ {}\n"}, /* while they are filled */
    {"copy as new", copy_where_nothing_is, true},
    {"move as new", move_where_nothing_is, true},
    {"move members as new", move_members_where_nothing_is, false, "new/ {}\nnew/d/ {}\n"},
};

/* --- what has become of it --- */

struct outcome {
    const struct change *change;
    unsigned n; /* the point */
    const char *before;
    const char *after;
};

static bool has_line(const char *text, struct str line)
{
    struct str rest = str_of_c(text);
    while (rest.len) {
        if (str_eq(str_cut(&rest, '\n'), line))
            return true;
    }
    return false;
}

static void assert_each_as_before_or_after(const struct outcome *outcome, const char *now)
{
    struct str rest = str_of_c(now);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        if (!has_line(outcome->before, line) && !has_line(outcome->after, line) &&
            !has_line(outcome->change->between, line))
            fail_msg("%s, point %u: neither before nor after: %.*s", outcome->change->name,
                     outcome->n, STR_ARGS(line));
    }
}

static void assert_state(const struct outcome *outcome, const char *now, const char *expected)
{
    if (strcmp(now, expected) != 0)
        fail_msg("%s, point %u: now\n%s, but expected\n%s", outcome->change->name, outcome->n, now,
                 expected);
}

static void assert_whole(const struct outcome *outcome, const char *now)
{
    assert_each_as_before_or_after(outcome, now);
    if (outcome->change->is_whole && strcmp(now, outcome->before) != 0)
        assert_state(outcome, now, outcome->after);
}

static void assert_nothing_staged(struct fixture *fixture)
{
    DIR *dir = opendir(fixture_file(fixture, ".davit/staging"));
    const struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)))
        assert_int_equal(entry->d_name[0], '.');
    rewinddir(dir);
    while ((entry = readdir(dir)))
        assert_null(strstr(entry->d_name, "staged"));
    closedir(dir);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* --- dying --- */

/* In a process of its own. False: it lived to see the change acknowledged. */
static bool dies_at(struct fixture *fixture, const struct change *change, unsigned n)
{
    int status;
    store_close(&fixture->store); /* a directory has one store at a time */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_reopen(fixture);
        points_arm(n, POINT_DIE);
        enum store_rc rc = change->run(fixture);
        _exit(rc == STORE_OK ? 0 : 1); /* without a goodbye to the store */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == POINT_DEAD);
    fixture_reopen(fixture);
    return WEXITSTATUS(status) == POINT_DEAD;
}

/* The state that the change leads to, from a store of its own. */
static const char *state_after(struct arena *arena, const struct change *change)
{
    void *state;
    assert_int_equal(fixture_open(&state), 0);
    struct fixture *fixture = state;
    make_stage(fixture);
    assert_ok(change->run(fixture));
    const char *after = dump_store(fixture->store, arena);
    assert_int_equal(fixture_close(&state), 0);
    return after;
}

/* From one point to the next. */
static unsigned stride(void)
{
    return backend->is_poor && !is_thorough() ? 4 : 1;
}

/* So that not all changes leave out the same. */
static unsigned first_point(const struct change *change)
{
    return 1 + (unsigned)(change - changes) % stride();
}

static void check_dying(struct arena *arena, const struct change *change)
{
    struct outcome outcome = {.change = change, .after = state_after(arena, change)};
    outcome.n = first_point(change);
    for (bool has_died = true; has_died; outcome.n += stride()) {
        void *state;
        assert_int_equal(fixture_open(&state), 0);
        struct fixture *fixture = state;
        begin_without_cache(fixture);
        make_stage(fixture);
        outcome.before = dump_store(fixture->store, arena);
        has_died = dies_at(fixture, change, outcome.n);
        if (has_died)
            assert_whole(&outcome, dump(fixture));
        else
            assert_state(&outcome, dump(fixture), outcome.after); /* promise 10 */
        assert_nothing_staged(fixture);
        assert_int_equal(fixture_close(&state), 0);
    }
    assert_true(stride() > 1 || outcome.n > 2); /* there were points; a stride may pass the last */
}

/* A lazy store makes the same calls as one that flushes, less the flushes. */
static void skip_where_others_do(void)
{
    only_for_directories();
    if (backend->durability == DURABILITY_LAZY && !backend->is_poor)
        skip();
}

static void p10_changes_survive_death_at_any_point(void **state)
{
    struct fixture *fixture = *state;
    skip_where_others_do();
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        check_dying(&fixture->arena, &changes[i]);
}

/* --- failing --- */

/* Nor does a lock wait for whatever comes next to where there is nothing. */
static void assert_locks_have_resources(struct fixture *fixture)
{
    struct lock_list locks;
    assert_ok(store_locks(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN, &locks));
    for (size_t i = 0; i < locks.count; i++)
        assert_ok(stat_rc(fixture, locks.items[i].root));
}

static void check_failure(struct fixture *fixture, struct outcome *outcome, enum point_mode mode)
{
    size_t descriptors = count_descriptors();
    points_arm(outcome->n, mode);
    enum store_rc rc = outcome->change->run(fixture);
    outcome->n = points_count() < outcome->n ? 0 : outcome->n; /* it came to its end before */
    bool is_unknown = points_was_flush();
    points_arm(0, mode);
    if (count_descriptors() != descriptors)
        fail_msg("%s, point %u: descriptors lost", outcome->change->name, outcome->n);
    if (rc == STORE_OK)
        assert_state(outcome, dump(fixture), outcome->after);
    else if (rc == STORE_PARTIAL || (rc == STORE_UNKNOWN && is_unknown))
        assert_each_as_before_or_after(outcome, dump(fixture));
    else if (!is_unknown)
        assert_state(outcome, dump(fixture),
                     outcome->before); /* what is refused has not happened */
    if (rc == STORE_OK || rc == STORE_PARTIAL)
        assert_locks_have_resources(fixture);
    fixture_reopen(fixture);
    if (rc == STORE_OK)
        assert_state(outcome, dump(fixture), outcome->after);
    else if (rc == STORE_FAILED || rc == STORE_UNKNOWN || rc == STORE_PARTIAL)
        assert_each_as_before_or_after(outcome, dump(fixture));
    else
        assert_state(outcome, dump(fixture), outcome->before);
    assert_nothing_staged(fixture);
}

static void check_failing(struct arena *arena, const struct change *change, enum point_mode mode)
{
    struct outcome outcome = {.change = change, .after = state_after(arena, change)};
    outcome.n = 1;
    for (unsigned n = first_point(change); outcome.n; n += stride()) {
        void *state;
        assert_int_equal(fixture_open(&state), 0);
        struct fixture *fixture = state;
        begin_without_cache(fixture);
        make_stage(fixture);
        (void)dump(fixture); /* what is opened on first use is open now */
        outcome.before = dump_store(fixture->store, arena);
        outcome.n = n;
        check_failure(fixture, &outcome, mode);
        assert_int_equal(fixture_close(&state), 0);
    }
}

static void p14_changes_stay_whole_when_any_call_fails(void **state)
{
    struct fixture *fixture = *state;
    skip_where_others_do();
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        check_failing(&fixture->arena, &changes[i], POINT_FAIL);
}

static void p14_changes_stay_whole_when_what_undoes_them_fails(void **state)
{
    struct fixture *fixture = *state;
    skip_where_others_do();
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        check_failing(&fixture->arena, &changes[i], POINT_FAIL_TWICE);
}

/* --- what comes after a failure --- */

/* Changes that follow upon one of which a part has failed. */
static const struct later {
    const char *path;
    const char *token; /* of a lock; NULL: a property */
} laters[] = {{"y", "later-y"}, {"new", "later-new"}, {"x", "later-x"},
              {"y", NULL},      {"new", NULL},        {"x", NULL}};

static enum store_rc make_later(struct fixture *fixture, const struct later *later)
{
    struct res_path path = path_of(later->path);
    struct store_stat stat;
    if (store_stat(fixture->store, path, 0, &stat) != STORE_OK)
        return STORE_NOT_FOUND;
    return later->token ? set_lock(fixture, path, later->token)
                        : set_prop(fixture, path, "later", later->path);
}

static bool has_later(struct fixture *fixture, const struct later *later)
{
    struct res_path path = path_of(later->path);
    struct arena *arena = &fixture->arena;
    const char *text = later->token ? locks_text(fixture->store, arena, path, LOCKS_COVERING)
                                    : props_text(fixture->store, arena, path);
    return strstr(text, later->token ? later->token : "later=") != NULL;
}

enum { POINTS_APART = 3 }; /* most points are none of the database: the next of these is meant */

/* All of it is one exit status. */
enum { CHANGE_BIT = 1 << ARRAY_LEN(laters), REACHED_BIT = CHANGE_BIT << 1 };

/* In a process of its own, which ends as by kill -9: the change, from the n-th point on with a full
 * disk, and with `does_more` what comes later, half of it while the disk is still full. Says by
 * bits what was acknowledged; 0: the change came to its end before the point. */
static unsigned run_to_the_end(struct fixture *fixture, const struct change *change, unsigned n,
                               bool does_more)
{
    int status;
    store_close(&fixture->store);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fixture_reopen(fixture);
        points_arm(n, POINT_FULL);
        unsigned done = change->run(fixture) == STORE_OK ? CHANGE_BIT : 0;
        if (points_count() < n)
            _exit(0);
        for (size_t i = 0; i < ARRAY_LEN(laters) && does_more; i++) {
            if (i == ARRAY_LEN(laters) / 2)
                points_arm(0, POINT_FULL);
            done |= make_later(fixture, &laters[i]) == STORE_OK ? 1U << i : 0;
        }
        _exit((int)(done | REACHED_BIT));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    fixture_reopen(fixture);
    return (unsigned)WEXITSTATUS(status);
}

static bool check_later(struct arena *arena, struct outcome *outcome, bool does_more)
{
    void *state;
    assert_int_equal(fixture_open(&state), 0);
    struct fixture *fixture = state;
    begin_without_cache(fixture);
    make_stage(fixture);
    outcome->before = dump_store(fixture->store, arena);
    unsigned done = run_to_the_end(fixture, outcome->change, outcome->n, does_more);
    if (!does_more && done & CHANGE_BIT)
        assert_state(outcome, dump(fixture), outcome->after);
    for (size_t i = 0; i < ARRAY_LEN(laters) && does_more; i++) {
        if (done >> i & 1 && !has_later(fixture, &laters[i]))
            fail_msg("%s, point %u: %s of %s is lost; now\n%s", outcome->change->name, outcome->n,
                     laters[i].token ? "the lock" : "the property", laters[i].path, dump(fixture));
    }
    assert_int_equal(fixture_close(&state), 0);
    return done != 0;
}

/* The database is the same whatever the kernel can do. */
static void p13_nothing_is_replayed_against_a_newer_world(void **state)
{
    struct fixture *fixture = *state;
    skip_where_others_do();
    if (backend->is_poor)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct outcome outcome = {.change = &changes[i]};
        bool does_more = i % 2 == 0;
        outcome.after = state_after(&fixture->arena, &changes[i]);
        outcome.n = 1 + (unsigned)i % POINTS_APART;
        while (check_later(&fixture->arena, &outcome, does_more) &&
               (!is_thorough() || check_later(&fixture->arena, &outcome, !does_more))) {
            outcome.n += is_thorough() ? 1 : POINTS_APART;
            does_more = !does_more;
        }
    }
}

int crash_tests(void)
{
    const char *temp = getenv("TMPDIR");
    leave_the_disk(); /* every point takes several starts of a store */
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p10_changes_survive_death_at_any_point),
        CONTRACT_TEST(p14_changes_stay_whole_when_any_call_fails),
        CONTRACT_TEST(p14_changes_stay_whole_when_what_undoes_them_fails),
        CONTRACT_TEST(p13_nothing_is_replayed_against_a_newer_world),
    };
    int failed = cmocka_run_group_tests_name("crashes", tests, NULL, NULL);
    (void)!(temp ? setenv("TMPDIR", temp, 1) : unsetenv("TMPDIR")); /* the names are valid */
    return failed;
}
