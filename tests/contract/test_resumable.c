/* Promises 28 to 32: resumable uploads. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "points.h"
#include "store/registry.h"
#include "store/resumable/engine_priv.h"

static const struct resumable_wish anywhere = {
    .near = {"f", 1}, .owner = STR_INIT("alice"), .target = {"f", 1}, .size_bytes = UINT64_MAX};

static struct resumables *keeper(struct fixture *fixture, struct res_path near)
{
    struct resumables *of;
    assert_ok(store_resumables(fixture->store, near, &of));
    return of;
}

static struct resumable_key key_of(const struct resumable *made)
{
    return (struct resumable_key){made->wish.near, made->wish.owner, made->wish.id};
}

static struct resumable create(struct fixture *fixture, uint64_t size_bytes)
{
    struct resumable made;
    struct resumable_wish wish = anywhere;
    wish.size_bytes = size_bytes;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    return made;
}

static struct resumable look(struct fixture *fixture, const struct resumable_key *key)
{
    struct resumable told = {0};
    assert_ok(resumable_look(fixture->store, &fixture->arena, key, LOOK_SETTLE, &told));
    return told;
}

static struct resumable_append *begin(struct fixture *fixture, const struct resumable_key *key,
                                      uint64_t offset)
{
    const struct resumable_part part = {.offset = offset, .size_bytes = UINT64_MAX};
    struct resumable_append *append = NULL;
    assert_ok(resumable_append(fixture->store, key, &part, &append));
    return append;
}

static enum store_rc write_to(struct resumable_append *append, struct str bytes)
{
    return (enum store_rc)sink_write(&append->sink, bytes);
}

static void append(struct fixture *fixture, const struct resumable_key *key, uint64_t offset,
                   struct str bytes)
{
    struct resumable_append *appending = begin(fixture, key, offset);
    assert_ok(write_to(appending, bytes));
    assert_ok(resumable_append_end(appending, NULL));
    assert_int_equal(appending->received_bytes, offset + bytes.len);
    resumable_append_close(&appending);
}

static enum store_rc prepare(struct fixture *fixture, const struct resumable_key *key,
                             struct resumable_commit **commit_out)
{
    const struct resumable_end end = {.target = PATH("f"), .size_bytes = UINT64_MAX};
    return resumable_prepare(fixture->store, &fixture->arena, key, &end, commit_out);
}

static enum store_rc commit_prepared(struct fixture *fixture, struct resumable_commit *commit,
                                     struct store_stat *stat_out)
{
    static const struct store_commit options = {0};
    struct waiter waiter;
    struct res_path path = commit->upload->path;
    waiter_init(&waiter);
    change_add(&waiter.change, path, CLAIM_SELF, true);
    change_add(&waiter.change, path_parent(path), CLAIM_SELF, false);
    enum store_rc rc = waiter_begin(&waiter, fixture->store);
    if (rc == STORE_OK)
        rc = resumable_commit(commit, &waiter.change, &options, true, stat_out);
    waiter_end(&waiter);
    waiter_done(&waiter);
    return rc;
}

static enum store_rc finish(struct fixture *fixture, const struct resumable_key *key)
{
    struct resumable_commit *commit;
    struct store_stat stat;
    enum store_rc rc = prepare(fixture, key, &commit);
    if (rc != STORE_OK)
        return rc;
    rc = commit_prepared(fixture, commit, &stat);
    resumable_commit_close(&commit);
    return rc;
}

/* As `davit upload` does. */
static int open_uploads(struct fixture *fixture)
{
    return open(fixture_file(fixture, ".davit/uploads"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum store_rc put_piece(struct fixture *fixture, const struct resumable_key *key,
                               const struct resumable_part *how, struct str bytes,
                               bool *was_there_out)
{
    struct resumable_part part = *how;
    struct resumable_append *appending;
    part.size_bytes = UINT64_MAX;
    enum store_rc rc = resumable_append(fixture->store, key, &part, &appending);
    if (rc != STORE_OK)
        return rc;
    assert_ok(write_to(appending, bytes));
    rc = resumable_append_end(appending, was_there_out);
    resumable_append_close(&appending);
    return rc;
}

/* The piece with that number, from 0 on. */
static bool numbered(struct fixture *fixture, const struct resumable_key *key, uint64_t number,
                     struct str bytes)
{
    char name[17];
    bool was_there = false;
    str_print(name, sizeof(name), "%016llu", (unsigned long long)number);
    const struct resumable_part part = {
        .piece = str_of_c(name), .key = number, .next = number + 1, .is_first = number == 0};
    assert_ok(put_piece(fixture, key, &part, bytes, &was_there));
    return was_there;
}

/* --- promise 28: invisible until its commit, which is a PUT's --- */

static void p28_appends_become_the_content(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 10);
    struct resumable_key key = key_of(&made);
    const char *before = dump(fixture);
    append(fixture, &key, 0, STR("hello"));
    assert_string_equal(dump(fixture), before);
    append(fixture, &key, 5, STR("world"));
    assert_string_equal(dump(fixture), before);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "helloworld");
}

static void p28_replaces_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    MAKE(fixture, "f");
    assert_ok(set_prop(fixture, PATH("f"), "p", "<p/>"));
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("new"));
    assert_ok(finish(fixture, &key));
    assert_string_equal(dump(fixture), "/ {}\nf \"new\" {p=<p/> }\n");
}

static void p28_an_empty_one_becomes_an_empty_file(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 0);
    struct resumable_key key = key_of(&made);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "");
}

static void p28_a_wrong_length_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 10);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("hello"));
    assert_rc(finish(fixture, &key), STORE_LENGTH);
    assert_int_equal(look(fixture, &key).received_bytes, 5);
    struct resumable_append *appending = begin(fixture, &key, 5);
    assert_rc(write_to(appending, STR("worlds")), STORE_LENGTH);
    resumable_append_close(&appending);
    assert_rc(stat_rc(fixture, PATH("f")), STORE_NOT_FOUND);
}

