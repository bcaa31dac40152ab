/* Promise 10 where a state file is made anew: the process dies before the n-th call by which one
 * takes the place of another, for n from both ends and some in between (each row that is saved of a
 * damaged database is a call). Whatever was kept is kept after the next start, and what is set aside
 * is there. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damage.h"
#include "points.h"
#include "store/registry.h"

enum { PROPS = 400 };

/* What is kept, and how it comes that it must be written anew. */
struct making {
    const char *name;
    void (*prepare)(struct fixture *fixture); /* leaves the store closed */
    void (*run)(struct fixture *fixture);
    const char *(*kept)(struct fixture *fixture); /* NULL: what had to be kept is not */
    const char *aside; /* what a name of what is set aside begins with; NULL: none */
};

static void open_now(struct fixture *fixture)
{
    struct err err = {0};
    if (!store_open("directory", &fixture->options, &fixture->store, &err))
        fail_msg("%s", err.text);
}

static bool is_kept_aside(struct fixture *fixture, const char *start)
{
    bool is_there = false;
    DIR *dir = opendir(fixture_file(fixture, ".davit"));
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        is_there = is_there || (strncmp(entry->d_name, start, strlen(start)) == 0 &&
                                !strstr(entry->d_name, "-wal"));
    closedir(dir);
    return is_there;
}

/* --- a damaged database --- */

static void set_props(struct fixture *fixture, const char *file)
{
    char names[PROPS][16];
    char value[128];
    struct store_prop *props = arena_alloc(&fixture->arena, PROPS * sizeof(*props));
    memset(value, 'v', sizeof(value));
    for (size_t i = 0; i < PROPS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "p%zu", i);
        props[i] = (struct store_prop){STR("ns"), str_of_c(names[i]), str_of(value, 128)};
    }
    struct store_patch patch = {.props = props, .prop_count = PROPS};
    assert_ok(do_patch(fixture->store, path_of(file), &patch));
}

static void damage_database(struct fixture *fixture)
{
    fixture->limits.property_count = PROPS;
    MAKE(fixture, "first", "f", "last");
    assert_ok(set_prop(fixture, PATH("first"), "p", "1"));
    set_props(fixture, "f");
    assert_ok(set_prop(fixture, PATH("last"), "p", "2"));
    store_close(&fixture->store);
    damage_page(fixture, 2);
}

/* Of a database that has a page less, both ends. */
static const char *both_ends(struct fixture *fixture)
{
    struct arena *arena = &fixture->arena;
    bool has_both = strcmp(props_text(fixture->store, arena, PATH("first")), "p=1 ") == 0 &&
                    strcmp(props_text(fixture->store, arena, PATH("last")), "p=2 ") == 0;
    return has_both ? "both" : NULL;
}

static void empty_database(struct fixture *fixture)
{
    store_close(&fixture->store);
    assert_int_equal(truncate(fixture_file(fixture, ".davit/state.db"), 0), 0);
}

static const char *nothing(struct fixture *fixture)
{
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    return props_text(fixture->store, &fixture->arena, PATH("f"));
}

/* A log without its database must not be played into the first that comes. */
static void lose_database(struct fixture *fixture)
{
    int fd;
    store_close(&fixture->store);
    assert_int_equal(unlink(fixture_file(fixture, ".davit/state.db")), 0);
    fd = open(fixture_file(fixture, ".davit/state.db-wal"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "log", 3), 3);
    close(fd);
}

/* --- one that is put back --- */

static void set_a_prop(struct fixture *fixture)
{
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    store_close(&fixture->store);
}

/* What was acknowledged is in the log, which nobody has moved to the database yet. */
static void lose_index_and_change(struct fixture *fixture)
{
    points_arm(0, POINT_DIE); /* counted from here on */
    assert_ok(set_prop(fixture, PATH("f"), "q", "w"));
    assert_int_equal(unlink(fixture_file(fixture, ".davit/state.db-shm")), 0);
}

static const char *both_props(struct fixture *fixture)
{
    const char *text = props_text(fixture->store, &fixture->arena, PATH("f"));
    return strncmp(text, "p=v q=w ", 8) == 0 ? text : NULL;
}

/* --- the journal --- */

static const char *second_lock(struct fixture *fixture)
{
    const char *text = locks_text(fixture->store, &fixture->arena, PATH_ROOT, LOCKS_WITHIN);
    return strcmp(text, "urn:g ") == 0 ? text : NULL;
}

/* --- dying --- */

static const struct making makings[] = {
    {"damaged database", damage_database, NULL, both_ends, "state.db.damaged-"},
    {"empty database", empty_database, NULL, nothing, "state.db.damaged-"},
    {"log alone", lose_database, NULL, nothing, NULL},
    {"put back", set_a_prop, lose_index_and_change, both_props, NULL},
    {"damaged journal", damage_journal, NULL, second_lock, "locks.journal.damaged-"},
};

/* In the child: to open is all there is to it, or what comes before one more change. */
static void make_anew(struct fixture *fixture, const struct making *making, unsigned n)
{
    points_arm(making->run ? 0 : n, POINT_DIE);
    open_now(fixture);
    if (!making->run)
        return;
    making->run(fixture);
    points_arm(n, POINT_DIE);
    assert_ok(set_prop(fixture, PATH("f"), "z", "after"));
}

/* Points that there were; 0: it died at one. */
static unsigned run_child(struct fixture *fixture, const struct making *making, unsigned n)
{
    int status;
    int ends[2];
    unsigned count = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        make_anew(fixture, making, n);
        count = points_count();
        points_arm(0, POINT_DIE);
        _exit(write(ends[1], &count, sizeof(count)) == sizeof(count) ? 0 : 1);
    }
    close(ends[1]);
    (void)!read(ends[0], &count, sizeof(count)); /* none when it has died */
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == POINT_DEAD);
    return count;
}

/* How many points there are; 0: it died at the n-th. */
static unsigned check_point(const struct making *making, unsigned n)
{
    void *state;
    assert_int_equal(fixture_open(&state), 0);
    struct fixture *fixture = state;
    fixture->limits.cache_bytes = 0;
    making->prepare(fixture);
    unsigned count = run_child(fixture, making, n);
    open_now(fixture);
    if (!making->kept(fixture))
        fail_msg("%s, point %u: what was kept is gone", making->name, n);
    if (making->aside && !is_kept_aside(fixture, making->aside))
        fail_msg("%s, point %u: nothing is set aside", making->name, n);
    assert_int_equal(fixture_close(&state), 0);
    return count;
}

static void p10_what_is_made_anew_is_whole_at_any_point(void **state)
{
    enum { ENDS = 16, BETWEEN = 4 };
    (void)state;
    only_for_directories();
    if ((backend->durability == DURABILITY_FLUSH || backend->is_poor) && !is_thorough())
        skip(); /* the same calls, but for those that end each change before */
    for (size_t i = 0; i < ARRAY_LEN(makings); i++) {
        unsigned count = check_point(&makings[i], 0);
        unsigned stride = count > 2 * ENDS ? (count - 2 * ENDS) / BETWEEN + 1 : 1;
        assert_true(count > 2);
        for (unsigned n = 1; n <= count; n += n < ENDS || n + ENDS > count ? 1 : stride)
            (void)check_point(&makings[i], n);
    }
}

int anew_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p10_what_is_made_anew_is_whole_at_any_point),
    };
    return cmocka_run_group_tests_name("anew", tests, NULL, NULL);
}
