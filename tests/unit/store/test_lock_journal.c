#include "store/lock_journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/turn.h"

#define NAME         "locks.journal"
#define DAMAGED_NAME NAME ".damaged-5000" /* NOW_MS in seconds */

enum { NOW_MS = 5000000, HOUR_MS = 3600000, BYTES_MAX = 1 << 20 };

struct fixture {
    char dir[64];
    struct state_home home;
    int dir_fd; /* the home's */
    struct lock_table *table;
    struct lock_journal *journal;
    struct arena arena;
};

/* As a process that begins: what is in the journal, and nothing else. */
static void reopen(struct fixture *fixture, bool is_flushed)
{
    struct err err = {0};
    lock_journal_close(fixture->journal);
    lock_table_free(fixture->table);
    fixture->table = lock_table_new();
    bool is_damaged;
    if (!lock_journal_read(fixture->dir_fd, fixture->table, &is_damaged, &err))
        fail_msg("%s", err.text);
    enum journal_open how =
        (is_flushed ? JOURNAL_FLUSHES : 0) | (is_damaged ? JOURNAL_KEEPS_OLD : 0);
    fixture->journal = lock_journal_open(&fixture->home, fixture->table, how, &err);
    if (!fixture->journal)
        fail_msg("%s", err.text);
}

static int open_journal(void **state)
{
    struct fixture *fixture = MEM_NEW(struct fixture);
    *state = fixture;
    clock_freeze(NOW_MS);
    *fixture = (struct fixture){.dir = "/tmp/davit-journal-XXXXXX"};
    assert_non_null(mkdtemp(fixture->dir));
    fixture->dir_fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fixture->dir_fd >= 0);
    fixture->home.fd = fixture->dir_fd;
    reopen(fixture, true);
    return 0;
}

static int close_journal(void **state)
{
    struct fixture *fixture = *state;
    lock_journal_close(fixture->journal);
    lock_table_free(fixture->table);
    DIR *dir = fdopendir(fixture->dir_fd);
    for (const struct dirent *entry; (entry = readdir(dir));) /* many may have been set aside */
        (void)unlinkat(fixture->dir_fd, entry->d_name, 0);    /* not the directory itself */
    closedir(dir);
    assert_int_equal(rmdir(fixture->dir), 0);
    arena_done(&fixture->arena);
    mem_free(fixture);
    clock_freeze(-1);
    return 0;
}

#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, open_journal, close_journal)

static struct lock lock_at(const char *root, const char *token)
{
    return (struct lock){.token = str_of_c(token),
                         .root = {root, strlen(root)},
                         .timeout_s = HOUR_MS / 1000,
                         .expires_ms = NOW_MS + HOUR_MS};
}

static void put(struct fixture *fixture, const char *root, const char *token)
{
    struct lock lock = lock_at(root, token);
    assert_int_equal(lock_journal_put(fixture->journal, &lock), STORE_OK);
}

static enum store_rc remove_one(struct fixture *fixture, const char *token)
{
    struct lock lock = {.token = str_of_c(token)};
    struct lock_list locks = {&lock, 1};
    return lock_journal_remove(fixture->journal, &locks);
}

static struct lock_list all(struct fixture *fixture)
{
    struct lock_list locks;
    lock_table_query(fixture->table, &fixture->arena, PATH_ROOT, LOCKS_WITHIN, &locks);
    return locks;
}

/* "root:token " for each, sorted by root. */
static const char *text(struct fixture *fixture)
{
    struct buf out = {0};
    struct lock_list locks = all(fixture);
    for (size_t i = 0; i < locks.count; i++) {
        buf_add(&out, path_str(locks.items[i].root));
        buf_add_char(&out, ':');
        buf_add(&out, locks.items[i].token);
        buf_add_char(&out, ' ');
    }
    const char *copy = arena_text(&fixture->arena, buf_str(&out));
    buf_done(&out);
    return copy;
}

static size_t read_file(struct fixture *fixture, char *bytes)
{
    int fd = openat(fixture->dir_fd, NAME, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, bytes, BYTES_MAX);
    close(fd);
    assert_in_range(len, 1, BYTES_MAX - 1);
    return (size_t)len;
}