static void p28_a_wrong_hash_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made;
    struct resumable_wish wish = anywhere;
    wish.hashes.of[CONTENT_ADLER32].len = 4;
    memcpy(wish.hashes.of[CONTENT_ADLER32].bytes, "\x06\x2c\x02\x15", 4); /* "hello" */
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("hellp"));
    assert_rc(finish(fixture, &key), STORE_HASH);
    assert_rc(stat_rc(fixture, PATH("f")), STORE_NOT_FOUND);
    assert_ok(resumable_remove(fixture->store, &key));
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    key = key_of(&made);
    append(fixture, &key, 0, STR("hello"));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "hello");
}

static void p28_a_commit_that_fails_can_be_repeated(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("abc"));
    assert_ok(mkcol(fixture, PATH("f")));
    assert_rc(finish(fixture, &key), STORE_IS_COLLECTION);
    assert_ok(remove_all(fixture, PATH("f")));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "abc");
}

static void p28_a_commit_that_fails_at_any_call_can_be_repeated(void **state)
{
    struct fixture *fixture = *state;
    struct store_stat stat;
    if (!backend->is_directory)
        skip();
    for (unsigned n = 1, calls = 1; n <= calls; n++) {
        struct resumable made = create(fixture, 3);
        struct resumable_key key = key_of(&made);
        struct resumable_commit *commit;
        append(fixture, &key, 0, STR("abc"));
        assert_ok(prepare(fixture, &key, &commit));
        points_arm(n, POINT_FAIL);
        enum store_rc rc = commit_prepared(fixture, commit, &stat);
        calls = points_count();
        points_arm(0, POINT_FAIL);
        resumable_commit_close(&commit);
        if (rc == STORE_OK || rc == STORE_UNKNOWN)
            assert_rc(finish(fixture, &key), STORE_DONE);
        else
            assert_ok(finish(fixture, &key));
        assert_string_equal(get(fixture, PATH("f")), "abc");
        assert_ok(remove_all(fixture, PATH("f")));
    }
}

static int open_upload(struct fixture *fixture, const struct resumable_key *key)
{
    char path[256];
    str_print(path, sizeof(path), "%s/.davit/uploads/%016llx/%.*s", fixture->root,
              (unsigned long long)owner_mark(key->owner), STR_ARGS(key->id));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct resumable create_hashed(struct fixture *fixture)
{
    struct resumable made;
    struct resumable_wish wish = anywhere;
    wish.hash_kinds = 1U << CONTENT_ADLER32 | 1U << CONTENT_SHA1;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    return made;
}

/* Prepares it as "helloworld". */
static enum store_rc prepare_hashed(struct fixture *fixture, const struct resumable_key *key)
{
    const struct resumable_end end = {
        .target = PATH("f"),
        .size_bytes = 10,
        .hashes.of[CONTENT_ADLER32] = {4, "\x17\x36\x04\x3d"},
    };
    struct resumable_commit *commit;
    enum store_rc rc = resumable_prepare(fixture->store, &fixture->arena, key, &end, &commit);
    if (rc == STORE_OK)
        resumable_commit_close(&commit);
    return rc;
}

/* So, after the first byte in its file has become another: who reads it finds out. */
static enum store_rc prepare_spoilt(struct fixture *fixture, const struct resumable_key *key)
{
    int dir_fd = open_upload(fixture, key);
    int fd = openat(dir_fd, "content", O_RDWR | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "H", 1, 0), 1);
    close(fd);
    close(dir_fd);
    return prepare_hashed(fixture, key);
}

static void p28_a_hash_that_was_expected_is_known_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    struct resumable made = create_hashed(fixture);
    struct resumable_key key = key_of(&made);
    const struct resumable_part whole = {.offset = 3, .size_bytes = UINT64_MAX, .is_whole = true};
    append(fixture, &key, 0, STR("hel"));
    struct resumable_append *broken;
    assert_ok(resumable_append(fixture->store, &key, &whole, &broken));
    assert_ok(write_to(broken, STR("wrong")));
    resumable_append_close(&broken);
    broken = begin(fixture, &key, 3);
    assert_ok(write_to(broken, STR("lo")));
    resumable_append_close(&broken);
    assert_int_equal(look(fixture, &key).received_bytes, 5);
    append(fixture, &key, 5, STR("world"));
    assert_ok(prepare_spoilt(fixture, &key));
    fixture_reopen(fixture);
    assert_rc(prepare_spoilt(fixture, &key), STORE_HASH); /* what was known is forgotten */
}

/* 20 GiB, most of which is a hole. */
static void p28_the_content_itself_gets_the_name(void **state)
{
    enum { GIB = 1 << 30 };
    struct fixture *fixture = *state;
    struct record record;
    struct stat before;
    struct stat after;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("begin"));
    int dir_fd = open_upload(fixture, &key);
    int info_fd = openat(dir_fd, "info", O_RDWR);
    int fd = openat(dir_fd, "content", O_RDWR);
    if (ftruncate(fd, (off_t)20 * GIB) < 0)
        skip(); /* no file system for this */
    assert_ok(record_read(info_fd, &fixture->arena, &record));
    record.told.received_bytes = (uint64_t)20 * GIB;
    assert_ok(record_note(info_fd, &record, NOTE_MARK));
    assert_int_equal(fstat(fd, &before), 0);
    assert_ok(finish(fixture, &key));
    assert_int_equal(stat(fixture_file(fixture, "f"), &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_true(after.st_size == (off_t)20 * GIB && (after.st_mode & 0777) == 0644);
    close(fd);
    close(info_fd);
    close(dir_fd);
}

/* --- promise 29: what is told is there --- */

static void p29_the_offset_survives(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    struct resumable_wish wish = anywhere;
    struct resumable made;
    wish.note = STR("a note");
    wish.if_match = STR("\"tag\"");
    wish.sets_modified = true;
    wish.modified_s = -5;
    wish.size_bytes = 8;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("hello"));
    fixture_reopen(fixture);
    struct resumable told = look(fixture, &key);
    assert_int_equal(told.received_bytes, 5);
    assert_int_equal(told.wish.size_bytes, 8);
    assert_int_equal(told.wish.modified_s, -5);
    assert_true(told.wish.sets_modified && !told.is_done);
    assert_str(told.wish.note, "a note");
    assert_str(told.wish.if_match, "\"tag\"");
    append(fixture, &key, 5, STR("bye"));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "hellobye");
}

