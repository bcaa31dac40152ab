/* Promises 6 to 10 and 19 for uploads. */
#include "support.h"

#include <dirent.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "points.h"
#include "store/registry.h"
#include "support/inbox.h"

static void only_where_sinks_wait(void)
{
    if (!backend->is_slow)
        skip();
}

static struct store_upload *start(struct fixture *fixture, struct res_path path,
                                  uint64_t size_bytes)
{
    struct store_upload *upload;
    assert_ok(store_upload(fixture->store, path, size_bytes, &upload));
    return upload;
}

static void write_to(struct store_upload *upload, struct str bytes)
{
    assert_rc(store_upload_write(upload, bytes), STORE_OK);
}

static enum store_rc commit_as(struct fixture *fixture, struct store_upload *upload,
                               const struct store_commit *options)
{
    struct store_stat stat;
    enum store_rc rc = store_upload_end(upload);
    return rc == STORE_OK ? do_commit(fixture->store, upload, options, &stat) : rc;
}

static enum store_rc commit(struct fixture *fixture, struct store_upload *upload)
{
    static const struct store_commit options = {0};
    return commit_as(fixture, upload, &options);
}

/* Nothing is left beside the resources: neither in the staging directory nor next to a target. */
static void assert_nothing_staged(struct fixture *fixture)
{
    static const char *const places[] = {".", ".davit/staging"};
    if (!backend->is_directory)
        return;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct dirent *entry;
        DIR *dir = opendir(fixture_file(fixture, places[i]));
        assert_non_null(dir);
        while ((entry = readdir(dir)))
            assert_null(strstr(entry->d_name, "staged"));
        closedir(dir);
    }
}

/* --- promise 7: invisible until commit, then whole --- */

static void p7_new_resource_appears_at_commit(void **state)
{
    struct fixture *fixture = *state;
    struct store_upload *upload = start(fixture, PATH("f"), 10);
    const char *before = dump(fixture);
    write_to(upload, STR("hello"));
    write_to(upload, STR("world"));
    assert_string_equal(dump(fixture), before);
    assert_ok(commit(fixture, upload));
    assert_string_equal(dump(fixture), "/ {}\nf \"helloworld\" {}\n");
    store_upload_close(&upload);
    assert_string_equal(dump(fixture), "/ {}\nf \"helloworld\" {}\n");
    assert_nothing_staged(fixture);
}

static void p7_old_content_is_there_until_commit(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(put(fixture, PATH("f"), STR("old")));
    struct store_upload *upload = start(fixture, PATH("f"), UINT64_MAX);
    write_to(upload, STR("new"));
    assert_string_equal(get(fixture, PATH("f")), "old");
    assert_ok(commit(fixture, upload));
    assert_string_equal(get(fixture, PATH("f")), "new");
    store_upload_close(&upload);
    assert_nothing_staged(fixture);
}

static void p7_replaced_resource_keeps_properties_locks_and_mode(void **state)
{
    struct fixture *fixture = *state;
    struct store_patch patch = {.sets_executable = true, .is_executable = true};
    assert_ok(put(fixture, PATH("f"), STR("old")));
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    assert_ok(do_patch(fixture->store, PATH("f"), &patch));
    assert_ok(put(fixture, PATH("f"), STR("new")));
    assert_string_equal(dump(fixture), "/ {}\nf \"new\" x {p=v } [t]\n");
}

/* Whether the storage has a place for it. */
static bool has_place(struct fixture *fixture, const char *name, int64_t created_s)
{
    return created_s >= 0 &&
           (!backend->is_directory ||
            setxattr(fixture_file(fixture, name), "user.davit-test", "1", 1, 0) == 0);
}

/* Likewise; waits until a second has gone. */
static bool keeps_created(struct fixture *fixture, const char *name, int64_t created_s)
{
    while (clock_wall_ms() / 1000 <= created_s)
        usleep(10000);
    return has_place(fixture, name, created_s);
}

