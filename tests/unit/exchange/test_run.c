/* Requests that two handlers without a store answer: one with a text, and one whose answer blocks.
 */
#include "support/test.h"

#include "exchange/handler.h"
#include "exchange/respond.h"
#include "exchange/run.h"
#include "support/executors.h"

enum { ON_SLOW = THREAD_OF_HANDLER };

static struct {
    struct arena arena;
    struct inline_executor executor;
    struct limits limits;
    struct rules rules;
    struct access access;
    struct service service;
    struct http_stream stream;
    unsigned answers;
    unsigned ends;
} world;

/* --- handlers --- */

static enum stage_end tell(struct exchange *x)
{
    return respond_text(x, HTTP_OK, STR("text/plain"), STR("hello"));
}

static enum stage_end tell_slowly(struct exchange *x)
{
    assert_true(x->is_on_worker);
    return tell(x);
}

static enum stage_end allow(struct exchange *x)
{
    assert_true(x->is_on_worker);
    respond_field(x, FIELD_ALLOW, STR("GET"));
    return STAGE_DONE;
}

static const struct stage quick_stages[] = {{"tell", tell, ON_LOOP}};
static const struct stage slow_stages[] = {{"tell", tell_slowly, ON_SLOW}};
static const struct stage allow_stage = {"allow", allow, ON_WORKER};

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    *stages_out = x->handler->shared;
    return x->method->id == METHOD_GET ? DAV_FINE : dav_error(HTTP_METHOD_NOT_ALLOWED, NULL);
}

/* --- again --- */

static unsigned again_wanted; /* how often `decide` says AGAIN */
static unsigned looks, decisions, begins, forgotten;

static enum stage_end begin_once(struct exchange *x)
{
    begins++;
    respond_field(x, FIELD_VARY, STR("once"));
    return STAGE_NEXT;
}

static enum stage_end look(struct exchange *x)
{
    looks++;
    respond_field(x, FIELD_LOCATION, STR("/elsewhere"));
    return STAGE_NEXT;
}

static enum stage_end decide(struct exchange *x)
{
    if (decisions++ < again_wanted)
        return exchange_again(x, dav_error(HTTP_SERVICE_UNAVAILABLE, "too often"));
    return respond_status(x, HTTP_NO_CONTENT);
}

static void forget(struct exchange *x)
{
    (void)x; /* any */
    forgotten++;
}

static const struct stage again_stages[] = {
    {"begin", begin_once, ON_LOOP},
    {"look", look, ON_LOOP, .looks = true},
    {"decide", decide, ON_WORKER},
};

static bool blocks(const struct exchange *x, unsigned thread)
{
    (void)x; /* any */
    return thread == ON_SLOW;
}

static void end(struct exchange *x)
{
    (void)x; /* any */
    world.ends++;
}

static const struct handler_ops ops = {.name = "text",
                                       .find = find,
                                       .allow = &allow_stage,
                                       .blocks = blocks,
                                       .again = forget,
                                       .end = end};
static const struct handler quick = {&ops, quick_stages};
static const struct handler slow = {&ops, slow_stages};
static const struct handler again = {&ops, again_stages};

/* --- requests --- */

static void respond(struct http_stream *stream)
{
    (void)stream; /* there is one */
    world.answers++;
}

static const struct http_stream_ops stream_ops = {.respond = respond};