static void p29_what_came_before_a_break_counts(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 10);
    struct resumable_key key = key_of(&made);
    struct resumable_append *appending = begin(fixture, &key, 0);
    assert_ok(write_to(appending, STR("hel")));
    resumable_append_close(&appending);
    assert_int_equal(look(fixture, &key).received_bytes, 3);
    append(fixture, &key, 3, STR("loworld"));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "helloworld");
}

static void p29_a_part_that_is_taken_whole_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 10);
    struct resumable_key key = key_of(&made);
    const struct resumable_part part = {.size_bytes = UINT64_MAX, .is_whole = true};
    struct resumable_append *appending;
    assert_ok(resumable_append(fixture->store, &key, &part, &appending));
    assert_ok(write_to(appending, STR("wrong wron")));
    resumable_append_close(&appending);
    assert_int_equal(look(fixture, &key).received_bytes, 0);
    append(fixture, &key, 0, STR("hello"));
    append(fixture, &key, 5, STR("world"));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "helloworld");
}

static void p29_no_more_is_told_than_the_file_has(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, 10);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("hello"));
    char line[256];
    str_print(line, sizeof(line), "truncate -s 2 %s/.davit/uploads/*/*/content", fixture->root);
    assert_int_equal(system(line), 0);
    assert_int_equal(look(fixture, &key).received_bytes, 2);
}

/* A file that may not grow stands for a disk that is full: a part of what was to be written fits. */
static void p29_a_disk_that_runs_full_keeps_what_was_written(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before;
    struct resumable made = create(fixture, 4096);
    struct resumable_key key = key_of(&made);
    struct resumable_append *appending = begin(fixture, &key, 0);
    static const char bytes[4096] = {1};
    assert_ok(write_to(appending, str_of(bytes, 600)));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {1000, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum store_rc rc = write_to(appending, str_of(bytes + 600, 3496));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_rc(rc, STORE_NO_SPACE);
    resumable_append_close(&appending);
    assert_int_equal(look(fixture, &key).received_bytes, 600);
    append(fixture, &key, 600, str_of(bytes + 600, 3496));
    assert_ok(finish(fixture, &key));
    assert_int_equal(stat_of(fixture, PATH("f")).size_bytes, 4096);
}

static void p29_what_could_not_be_flushed_does_not_count(void **state)
{
    enum { BYTES = 33 << 20 };
    struct fixture *fixture = *state;
    if (!backend->is_directory || backend->durability != DURABILITY_FLUSH)
        skip();
    struct resumable made = create(fixture, BYTES);
    struct resumable_key key = key_of(&made);
    struct resumable_append *appending = begin(fixture, &key, 0);
    char *bytes = mem_new(1, BYTES);
    points_arm(2, POINT_FAIL);
    assert_rc(write_to(appending, str_of(bytes, BYTES)), STORE_FAILED);
    assert_true(points_was_flush());
    points_arm(0, POINT_FAIL);
    resumable_append_close(&appending);
    assert_int_equal(look(fixture, &key).received_bytes, 0);
    mem_free(bytes);
}

/* --- promise 30: one writes at a time --- */

static void p30_a_later_append_ends_the_earlier(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    struct resumable_append *first = begin(fixture, &key, 0);
    assert_ok(write_to(first, STR("one")));
    struct resumable_append *second;
    const struct resumable_part part = {.offset = 0, .size_bytes = UINT64_MAX};
    assert_rc(resumable_append(fixture->store, &key, &part, &second), STORE_AGAIN);
    assert_rc(write_to(first, STR("lost")), STORE_AGAIN);
    second = begin(fixture, &key, 3);
    assert_rc(resumable_append_end(first, NULL), STORE_AGAIN);
    assert_ok(write_to(second, STR("two")));
    assert_rc(write_to(first, STR("lost")), STORE_AGAIN);
    resumable_append_close(&first);
    assert_ok(resumable_append_end(second, NULL));
    resumable_append_close(&second);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "onetwo");
}

static void p30_a_commit_ends_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("abc"));
    struct resumable_commit *commit;
    assert_ok(prepare(fixture, &key, &commit));
    append(fixture, &key, 3, STR("d"));
    struct store_stat stat;
    assert_rc(commit_prepared(fixture, commit, &stat), STORE_AGAIN);
    resumable_commit_close(&commit);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "abcd");
}

static void p30_what_was_removed_is_not_committed(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    struct resumable_commit *commit;
    struct store_stat stat;
    append(fixture, &key, 0, STR("abc"));
    assert_ok(prepare(fixture, &key, &commit));
    assert_ok(resumable_remove(fixture->store, &key));
    assert_rc(commit_prepared(fixture, commit, &stat), STORE_NOT_FOUND);
    resumable_commit_close(&commit);
    assert_rc(stat_rc(fixture, PATH("f")), STORE_NOT_FOUND);
}

struct looker {
    struct fixture *fixture;
    const struct resumable_key *key;
    _Atomic unsigned *refused;
    pthread_t thread;
    enum store_rc rc;
};

static void *look_once(void *arg)
{
    struct looker *looker = arg;
    struct arena arena = {0};
    struct resumable told;
    looker->rc = resumable_look(looker->fixture->store, &arena, looker->key, LOOK_SETTLE, &told);
    atomic_fetch_add(looker->refused, looker->rc == STORE_BUSY);
    arena_done(&arena);
    return NULL;
}