static void p7_replaced_resource_keeps_when_it_was_created(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(put(fixture, PATH("f"), STR("old")));
    int64_t created_s = stat_of(fixture, PATH("f")).created_s;
    if (!keeps_created(fixture, "f", created_s))
        skip();
    for (unsigned i = 0; i < 3; i++) { /* one that was kept is kept on */
        assert_ok(put(fixture, PATH("f"), STR("new")));
        assert_int_equal(stat_of(fixture, PATH("f")).created_s, created_s);
    }
    struct recorder *recorder = recorder_new(&fixture->arena);
    struct store_patch patch = {.sets_modified = true, .modified_s = 1000000000};
    assert_ok(do_patch(fixture->store, PATH("f"), &patch));
    assert_int_equal(stat_of(fixture, PATH("f")).created_s, created_s);
    assert_ok(put(fixture, PATH("g"), STR("g")));
    assert_ok(do_copy(fixture->store, TRANSFER(PATH("f"), PATH("copy")), &recorder->base));
    assert_true(stat_of(fixture, PATH("copy")).created_s > created_s);
    assert_ok(do_move(fixture->store, TRANSFER(PATH("f"), PATH("g")), &recorder->base));
    assert_int_equal(stat_of(fixture, PATH("g")).created_s, created_s);
    if (backend->is_directory)
        fixture_reopen(fixture);
    assert_int_equal(stat_of(fixture, PATH("g")).created_s, created_s);
}

static void p7_when_it_was_created_can_be_said(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.sets_created = true, .created_s = 900000000};
    assert_ok(put(fixture, PATH("before"), STR("x")));
    uint64_t id = stat_of(fixture, PATH("before")).id;
    if (!has_place(fixture, "before", stat_of(fixture, PATH("before")).created_s))
        skip();
    assert_ok(put_in(fixture->store, PATH("new"), STR("x"), &options));
    assert_ok(put_in(fixture->store, PATH("before"), STR("y"), &options));
    assert_int_equal(stat_of(fixture, PATH("new")).created_s, 900000000);
    assert_int_equal(stat_of(fixture, PATH("before")).created_s, 900000000);
    assert_true(stat_of(fixture, PATH("before")).id == id);
    id = stat_of(fixture, PATH("new")).id;
    options.created_s = -1; /* no storage keeps that: it stays */
    assert_ok(put_in(fixture->store, PATH("new"), STR("z"), &options));
    assert_int_equal(stat_of(fixture, PATH("new")).created_s, 900000000);
    assert_true(stat_of(fixture, PATH("new")).id == id);
}

/* What is announced and comes as a whole is not written before the commit. */
static void p7_what_comes_is_what_is_there(void **state)
{
    static const struct {
        uint64_t announced;
        const char *pieces[3];
        const char *content;
    } rows[] = {
        {5, {"whole"}, "whole"},
        {5, {"wh", "ole"}, "whole"},
        {UINT64_MAX, {"wh", "ole"}, "whole"},
        {3, {"one", "two"}, "onetwo"}, /* who asks sees to it that it is not more */
        {3, {"one", "two", "six"}, "onetwosix"},
        {9, {"few"}, "few"},
        {0, {""}, ""},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct store_upload *upload;
        struct store_stat stat;
        struct store_commit options = {0};
        assert_ok(store_upload(fixture->store, PATH("f"), rows[i].announced, &upload));
        for (size_t j = 0; j < ARRAY_LEN(rows[i].pieces) && rows[i].pieces[j]; j++)
            assert_rc(store_upload_write(upload, str_of_c(rows[i].pieces[j])), STORE_OK);
        assert_ok(store_upload_end(upload));
        assert_ok(do_commit(fixture->store, upload, &options, &stat));
        store_upload_close(&upload);
        assert_string_equal(get(fixture, PATH("f")), rows[i].content);
        assert_int_equal(stat.size_bytes, strlen(rows[i].content));
    }
}

