#include "support.h"

#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/registry.h"
#include "store/slow/slow.h"
#include "store/trash/trash.h"

/* --- helpers --- */

enum { HELPERS = 3 };

static void *help(void *arg)
{
    struct crew_work *work = arg;
    while (work->step(work))
        ;
    return NULL;
}

static void share(struct crew *crew, struct crew_work *work, unsigned helpers_max)
{
    struct helpers *helpers = CONTAINER_OF(crew, struct helpers, crew);
    pthread_t threads[HELPERS];
    unsigned count = helpers_max < HELPERS ? helpers_max : HELPERS;
    bool has_more = work->step(work);
    if (helpers->calls++ == 0 && helpers->meanwhile)
        helpers->meanwhile(CONTAINER_OF(helpers, struct fixture, helpers));
    for (unsigned i = 0; has_more && i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, help, work), 0);
    if (has_more)
        (void)help(work);
    for (unsigned i = 0; has_more && i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static const struct crew_ops helpers_ops = {share};

/* --- life --- */

static void open_store(struct fixture *fixture)
{
    struct err err = {0};
    if (!store_open(backend->store, &fixture->options, &fixture->store, &err))
        fail_msg("opening the store: %s", err.text);
    const struct trash_options trash = {.name = STR(".trash"), .keep_s = 3600};
    if (backend->is_trash)
        fixture->store = trash_store_new(&fixture->store, &trash);
    if (backend->is_slow)
        fixture->store = slow_store_new(fixture->store, NULL);
    if (!backend->is_view)
        return;
    fixture->inner = fixture->store;
    fixture->mount = (struct mount){PATH_ROOT, fixture->inner, PATH("base/b"), .is_synced = true};
    if (do_mkcol(fixture->inner, PATH("base")) != STORE_OK ||
        do_mkcol(fixture->inner, fixture->mount.base) != STORE_OK)
        fail_msg("making what a view shows");
    fixture->store = mount_view(&fixture->arena, &fixture->mount, 1);
}

void leave_the_disk(void)
{
    if (access("/dev/shm", W_OK) == 0)
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
}

static int open_fixture(void **state, bool is_synced)
{
    struct fixture *fixture = MEM_NEW(struct fixture);
    fixture->limits = limits_default();
    fixture->helpers.crew = (struct crew){&helpers_ops, 1 + HELPERS};
    fixture->options = (struct store_options){
        .durability = backend->durability,
        .crew = &fixture->helpers.crew,
        .limits = &fixture->limits,
        .is_synced = is_synced,
        .is_alone = is_synced,
    };
    if (backend->is_directory) {
        const char *temp = getenv("TMPDIR");
        (void)snprintf(fixture->root, sizeof(fixture->root), "%s/davit-contract-XXXXXX",
                       temp ? temp : "/tmp"); /* mkdtemp refuses what was cut off */
        assert_non_null(mkdtemp(fixture->root));
        assert_int_equal(chmod(fixture->root, 0755), 0);
        fixture->options.root = fixture->root;
    }
    open_store(fixture);
    *state = fixture;
    return 0;
}

int fixture_open(void **state)
{
    return open_fixture(state, false);
}

int fixture_open_synced(void **state)
{
    return open_fixture(state, true);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw; /* all of it goes */
    return remove(path);
}

void fixture_remove(const char *folder)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); /* best effort */
}

int fixture_close(void **state)
{
    struct fixture *fixture = *state;
    store_close(&fixture->store);
    store_close(&fixture->inner);
    if (backend->is_directory)
        fixture_remove(fixture->root);
    arena_done(&fixture->arena);
    mem_free(fixture);
    return 0;
}

void fixture_reopen(struct fixture *fixture)
{
    assert_true(backend->is_directory);
    fixture_renew(fixture);
}

void fixture_renew(struct fixture *fixture)
{
    store_close(&fixture->store);
    store_close(&fixture->inner);
    open_store(fixture);
}

bool is_thorough(void)
{
    const char *wanted = getenv("DAVIT_CONTRACT");
    return wanted && strcmp(wanted, "full") == 0;
}

void only_for_directories(void)
{
    if (!backend->is_directory)
        skip();
}