/* Its commit is reading it, say. */
static void p30_an_upload_keeps_no_other_waiting(void **state)
{
    enum { OTHERS = 40, LOOKERS = 20, WAITING = 5 };
    struct fixture *fixture = *state;
    struct looker lookers[LOOKERS];
    _Atomic unsigned refused = 0;
    unsigned answered = 0;
    struct resumables *of = keeper(fixture, anywhere.near);
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    struct queue *queue = queue_enter(&of->queues, owner_mark(key.owner), key.id, ENTERS_ALWAYS);
    for (int i = 0; i < OTHERS; i++) {
        struct resumable other = create(fixture, 3);
        struct resumable_key other_key = key_of(&other);
        append(fixture, &other_key, 0, STR("abc"));
    }
    for (int i = 0; i < LOOKERS; i++) {
        lookers[i] = (struct looker){.fixture = fixture, .key = &key, .refused = &refused};
        assert_int_equal(pthread_create(&lookers[i].thread, NULL, look_once, &lookers[i]), 0);
    }
    while (atomic_load(&refused) < LOOKERS - WAITING) /* the others wait for it */
        (void)usleep(1000);
    queue_leave(&of->queues, queue);
    for (int i = 0; i < LOOKERS; i++) {
        assert_int_equal(pthread_join(lookers[i].thread, NULL), 0);
        answered += lookers[i].rc == STORE_OK;
    }
    assert_int_equal(answered, WAITING);
    assert_true(of->queues.map.count == 0);
}

/* A place with a root and a state directory beside it, of which the root is replaced. */
struct place {
    char folder[64];
    char root[80];
    char state[80];
    struct store_options options;
};

static void make_place(struct fixture *fixture, struct place *place)
{
    str_print(place->folder, sizeof(place->folder), "%s-2", fixture->root);
    str_print(place->root, sizeof(place->root), "%s/root", place->folder);
    str_print(place->state, sizeof(place->state), "%s/state", place->folder);
    assert_int_equal(mkdir(place->folder, 0700), 0);
    assert_int_equal(mkdir(place->root, 0700), 0);
    assert_int_equal(mkdir(place->state, 0700), 0);
    place->options = fixture->options;
    place->options.root = place->root;
    place->options.state_dir = place->state;
}

static struct store *open_place(struct place *place, struct store *before)
{
    struct store *store;
    struct err err;
    place->options.before = before;
    assert_true(store_open("directory", &place->options, &store, &err));
    return store;
}

static void replace_root(struct place *place)
{
    char old[sizeof(place->root) + 4];
    str_print(old, sizeof(old), "%s.old", place->root);
    assert_int_equal(rename(place->root, old), 0);
    assert_int_equal(mkdir(place->root, 0700), 0);
}

/* Requests that came before go on with the store that has lost its root. */
static void p30_one_writes_when_the_root_was_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct place place;
    struct resumable made;
    struct resumable_append *earlier;
    struct resumable_append *later;
    if (!backend->is_directory)
        skip();
    make_place(fixture, &place);
    struct store *lost = open_place(&place, NULL);
    assert_ok(resumable_create(lost, &fixture->arena, &anywhere, &made));
    struct resumable_key key = key_of(&made);
    const struct resumable_part first = {.size_bytes = UINT64_MAX};
    assert_ok(resumable_append(lost, &key, &first, &earlier));
    assert_ok(write_to(earlier, STR("abc")));
    replace_root(&place);
    struct store *store = open_place(&place, lost);
    assert_ok(resumable_look(store, &fixture->arena, &key, LOOK_SETTLE, &made));
    assert_int_equal(made.received_bytes, 3);
    assert_rc(write_to(earlier, STR("x")), STORE_AGAIN);
    const struct resumable_part second = {.offset = 3, .size_bytes = UINT64_MAX};
    assert_ok(resumable_append(store, &key, &second, &later));
    resumable_append_close(&earlier);
    store_close(&lost);
    assert_ok(write_to(later, STR("def")));
    assert_ok(resumable_append_end(later, NULL));
    resumable_append_close(&later);
    assert_ok(resumable_look(store, &fixture->arena, &key, LOOK_SETTLE, &made));
    assert_int_equal(made.received_bytes, 6);
    store_close(&store);
    fixture_remove(place.folder);
}

/* --- promise 31: whose, how many, how long --- */