static void p20_when_it_was_created_is_told_to_who_wants_it(void **state)
{
    static const unsigned all[] = {0, WANTS_CREATED, WANTS_ID, WANTS_CREATED | WANTS_ID};
    struct fixture *fixture = *state;
    struct store_stat stat;
    MAKE(fixture, "c/", "c/f");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        unsigned wants = all[i];
        struct store_stat whole = stat_of(fixture, PATH("c/f"));
        int64_t created_s = wants & WANTS_CREATED ? whole.created_s : -1;
        uint64_t id = wants & WANTS_ID ? whole.id : 0;
        struct store_cursor *cursor;
        struct store_member member;
        assert_ok(store_stat(fixture->store, PATH("c/f"), wants, &stat));
        assert_int_equal(stat.created_s, created_s);
        assert_int_equal(stat.id, id);
        assert_ok(store_list(fixture->store, PATH("c"), wants, &cursor));
        assert_ok(store_cursor_next(cursor, &member));
        assert_int_equal(member.stat.created_s, created_s);
        assert_int_equal(member.stat.id, id);
        store_cursor_close(&cursor);
    }
}

static uint64_t id_of(struct fixture *fixture, struct res_path path)
{
    return stat_of(fixture, path).id;
}

/* Where the storage has no place for it, what is replaced is another one from then on. */
static void p7_a_resource_keeps_its_id(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/f", "d/");
    uint64_t file = id_of(fixture, PATH("c/f"));
    uint64_t collection = id_of(fixture, PATH("c"));
    assert_true(file && collection && file != collection);
    assert_ok(move_all(fixture, PATH("c"), PATH("d/e")));
    assert_int_equal(id_of(fixture, PATH("d/e")), collection);
    assert_int_equal(id_of(fixture, PATH("d/e/f")), file);
    assert_ok(copy_all(fixture, PATH("d/e/f"), PATH("d/g")));
    assert_int_not_equal(id_of(fixture, PATH("d/g")), file);
    bool is_kept = has_place(fixture, "d/e/f", stat_of(fixture, PATH("d/e/f")).created_s);
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(put(fixture, PATH("d/e/f"), STR("other")));
        assert_true(!is_kept || id_of(fixture, PATH("d/e/f")) == file);
    }
    assert_ok(copy_all(fixture, PATH("d/e/f"), PATH("d/h")));
    assert_int_not_equal(id_of(fixture, PATH("d/h")), id_of(fixture, PATH("d/e/f")));
    file = id_of(fixture, PATH("d/e/f"));
    if (backend->is_directory)
        fixture_reopen(fixture);
    assert_int_equal(id_of(fixture, PATH("d/e")), collection);
    assert_int_equal(id_of(fixture, PATH("d/e/f")), file);
}

/* A program may copy all that is kept with a file: the copy is another file all the same. */
static void p7_a_copy_by_others_has_an_id_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    char kept[128];
    if (!backend->is_directory)
        skip();
    MAKE(fixture, "f", "g");
    assert_ok(put(fixture, PATH("f"), STR("other")));
    ssize_t len = getxattr(fixture_file(fixture, "f"), "user.davit.created", kept, sizeof(kept));
    if (len < 0)
        skip();
    assert_ok(put(fixture, PATH("g"), STR("other")));
    assert_int_equal(
        setxattr(fixture_file(fixture, "g"), "user.davit.created", kept, (size_t)len, 0), 0);
    fixture_reopen(fixture);
    assert_int_not_equal(id_of(fixture, PATH("f")), id_of(fixture, PATH("g")));
}

static void p7_empty_file(void **state)
{
    struct fixture *fixture = *state;
    struct store_upload *upload = start(fixture, PATH("f"), 0);
    assert_ok(commit(fixture, upload));
    store_upload_close(&upload);
    assert_int_equal(stat_of(fixture, PATH("f")).size_bytes, 0);
    assert_string_equal(get(fixture, PATH("f")), "");
}

/* Large enough that its blocks are asked for in advance, where its size is told. */
static void check_big(struct fixture *fixture, uint64_t told_bytes)
{
    enum { WRITES = 37, WRITE_BYTES = 100003 };
    struct store_upload *upload = start(fixture, PATH("big"), told_bytes);
    char *part = mem_new(1, WRITE_BYTES);
    struct buf got = {0};
    for (int i = 0; i < WRITES; i++) {
        memset(part, 'a' + i % 26, WRITE_BYTES);
        write_to(upload, str_of(part, WRITE_BYTES));
    }
    assert_ok(commit(fixture, upload));
    store_upload_close(&upload);
    assert_ok(get_from(fixture->store, PATH("big"), &got));
    assert_int_equal(got.len, WRITES * WRITE_BYTES);
    for (int i = 0; i < WRITES; i++) {
        memset(part, 'a' + i % 26, WRITE_BYTES);
        assert_memory_equal(got.at + (ptrdiff_t)i * WRITE_BYTES, part, WRITE_BYTES);
    }
    buf_done(&got);
    mem_free(part);
}