char *fixture_file(struct fixture *fixture, const char *name)
{
    struct buf text = {0};
    buf_addf(&text, "%s/%s", fixture->root, name);
    char *copy = arena_text(&fixture->arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

struct res_path path_of(const char *text)
{
    return (struct res_path){text, strlen(text)};
}

const char *rc_name(enum store_rc rc)
{
    static const char *const names[] = {
        [STORE_OK] = "OK",
        [STORE_END] = "END",
        [STORE_PARTIAL] = "PARTIAL",
        [STORE_NOT_FOUND] = "NOT_FOUND",
        [STORE_NO_PARENT] = "NO_PARENT",
        [STORE_EXISTS] = "EXISTS",
        [STORE_IS_COLLECTION] = "IS_COLLECTION",
        [STORE_DENIED] = "DENIED",
        [STORE_REFUSED] = "REFUSED",
        [STORE_ALIAS] = "ALIAS",
        [STORE_NO_SPACE] = "NO_SPACE",
        [STORE_OVER_QUOTA] = "OVER_QUOTA",
        [STORE_READ_ONLY] = "READ_ONLY",
        [STORE_NAME_TOO_LONG] = "NAME_TOO_LONG",
        [STORE_BUSY] = "BUSY",
        [STORE_TOO_DEEP] = "TOO_DEEP",
        [STORE_MOUNT] = "MOUNT",
        [STORE_UNAVAILABLE] = "UNAVAILABLE",
        [STORE_AGAIN] = "AGAIN",
        [STORE_UNKNOWN] = "UNKNOWN",
        [STORE_LOCKED] = "LOCKED",
        [STORE_BAD_ORIGIN] = "BAD_ORIGIN",
        [STORE_SAME] = "SAME",
        [STORE_NO_ANSWER] = "NO_ANSWER",
        [STORE_LENGTH] = "LENGTH",
        [STORE_HASH] = "HASH",
        [STORE_DONE] = "DONE",
        [STORE_FAILED] = "FAILED",
    };
    return (size_t)rc < ARRAY_LEN(names) ? names[rc] : "(no result)";
}

/* --- single steps --- */

enum store_rc put_in(struct store *store, struct res_path path, struct str content,
                     const struct store_commit *options)
{
    struct store_upload *upload;
    struct store_stat stat;
    enum store_rc rc = store_upload(store, path, content.len, &upload);
    if (rc != STORE_OK)
        return rc;
    if (content.len)
        rc = store_upload_write(upload, content);
    if (rc == STORE_OK)
        rc = store_upload_end(upload);
    if (rc == STORE_OK)
        rc = do_commit(store, upload, options, &stat);
    store_upload_close(&upload);
    return rc;
}

enum store_rc put(struct fixture *fixture, struct res_path path, struct str content)
{
    struct store_commit options = {0};
    return put_in(fixture->store, path, content, &options);
}

void make(struct fixture *fixture, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str name = str_of_c(names[i]);
        struct res_path path = {name.at, name.len};
        if (str_ends(name, STR("/")))
            assert_ok(mkcol(fixture, (struct res_path){name.at, name.len - 1}));
        else
            assert_ok(put(fixture, path, name));
    }
}

enum store_rc get_from(struct store *store, struct res_path path, struct buf *into)
{
    struct store_content *content;
    struct arena arena = {0};
    struct err err;
    enum pull pulled;
    enum store_rc rc = store_content_open(store, path, &content);
    if (rc != STORE_OK)
        return rc;
    struct source *source = store_content_source(content, &arena, 0, content->stat.size_bytes);
    do {
        pulled = source_pull(source, into, 65536, &err);
    } while (pulled == PULL_DATA);
    assert_int_equal(pulled, PULL_END);
    source_close(&source);
    store_content_close(&content);
    arena_done(&arena);
    return STORE_OK;
}

const char *get(struct fixture *fixture, struct res_path path)
{
    struct buf content = {0};
    assert_ok(get_from(fixture->store, path, &content));
    const char *text = arena_text(&fixture->arena, buf_str(&content));
    buf_done(&content);
    return text;
}

struct store_stat stat_of(struct fixture *fixture, struct res_path path)
{
    struct store_stat stat;
    assert_ok(store_stat(fixture->store, path, WANTS_CREATED | WANTS_ID, &stat));
    return stat;
}

struct res_path located(struct fixture *fixture, struct res_path path, enum locate_what what)
{
    struct res_path real;
    assert_ok(store_locate(fixture->store, &fixture->arena, path, what, &real));
    return real;
}

enum store_rc stat_rc(struct fixture *fixture, struct res_path path)
{
    struct store_stat stat;
    return store_stat(fixture->store, path, WANTS_CREATED, &stat);
}

enum store_rc mkcol(struct fixture *fixture, struct res_path path)
{
    return do_mkcol(fixture->store, path);
}

enum store_rc set_prop(struct fixture *fixture, struct res_path path, const char *name,
                       const char *xml)
{
    struct store_prop prop = {STR("ns"), str_of_c(name), str_of_c(xml)};
    struct store_patch patch = {.props = &prop, .prop_count = 1};
    return do_patch(fixture->store, path, &patch);
}

const char *props_text(struct store *store, struct arena *arena, struct res_path path)
{
    struct store_props props;
    struct buf text = {0};
    assert_ok(store_gather_props(store, arena, path, &props));
    for (size_t i = 0; i < props.count; i++) {
        const struct store_prop *prop = &props.items[i];
        if (!str_eq(prop->ns, STR("ns")))
            buf_addf(&text, "{%.*s}", STR_ARGS(prop->ns));
        buf_addf(&text, "%.*s=%.*s ", STR_ARGS(prop->name), STR_ARGS(prop->xml));
    }
    const char *copy = arena_text(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

struct lock lock_of(struct res_path root, const char *token, bool is_infinite)
{
    return (struct lock){
        .token = str_of_c(token),
        .root = root,
        .is_exclusive = true,
        .is_infinite = is_infinite,
        .timeout_s = 3600,
        .expires_ms = clock_boot_ms() + 3600 * 1000,
    };
}

enum store_rc set_lock(struct fixture *fixture, struct res_path root, const char *token)
{
    struct lock lock = lock_of(root, token, false);
    return do_lock(fixture->store, &lock);
}

const char *locks_text(struct store *store, struct arena *arena, struct res_path path,
                       enum lock_query query)
{
    struct lock_list locks;
    struct buf text = {0};
    assert_ok(store_locks(store, arena, path, query, &locks));
    for (size_t i = 0; i < locks.count; i++)
        buf_addf(&text, "%.*s ", STR_ARGS(locks.items[i].token));
    const char *copy = arena_text(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

/* --- whole trees --- */

struct dumping {
    struct store *store;
    struct arena *arena;
    struct buf text;
};

static void dump_content(struct dumping *dumping, struct res_path path)
{
    enum { SHOWN_BYTES_MAX = 80 };
    struct buf content = {0};
    uint64_t sum = 0;
    enum store_rc rc = get_from(dumping->store, path, &content);
    if (rc != STORE_OK) {
        buf_addf(&dumping->text, " !%s", rc_name(rc));
    } else if (content.len <= SHOWN_BYTES_MAX) {
        BUF_ADD(&dumping->text, " \"");
        buf_add(&dumping->text, buf_str(&content));
        BUF_ADD(&dumping->text, "\"");
    } else {
        for (size_t i = 0; i < content.len; i++)
            sum = (sum ^ (unsigned char)content.at[i]) * 0x100000001b3U;
        buf_addf(&dumping->text, " %zu bytes, %llx", content.len, (unsigned long long)sum);
    }
    buf_done(&content);
}

/* The lock tokens and properties of one resource. */
static void dump_marks(struct dumping *dumping, struct res_path path)
{
    struct lock_list locks;
    struct store *store = dumping->store;
    buf_addf(&dumping->text, " {%s}", props_text(store, dumping->arena, path));
    assert_ok(store_locks(store, dumping->arena, path, LOCKS_COVERING, &locks));
    for (size_t i = 0; i < locks.count; i++) {
        if (path_eq(locks.items[i].root, path))
            buf_addf(&dumping->text, " [%.*s]", STR_ARGS(locks.items[i].token));
    }
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void dump_resource(struct dumping *dumping, struct res_path path);

static void dump_members(struct dumping *dumping, struct res_path path)
{
    enum { MEMBERS_MAX = 5000 };
    struct store_cursor *cursor;
    struct store_member member;
    size_t count = 0;
    enum store_rc rc = store_list(dumping->store, path, 0, &cursor);
    if (rc != STORE_OK) {
        buf_addf(&dumping->text, "!%s\n", rc_name(rc));
        return;
    }
    struct str *names = mem_new(MEMBERS_MAX, sizeof(*names));
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        assert_true(count < MEMBERS_MAX);
        if (!member.is_link)
            names[count++] = arena_str(dumping->arena, member.name);
    }
    assert_rc(rc, STORE_END);
    store_cursor_close(&cursor);
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        dump_resource(dumping, path_join(dumping->arena, path, names[i]));
    mem_free(names);
}

static void dump_resource(struct dumping *dumping, struct res_path path)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(dumping->store, path, 0, &stat);
    buf_addf(&dumping->text, "%.*s", STR_ARGS(path));
    if (rc != STORE_OK) {
        buf_addf(&dumping->text, " !%s\n", rc_name(rc));
        return;
    }
    if (stat.is_collection)
        BUF_ADD(&dumping->text, "/");
    else
        dump_content(dumping, path);
    if (stat.is_executable)
        BUF_ADD(&dumping->text, " x");
    dump_marks(dumping, path);
    BUF_ADD(&dumping->text, "\n");
    if (stat.is_collection)
        dump_members(dumping, path);
}

const char *dump_store(struct store *store, struct arena *arena)
{
    struct dumping dumping = {.store = store, .arena = arena};
    dump_resource(&dumping, PATH_ROOT);
    const char *text = arena_text(arena, buf_str(&dumping.text));
    buf_done(&dumping.text);
    return text;
}

static bool is_line_of(struct str line, struct str path)
{
    struct str first = str_cut(&line, ' ');
    return str_starts(first, path) &&
           (first.len == path.len || str_eq(str_from(first, path.len), STR("/")));
}

const char *dump_with_lock(struct arena *arena, const char *text, const char *path,
                           const char *token)
{
    struct buf changed = {0};
    struct str rest = str_of_c(text);
    while (rest.len) {
        struct str next = str_cut(&rest, '\n');
        buf_add(&changed, next);
        if (is_line_of(next, str_of_c(path)))
            buf_addf(&changed, " [%s]", token);
        buf_add_char(&changed, '\n');
    }
    const char *copy = arena_text(arena, buf_str(&changed));
    buf_done(&changed);
    return copy;
}

/* --- visitors --- */

static struct recorder *recorder_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct recorder, base);
}

static unsigned recorder_asked(struct store_visitor *visitor, struct res_path path)
{
    struct recorder *recorder = recorder_of(visitor);
    buf_addf(&recorder->asked, "%.*s\n", STR_ARGS(path));
    for (size_t i = 0; i < recorder->refused_count; i++) {
        if (path_eq(path, path_of(recorder->refused[i])))
            return RECORDER_REASON;
    }
    return 0;
}

static unsigned recorder_asked_behind(struct store_visitor *visitor, struct res_path path,
                                      struct res_path real)
{
    (void)path; /* what it is called does not matter */
    return recorder_asked(visitor, real);
}

static bool recorder_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    const struct recorder *recorder = recorder_of(visitor);
    for (size_t i = 0; i < recorder->refused_count; i++) {
        if (path_is_within(path_of(recorder->refused[i]), path))
            return true;
    }
    return false;
}

static void recorder_told(struct store_visitor *visitor, struct res_path path, bool is_collection,
                          enum store_rc rc, unsigned reason)
{
    struct recorder *recorder = recorder_of(visitor);
    recorder->failure_count++;
    buf_addf(&recorder->failures, "%.*s%s %s %u\n", STR_ARGS(path), is_collection ? "/" : "",
             rc_name(rc), reason);
}

static void recorder_done(void *arg)
{
    struct recorder *recorder = arg;
    buf_done(&recorder->asked);
    buf_done(&recorder->failures);
}

struct recorder *recorder_new(struct arena *arena)
{
    struct recorder *recorder = ARENA_NEW(arena, struct recorder);
    recorder->base = (struct store_visitor){.refuse = recorder_asked,
                                            .may_refuse = recorder_may_refuse,
                                            .failed = recorder_told,
                                            .refuse_link = recorder_asked_behind};
    arena_on_reset(arena, recorder_done, recorder);
    return recorder;
}

void recorder_refuse(struct recorder *recorder, const char *path)
{
    assert_true(recorder->refused_count < RECORDER_REFUSED_MAX);
    recorder->refused[recorder->refused_count++] = path;
}

const char *recorder_failures(struct recorder *recorder, struct arena *arena)
{
    struct buf sorted = {0};
    struct str *lines = mem_new(recorder->failure_count, sizeof(*lines));
    struct str rest = buf_str(&recorder->failures);
    for (size_t i = 0; i < recorder->failure_count; i++)
        lines[i] = str_cut(&rest, '\n');
    qsort(lines, recorder->failure_count, sizeof(*lines), compare_names);
    for (size_t i = 0; i < recorder->failure_count; i++) {
        buf_add(&sorted, lines[i]);
        buf_add_char(&sorted, '\n');
    }
    const char *text = arena_text(arena, buf_str(&sorted));
    buf_done(&sorted);
    mem_free(lines);
    return text;
}

enum store_rc remove_all(struct fixture *fixture, struct res_path path)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    return do_remove(fixture->store, path, &recorder->base);
}

enum store_rc copy_all(struct fixture *fixture, struct res_path from, struct res_path to)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    return do_copy(fixture->store, TRANSFER(from, to), &recorder->base);
}

enum store_rc move_all(struct fixture *fixture, struct res_path from, struct res_path to)
{
    struct recorder *recorder = recorder_new(&fixture->arena);
    return do_move(fixture->store, TRANSFER(from, to), &recorder->base);
}