static void p31_it_is_its_owners(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    struct resumable_key other = key;
    struct resumable told;
    other.owner = STR("bob");
    assert_rc(resumable_look(fixture->store, &fixture->arena, &other, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
    assert_rc(resumable_remove(fixture->store, &other), STORE_NOT_FOUND);
    other = key;
    other.id = STR("../x");
    assert_rc(resumable_look(fixture->store, &fixture->arena, &other, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
    assert_ok(resumable_remove(fixture->store, &key));
    assert_rc(resumable_look(fixture->store, &fixture->arena, &key, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
}

static void p31_an_id_that_was_given_is_taken_once(void **state)
{
    struct fixture *fixture = *state;
    struct resumable_wish wish = anywhere;
    struct resumable made;
    wish.id = STR("nc-1");
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    assert_rc(resumable_create(fixture->store, &fixture->arena, &wish, &made), STORE_EXISTS);
    wish.owner = STR("bob");
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    struct resumable_list list;
    struct resumable_key key = {wish.near, STR("alice"), STR("nc-")};
    assert_ok(resumable_list(fixture->store, &fixture->arena, &key, &list));
    assert_int_equal(list.count, 1);
    assert_str(list.items[0].wish.id, "nc-1");
    key.id = STR("tus-");
    assert_ok(resumable_list(fixture->store, &fixture->arena, &key, &list));
    assert_int_equal(list.count, 0);
}

static void p31_limits_hold(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made;
    struct resumable_wish wish = anywhere;
    fixture->limits.uploads_per_user = 2;
    fixture->limits.upload_bytes_per_user = 1000;
    wish.size_bytes = 600;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    assert_rc(resumable_create(fixture->store, &fixture->arena, &wish, &made), STORE_NO_SPACE);
    wish.size_bytes = 400;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    wish.size_bytes = 0;
    assert_rc(resumable_create(fixture->store, &fixture->arena, &wish, &made), STORE_NO_SPACE);
}

/* Another knows nothing of what is remembered: a process, an engine after a restart. */
static void p31_limits_hold_whoever_removes(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made;
    if (!backend->is_directory)
        skip();
    fixture->limits.uploads_per_user = 2;
    struct resumable first = create(fixture, 3);
    create(fixture, 3);
    assert_rc(resumable_create(fixture->store, &fixture->arena, &anywhere, &made), STORE_NO_SPACE);
    int fd = open_uploads(fixture);
    assert_int_equal(resumables_expire(fd, &fixture->limits, first.wish.id).count, 1);
    close(fd);
    create(fixture, 3);
    assert_rc(resumable_create(fixture->store, &fixture->arena, &anywhere, &made), STORE_NO_SPACE);
    fixture_reopen(fixture);
    assert_rc(resumable_create(fixture->store, &fixture->arena, &anywhere, &made), STORE_NO_SPACE);
    clock_set_ahead(25 * 3600000);
    create(fixture, 3);
    sweeper_sweep(keeper(fixture, anywhere.near));
    create(fixture, 3);
    assert_rc(resumable_create(fixture->store, &fixture->arena, &anywhere, &made), STORE_NO_SPACE);
    clock_set_ahead(0);
}

/* What is remembered is what is there, and that is `count` and `bytes`. */
static void check_held(struct fixture *fixture, uint64_t count, uint64_t bytes)
{
    struct resumables *of = keeper(fixture, anywhere.near);
    uint64_t mark = owner_mark(anywhere.owner);
    struct holdings remembered = holdings_of(&of->holders, mark, HOLDINGS_REMEMBERED);
    struct holdings counted = holdings_of(&of->holders, mark, HOLDINGS_COUNTED);
    assert_int_equal(remembered.count, count);
    assert_int_equal(remembered.bytes, bytes);
    assert_true(counted.count == count && counted.bytes == bytes);
}

static void p31_what_is_held_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    const struct resumable_part last = {.offset = 3, .size_bytes = 9};
    struct resumable_append *appending;
    check_held(fixture, 0, 0);
    struct resumable sized = create(fixture, 10);
    check_held(fixture, 1, 10);
    struct resumable open = create(fixture, UINT64_MAX);
    struct resumable_key sized_key = key_of(&sized);
    struct resumable_key open_key = key_of(&open);
    append(fixture, &sized_key, 0, STR("0123456789"));
    check_held(fixture, 2, 10);
    appending = begin(fixture, &open_key, 0);
    assert_ok(write_to(appending, STR("abc")));
    resumable_append_close(&appending);
    check_held(fixture, 2, 10);
    assert_int_equal(look(fixture, &open_key).received_bytes, 3);
    check_held(fixture, 2, 13);
    assert_ok(resumable_append(fixture->store, &open_key, &last, &appending));
    resumable_append_close(&appending);
    check_held(fixture, 2, 19);
    assert_ok(finish(fixture, &sized_key));
    check_held(fixture, 1, 9);
    assert_ok(resumable_remove(fixture->store, &sized_key));
    check_held(fixture, 1, 9);
    assert_ok(resumable_remove(fixture->store, &open_key));
    check_held(fixture, 0, 0);
}

static void p31_pieces_are_held_when_they_are_joined(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    check_held(fixture, 1, 0);
    numbered(fixture, &key, 1, STR("bb"));
    check_held(fixture, 1, 0);
    numbered(fixture, &key, 0, STR("a"));
    check_held(fixture, 1, 3);
    numbered(fixture, &key, 0, STR("aaaa"));
    check_held(fixture, 1, 6);
    assert_ok(resumable_piece_remove(fixture->store, &key, STR("0000000000000000")));
    check_held(fixture, 1, 0);
    assert_ok(finish(fixture, &key));
    check_held(fixture, 0, 0);
}

static void p31_what_has_no_size_is_bounded_too(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made;
    struct resumable_wish wish = anywhere;
    fixture->limits.upload_bytes_per_user = 10;
    assert_ok(resumable_create(fixture->store, &fixture->arena, &wish, &made));
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("123456"));
    wish.size_bytes = 5;
    assert_rc(resumable_create(fixture->store, &fixture->arena, &wish, &made), STORE_NO_SPACE);
    struct resumable_append *appending = begin(fixture, &key, 6);
    assert_ok(write_to(appending, STR("7890")));
    assert_rc(write_to(appending, STR("1")), STORE_NO_SPACE);
    resumable_append_close(&appending);
    assert_int_equal(look(fixture, &key).received_bytes, 10);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "1234567890");
}

static void p31_it_expires_when_nobody_touches_it(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    struct resumable told;
    clock_set_ahead(20 * 3600000);
    append(fixture, &key, 0, STR("a"));
    clock_set_ahead(40 * 3600000);
    assert_int_equal(look(fixture, &key).received_bytes, 1);
    clock_set_ahead(45 * 3600000);
    assert_rc(resumable_look(fixture->store, &fixture->arena, &key, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
    sweeper_sweep(keeper(fixture, key.near));
    clock_set_ahead(0);
    assert_rc(resumable_look(fixture->store, &fixture->arena, &key, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
}

static void p31_a_commit_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("abc"));
    assert_ok(finish(fixture, &key));
    struct resumable_append *appending;
    const struct resumable_part part = {.offset = 3, .size_bytes = UINT64_MAX};
    assert_rc(finish(fixture, &key), STORE_DONE);
    assert_rc(resumable_append(fixture->store, &key, &part, &appending), STORE_DONE);
    struct resumable told = look(fixture, &key);
    struct store_stat stat = stat_of(fixture, PATH("f"));
    assert_true(told.is_done && told.was_new && told.has_stat);
    assert_int_equal(told.stat.version, stat.version);
    assert_int_equal(told.received_bytes, 3);
    if (backend->is_directory) {
        fixture_reopen(fixture);
        assert_true(look(fixture, &key).is_done);
    }
    assert_ok(resumable_remove(fixture->store, &key));
    assert_string_equal(get(fixture, PATH("f")), "abc");
}

static bool is_flushing(void)
{
    return backend->is_directory && backend->durability == DURABILITY_FLUSH;
}

static size_t count_of(struct fixture *fixture)
{
    struct resumable_list list;
    struct resumable_key all = {anywhere.near, anywhere.owner, STR_NONE};
    assert_ok(resumable_list(fixture->store, &fixture->arena, &all, &list));
    return list.count;
}

static void p31_one_that_is_refused_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made;
    if (!backend->is_directory)
        skip();
    for (unsigned n = 1, calls = n; n <= calls; n++) {
        points_arm(n, POINT_FAIL);
        enum store_rc rc = resumable_create(fixture->store, &fixture->arena, &anywhere, &made);
        calls = points_count() + 1; /* until there was one fewer */
        points_arm(0, POINT_FAIL);
        assert_int_equal(count_of(fixture), rc == STORE_OK);
        if (rc != STORE_OK)
            continue;
        struct resumable_key key = key_of(&made);
        assert_ok(resumable_remove(fixture->store, &key));
    }
}

/* What was told to be over is so after the loss of power, or it is said that this is not known. */
static void p31_what_was_removed_stays_away(void **state)
{
    struct fixture *fixture = *state;
    if (!is_flushing())
        skip();
    bool was_unknown = false;
    for (unsigned n = 1, calls = n; n <= calls; n++) {
        struct resumable made = create(fixture, 3);
        struct resumable_key key = key_of(&made);
        points_arm(n, POINT_FAIL);
        enum store_rc rc = resumable_remove(fixture->store, &key);
        calls = points_count() + 1; /* until there was one fewer */
        points_arm(0, POINT_FAIL);
        bool is_gone = rc == STORE_OK || rc == STORE_UNKNOWN;
        was_unknown |= rc == STORE_UNKNOWN;
        assert_int_equal(count_of(fixture), !is_gone);
        if (!is_gone)
            assert_ok(resumable_remove(fixture->store, &key));
    }
    assert_true(was_unknown);
}

/* A crash came where a file gets its name by link(2), between that and the end of its old name. */
static void p31_what_has_two_names_was_committed(void **state)
{
    struct fixture *fixture = *state;
    struct record record;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("abc"));
    int dir_fd = open_upload(fixture, &key);
    int info_fd = openat(dir_fd, "info", O_RDWR | O_CLOEXEC);
    assert_ok(record_read(info_fd, &fixture->arena, &record));
    record.is_committing = true;
    assert_ok(record_note(info_fd, &record, NOTE_MARK));
    assert_false(look(fixture, &key).is_done);
    assert_int_equal(linkat(dir_fd, "content", AT_FDCWD, fixture_file(fixture, "f"), 0), 0);
    assert_true(look(fixture, &key).is_done);
    close(info_fd);
    close(dir_fd);
}

static void p31_what_is_no_file_is_no_content(void **state)
{
    struct fixture *fixture = *state;
    struct resumable told;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    int dir_fd = open_upload(fixture, &key);
    assert_int_equal(unlinkat(dir_fd, "content", 0), 0);
    assert_int_equal(mkfifoat(dir_fd, "content", 0600), 0);
    assert_rc(resumable_look(fixture->store, &fixture->arena, &key, LOOK_SETTLE, &told),
              STORE_FAILED);
    close(dir_fd);
}

static void p31_nothing_is_known_of_what_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct resumables *of = keeper(fixture, anywhere.near);
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    struct resumable_append *broken = begin(fixture, &key, 0);
    assert_ok(write_to(broken, STR("abc")));
    resumable_append_close(&broken);
    assert_false(list_is_empty(&of->appends));
    clock_set_ahead(25 * 3600000);
    sweeper_sweep(of);
    clock_set_ahead(0);
    assert_true(list_is_empty(&of->appends));
}

struct count {
    struct resumables_visitor visitor;
    size_t all;
    size_t over;
};

static void count_one(struct resumables_visitor *visitor, const struct resumable *told,
                      bool is_over)
{
    struct count *count = CONTAINER_OF(visitor, struct count, visitor);
    assert_true(str_eq(told->wish.owner, STR("alice")));
    count->all++;
    count->over += is_over;
}

static void p31_others_see_them_and_remove_what_is_not_in_use(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    struct resumable first = create(fixture, 3);
    struct resumable second = create(fixture, 3);
    struct resumable_key key = key_of(&first);
    struct resumable told;
    struct resumable_append *appending = begin(fixture, &key, 0);
    struct count count = {.visitor.show = count_one};
    int fd = open_uploads(fixture);
    resumables_show(fd, &fixture->limits, &count.visitor);
    assert_true(count.all == 2 && count.over == 0);
    assert_int_equal(resumables_expire(fd, &fixture->limits, STR_NONE).count, 0);
    struct resumables_expired expired = resumables_expire(fd, &fixture->limits, first.wish.id);
    assert_true(expired.count == 0 && expired.busy == 1);
    expired = resumables_expire(fd, &fixture->limits, second.wish.id);
    assert_true(expired.count == 1 && expired.busy == 0);
    assert_ok(write_to(appending, STR("abc")));
    assert_ok(resumable_append_end(appending, NULL));
    resumable_append_close(&appending);
    assert_ok(finish(fixture, &key));
    key = key_of(&second);
    assert_rc(resumable_look(fixture->store, &fixture->arena, &key, LOOK_ONLY, &told),
              STORE_NOT_FOUND);
    clock_set_ahead(25 * 3600000);
    assert_int_equal(resumables_expire(fd, &fixture->limits, STR_NONE).count, 1);
    clock_set_ahead(0);
    close(fd);
    assert_string_equal(get(fixture, PATH("f")), "abc");
}

static void show_done(struct resumables_visitor *visitor, const struct resumable *told,
                      bool is_over)
{
    (void)visitor, (void)is_over; /* there is one, which is not */
    assert_true(told->is_done);
}

/* A crash came between the commit and the note of it: a look and the list say the same. */
static void p31_what_has_gone_to_its_place_is_listed_as_done(void **state)
{
    struct fixture *fixture = *state;
    struct resumables_visitor visitor = {.show = show_done};
    struct record record;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    append(fixture, &key, 0, STR("abc"));
    int dir_fd = open_upload(fixture, &key);
    int info_fd = openat(dir_fd, "info", O_RDWR | O_CLOEXEC);
    assert_ok(record_read(info_fd, &fixture->arena, &record));
    record.is_committing = true;
    assert_ok(record_note(info_fd, &record, NOTE_MARK));
    assert_int_equal(renameat(dir_fd, "content", AT_FDCWD, fixture_file(fixture, "f")), 0);
    int fd = open_uploads(fixture);
    resumables_show(fd, &fixture->limits, &visitor);
    assert_true(look(fixture, &key).is_done);
    close(fd);
    close(info_fd);
    close(dir_fd);
}

/* An engine of its own looks every few milliseconds. */
static void p31_what_is_over_goes_by_itself(void **state)
{
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    struct resumable made = create(fixture, 3);
    struct resumable_key key = key_of(&made);
    const struct resumables_options options = {.sweep_ms = 5, .limits = &fixture->limits};
    int fd = open_uploads(fixture);
    int dir_fd = open_upload(fixture, &key);
    struct resumables *of = resumables_open(fd, &options);
    clock_set_ahead(25 * 3600000);
    while (faccessat(dir_fd, "info", F_OK, 0) == 0)
        (void)usleep(1000);
    resumables_close(of);
    clock_set_ahead(0);
    close(dir_fd);
}

/* --- promise 32: pieces --- */

static const char *pieces_text(struct fixture *fixture, const struct resumable_key *key)
{
    struct resumable_pieces pieces;
    struct buf text = {0};
    assert_ok(resumable_pieces(fixture->store, &fixture->arena, key, &pieces));
    for (size_t i = 0; i < pieces.count; i++)
        buf_addf(&text, "%d:%d ", (int)pieces.items[i].key, (int)pieces.items[i].bytes);
    const char *copy = arena_text(&fixture->arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

static void p32_pieces_in_any_order(void **state)
{
    static const unsigned orders[][4] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 0, 1, 3}, {0, 3, 1, 2}};
    static const char *const texts[] = {"a", "bb", "ccc", "dddd"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct resumable made = create(fixture, UINT64_MAX);
        struct resumable_key key = key_of(&made);
        for (size_t j = 0; j < 4; j++)
            assert_false(numbered(fixture, &key, orders[i][j], str_of_c(texts[orders[i][j]])));
        assert_string_equal(pieces_text(fixture, &key), "0:1 1:2 2:3 3:4 ");
        struct resumable told = look(fixture, &key);
        assert_int_equal(told.received_bytes, 10);
        assert_int_equal(told.piece_bytes, 0);
        assert_ok(finish(fixture, &key));
        assert_string_equal(get(fixture, PATH("f")), "abbcccdddd");
    }
}

static void p32_a_piece_sent_anew_replaces_the_old(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t again = 0; again < 3; again++) {
        struct resumable made = create(fixture, UINT64_MAX);
        struct resumable_key key = key_of(&made);
        numbered(fixture, &key, 0, STR("000"));
        numbered(fixture, &key, 1, STR("111"));
        numbered(fixture, &key, 2, STR("222"));
        assert_true(numbered(fixture, &key, again, STR("x")));
        assert_int_equal(look(fixture, &key).received_bytes, 7);
        assert_ok(finish(fixture, &key));
        const char *expected[] = {"x111222", "000x222", "000111x"};
        assert_string_equal(get(fixture, PATH("f")), expected[again]);
    }
}

static void p32_half_a_piece_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t number = 0; number < 2; number++) {
        struct resumable made = create(fixture, UINT64_MAX);
        struct resumable_key key = key_of(&made);
        struct resumable_part part = {.piece = STR("p"),
                                      .key = number,
                                      .next = number + 1,
                                      .is_first = number == 0,
                                      .size_bytes = UINT64_MAX};
        struct resumable_append *appending;
        assert_ok(resumable_append(fixture->store, &key, &part, &appending));
        assert_ok(write_to(appending, STR("half")));
        assert_string_equal(pieces_text(fixture, &key), "");
        resumable_append_close(&appending);
        assert_string_equal(pieces_text(fixture, &key), "");
        assert_ok(put_piece(fixture, &key, &part, STR("whole"), NULL));
        assert_ok(finish(fixture, &key));
        assert_string_equal(get(fixture, PATH("f")), "whole");
    }
}