static void p7_big_file_in_many_writes(void **state)
{
    struct fixture *fixture = *state;
    check_big(fixture, 37 * 100003);
    check_big(fixture, UINT64_MAX);
}

static void p7_two_uploads_to_one_path_stay_apart(void **state)
{
    struct fixture *fixture = *state;
    struct store_upload *first = start(fixture, PATH("f"), 4);
    struct store_upload *second = start(fixture, PATH("f"), 4);
    write_to(first, STR("1."));
    write_to(second, STR("2."));
    write_to(first, STR("11"));
    write_to(second, STR("22"));
    assert_ok(commit(fixture, second));
    assert_string_equal(get(fixture, PATH("f")), "2.22");
    assert_ok(commit(fixture, first));
    assert_string_equal(get(fixture, PATH("f")), "1.11");
    store_upload_close(&first);
    store_upload_close(&second);
    assert_nothing_staged(fixture);
}

static void p7_modified_time_is_set(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t times[] = {1, 1000000000, 1700000000, 4000000000};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct store_commit options = {.sets_modified = true, .modified_s = times[i]};
        assert_ok(put_in(fixture->store, PATH("f"), STR("x"), &options));
        assert_int_equal(stat_of(fixture, PATH("f")).modified_s, times[i]);
    }
    assert_ok(put(fixture, PATH("f"), STR("x"))); /* and is not carried over */
    assert_true(stat_of(fixture, PATH("f")).modified_s > 1700000000);
    assert_true(stat_of(fixture, PATH("f")).modified_s < 4000000000);
}

/* An upload whose sink waits, and who writes to it. */
struct waiting {
    struct store_upload *upload;
    struct inbox inbox;
    struct waker waker;
    size_t rings;
    struct str left;
};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct waiting, waker)->rings++;
}

static void start_waiting(struct fixture *fixture, struct waiting *waiting)
{
    *waiting = (struct waiting){.waker.ring = ring, .left = str_of(mem_new(1, MIB(1)), MIB(1))};
    waiting->upload = start(fixture, PATH("f"), MIB(1));
    inbox_init(&waiting->inbox);
    waiting->upload->sink.waker = &waiting->waker;
    waiting->upload->sink.executor = &waiting->inbox.base;
}

static void end_waiting(struct waiting *waiting)
{
    store_upload_close(&waiting->upload);
    (void)inbox_run_all(&waiting->inbox); /* a ring may have been on its way */
    inbox_done(&waiting->inbox);
}

static void p7_sink_that_waits_takes_a_body_bit_by_bit(void **state)
{
    struct fixture *fixture = *state;
    struct waiting waiting;
    enum push pushed;
    unsigned code = 0;
    size_t waits = 0;
    only_where_sinks_wait();
    start_waiting(fixture, &waiting);
    char *content = (char *)(uintptr_t)waiting.left.at;
    while ((pushed = sink_push(&waiting.upload->sink, &waiting.left, &code)) == PUSH_WAIT) {
        inbox_wait(&waiting.inbox);
        assert_int_equal(waiting.rings, ++waits);
    }
    assert_int_equal(pushed, PUSH_DONE);
    assert_int_equal(waiting.left.len, 0);
    while ((pushed = sink_end(&waiting.upload->sink, &code)) == PUSH_WAIT) {
        inbox_wait(&waiting.inbox);
        assert_int_equal(waiting.rings, ++waits);
    }
    assert_int_equal(pushed, PUSH_DONE);
    assert_ok(commit(fixture, waiting.upload));
    assert_int_equal(stat_of(fixture, PATH("f")).size_bytes, MIB(1));
    end_waiting(&waiting);
    mem_free(content);
}

/* --- promise 8: no trace --- */