static int start(__attribute__((unused)) void **state)
{
    static const struct handler_mount mounts[] = {
        {{"fixed", 5}, &quick}, {{"fixed/slow", 10}, &slow}, {{"again", 5}, &again}};
    memset(&world, 0, sizeof(world));
    world.limits = limits_default();
    inline_executor_init(&world.executor);
    rules_init(&world.rules);
    world.access.rules = &world.rules;
    world.service = (struct service){
        .limits = &world.limits, .mounts = mounts, .mount_count = ARRAY_LEN(mounts)};
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    source_close(&world.stream.response.body);
    arena_done(&world.arena);
    rules_done(&world.rules);
    return 0;
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

/* The status of what came. */
static unsigned ask(const char *method, const char *path)
{
    source_close(&world.stream.response.body);
    arena_reset(&world.arena);
    world.answers = world.ends = 0;
    world.stream = (struct http_stream){
        .ops = &stream_ops,
        .arena = &world.arena,
        .executor = &world.executor.executor,
        .request = {.method = str_of_c(method), .path = str_of_c(path), .host = STR("dav.test")}};
    exchange_handle(&world.service, &world.stream);
    (void)inline_executor_run(&world.executor); /* as many jobs as it takes */
    assert_int_equal(world.answers, 1);
    return world.stream.response.status;
}

static struct str answer_field(enum http_field id)
{
    return http_fields_get(&world.stream.response.fields, id);
}

TEST(run_lets_the_longest_mount_answer)
{
    static const struct {
        const char *path;
        unsigned status, ends, jobs;
    } rows[] = {
        {"/fixed", 200, 1, 0},    {"/fixed/a/b", 200, 1, 0}, {"/fixed/slow/a", 200, 1, 1},
        {"/fixed/..", 404, 0, 0}, {"/fixed2", 404, 0, 0},    {"/", 404, 0, 0},
        {"/fixed%2F", 400, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t before = world.executor.submit_count;
        check_int(rows[i].path, ask("GET", rows[i].path), rows[i].status);
        check_int(rows[i].path, world.ends, rows[i].ends);
        check_int(rows[i].path, world.executor.submit_count - before, rows[i].jobs);
    }
}

/* RFC 9110 §15.5.6; what may be done there is asked where that may block. */
TEST(run_has_the_handler_say_what_is_allowed)
{
    assert_int_equal(ask("PUT", "/fixed"), 405);
    check_str("allow", answer_field(FIELD_ALLOW), "GET");
    assert_int_equal(world.executor.submit_count, 1);
    assert_int_equal(ask("NONE", "/fixed"), 501);
    assert_null(answer_field(FIELD_ALLOW).at);
}

/* Whatever a handler does, and does not: it has no say in it unless it wants one. */
TEST(run_asks_the_rules_before_the_handler)
{
    const struct rule_place place = {.pattern = STR("/fixed/open")};
    struct err err;
    assert_true(rules_add(&world.rules, &place, true, STR("read for everyone"), &err));
    world.service.access = &world.access;
    assert_int_equal(ask("GET", "/fixed/open/a"), 200);
    assert_int_equal(ask("GET", "/fixed"), 403); /* no way to sign in is offered: not 401 */
    assert_int_equal(ask("PUT", "/fixed/open/a"), 403);
    assert_null(answer_field(FIELD_ALLOW).at);
    assert_int_equal(ask("OPTIONS", "/fixed"), 405); /* asks for no right */
}

TEST(run_goes_back_to_where_it_looked)
{
    enum { TOO_OFTEN = 8 };
    for (again_wanted = 0; again_wanted <= TOO_OFTEN + 1; again_wanted++) {
        looks = decisions = begins = forgotten = 0;
        bool is_too_often = again_wanted > TOO_OFTEN;
        assert_int_equal(ask("GET", "/again"), is_too_often ? 503 : 204);
        assert_int_equal(begins, 1);
        assert_int_equal(looks, is_too_often ? TOO_OFTEN + 1 : again_wanted + 1);
        assert_int_equal(forgotten, looks - 1);
        assert_int_equal(world.ends, 1);
        assert_true(http_fields_has(&world.stream.response.fields, FIELD_VARY));
        assert_int_equal(http_fields_has(&world.stream.response.fields, FIELD_LOCATION),
                         !is_too_often); /* what the last look said */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(run_lets_the_longest_mount_answer),
        WORLD_TEST(run_has_the_handler_say_what_is_allowed),
        WORLD_TEST(run_asks_the_rules_before_the_handler),
        WORLD_TEST(run_goes_back_to_where_it_looked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
