/* All promises at once: the same random operations are applied to the backend and to the memory
 * backend, and must have the same results, the same reports, and leave the same tree. The names are
 * few, so that the operations meet; the limits are low, so that they are met. */
#include "support.h"

#include "base/map.h"
#include "base/mem.h"
#include "store/registry.h"

enum { PATHS_MAX = 64, OP_REFUSALS = 2, TOKENS = 12, GROWN_BYTES = 1000 };

enum op_kind { OP_PUT, OP_MKCOL, OP_REMOVE, OP_COPY, OP_MOVE, OP_PATCH, OP_LOCK, OP_UNLOCK };

struct op {
    enum op_kind kind;
    struct res_path from;
    struct res_path to;
    bool is_flagged; /* deep copy, expects_absent, infinite lock */
    bool is_refusing;
    const char *refused[OP_REFUSALS];
    unsigned number; /* makes contents, times and values differ */
};

/* A content that was seen under a version. */
struct seen {
    struct map_entry by_version;
    uint64_t version;
    struct buf content;
};

struct model {
    struct fixture *fixture;
    struct store *oracle;
    uint64_t random;
    const char *paths[PATHS_MAX];
    size_t path_count;
    unsigned step;
    struct map versions;
    struct arena names;
    struct arena scratch; /* of one step */
};