static void p8_aborted_upload_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t sizes[] = {5, UINT64_MAX, 10000000};
    MAKE(fixture, "old");
    const char *before = dump(fixture);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct store_upload *fresh = start(fixture, PATH("new"), sizes[i]);
        struct store_upload *over = start(fixture, PATH("old"), sizes[i]);
        write_to(fresh, STR("12345"));
        write_to(over, STR("12345"));
        store_upload_close(&fresh);
        store_upload_close(&over);
        assert_string_equal(dump(fixture), before);
        assert_nothing_staged(fixture);
    }
    struct store_upload *unused = start(fixture, PATH("new"), 5);
    store_upload_close(&unused);
    assert_string_equal(dump(fixture), before);
}

static void p8_upload_that_is_closed_while_it_waits_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    struct waiting waiting;
    unsigned code = 0;
    only_where_sinks_wait();
    const char *before = dump(fixture);
    start_waiting(fixture, &waiting);
    char *content = (char *)(uintptr_t)waiting.left.at;
    assert_int_equal(sink_push(&waiting.upload->sink, &waiting.left, &code), PUSH_WAIT);
    end_waiting(&waiting);
    assert_int_equal(waiting.rings, 0); /* nobody is woken who has gone */
    assert_string_equal(dump(fixture), before);
    mem_free(content);
}

static void p8_refused_commit_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.expects_absent = true};
    MAKE(fixture, "f");
    const char *before = dump(fixture);
    assert_rc(put_in(fixture->store, PATH("f"), STR("new"), &options), STORE_EXISTS);
    assert_string_equal(dump(fixture), before);
    assert_nothing_staged(fixture);
}

/* --- who may be put where --- */

static void expects_absent_refuses_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.expects_absent = true};
    MAKE(fixture, "f", "c/");
    assert_ok(put_in(fixture->store, PATH("new"), STR("x"), &options));
    assert_rc(put_in(fixture->store, PATH("new"), STR("y"), &options), STORE_EXISTS);
    assert_rc(put_in(fixture->store, PATH("f"), STR("y"), &options), STORE_EXISTS);
    /* what no condition could make succeed comes first: RFC 9110 §13.2.1 */
    assert_rc(put_in(fixture->store, PATH("c"), STR("y"), &options), STORE_IS_COLLECTION);
    assert_rc(put_in(fixture->store, PATH_ROOT, STR("y"), &options), STORE_IS_COLLECTION);
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nf \"f\" {}\nnew \"x\" {}\n");
}

static void expects_absent_sees_what_came_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct store_commit options = {.expects_absent = true};
    struct store_upload *upload = start(fixture, PATH("f"), 1);
    write_to(upload, STR("x"));
    MAKE(fixture, "f");
    assert_rc(commit_as(fixture, upload, &options), STORE_EXISTS);
    store_upload_close(&upload);
    assert_string_equal(get(fixture, PATH("f")), "f");
}

static void p5_commit_is_again_where_something_else_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct store_seen none = {0};
    struct store_seen some = {.exists = true};
    struct store_seen other = {true, true, 1};
    struct store_stat stat;
    MAKE(fixture, "f");
    const char *before = dump(fixture);
    assert_rc(put_in(fixture->store, PATH("f"), STR("x"), &(struct store_commit){.seen = &none}),
              STORE_AGAIN);
    assert_rc(put_in(fixture->store, PATH("f"), STR("x"), &(struct store_commit){.seen = &other}),
              STORE_AGAIN);
    assert_rc(put_in(fixture->store, PATH("n"), STR("x"), &(struct store_commit){.seen = &some}),
              STORE_AGAIN);
    assert_string_equal(dump(fixture), before);
    assert_nothing_staged(fixture);
    assert_ok(store_stat(fixture->store, PATH("f"), 0, &stat));
    other.version = stat.version;
    assert_ok(put_in(fixture->store, PATH("f"), STR("1"), &(struct store_commit){.seen = &other}));
    assert_ok(put_in(fixture->store, PATH("f"), STR("2"), &(struct store_commit){.seen = &some}));
    assert_ok(put_in(fixture->store, PATH("n"), STR("x"), &(struct store_commit){.seen = &none}));
    assert_string_equal(dump(fixture), "/ {}\nf \"2\" {}\nn \"x\" {}\n");
}