static void write_file(struct fixture *fixture, const char *bytes, size_t len)
{
    int fd = openat(fixture->dir_fd, NAME, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static uint64_t file_number(struct fixture *fixture)
{
    struct stat st;
    assert_int_equal(fstatat(fixture->dir_fd, NAME, &st, 0), 0);
    return st.st_ino;
}

/* --- what is kept --- */

static void lock_comes_back_with_all_that_was_said_of_it(void **state)
{
    struct fixture *fixture = *state;
    struct lock lock = {.token = STR("urn:uuid:1"),
                        .root = PATH("a/\xff b"),
                        .is_exclusive = true,
                        .owner_xml = STR("<D:owner xmlns:D=\"DAV:\">\n</D:owner>"),
                        .principal = STR("someone"),
                        .timeout_s = UINT32_MAX,
                        .expires_ms = NOW_MS + INT64_C(1000) * UINT32_MAX};
    struct lock bare = {.token = STR("2"),
                        .root = PATH_ROOT,
                        .is_infinite = true,
                        .timeout_s = 1,
                        .expires_ms = NOW_MS + 1};
    assert_int_equal(lock_journal_put(fixture->journal, &lock), STORE_OK);
    assert_int_equal(lock_journal_put(fixture->journal, &bare), STORE_OK);
    for (int i = 0; i < 2; i++) { /* from the changes, then from what was made of the table */
        reopen(fixture, true);
        struct lock_list locks = all(fixture);
        assert_int_equal(locks.count, 2);
        const struct lock *first = &locks.items[0];
        const struct lock *second = &locks.items[1];
        assert_true(str_eq(first->token, bare.token) && path_is_root(first->root));
        assert_true(first->is_infinite && !first->is_exclusive);
        assert_int_equal(first->owner_xml.len + first->principal.len, 0);
        assert_true(str_eq(second->token, lock.token) && path_eq(second->root, lock.root));
        assert_true(second->is_exclusive && !second->is_infinite);
        assert_true(str_eq(second->owner_xml, lock.owner_xml));
        assert_true(str_eq(second->principal, lock.principal));
        assert_int_equal(second->timeout_s, UINT32_MAX);
        assert_true(second->expires_ms == lock.expires_ms && first->expires_ms == NOW_MS + 1);
    }
}

/* The first frame tells which boot it was. */
static size_t first_frame_bytes(const char *bytes)
{
    return 4 + 8 + (size_t)(unsigned char)bytes[0];
}

/* As it is after another boot. */
static void forget_the_boot(struct fixture *fixture)
{
    static char bytes[BYTES_MAX];
    size_t len = read_file(fixture, bytes);
    size_t first = first_frame_bytes(bytes);
    write_file(fixture, bytes + first, len - first);
}

/* What is left of an hour that was granted ten minutes ago, after a restart with the wall clock set
 * by so much. */
static void setting_the_clock_frees_no_lock_and_prolongs_none(void **state)
{
    struct fixture *fixture = *state;
    enum { TEN_MINUTES_MS = HOUR_MS / 6 };
    static const struct {
        int64_t ahead_ms;
        bool is_other_boot;
        int64_t left_ms; /* 0: the lock is gone */
    } rows[] = {
        {0, false, HOUR_MS - TEN_MINUTES_MS},
        {HOUR_MS * 24, false, HOUR_MS - TEN_MINUTES_MS},
        {-HOUR_MS * 24, false, HOUR_MS - TEN_MINUTES_MS},
        {0, true, HOUR_MS - TEN_MINUTES_MS},
        {TEN_MINUTES_MS, true, HOUR_MS - 2 * TEN_MINUTES_MS},
        {HOUR_MS * 24, true, 0},
        {-HOUR_MS * 24, true, HOUR_MS}, /* all that was granted, and no more */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        clock_freeze(NOW_MS);
        put(fixture, "a", "1");
        clock_freeze(NOW_MS + TEN_MINUTES_MS);
        clock_set_ahead(rows[i].ahead_ms);
        assert_string_equal(text(fixture), "a:1 "); /* while davit runs */
        if (rows[i].is_other_boot)
            forget_the_boot(fixture);
        reopen(fixture, true);
        struct lock_list locks = all(fixture);
        assert_int_equal(locks.count, rows[i].left_ms ? 1 : 0);
        if (locks.count)
            assert_int_equal(locks.items[0].expires_ms - clock_boot_ms(), rows[i].left_ms);
        clock_set_ahead(0);
    }
}

static void changes_are_replayed_in_order(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    put(fixture, "b", "2");
    assert_int_equal(remove_one(fixture, "1"), STORE_OK);
    put(fixture, "c", "2"); /* the same token: instead of b */
    put(fixture, "a", "3");
    assert_string_equal(text(fixture), "a:3 c:2 ");
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:3 c:2 ");
    assert_int_equal(remove_one(fixture, "3"), STORE_OK);
    reopen(fixture, false);
    assert_string_equal(text(fixture), "c:2 ");
}

static void many_are_removed_together(void **state)
{
    enum { COUNT = 3000 };
    struct fixture *fixture = *state;
    char token[16];
    reopen(fixture, false);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(token, sizeof(token), "%d", i);
        put(fixture, i % 2 ? "odd" : "even", token);
    }
    struct lock_list locks;
    lock_table_query(fixture->table, &fixture->arena, PATH("odd"), LOCKS_WITHIN, &locks);
    assert_int_equal(locks.count, COUNT / 2);
    assert_int_equal(lock_journal_remove(fixture->journal, &locks), STORE_OK);
    assert_int_equal(all(fixture).count, COUNT / 2);
    reopen(fixture, false);
    assert_int_equal(all(fixture).count, COUNT / 2);
    assert_false(lock_table_has_within(fixture->table, PATH("odd")));
}

/* --- what a crash leaves --- */

/* Cut at every byte: of the changes before the cut, all are there. */
static void torn_end_takes_nothing_else_with_it(void **state)
{
    static const char *const texts[] = {"", "a:1 ", "a:1 b:2 ", "b:2 "};
    struct fixture *fixture = *state;
    char *bytes = mem_new(1, BYTES_MAX);
    put(fixture, "a", "1");
    put(fixture, "b", "2");
    assert_int_equal(remove_one(fixture, "1"), STORE_OK);
    size_t end = read_file(fixture, bytes);
    while (bytes[end - 1] == '\0')
        end--;
    size_t stage = 0;
    for (size_t cut = 0; cut <= end; cut++) {
        write_file(fixture, bytes, cut);
        reopen(fixture, false);
        if (stage + 1 < ARRAY_LEN(texts) && strcmp(text(fixture), texts[stage + 1]) == 0)
            stage++;
        assert_string_equal(text(fixture), texts[stage]);
    }
    assert_int_equal(stage, ARRAY_LEN(texts) - 1);
    mem_free(bytes);
}

/* Whatever is changed, what stands before it and behind it is there. */
static void changed_byte_is_noticed(void **state)
{
    enum { FRAME_BYTES = 12 + 1 + 5 + 1 + 4 + 8 + 5 + 4 + 4 + 8 };
    struct fixture *fixture = *state;
    char *bytes = mem_new(1, BYTES_MAX);
    put(fixture, "a", "1");
    put(fixture, "b", "2");
    (void)read_file(fixture, bytes);
    size_t boot = first_frame_bytes(bytes);
    for (size_t i = boot; i < boot + 2 * FRAME_BYTES; i++) {
        bytes[i] = (char)(bytes[i] ^ 0x41);
        write_file(fixture, bytes, boot + 2 * FRAME_BYTES);
        bytes[i] = (char)(bytes[i] ^ 0x41);
        reopen(fixture, false);
        assert_string_equal(text(fixture), i < boot + FRAME_BYTES ? "b:2 " : "a:1 ");
        assert_int_equal(faccessat(fixture->dir_fd, DAMAGED_NAME, F_OK, 0),
                         i < boot + FRAME_BYTES ? 0 : -1);
        (void)unlinkat(fixture->dir_fd, DAMAGED_NAME, 0);
    }
    write_file(fixture, bytes, boot + 2 * FRAME_BYTES);
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 b:2 ");
    mem_free(bytes);
}

static void what_no_davit_writes_is_left_out_and_set_aside(void **state)
{
    /* A record of one byte, 'x', with its checksum. */
    static const char strange[] = "\x01\0\0\0\x07\x17\x02\x86L\xf5\x63\xaf"
                                  "x";
    enum { STRANGE_BYTES = sizeof(strange) - 1 };
    struct fixture *fixture = *state;
    char *bytes = mem_new(1, BYTES_MAX);
    put(fixture, "a", "1");
    size_t len = read_file(fixture, bytes + STRANGE_BYTES);
    memcpy(bytes, strange, STRANGE_BYTES);
    write_file(fixture, bytes, STRANGE_BYTES + len);
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 ");
    assert_int_equal(faccessat(fixture->dir_fd, DAMAGED_NAME, F_OK, 0), 0);
    mem_free(bytes);
}

/* It is made whole, with a record in it: nothing at all is no end that was half written. */
static void what_says_nothing_is_set_aside(void **state)
{
    static const char *const contents[] = {"", "This says nothing of locks."};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
        put(fixture, "a", "1");
        write_file(fixture, contents[i], strlen(contents[i]));
        reopen(fixture, false);
        assert_string_equal(text(fixture), "");
        assert_int_equal(unlinkat(fixture->dir_fd, DAMAGED_NAME, 0), 0);
    }
}

