/* What a directory store keeps beside the files: removed while it is in use, damaged, or prepared
 * by somebody who means harm. Promise 10: what was acknowledged is there after a restart. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/registry.h"
#include "support.h"

enum { MANY = 2000, STRANGER = 65534 };

static bool open_again(struct bench *bench, struct err *err)
{
    store_close(&bench->store);
    return store_open("directory", &bench->options, &bench->store, err);
}

static void check_refused(struct bench *bench, const char *why)
{
    struct err err = {0};
    assert_false(open_again(bench, &err));
    if (!strstr(err.text, why))
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw; /* all of it goes */
    return remove(path);
}

static void remove_part(struct bench *bench, const char *name)
{
    assert_int_equal(nftw(bench_file(bench, name), remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static size_t count_damaged(struct bench *bench)
{
    size_t count = 0;
    DIR *dir = opendir(bench_file(bench, ".davit"));
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += strstr(entry->d_name, ".damaged-") != NULL;
    closedir(dir);
    return count;
}

/* --- removed --- */

static const char *const parts[] = {".davit", ".davit/state.db", ".davit/locks.journal",
                                    ".davit/staging", ".davit/state.db-wal"};

/* Each part in turn, and after each a change of each kind. */
static void p10_what_is_acknowledged_after_the_state_was_removed_is_kept(void **state)
{
    struct bench *bench = *state;
    struct arena *arena = &bench->arena;
    only_for_directories();
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct store_visitor *visitor = &recorder_new(arena)->base;
        MAKE(bench, "f", "g", "m");
        assert_ok(set_prop(bench, PATH("f"), "before", "b"));
        assert_ok(set_lock(bench, PATH("g"), "urn:before"));
        remove_part(bench, parts[i]);
        assert_ok(put(bench, PATH("f"), STR("new")));
        assert_ok(set_prop(bench, PATH("f"), "after", "a"));
        assert_ok(set_lock(bench, PATH("f"), "urn:after"));
        assert_ok(do_move(bench->store, TRANSFER(PATH("m"), PATH("moved")), visitor));
        bench_reopen(bench);
        assert_string_equal(get(bench, PATH("f")), "new");
        assert_string_equal(props_text(bench->store, arena, PATH("f")), "after=a before=b ");
        assert_string_equal(locks_text(bench->store, arena, PATH_ROOT, LOCKS_WITHIN),
                            "urn:after urn:before ");
        assert_ok(do_unlock(bench->store, STR("urn:after")));
        assert_ok(do_unlock(bench->store, STR("urn:before")));
        const char *names[] = {"f", "g", "moved"};
        for (size_t n = 0; n < ARRAY_LEN(names); n++)
            assert_ok(do_remove(bench->store, path_of(names[n]), visitor));
    }
}

/* A clean end writes what was there before, too, though nothing has changed since. */
static void p10_what_was_acknowledged_before_is_written_again_at_the_end(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "f");
    assert_ok(set_prop(bench, PATH("f"), "p", "v"));
    assert_ok(set_lock(bench, PATH("f"), "urn:t"));
    remove_part(bench, ".davit");
    bench_reopen(bench);
    assert_string_equal(dump(bench), "/ {}\nf \"f\" {p=v } [urn:t]\n");
}

static void p10_nothing_is_acknowledged_where_the_state_cannot_be_made_again(void **state)
{
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "f");
    remove_part(bench, ".davit");
    int fd = open(bench_file(bench, ".davit"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_rc(set_prop(bench, PATH("f"), "p", "v"), STORE_FAILED);
    assert_rc(set_lock(bench, PATH("f"), "urn:t"), STORE_FAILED);
    assert_rc(put(bench, PATH("f"), STR("new")), STORE_FAILED);
    assert_string_equal(dump(bench), "/ {}\nf \"f\" {}\n");
    assert_int_equal(unlink(bench_file(bench, ".davit")), 0);
    assert_ok(set_prop(bench, PATH("f"), "p", "v"));
    bench_reopen(bench);
    assert_string_equal(dump(bench), "/ {}\nf \"f\" {p=v }\n");
}

/* --- damaged --- */

static void overwrite(struct bench *bench, const char *name, off_t at, const char *bytes)
{
    int fd = open(bench_file(bench, name), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), at), (ssize_t)strlen(bytes));
    close(fd);
}

static void damaged_database_is_set_aside_and_files_are_served(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};
    only_for_directories();
    MAKE(bench, "f");
    store_close(&bench->store);
    overwrite(bench, ".davit/state.db", 0, "this is no database, and never was one");
    assert_true(open_again(bench, &err));
    assert_int_equal(count_damaged(bench), 1);
    assert_ok(set_prop(bench, PATH("f"), "p", "v"));
    bench_reopen(bench);
    assert_string_equal(dump(bench), "/ {}\nf \"f\" {p=v }\n");
}