static void p5_what_came_before_a_commit_can_be_seen_and_committed_over(void **state)
{
    struct fixture *fixture = *state;
    struct store_seen seen = {0};
    struct store_commit options = {.seen = &seen};
    struct store_upload *upload = start(fixture, PATH("f"), 3);
    write_to(upload, STR("new"));
    MAKE(fixture, "f");
    assert_rc(commit_as(fixture, upload, &options), STORE_AGAIN);
    assert_string_equal(get(fixture, PATH("f")), "f");
    seen.exists = true;
    assert_ok(commit_as(fixture, upload, &options));
    store_upload_close(&upload);
    assert_string_equal(get(fixture, PATH("f")), "new");
}

static void p6_upload_needs_its_collection(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    const char *before = dump(fixture);
    assert_rc(put(fixture, PATH("no/f"), STR("x")), STORE_NO_PARENT);
    assert_rc(put(fixture, PATH("no/f"), STR_NONE), STORE_NO_PARENT);
    assert_rc(put(fixture, PATH("no/no/f"), STR("x")), STORE_NO_PARENT);
    assert_rc(put(fixture, PATH("f/below"), STR("x")), STORE_NO_PARENT);
    assert_string_equal(dump(fixture), before);
}

static void p6_upload_needs_its_collection_still_at_commit(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/");
    struct store_upload *upload = start(fixture, PATH("c/f"), 1);
    write_to(upload, STR("x"));
    assert_ok(remove_all(fixture, PATH("c")));
    assert_rc(commit(fixture, upload), STORE_NO_PARENT);
    store_upload_close(&upload);
    assert_string_equal(dump(fixture), "/ {}\n");
    assert_nothing_staged(fixture);
}

static void collections_are_not_replaced_by_uploads(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "c/", "c/f");
    const char *before = dump(fixture);
    assert_rc(put(fixture, PATH("c"), STR("x")), STORE_IS_COLLECTION);
    assert_rc(put(fixture, PATH("c"), STR_NONE), STORE_IS_COLLECTION);
    assert_rc(put(fixture, PATH_ROOT, STR("x")), STORE_IS_COLLECTION); /* promise 19 */
    assert_rc(put(fixture, PATH_ROOT, STR_NONE), STORE_IS_COLLECTION);
    assert_string_equal(dump(fixture), before);
}

/* --- promises 9 and 10 --- */

static void p9_new_resource_has_nothing_of_an_earlier_one(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_lock(fixture, PATH("f"), "t"));
    assert_ok(remove_all(fixture, PATH("f")));
    MAKE(fixture, "f");
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

static void p9_nor_of_one_that_another_program_removed(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_int_equal(unlink(fixture_file(fixture, "f")), 0);
    MAKE(fixture, "f");
    assert_string_equal(dump(fixture), "/ {}\nf \"f\" {}\n");
}

static void p10_what_was_acknowledged_is_there_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f", "c/", "c/g", "gone");
    assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
    assert_ok(set_prop(fixture, PATH("c"), "p", "w"));
    assert_ok(set_lock(fixture, PATH("c/g"), "t"));
    assert_ok(remove_all(fixture, PATH("gone")));
    assert_ok(put(fixture, PATH("f"), STR("new")));
    assert_ok(copy_all(fixture, PATH("c"), PATH("d")));
    assert_ok(move_all(fixture, PATH("c/g"), PATH("c/h")));
    assert_ok(set_lock(fixture, PATH("c/h"), "u"));
    uint64_t version = stat_of(fixture, PATH("f")).version;
    const char *before = dump(fixture);
    fixture_reopen(fixture);
    assert_string_equal(dump(fixture), before);
    assert_int_equal(stat_of(fixture, PATH("f")).version, version);
    assert_string_equal(before, "/ {}\nc/ {p=w }\nc/h \"c/g\" {} [u]\nd/ {p=w }\n"
                                "d/g \"c/g\" {}\nf \"new\" {p=v }\n");
}

/* --- read only --- */