/* Whoever set a damaged one aside was killed before the new one had its name. */
static void what_a_crash_has_left_under_the_new_name_is_read(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    lock_journal_close(fixture->journal);
    fixture->journal = NULL;
    assert_int_equal(renameat(fixture->dir_fd, NAME, fixture->dir_fd, NAME ".new"), 0);
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 ");
    assert_int_equal(faccessat(fixture->dir_fd, DAMAGED_NAME, F_OK, 0), -1);
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 ");
}

static void link_in_the_place_of_the_file_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    assert_int_equal(unlinkat(fixture->dir_fd, NAME, 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", fixture->dir_fd, NAME), 0);
    bool is_damaged;
    assert_false(lock_journal_read(fixture->dir_fd, fixture->table, &is_damaged, &err));
    assert_non_null(strstr(err.text, NAME));
}

static void link_in_the_place_of_a_new_file_is_removed(void **state)
{
    struct fixture *fixture = *state;
    struct stat st;
    char victim[80];
    (void)snprintf(victim, sizeof(victim), "%s.victim", fixture->dir);
    int fd = open(victim, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "kept", 4), 4);
    assert_int_equal(symlinkat(victim, fixture->dir_fd, NAME ".new"), 0);
    reopen(fixture, false);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 4);
    close(fd);
    unlink(victim);
}