static void p32_their_hash_runs_along(void **state)
{
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {1, 0, 3, 2}, {0, 3, 2, 1}};
    static const char *const texts[] = {"hel", "lo", "wor", "ld"};
    struct fixture *fixture = *state;
    if (!backend->is_directory)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct resumable made = create_hashed(fixture);
        struct resumable_key key = key_of(&made);
        for (size_t j = 0; j < 4; j++)
            numbered(fixture, &key, orders[i][j], str_of_c(texts[orders[i][j]]));
        assert_ok(prepare_spoilt(fixture, &key));
    }
    struct resumable made = create_hashed(fixture);
    struct resumable_key key = key_of(&made);
    for (size_t j = 0; j < 4; j++)
        numbered(fixture, &key, j, j == 2 ? STR("WOR") : str_of_c(texts[j]));
    numbered(fixture, &key, 2, STR("wor")); /* what was known is of bytes that are no more */
    assert_ok(prepare_hashed(fixture, &key));
}

static void p32_offsets_must_meet(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    struct resumable_part first = {
        .piece = STR("0-2"), .key = 0, .next = 3, .is_first = true, .key_is_offset = true};
    struct resumable_part third = {.piece = STR("6-8"), .key = 6, .next = 9, .key_is_offset = true};
    struct resumable_part second = {
        .piece = STR("3-5"), .key = 3, .next = 6, .key_is_offset = true};
    assert_ok(put_piece(fixture, &key, &third, STR("ghi"), NULL));
    assert_ok(put_piece(fixture, &key, &first, STR("abc"), NULL));
    struct resumable told = look(fixture, &key);
    assert_int_equal(told.received_bytes, 3);
    assert_int_equal(told.piece_bytes, 3);
    assert_rc(finish(fixture, &key), STORE_LENGTH);
    assert_ok(put_piece(fixture, &key, &second, STR("def"), NULL));
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "abcdefghi");
}