static enum store_rc change(struct fixture *fixture, unsigned which)
{
    struct lock lock = lock_of(PATH("f"), "u", false);
    switch (which) {
    case 0:
        return put(fixture, PATH("f"), STR("x"));
    case 1:
        return put(fixture, PATH("new"), STR_NONE);
    case 2:
        return mkcol(fixture, PATH("new"));
    case 3:
        return remove_all(fixture, PATH("f"));
    case 4:
        return copy_all(fixture, PATH("f"), PATH("new"));
    case 5:
        return move_all(fixture, PATH("f"), PATH("new"));
    case 6:
        return set_prop(fixture, PATH("f"), "p", "w");
    case 7:
        return do_lock(fixture->store, &lock);
    default:
        return do_unlock(fixture->store, STR("t"));
    }
}

/* Where a file system keeps no journal, a name that is on the disk before its file is one that leads
 * to nothing, should the power be lost in between. */
static void p8_a_new_name_is_on_the_disk_after_its_file(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory || backend->durability != DURABILITY_FLUSH)
        skip();
    points_arm(0, POINT_FAIL);
    assert_ok(put(fixture, PATH("f"), STR("new")));
    assert_true(points_ended_with_collection());
    points_arm(0, POINT_FAIL);
    assert_ok(put(fixture, PATH("f"), STR("in its place")));
    assert_true(points_ended_with_collection());
}

static void read_only_store_denies_every_change(void **state)
{
    struct fixture *fixture = *state;
    if (backend->is_directory) {
        MAKE(fixture, "f");
        assert_ok(set_prop(fixture, PATH("f"), "p", "v"));
        assert_ok(set_lock(fixture, PATH("f"), "t"));
    }
    const char *before = dump(fixture);
    store_close(&fixture->store);
    fixture->options.is_read_only = true;
    struct err err;
    assert_true(store_open(backend->store, &fixture->options, &fixture->store, &err));
    for (unsigned i = 0; i < 9; i++)
        assert_rc(change(fixture, i), STORE_DENIED);
    assert_string_equal(dump(fixture), before);
}

int upload_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p7_new_resource_appears_at_commit),
        CONTRACT_TEST(p7_old_content_is_there_until_commit),
        CONTRACT_TEST(p7_replaced_resource_keeps_properties_locks_and_mode),
        CONTRACT_TEST(p7_replaced_resource_keeps_when_it_was_created),
        CONTRACT_TEST(p7_when_it_was_created_can_be_said),
        CONTRACT_TEST(p7_what_comes_is_what_is_there),
        CONTRACT_TEST(p20_when_it_was_created_is_told_to_who_wants_it),
        CONTRACT_TEST(p7_a_resource_keeps_its_id),
        CONTRACT_TEST(p7_a_copy_by_others_has_an_id_of_its_own),
        CONTRACT_TEST(p7_empty_file),
        CONTRACT_TEST(p7_big_file_in_many_writes),
        CONTRACT_TEST(p7_two_uploads_to_one_path_stay_apart),
        CONTRACT_TEST(p7_modified_time_is_set),
        CONTRACT_TEST(p7_sink_that_waits_takes_a_body_bit_by_bit),
        CONTRACT_TEST(p8_aborted_upload_leaves_no_trace),
        CONTRACT_TEST(p8_upload_that_is_closed_while_it_waits_leaves_no_trace),
        CONTRACT_TEST(p8_refused_commit_leaves_no_trace),
        CONTRACT_TEST(p8_a_new_name_is_on_the_disk_after_its_file),
        CONTRACT_TEST(expects_absent_refuses_what_is_there),
        CONTRACT_TEST(expects_absent_sees_what_came_meanwhile),
        CONTRACT_TEST(p5_commit_is_again_where_something_else_is_there),
        CONTRACT_TEST(p5_what_came_before_a_commit_can_be_seen_and_committed_over),
        CONTRACT_TEST(p6_upload_needs_its_collection),
        CONTRACT_TEST(p6_upload_needs_its_collection_still_at_commit),
        CONTRACT_TEST(collections_are_not_replaced_by_uploads),
        CONTRACT_TEST(p9_new_resource_has_nothing_of_an_earlier_one),
        CONTRACT_TEST(p9_nor_of_one_that_another_program_removed),
        CONTRACT_TEST(p10_what_was_acknowledged_is_there_after_a_restart),
        CONTRACT_TEST(read_only_store_denies_every_change),
    };
    return cmocka_run_group_tests_name("uploads", tests, NULL, NULL);
}
