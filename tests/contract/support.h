/* tests/contract/support.h: what the files of the contract suite share. The suite is one program
 * that is run once for each row of `backends`; a test is given a fresh store of that backend. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crew.h"
#include "store/gather.h"
#include "store/upload.h"
#include "store/view/view.h"
#include "support/changes.h"

struct fixture;

struct backend {
    const char *name;
    const char *store; /* its name in store/registry.c */
    enum store_durability durability;
    bool is_directory; /* plain files that the test may look at, and that outlive the store */
    bool is_view;      /* a collection of that store, as store/view/view.h shows it */
    bool is_trash;     /* in a store/trash */
    bool is_slow;      /* in a store/slow */
    bool is_poor;      /* on a kernel without O_TMPFILE, RENAME_NOREPLACE and copy_file_range(2) */
};

/* The backend that this run is about. */
extern const struct backend *backend;

/* Fixtures are in memory from now on, where there is such a file system: for what flushes thousands
 * of times, since the order of calls matters there, and not what a disk does with them. */
void leave_the_disk(void);

/* Threads that always come when a store calls for help. */
struct helpers {
    struct crew crew;
    unsigned calls;
    /* Called once, when some of the work of the first call has been done. NULL: nothing. */
    void (*meanwhile)(struct fixture *fixture);
};

/* A store under test. */
struct fixture {
    struct helpers helpers;
    struct store *store;
    struct store *inner; /* what a view shows; NULL: there is no view */
    struct mount mount;
    struct limits limits;
    struct store_options options;
    char root[64]; /* of a directory backend */
    struct arena arena;
};

/* cmocka's fixtures: a test's *state is a struct fixture. */
int fixture_open(void **state);
int fixture_close(void **state);
/* The same, for a store whose changes are logged, and in which nobody else makes any. */
int fixture_open_synced(void **state);
#define CONTRACT_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

/* A folder that a test has made beside it. */
void fixture_remove(const char *folder);

/* As the end of the process and a new start. For backends that keep things. */
void fixture_reopen(struct fixture *fixture);
/* A store anew, of whatever is kept: with other limits, say. */
void fixture_renew(struct fixture *fixture);

/* DAVIT_CONTRACT=full: the long form of what is shortened by default. */
bool is_thorough(void);

/* Skips the test where the backend is not one of plain files. */
void only_for_directories(void);

/* "root/name" of a directory backend, as the rest of the system sees it. From the arena. */
char *fixture_file(struct fixture *fixture, const char *name);

/* A path from a text that is no literal. */
struct res_path path_of(const char *text);

/* --- results --- */

const char *rc_name(enum store_rc rc);
#define assert_rc(actual, expected) assert_string_equal(rc_name(actual), rc_name(expected))
#define assert_ok(actual)           assert_rc((actual), STORE_OK)
#define assert_str(actual, literal)                                                                \
    assert_string_equal(arena_text(&fixture->arena, (actual)), (literal))

/* --- single steps --- */

NODISCARD enum store_rc put_in(struct store *store, struct res_path path, struct str content,
                               const struct store_commit *options);
NODISCARD enum store_rc put(struct fixture *fixture, struct res_path path, struct str content);
/* "d/" makes a collection, "f" a file whose content is its own path. In that order; must succeed.
 */
void make(struct fixture *fixture, const char *const *names, size_t count);
#define MAKE(fixture, ...)                                                                         \
    make((fixture), (const char *const[]){__VA_ARGS__},                                            \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* The whole content, appended to `into`. */
NODISCARD enum store_rc get_from(struct store *store, struct res_path path, struct buf *into);
/* The content as text from the arena; the test fails where there is none. */
const char *get(struct fixture *fixture, struct res_path path);
struct store_stat stat_of(struct fixture *fixture, struct res_path path);

/* What the path really names. */
struct res_path located(struct fixture *fixture, struct res_path path, enum locate_what what);

NODISCARD enum store_rc stat_rc(struct fixture *fixture, struct res_path path);
NODISCARD enum store_rc mkcol(struct fixture *fixture, struct res_path path);

/* Properties in the namespace "ns". An empty xml removes. */
NODISCARD enum store_rc set_prop(struct fixture *fixture, struct res_path path, const char *name,
                                 const char *xml);
/* "name=xml " for each, sorted; names in other namespaces as "{ns}name". From the arena. */
const char *props_text(struct store *store, struct arena *arena, struct res_path path);

/* An exclusive lock of an hour. */
struct lock lock_of(struct res_path root, const char *token, bool is_infinite);
NODISCARD enum store_rc set_lock(struct fixture *fixture, struct res_path root, const char *token);
/* The tokens, each with a space behind. From the arena. */
const char *locks_text(struct store *store, struct arena *arena, struct res_path path,
                       enum lock_query query);

/* --- whole trees --- */

/* All resources but links, one a line, sorted: path, content, properties, locks. From the arena.
 * Two equal texts are two equal states. */
const char *dump_store(struct store *store, struct arena *arena);
#define dump(fixture) dump_store((fixture)->store, &(fixture)->arena)
/* Such a text, in which the resource at `path` is locked as well. */
const char *dump_with_lock(struct arena *arena, const char *text, const char *path,
                           const char *token);

/* --- visitors --- */

enum { RECORDER_REFUSED_MAX = 8, RECORDER_REASON = 423 };

/* Refuses the paths it is told to; notes what it is asked and told. */
struct recorder {
    struct store_visitor base;
    const char *refused[RECORDER_REFUSED_MAX];
    size_t refused_count;
    struct buf asked;    /* a path a line, in order */
    struct buf failures; /* "path RC reason\n", in order */
    size_t failure_count;
};

NODISCARD struct recorder *recorder_new(struct arena *arena);
void recorder_refuse(struct recorder *recorder, const char *path);
/* The lines of failures, sorted. From the arena. */
const char *recorder_failures(struct recorder *recorder, struct arena *arena);

/* Of a whole tree, replacing what is there. */
#define TRANSFER(from, to) (&(struct store_transfer){(from), (to), .is_deep = true})

NODISCARD enum store_rc remove_all(struct fixture *fixture, struct res_path path);
NODISCARD enum store_rc copy_all(struct fixture *fixture, struct res_path from, struct res_path to);
NODISCARD enum store_rc move_all(struct fixture *fixture, struct res_path from, struct res_path to);

/* --- the groups, one a file: each says how many of its tests failed --- */

int reading_tests(void);
int upload_tests(void);
int remove_tests(void);
int copy_tests(void);
int move_tests(void);
int prop_tests(void);
int lock_tests(void);
int absent_tests(void);
int change_tests(void);
int name_tests(void);
int fault_tests(void);
int model_tests(void);
int concurrent_tests(void);
int link_tests(void);
int permission_tests(void);
int mount_tests(void);
int trash_tests(void);
int recovery_tests(void);
int crash_tests(void);
int cache_tests(void);
int listing_tests(void);
int state_tests(void);
int anew_tests(void);
int room_tests(void);
int large_tests(void);
int synced_tests(void);
int hashes_tests(void);
int resumable_tests(void);
int answer_tests(void);