static void what_can_be_read_of_a_damaged_database_is_saved(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};
    char page[4097] = "";
    char name[16];
    struct stat st;
    only_for_directories();
    MAKE(bench, "f");
    bench->limits.property_count = MANY;
    struct store_prop *props = arena_alloc(&bench->arena, MANY * sizeof(*props));
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "p%zu", i);
        memset(page, 'v', 200);
        props[i] = (struct store_prop){STR("ns"), arena_str(&bench->arena, str_of_c(name)),
                                       arena_str(&bench->arena, str_of(page, 200))};
    }
    struct store_patch patch = {.props = props, .prop_count = MANY};
    assert_ok(do_patch(bench->store, PATH("f"), &patch));
    store_close(&bench->store);
    assert_int_equal(stat(bench_file(bench, ".davit/state.db"), &st), 0);
    memset(page, 'x', 4096);
    overwrite(bench, ".davit/state.db", st.st_size / 2 / 4096 * 4096, page);
    assert_true(open_again(bench, &err));
    struct store_props saved;
    assert_ok(store_gather_props(bench->store, &bench->arena, PATH("f"), &saved));
    assert_in_range(saved.count, MANY / 2, MANY);
    assert_int_equal(count_damaged(bench), 1);
}

static void damaged_journal_is_set_aside_and_its_locks_are_saved(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};
    unsigned char boot_len;
    only_for_directories();
    MAKE(bench, "f", "g");
    assert_ok(set_lock(bench, PATH("f"), "urn:f"));
    assert_ok(set_lock(bench, PATH("g"), "urn:g"));
    store_close(&bench->store);
    int fd = open(bench_file(bench, ".davit/locks.journal"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, &boot_len, 1), 1); /* the first frame is of the boot */
    close(fd);
    overwrite(bench, ".davit/locks.journal", 12 + boot_len + 14, "????");
    assert_true(open_again(bench, &err));
    assert_string_equal(locks_text(bench->store, &bench->arena, PATH_ROOT, LOCKS_WITHIN), "urn:g ");
    assert_int_equal(count_damaged(bench), 1);
}

/* --- hostile --- */

static void links_in_the_place_of_the_state_are_refused(void **state)
{
    static const char *const names[] = {".davit", ".davit/staging", ".davit/state.db",
                                        ".davit/state.db-wal", ".davit/locks.journal"};
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "victim/", "victim/f");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool is_directory = i < 2;
        struct err err = {0};
        store_close(&bench->store);
        (void)nftw(bench_file(bench, names[i]), remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        assert_int_equal(symlink(bench_file(bench, is_directory ? "victim" : "victim/f"),
                                 bench_file(bench, names[i])),
                         0);
        check_refused(bench, strrchr(names[i], '/') ? strrchr(names[i], '/') + 1 : names[i]);
        assert_int_equal(unlink(bench_file(bench, names[i])), 0);
        assert_true(open_again(bench, &err));
        assert_string_equal(dump(bench), "/ {}\nvictim/ {}\nvictim/f \"victim/f\" {}\n");
    }
}

static void file_with_another_name_is_refused(void **state)
{
    static const char *const names[] = {".davit/state.db", ".davit/locks.journal"};
    struct bench *bench = *state;
    only_for_directories();
    MAKE(bench, "victim");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err err = {0};
        store_close(&bench->store);
        assert_int_equal(unlink(bench_file(bench, names[i])), 0);
        assert_int_equal(link(bench_file(bench, "victim"), bench_file(bench, names[i])), 0);
        check_refused(bench, "other names");
        assert_int_equal(unlink(bench_file(bench, names[i])), 0);
        assert_true(open_again(bench, &err));
    }
}

static void state_of_another_user_is_refused(void **state)
{
    static const char *const names[] = {".davit", ".davit/staging", ".davit/state.db",
                                        ".davit/locks.journal"};
    struct bench *bench = *state;
    only_for_directories();
    if (geteuid() != 0)
        skip(); /* only root can give something away */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err err = {0};
        store_close(&bench->store);
        assert_int_equal(chown(bench_file(bench, names[i]), STRANGER, STRANGER), 0);
        check_refused(bench, "belongs to user 65534");
        assert_int_equal(chown(bench_file(bench, names[i]), 0, 0), 0);
        assert_true(open_again(bench, &err));
    }
}

static void state_is_closed_to_others(void **state)
{
    struct bench *bench = *state;
    struct err err = {0};
    struct stat st;
    only_for_directories();
    store_close(&bench->store);
    assert_int_equal(chmod(bench_file(bench, ".davit"), 0777), 0);
    assert_int_equal(chmod(bench_file(bench, ".davit/state.db"), 0666), 0);
    assert_true(open_again(bench, &err));
    assert_int_equal(stat(bench_file(bench, ".davit"), &st), 0);
    assert_int_equal(st.st_mode & 022, 0);
    for (const char *const *name = (const char *const[]){"state.db", "state.db-wal", "state.db-shm",
                                                         "locks.journal", NULL};
         *name; name++) {
        char path[64];
        (void)snprintf(path, sizeof(path), ".davit/%s", *name);
        assert_int_equal(stat(bench_file(bench, path), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

int state_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p10_what_is_acknowledged_after_the_state_was_removed_is_kept),
        CONTRACT_TEST(p10_what_was_acknowledged_before_is_written_again_at_the_end),
        CONTRACT_TEST(p10_nothing_is_acknowledged_where_the_state_cannot_be_made_again),
        CONTRACT_TEST(damaged_database_is_set_aside_and_files_are_served),
        CONTRACT_TEST(what_can_be_read_of_a_damaged_database_is_saved),
        CONTRACT_TEST(damaged_journal_is_set_aside_and_its_locks_are_saved),
        CONTRACT_TEST(links_in_the_place_of_the_state_are_refused),
        CONTRACT_TEST(file_with_another_name_is_refused),
        CONTRACT_TEST(state_of_another_user_is_refused),
        CONTRACT_TEST(state_is_closed_to_others),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