static void p32_pieces_are_sent_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    struct resumable_append *appends[3];
    static const char *const names[] = {"0", "1", "2"};
    for (uint64_t i = 0; i < 3; i++) {
        struct resumable_part part = {.piece = str_of_c(names[i]),
                                      .key = i,
                                      .next = i + 1,
                                      .is_first = i == 0,
                                      .size_bytes = UINT64_MAX};
        assert_ok(resumable_append(fixture->store, &key, &part, &appends[i]));
    }
    for (size_t i = 0; i < 3; i++)
        assert_ok(write_to(appends[i], str_of_c(names[i])));
    assert_ok(resumable_append_end(appends[1], NULL));
    assert_ok(resumable_append_end(appends[0], NULL));
    assert_ok(resumable_append_end(appends[2], NULL));
    for (size_t i = 0; i < 3; i++)
        resumable_append_close(&appends[i]);
    assert_int_equal(look(fixture, &key).received_bytes, 3);
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "012");
}

static void p32_pieces_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, 4);
    struct resumable_key key = key_of(&made);
    struct resumable_part part = {.piece = STR("7"), .key = 7, .next = 8};
    struct resumable_append *appending;
    fixture->limits.upload_pieces = 3;
    numbered(fixture, &key, 5, STR("1234"));
    numbered(fixture, &key, 6, STR("123"));
    part.size_bytes = UINT64_MAX;
    assert_ok(resumable_append(fixture->store, &key, &part, &appending));
    assert_ok(write_to(appending, STR("1")));
    assert_rc(write_to(appending, STR("2")), STORE_NO_SPACE);
    resumable_append_close(&appending);
    assert_ok(put_piece(fixture, &key, &part, STR("1"), NULL));
    assert_ok(put_piece(fixture, &key, &part, STR(""), NULL)); /* anew */
    part.piece = STR("8");
    assert_rc(put_piece(fixture, &key, &part, STR(""), NULL), STORE_NO_SPACE);
}