/* --- removed by others --- */

static void file_that_was_removed_is_written_again(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "a", "1");
    assert_int_equal(unlinkat(fixture->dir_fd, NAME, 0), 0);
    put(fixture, "b", "2");
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 b:2 ");
    assert_int_equal(unlinkat(fixture->dir_fd, NAME, 0), 0);
    reopen(fixture, false); /* it is written at the end, too */
    assert_string_equal(text(fixture), "a:1 b:2 ");
}

/* Which is seen where it is mapped. */
static void file_that_was_cut_off_is_written_again(void **state)
{
    struct fixture *fixture = *state;
    reopen(fixture, false);
    put(fixture, "a", "1");
    int fd = openat(fixture->dir_fd, NAME, O_WRONLY | O_TRUNC | O_CLOEXEC);
    close(fd);
    put(fixture, "b", "2");
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 b:2 ");
}

/* A loop looks once in a turn. */
static void file_that_was_removed_is_written_again_in_the_next_turn(void **state)
{
    struct fixture *fixture = *state;
    turn_next();
    put(fixture, "a", "1");
    assert_int_equal(unlinkat(fixture->dir_fd, NAME, 0), 0);
    turn_next();
    put(fixture, "b", "2");
    turn_over();
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 b:2 ");
}

static bool make_home_again(struct state_home *home)
{
    struct fixture *fixture = CONTAINER_OF(home, struct fixture, home);
    if (mkdir(fixture->dir, 0700) < 0)
        return false;
    int fd = open(fixture->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_fine = dup3(fd, home->fd, O_CLOEXEC) >= 0;
    close(fd);
    return is_fine;
}

static void nothing_is_acknowledged_where_the_home_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct lock lock = lock_at("b", "2");
    put(fixture, "a", "1");
    assert_int_equal(unlinkat(fixture->dir_fd, NAME, 0), 0);
    assert_int_equal(rmdir(fixture->dir), 0);
    assert_int_equal(lock_journal_put(fixture->journal, &lock), STORE_FAILED);
    assert_string_equal(text(fixture), "a:1 ");
    fixture->home.restore = make_home_again;
    put(fixture, "b", "2");
    reopen(fixture, false);
    assert_string_equal(text(fixture), "a:1 b:2 ");
}

/* --- growing --- */

