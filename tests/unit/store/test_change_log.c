/* What is left of a log when its process has ended in the middle of something: a log is opened on a
 * copy of the file as it is at that moment. What it tells otherwise is held against the contract
 * (tests/contract/test_synced.c). */
#include "store/change_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/journal.h"
#include "store/record/frame.h"

enum { TREE = 7, MAX = 100 };

static char dirs[2][32];
static struct state_home homes[2]; /* of the log, and of its copy */
static struct change_log *log_;
static struct arena arena;

static struct change_log *open_log(unsigned home, uint64_t tree, bool is_flushed)
{
    struct err err = {0};
    const struct change_log_options options = {&homes[home], is_flushed, tree, MAX};
    struct change_log *log = change_log_open(&options, &err);
    if (!log)
        fail_msg("%s", err.text);
    return log;
}

static int open_homes(bool is_flushed)
{
    for (unsigned i = 0; i < 2; i++) {
        str_print(dirs[i], sizeof(dirs[i]), "/tmp/davit-changes-XXXXXX");
        assert_non_null(mkdtemp(dirs[i]));
        homes[i] = (struct state_home){.fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        assert_true(homes[i].fd >= 0);
    }
    log_ = open_log(0, TREE, is_flushed);
    return 0;
}

static int open_flushed(void **state)
{
    (void)state; /* there is one log */
    return open_homes(true);
}

static int open_lazy(void **state)
{
    (void)state; /* likewise */
    return open_homes(false);
}

static int close_homes(void **state)
{
    (void)state; /* likewise */
    change_log_close(log_);
    for (unsigned i = 0; i < 2; i++) {
        (void)unlinkat(homes[i].fd, CHANGES_NAME, 0);        /* it may not be there */
        (void)unlinkat(homes[i].fd, CHANGES_NAME ".new", 0); /* likewise */
        assert_int_equal(close(homes[i].fd), 0);
        assert_int_equal(rmdir(dirs[i]), 0);
    }
    arena_done(&arena);
    return 0;
}

static struct change_note note_of(const char *path, enum change_kind kind)
{
    struct res_path at = {path, strlen(path)};
    return (struct change_note){.rows = {{at, kind}}, .row_count = 1};
}

static void change(const char *path)
{
    struct change_note note = note_of(path, CHANGE_OF_ONE);
    assert_int_equal(change_log_begin(log_, &note), STORE_OK);
    change_log_end(log_, &note, OUTCOME_ALL);
}

static void copy_file(void)
{
    static char bytes[1 << 20];
    int from = openat(homes[0].fd, CHANGES_NAME, O_RDONLY | O_CLOEXEC);
    int to = openat(homes[1].fd, CHANGES_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got = read(from, bytes, sizeof(bytes));
    assert_true(got > 0 && write(to, bytes, (size_t)got) == got);
    assert_true(close(from) == 0 && close(to) == 0);
}

/* The copy's records of a kind, in frames whose checksums are right again. */
static void edit_records(char kind, void (*edit)(char *record, size_t len))
{
    static char bytes[1 << 20];
    struct str record;
    int fd = openat(homes[1].fd, CHANGES_NAME, O_RDWR | O_CLOEXEC);
    ssize_t got = read(fd, bytes, sizeof(bytes));
    assert_true(got > 0);
    struct str rest = str_of(bytes, (size_t)got);
    for (char *at = bytes; frame_take(&rest, &record); at = bytes + (rest.at - bytes)) {
        if (record.at[0] != kind)
            continue;
        struct buf frame = {0};
        edit(bytes + (record.at - bytes), record.len);
        size_t begin = frame_begin(&frame);
        buf_add(&frame, record);
        frame_end(&frame, begin);
        memcpy(at, frame.at, frame.len);
        buf_done(&frame);
    }
    assert_int_equal(pwrite(fd, bytes, (size_t)got, 0), got);
    assert_int_equal(close(fd), 0);
}

static void put_mark(char *record, size_t len)
{
    uint64_t mark = state_file_mark(homes[1].fd, CHANGES_NAME);
    assert_true(len > 17);
    memcpy(record + 9, &mark, sizeof(mark)); /* behind the kind and the tree */
}

static void put_other_boot(char *record, size_t len)
{
    record[len - 1] ^= 1;
}

static void put_other_mounting(char *record, size_t len)
{
    assert_true(len > 5);
    record[5] ^= 1; /* behind the kind, and how long it is */
}

/* The file as it is at this moment, as if it were the one that was written; of it, all but the
 * first `len` bytes have not come to the disk. */
static void take_copy(size_t len)
{
    struct stat st;
    copy_file();
    edit_records('h', put_mark);
    int fd = openat(homes[1].fd, CHANGES_NAME, O_RDWR | O_CLOEXEC);
    assert_true(fstat(fd, &st) == 0 &&
                ftruncate(fd, (off_t)size_min(len, (size_t)st.st_size)) == 0 &&
                ftruncate(fd, st.st_size) == 0);
    assert_int_equal(close(fd), 0);
}

static const char *told(struct change_log *log, struct change_point since)
{
    struct change_query query = {PATH_ROOT, true, since.seq, UINT64_MAX};
    struct change_found found;
    struct buf text = {0};
    if (!change_log_knows(log, PATH_ROOT, since, true))
        return "?";
    while (change_log_next(log, &arena, &query, &found) == STORE_OK)
        buf_addf(&text, "%.*s%s ", STR_ARGS(path_str(found.path)), found.is_whole ? "+" : "");
    const char *copy = arena_text(&arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

static const char *told_by_copy(struct change_point since)
{
    struct change_log *log = open_log(1, TREE, true);
    const char *text = told(log, since);
    change_log_close(log);
    return text;
}

/* What a process finds that starts now. */
static const char *told_after_crash(struct change_point since)
{
    take_copy(SIZE_MAX);
    return told_by_copy(since);
}

static struct change_point now(void)
{
    return change_log_tag(log_, PATH_ROOT);
}

static void change_is_told_from_its_beginning_on(void **state)
{
    struct change_point since = now();
    struct change_note note = note_of("a", CHANGE_OF_ONE);
    (void)state;
    assert_int_equal(change_log_begin(log_, &note), STORE_OK);
    assert_string_equal(told(log_, since), ""); /* it has not been made */
    assert_string_equal(told_after_crash(since), "a ");
    change_log_end(log_, &note, OUTCOME_ALL);
    assert_string_equal(told(log_, since), "a ");
    assert_string_equal(told_after_crash(since), "a ");
}

static void change_that_was_not_made_is_not_told(void **state)
{
    struct change_point since = now();
    struct change_note note = note_of("a", CHANGE_OF_ONE);
    (void)state;
    assert_int_equal(change_log_begin(log_, &note), STORE_OK);
    change_log_end(log_, &note, OUTCOME_NOTHING);
    assert_string_equal(told_after_crash(since), "");
}

/* Half a tree may have gone: what is left of it is not known. */
static void tree_that_was_under_way_is_not_known(void **state)
{
    struct change_point since = now();
    struct change_note note = note_of("a", CHANGE_WENT);
    (void)state;
    assert_int_equal(change_log_begin(log_, &note), STORE_OK);
    assert_string_equal(told_after_crash(since), "?");
    change_log_end(log_, &note, OUTCOME_ALL);
    assert_string_equal(told_after_crash(since), "a+ ");
}

static void changes_side_by_side_are_told_in_the_order_of_their_ends(void **state)
{
    struct change_point since = now();
    struct change_note a = note_of("a", CHANGE_OF_ONE);
    struct change_note b = note_of("b", CHANGE_OF_ONE);
    (void)state;
    assert_int_equal(change_log_begin(log_, &a), STORE_OK);
    assert_int_equal(change_log_begin(log_, &b), STORE_OK);
    change_log_end(log_, &b, OUTCOME_ALL);
    struct change_point between = now();
    assert_string_equal(told_after_crash(since), "b a ");
    assert_string_equal(told_after_crash(between), "a ");
    change_log_end(log_, &a, OUTCOME_ALL);
    assert_string_equal(told(log_, between), "a ");
}

/* Wherever the file ends: a moment that was told is known with all that came after, or not at all.
 */
static void file_that_is_cut_off_says_nothing_wrong(void **state)
{
    struct stat st;
    (void)state;
    change("a");
    struct change_point since = now();
    change("b");
    struct change_point later = now();
    assert_int_equal(fstatat(homes[0].fd, CHANGES_NAME, &st, 0), 0);
    for (size_t len = 1; len < 700; len += 3) {
        take_copy(len);
        struct change_log *log = open_log(1, TREE, true);
        const char *text = told(log, since);
        assert_true(strcmp(text, "?") == 0 || strcmp(text, "b ") == 0 || strcmp(text, "") == 0);
        if (strcmp(text, "") == 0) /* its beginning was not there: it was not made */
            assert_string_equal(told(log, later), "?");
        change_log_close(log);
    }
}

/* The end of b is not on the disk, and what was told after it is not known: a may have come later.
 */
static void moment_whose_end_is_lost_is_not_known(void **state)
{
    struct change_note a = note_of("a", CHANGE_OF_ONE);
    struct change_note b = note_of("b", CHANGE_OF_ONE);
    struct change_point before = now();
    (void)state;
    assert_int_equal(change_log_begin(log_, &a), STORE_OK);
    assert_int_equal(change_log_begin(log_, &b), STORE_OK);
    take_copy(SIZE_MAX);
    change_log_end(log_, &b, OUTCOME_ALL);
    struct change_point between = now();
    change_log_end(log_, &a, OUTCOME_ALL);
    assert_string_equal(told_by_copy(between), "?");
    take_copy(SIZE_MAX);
    assert_string_equal(told_by_copy(before), "b a ");
}

/* The tree has gone on since. */
static void copy_of_a_file_knows_nothing(void **state)
{
    (void)state;
    struct change_point since = now();
    change("a");
    copy_file();
    assert_string_equal(told_by_copy(since), "?");
}

static void file_that_is_too_short_knows_nothing(void **state)
{
    static const off_t lens[] = {0, 1, 60, 130, 4096, 100000, JOURNAL_BLOCK_BYTES + 4096};
    (void)state;
    struct change_point since = now();
    change("a");
    assert_string_equal(told_after_crash(since), "a ");
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        take_copy(SIZE_MAX);
        int fd = openat(homes[1].fd, CHANGES_NAME, O_RDWR | O_CLOEXEC);
        assert_true(ftruncate(fd, lens[i]) == 0 && close(fd) == 0);
        assert_string_equal(told_by_copy(since), "?");
    }
}

static void log_of_another_tree_knows_nothing(void **state)
{
    (void)state;
    change("a");
    struct change_point since = now();
    take_copy(SIZE_MAX);
    struct change_log *log = open_log(1, TREE + 1, true);
    assert_string_equal(told(log, since), "?");
    change_log_close(log);
    change_log_replace(log_, TREE + 1);
    assert_string_equal(told(log_, since), "?");
    since = now();
    take_copy(SIZE_MAX);
    log = open_log(1, TREE + 1, true);
    assert_string_equal(told(log, since), "");
    change_log_close(log);
}

static const char *told_after_loss_of_power(struct change_point since)
{
    take_copy(SIZE_MAX);
    edit_records('h', put_other_boot);
    struct change_log *log = open_log(1, TREE, false);
    const char *text = told(log, since);
    change_log_close(log);
    return text;
}

/* What has not been flushed may be gone after another boot, unless it was closed. */
static void lazy_log_of_another_boot_is_known_if_it_was_closed(void **state)
{
    (void)state;
    change("a");
    struct change_point since = now();
    change("b");
    assert_string_equal(told_after_loss_of_power(since), "?");
    change_log_settle(log_, homes[0].fd);
    change_log_close(log_);
    log_ = NULL;
    assert_string_equal(told_after_loss_of_power(since), "b ");
}

/* The log is on the disk then, and what it tells of is not. */
static void lazy_log_of_a_tree_that_was_not_settled_is_not_known(void **state)
{
    (void)state;
    struct change_point since = now();
    change_log_settle(log_, homes[0].fd);
    change("a");
    change_log_close(log_);
    log_ = NULL;
    assert_string_equal(told_after_loss_of_power(since), "?");
}

/* No change fails because the log cannot be written; and what it no longer says, it does not know.
 */
static void log_that_cannot_be_written_is_given_up(void **state)
{
    (void)state;
    change("a");
    struct change_point since = now();
    /* A directory in the way of a new file, and the old one gone. */
    assert_int_equal(unlinkat(homes[0].fd, CHANGES_NAME, 0), 0);
    assert_int_equal(mkdirat(homes[0].fd, CHANGES_NAME, 0700), 0);
    struct change_note note = note_of("b", CHANGE_OF_ONE);
    enum store_rc rc = change_log_begin(log_, &note); /* it can neither be written nor removed */
    assert_true(rc != STORE_OK);
    assert_int_equal(unlinkat(homes[0].fd, CHANGES_NAME, AT_REMOVEDIR), 0);
    change("b");
    assert_string_equal(told(log_, since), "b ");
}

/* What is told of a collection by a log that is opened after the file system was mounted anew. */
static const char *told_in_collection(const char *collection, struct change_point since)
{
    struct res_path path = {collection, strlen(collection)};
    take_copy(SIZE_MAX);
    edit_records('x', put_other_mounting);
    struct change_log *log = open_log(1, TREE, true);
    bool is_known = change_log_knows(log, path, since, false);
    change_log_close(log);
    return is_known ? "known" : "?";
}

/* What has been flushed is that changes were expected in "c", and not which there were. */
static void collection_of_the_last_changes_is_not_known_after_the_loss_of_power(void **state)
{
    (void)state;
    clock_freeze(1000000);
    change("b/one");
    clock_freeze(1010000);
    change("c/one");
    struct change_point since = now();
    assert_string_equal(told_after_crash(since), "");
    assert_string_equal(told_in_collection("c", since), "?");
    assert_string_equal(told_in_collection("b", since), "known");
    assert_string_equal(told_in_collection("", since), "known"); /* of its members c has changed */
    change("b/two");
    since = now();
    assert_string_equal(told_in_collection("c", since), "?");
    assert_string_equal(told_in_collection("b", since), "?");
    clock_freeze(1020000);
    change("b/c/one");
    since = now();
    assert_string_equal(told_in_collection("c", since), "known");
    assert_string_equal(told_in_collection("b", since), "known");
    assert_string_equal(told_in_collection("b/c", since), "?");
    change("one"); /* a collection is not known with all that is in it */
    since = now();
    assert_string_equal(told_in_collection("", since), "?");
    assert_string_equal(told_in_collection("c", since), "?");
    clock_freeze(-1);
}

/* Nor is it where a new file was made in between. */
static void what_is_expected_is_in_a_new_file_as_well(void **state)
{
    (void)state;
    clock_freeze(1000000);
    change("c/one");
    struct change_point since = now();
    assert_int_equal(unlinkat(homes[0].fd, CHANGES_NAME, 0), 0);
    change("c/two");
    assert_string_equal(told_in_collection("c", since), "?");
    clock_freeze(-1);
}

static void log_that_was_closed_knows_all_after_the_loss_of_power(void **state)
{
    (void)state;
    struct change_point since = now();
    change("c/one");
    change_log_settle(log_, homes[0].fd);
    change_log_close(log_);
    log_ = NULL;
    assert_string_equal(told_in_collection("c", since), "known");
    assert_string_equal(told_after_crash(since), "c/one ");
}

/* What others did while it was kept may not be in it, whoever reads it. */
static void log_of_a_tree_that_others_change_is_not_known_unless_it_was_closed(void **state)
{
    const struct change_log_options options = {&homes[0], true, TREE, MAX, .has_others = true};
    struct err err = {0};
    (void)state;
    change_log_close(log_);
    log_ = change_log_open(&options, &err);
    assert_non_null(log_);
    struct change_point since = now();
    change("a");
    assert_string_equal(told_after_crash(since), "?");
    change_log_settle(log_, homes[0].fd);
    change_log_close(log_);
    log_ = NULL;
    assert_string_equal(told_after_crash(since), "a ");
}

/* What davit left there is not there any more. */
static void what_was_left_goes_with_what_it_lies_in(void **state)
{
    struct err err = {0};
    const struct change_log_options options = {.count_max = MAX, .has_others = true};
    struct change_log *log = change_log_open(&options, &err);
    struct change_note note = {.rows = {{PATH("d/a"), CHANGE_OF_ONE, LEFT_NOTHING}},
                               .row_count = 1};
    const struct change_row other = {PATH("e"), CHANGE_REPLACED, LEFT_UNKNOWN};
    const struct change_row same = {PATH("d"), CHANGE_REPLACED, LEFT_UNKNOWN};
    (void)state;
    assert_int_equal(change_log_begin(log, &note), STORE_OK);
    change_log_end(log, &note, OUTCOME_ALL);
    change_log_found(log, &other);
    assert_int_equal(change_log_left(log, PATH("d/a"), 0), LEFT_NOTHING);
    change_log_found(log, &same);
    assert_int_equal(change_log_left(log, PATH("d/a"), 0), LEFT_UNKNOWN);
    change_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_left_goes_with_what_it_lies_in),
        cmocka_unit_test_setup_teardown(change_is_told_from_its_beginning_on, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(change_that_was_not_made_is_not_told, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(tree_that_was_under_way_is_not_known, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(changes_side_by_side_are_told_in_the_order_of_their_ends,
                                        open_flushed, close_homes),
        cmocka_unit_test_setup_teardown(file_that_is_cut_off_says_nothing_wrong, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(moment_whose_end_is_lost_is_not_known, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(copy_of_a_file_knows_nothing, open_lazy, close_homes),
        cmocka_unit_test_setup_teardown(file_that_is_too_short_knows_nothing, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(log_of_another_tree_knows_nothing, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(lazy_log_of_another_boot_is_known_if_it_was_closed,
                                        open_lazy, close_homes),
        cmocka_unit_test_setup_teardown(lazy_log_of_a_tree_that_was_not_settled_is_not_known,
                                        open_lazy, close_homes),
        cmocka_unit_test_setup_teardown(
            collection_of_the_last_changes_is_not_known_after_the_loss_of_power, open_flushed,
            close_homes),
        cmocka_unit_test_setup_teardown(what_is_expected_is_in_a_new_file_as_well, open_flushed,
                                        close_homes),
        cmocka_unit_test_setup_teardown(log_that_was_closed_knows_all_after_the_loss_of_power,
                                        open_flushed, close_homes),
        cmocka_unit_test_setup_teardown(
            log_of_a_tree_that_others_change_is_not_known_unless_it_was_closed, open_flushed,
            close_homes),
        cmocka_unit_test_setup_teardown(log_that_cannot_be_written_is_given_up, open_lazy,
                                        close_homes),
        cmocka_unit_test_setup_teardown(change_is_told_from_its_beginning_on, open_lazy,
                                        close_homes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