/* SplitMix64: the same on every machine. */
static uint64_t next_random(struct model *model)
{
    uint64_t z = model->random += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

static unsigned pick(struct model *model, unsigned count)
{
    return (unsigned)(next_random(model) % count);
}

/* --- operations --- */

static void add_paths(struct model *model, struct res_path parent, unsigned depth)
{
    static const char *const names[] = {"a", "b", "c\xff"};
    if (depth == 4)
        return;
    for (size_t i = 0; i < (depth == 0 ? 3 : 2); i++) {
        struct res_path path = path_join(&model->names, parent, str_of_c(names[i]));
        assert_true(model->path_count < PATHS_MAX);
        model->paths[model->path_count++] = arena_text(&model->names, path_str(path));
        add_paths(model, path, depth + 1);
    }
}

static const char *pick_path(struct model *model)
{
    return pick(model, 40) == 0 ? "" : model->paths[pick(model, (unsigned)model->path_count)];
}

/* Mostly one that is there, if chance finds it soon. */
static const char *pick_resource(struct model *model)
{
    enum { TRIES = 12 };
    const char *path = pick_path(model);
    struct store_stat stat;
    for (int i = 0; i < TRIES; i++, path = pick_path(model)) {
        if (store_stat(model->oracle, path_of(path), 0, &stat) == STORE_OK)
            break;
    }
    return path;
}

/* Mostly one whose collection is there. */
static const char *pick_place(struct model *model)
{
    enum { TRIES = 4 };
    const char *path = pick_path(model);
    struct store_stat stat;
    for (int i = 0; i < TRIES; i++, path = pick_path(model)) {
        struct res_path parent = path_parent(path_of(path));
        if (store_stat(model->oracle, parent, 0, &stat) == STORE_OK)
            break;
    }
    return path;
}

static struct op pick_op(struct model *model, bool has_grown)
{
    static const enum op_kind kinds[] = {
        OP_PUT,   OP_PUT,   OP_PUT,    OP_PUT,   OP_MKCOL, OP_MKCOL, OP_MKCOL,
        OP_MKCOL, OP_MKCOL, OP_REMOVE, OP_COPY,  OP_COPY,  OP_COPY,  OP_MOVE,
        OP_MOVE,  OP_MOVE,  OP_PATCH,  OP_PATCH, OP_LOCK,  OP_LOCK,  OP_UNLOCK,
    };
    struct op op = {
        .kind = kinds[pick(model, ARRAY_LEN(kinds))],
        .to = path_of(pick_place(model)),
        .is_flagged = pick(model, 3) != 0,
        .is_refusing = pick(model, 3) == 0,
        .number = ++model->step,
    };
    if (has_grown) /* by copies: back to a size that a person can read */
        op.kind = OP_REMOVE;
    bool makes = op.kind == OP_PUT || op.kind == OP_MKCOL;
    op.from = path_of(makes ? pick_place(model) : pick_resource(model));
    for (size_t i = 0; i < OP_REFUSALS; i++)
        op.refused[i] = pick_resource(model);
    return op;
}

static const char *op_text(struct model *model, const struct op *op)
{
    static const char *const names[] = {"put",  "mkcol", "remove", "copy",
                                        "move", "patch", "lock",   "unlock"};
    struct buf text = {0};
    buf_addf(&text, "step %u: %s '%.*s' '%.*s' %d", op->number, names[op->kind], STR_ARGS(op->from),
             STR_ARGS(op->to), op->is_flagged);
    for (size_t i = 0; i < OP_REFUSALS && op->is_refusing; i++)
        buf_addf(&text, " refusing '%s'", op->refused[i]);
    const char *copy = arena_text(&model->scratch, buf_str(&text));
    buf_done(&text);
    return copy;
}

static enum store_rc apply_put(struct store *store, const struct op *op)
{
    char text[32];
    struct store_commit options = {.expects_absent = op->is_flagged && op->number % 4 == 0,
                                   .sets_modified = true,
                                   .modified_s = op->number};
    (void)snprintf(text, sizeof(text), "content %04u", op->number);
    return put_in(store, op->from, str_of_c(text), &options);
}

static enum store_rc apply_patch(struct store *store, const struct op *op)
{
    static const char *const names[] = {"p", "q", "r", "s"};
    char value[32];
    (void)snprintf(value, sizeof(value), "v%u", op->number);
    struct store_prop props[] = {
        {STR("ns"), str_of_c(names[op->number % 4]), str_of_c(value)},
        {STR("ns"), str_of_c(names[op->number / 4 % 4]), str_of_c(op->is_flagged ? value : "")},
    };
    struct store_patch patch = {
        .props = props,
        .prop_count = op->number % 3,
        .sets_executable = op->number % 5 == 0,
        .is_executable = op->is_flagged,
    };
    return do_patch(store, op->from, &patch);
}

/* Only of what is there: what becomes of other locks is not laid down for partial operations. */
static enum store_rc apply_lock(struct store *store, const struct op *op)
{
    char token[32];
    struct store_stat stat;
    (void)snprintf(token, sizeof(token), "t%u", op->number % TOKENS);
    struct lock lock = lock_of(op->from, token, op->is_flagged);
    enum store_rc rc = store_stat(store, op->from, 0, &stat);
    return rc == STORE_OK ? do_lock(store, &lock) : rc;
}

static enum store_rc apply(struct store *store, const struct op *op, struct recorder *recorder)
{
    char token[32];
    struct store_visitor *visitor = &recorder->base;
    struct store_transfer transfer = {op->from, op->to, op->is_flagged, op->number % 4 == 0};
    switch (op->kind) {
    case OP_PUT:
        return apply_put(store, op);
    case OP_MKCOL:
        return do_mkcol(store, op->from);
    case OP_REMOVE:
        return do_remove(store, op->from, visitor);
    case OP_COPY:
        return do_copy(store, &transfer, visitor);
    case OP_MOVE:
        return do_move(store, &transfer, visitor);
    case OP_PATCH:
        return apply_patch(store, op);
    case OP_LOCK:
        return apply_lock(store, op);
    case OP_UNLOCK:
        (void)snprintf(token, sizeof(token), "t%u", op->number % TOKENS);
        return do_unlock(store, str_of_c(token));
    }
    BUG("no such operation");
}

/* --- comparison --- */

static struct recorder *visitor_of(struct model *model, const struct op *op)
{
    struct recorder *recorder = recorder_new(&model->scratch);
    for (size_t i = 0; i < OP_REFUSALS && op->is_refusing; i++)
        recorder_refuse(recorder, op->refused[i]);
    return recorder;
}

static void compare_results(struct model *model, const struct op *op)
{
    struct recorder *expected = visitor_of(model, op);
    struct recorder *actual = visitor_of(model, op);
    enum store_rc expected_rc = apply(model->oracle, op, expected);
    enum store_rc actual_rc = apply(model->fixture->store, op, actual);
    const char *expected_failures = recorder_failures(expected, &model->scratch);
    const char *actual_failures = recorder_failures(actual, &model->scratch);
    if (expected_rc != actual_rc || strcmp(expected_failures, actual_failures) != 0)
        fail_msg("%s: %s\n%s, but memory: %s\n%s", op_text(model, op), rc_name(actual_rc),
                 actual_failures, rc_name(expected_rc), expected_failures);
}

static void print_lines_only_in(const char *text, const char *other, const char *title)
{
    struct str rest = str_of_c(text);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        struct str other_rest = str_of_c(other);
        bool is_in_both = false;
        while (other_rest.len)
            is_in_both = str_eq(str_cut(&other_rest, '\n'), line) || is_in_both;
        if (!is_in_both)
            fprintf(stderr, "%s%.*s\n", title, STR_ARGS(line));
    }
}