static void new_file_is_made_when_it_is_full(void **state)
{
    struct fixture *fixture = *state;
    reopen(fixture, false);
    uint64_t before = file_number(fixture);
    size_t renewals = 0;
    char token[16];
    put(fixture, "kept", "k");
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(token, sizeof(token), "%d", i);
        put(fixture, "f", token);
        assert_int_equal(remove_one(fixture, token), STORE_OK);
        renewals += file_number(fixture) != before;
        before = file_number(fixture);
    }
    assert_in_range(renewals, 2, 10);
    put(fixture, "last", "l");
    reopen(fixture, true);
    assert_string_equal(text(fixture), "kept:k last:l ");
}

/* --- together --- */

enum { THREADS = 4, EACH = 100 };

struct changer {
    struct fixture *fixture;
    int number;
};

static void *change(void *arg)
{
    const struct changer *changer = arg;
    char token[32];
    for (int i = 0; i < EACH; i++) {
        (void)snprintf(token, sizeof(token), "%d-%d", changer->number, i);
        struct lock lock = lock_at("f", token);
        struct lock_list locks = {&lock, 1};
        if (lock_journal_put(changer->fixture->journal, &lock) != STORE_OK ||
            (i % 2 && lock_journal_remove(changer->fixture->journal, &locks) != STORE_OK))
            return NULL;
    }
    return arg;
}

static void threads_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (int is_flushed = 0; is_flushed < 2; is_flushed++) {
        pthread_t threads[THREADS];
        struct changer changers[THREADS];
        reopen(fixture, is_flushed);
        for (int i = 0; i < THREADS; i++) {
            changers[i] = (struct changer){fixture, i + is_flushed * THREADS};
            assert_int_equal(pthread_create(&threads[i], NULL, change, &changers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            void *done;
            assert_int_equal(pthread_join(threads[i], &done), 0);
            assert_non_null(done);
        }
        reopen(fixture, is_flushed);
        assert_int_equal(all(fixture).count, (size_t)(is_flushed + 1) * THREADS * EACH / 2);
    }
}

/* --- failing --- */

static void nothing_changes_where_no_file_can_be_made(void **state)
{
    struct fixture *fixture = *state;
    struct err err = {0};
    put(fixture, "a", "1");
    assert_int_equal(mkdirat(fixture->dir_fd, NAME ".new", 0700), 0);
    assert_null(lock_journal_open(&fixture->home, fixture->table, 0, &err));
    assert_non_null(strstr(err.text, NAME));
    size_t count = 0;
    char token[16];
    enum store_rc rc = STORE_OK;
    while (rc == STORE_OK) { /* until the file is full */
        (void)snprintf(token, sizeof(token), "%zu", count + 2);
        struct lock lock = lock_at("f", token);
        rc = lock_journal_put(fixture->journal, &lock);
        count += rc == STORE_OK;
    }
    assert_int_equal(rc, STORE_FAILED);
    assert_int_equal(all(fixture).count, count + 1);
    assert_int_equal(unlinkat(fixture->dir_fd, NAME ".new", AT_REMOVEDIR), 0);
    put(fixture, "b", "b");
    reopen(fixture, false);
    assert_int_equal(all(fixture).count, count + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(lock_comes_back_with_all_that_was_said_of_it),
        JOURNAL_TEST(setting_the_clock_frees_no_lock_and_prolongs_none),
        JOURNAL_TEST(changes_are_replayed_in_order),
        JOURNAL_TEST(many_are_removed_together),
        JOURNAL_TEST(torn_end_takes_nothing_else_with_it),
        JOURNAL_TEST(changed_byte_is_noticed),
        JOURNAL_TEST(what_no_davit_writes_is_left_out_and_set_aside),
        JOURNAL_TEST(what_says_nothing_is_set_aside),
        JOURNAL_TEST(what_a_crash_has_left_under_the_new_name_is_read),
        JOURNAL_TEST(link_in_the_place_of_the_file_is_refused),
        JOURNAL_TEST(link_in_the_place_of_a_new_file_is_removed),
        JOURNAL_TEST(file_that_was_removed_is_written_again),
        JOURNAL_TEST(file_that_was_cut_off_is_written_again),
        JOURNAL_TEST(file_that_was_removed_is_written_again_in_the_next_turn),
        JOURNAL_TEST(nothing_is_acknowledged_where_the_home_is_gone),
        JOURNAL_TEST(new_file_is_made_when_it_is_full),
        JOURNAL_TEST(threads_lose_nothing),
        JOURNAL_TEST(nothing_changes_where_no_file_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