static void p32_a_piece_can_be_removed(void **state)
{
    struct fixture *fixture = *state;
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    numbered(fixture, &key, 0, STR("a"));
    numbered(fixture, &key, 1, STR("b"));
    numbered(fixture, &key, 3, STR("d"));
    assert_ok(resumable_piece_remove(fixture->store, &key, STR("0000000000000000")));
    assert_ok(resumable_piece_remove(fixture->store, &key, STR("0000000000000003")));
    assert_rc(resumable_piece_remove(fixture->store, &key, STR("x")), STORE_NOT_FOUND);
    assert_string_equal(pieces_text(fixture, &key), "1:1 ");
    assert_ok(finish(fixture, &key));
    assert_string_equal(get(fixture, PATH("f")), "b");
}

/* Else it would be in the content after all. */
static void p32_a_piece_that_was_removed_stays_away(void **state)
{
    struct fixture *fixture = *state;
    if (!is_flushing())
        skip();
    struct resumable made = create(fixture, UINT64_MAX);
    struct resumable_key key = key_of(&made);
    numbered(fixture, &key, 1, STR("b"));
    points_arm(0, POINT_FAIL);
    assert_ok(resumable_piece_remove(fixture->store, &key, STR("0000000000000001")));
    assert_true(points_ended_with_collection());
}

int resumable_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p28_appends_become_the_content),
        CONTRACT_TEST(p28_replaces_what_is_there),
        CONTRACT_TEST(p28_an_empty_one_becomes_an_empty_file),
        CONTRACT_TEST(p28_a_wrong_length_changes_nothing),
        CONTRACT_TEST(p28_a_wrong_hash_changes_nothing),
        CONTRACT_TEST(p28_a_commit_that_fails_can_be_repeated),
        CONTRACT_TEST(p28_a_commit_that_fails_at_any_call_can_be_repeated),
        CONTRACT_TEST(p28_a_hash_that_was_expected_is_known_at_the_end),
        CONTRACT_TEST(p28_the_content_itself_gets_the_name),
        CONTRACT_TEST(p29_the_offset_survives),
        CONTRACT_TEST(p29_what_came_before_a_break_counts),
        CONTRACT_TEST(p29_a_part_that_is_taken_whole_leaves_nothing),
        CONTRACT_TEST(p29_no_more_is_told_than_the_file_has),
        CONTRACT_TEST(p29_a_disk_that_runs_full_keeps_what_was_written),
        CONTRACT_TEST(p29_what_could_not_be_flushed_does_not_count),
        CONTRACT_TEST(p30_a_later_append_ends_the_earlier),
        CONTRACT_TEST(p30_a_commit_ends_what_is_under_way),
        CONTRACT_TEST(p30_what_was_removed_is_not_committed),
        CONTRACT_TEST(p30_an_upload_keeps_no_other_waiting),
        CONTRACT_TEST(p30_one_writes_when_the_root_was_replaced),
        CONTRACT_TEST(p31_it_is_its_owners),
        CONTRACT_TEST(p31_an_id_that_was_given_is_taken_once),
        CONTRACT_TEST(p31_limits_hold),
        CONTRACT_TEST(p31_limits_hold_whoever_removes),
        CONTRACT_TEST(p31_what_is_held_is_remembered),
        CONTRACT_TEST(p31_pieces_are_held_when_they_are_joined),
        CONTRACT_TEST(p31_what_has_no_size_is_bounded_too),
        CONTRACT_TEST(p31_it_expires_when_nobody_touches_it),
        CONTRACT_TEST(p31_a_commit_is_remembered),
        CONTRACT_TEST(p31_others_see_them_and_remove_what_is_not_in_use),
        CONTRACT_TEST(p31_one_that_is_refused_is_not_there),
        CONTRACT_TEST(p31_what_was_removed_stays_away),
        CONTRACT_TEST(p31_what_has_two_names_was_committed),
        CONTRACT_TEST(p31_what_has_gone_to_its_place_is_listed_as_done),
        CONTRACT_TEST(p31_what_is_no_file_is_no_content),
        CONTRACT_TEST(p31_nothing_is_known_of_what_is_over),
        CONTRACT_TEST(p31_what_is_over_goes_by_itself),
        CONTRACT_TEST(p32_pieces_in_any_order),
        CONTRACT_TEST(p32_a_piece_sent_anew_replaces_the_old),
        CONTRACT_TEST(p32_half_a_piece_is_not_there),
        CONTRACT_TEST(p32_their_hash_runs_along),
        CONTRACT_TEST(p32_offsets_must_meet),
        CONTRACT_TEST(p32_pieces_are_sent_at_a_time),
        CONTRACT_TEST(p32_pieces_are_bounded),
        CONTRACT_TEST(p32_a_piece_can_be_removed),
        CONTRACT_TEST(p32_a_piece_that_was_removed_stays_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