static void compare_trees(struct model *model, const struct op *op, const char *before)
{
    const char *expected = dump_store(model->oracle, &model->scratch);
    const char *actual = dump_store(model->fixture->store, &model->scratch);
    if (strcmp(expected, actual) == 0)
        return;
    fprintf(stderr, "%s: before\n%s", op_text(model, op), before);
    print_lines_only_in(actual, expected, "only now:    ");
    print_lines_only_in(expected, actual, "only memory: ");
    fail();
}

/* Promise 3: under one version there is one content, whenever and wherever it is seen. */
static void check_version(struct model *model, const struct store_stat *stat, struct buf *content)
{
    struct str key = str_of((const char *)&stat->version, sizeof(stat->version));
    struct map_entry *entry = map_find(&model->versions, key);
    if (entry) {
        const struct seen *seen = CONTAINER_OF(entry, struct seen, by_version);
        assert_true(str_eq(buf_str(&seen->content), buf_str(content)));
        buf_done(content);
        return;
    }
    struct seen *seen = MEM_NEW(struct seen);
    seen->version = stat->version;
    seen->content = *content;
    map_add(&model->versions, &seen->by_version,
            str_of((const char *)&seen->version, sizeof(seen->version)));
}

static void compare_stats(struct model *model)
{
    struct store *store = model->fixture->store;
    for (size_t i = 0; i < model->path_count; i++) {
        struct res_path path = path_of(model->paths[i]);
        struct store_stat expected;
        struct store_stat actual;
        struct buf content = {0};
        if (store_stat(store, path, 0, &actual) != STORE_OK || actual.is_collection)
            continue;
        assert_ok(store_stat(model->oracle, path, 0, &expected));
        assert_int_equal(actual.modified_s, expected.modified_s);
        assert_int_equal(actual.size_bytes, expected.size_bytes);
        assert_ok(get_from(store, path, &content));
        check_version(model, &actual, &content);
    }
}

/* --- the run --- */

static void model_init(struct model *model, struct fixture *fixture, uint64_t seed)
{
    struct err err;
    *model = (struct model){.fixture = fixture, .random = seed};
    fixture->limits.walk_depth = 2;
    fixture->limits.property_count = 3;
    fixture->limits.lock_count = 6;
    add_paths(model, PATH_ROOT, 0);
    assert_true(store_open("memory", &fixture->options, &model->oracle, &err));
}

static void model_done(struct model *model)
{
    struct map_entry *next = map_next(&model->versions, NULL);
    while (next) {
        struct seen *seen = CONTAINER_OF(next, struct seen, by_version);
        next = map_next(&model->versions, next);
        buf_done(&seen->content);
        mem_free(seen);
    }
    map_done(&model->versions);
    store_close(&model->oracle);
    arena_done(&model->names);
    arena_done(&model->scratch);
}

static void run_model(struct fixture *fixture, uint64_t seed, unsigned steps)
{
    struct model model;
    model_init(&model, fixture, seed);
    for (unsigned i = 0; i < steps; i++) {
        const char *before = dump_store(model.oracle, &model.scratch);
        struct op op = pick_op(&model, strlen(before) > GROWN_BYTES);
        compare_results(&model, &op);
        compare_trees(&model, &op, before);
        if (i % 16 == 0)
            compare_stats(&model);
        if (i % 256 == 255 && backend->is_directory)
            fixture_reopen(fixture);
        arena_reset(&model.scratch);
    }
    model_done(&model);
}

static void check_seed(void **state, uint64_t seed)
{
    unsigned steps = is_thorough() ? 4000 : 1000;
    run_model(*state, seed, backend->durability == DURABILITY_FLUSH ? steps / 10 : steps);
}

#define SEED_TEST(seed)                                                                            \
    static void random_operations_##seed(void **state)                                             \
    {                                                                                              \
        check_seed(state, seed);                                                                   \
    }
SEED_TEST(1)
SEED_TEST(2)
SEED_TEST(3)
SEED_TEST(4)
SEED_TEST(5)

int model_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(random_operations_1), CONTRACT_TEST(random_operations_2),
        CONTRACT_TEST(random_operations_3), CONTRACT_TEST(random_operations_4),
        CONTRACT_TEST(random_operations_5),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
