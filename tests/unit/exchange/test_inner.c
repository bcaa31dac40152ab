/* A request within a request, to a handler that says who asked it for what, and one that does so on
 * a worker. */
#include "bare.h"

#include "exchange/handler.h"
#include "exchange/inner/inner.h"
#include "exchange/respond.h"
#include "support/executors.h"

static struct inline_executor executor;
static unsigned answers, ends, lasts;

/* --- the handler --- */

static enum stage_end tell(struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    struct buf text = {0};
    buf_addf(&text, "%.*s %.*s %.*s %.*s %.*s", STR_ARGS(request->method), STR_ARGS(request->path),
             STR_ARGS(x->signed_in.principal.name), STR_ARGS(exchange_field(x, FIELD_USER_AGENT)),
             STR_ARGS(exchange_field(x, FIELD_IF_MATCH)));
    struct str told = arena_str(x->arena, buf_str(&text));
    buf_done(&text);
    return respond_text(x, HTTP_OK, STR("text/plain"), told);
}

static const struct stage quick_stages[] = {{"tell", tell, ON_LOOP}};
static const struct stage slow_stages[] = {{"tell", tell, ON_WORKER}};

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    *stages_out = x->handler->shared;
    return x->method->id == METHOD_DELETE ? dav_error(HTTP_LOCKED, "not now") : DAV_FINE;
}

static void end(struct exchange *x)
{
    (void)x; /* any */
    ends++;
}

static const struct handler_ops ops = {.name = "teller", .find = find, .end = end};
static const struct handler quick = {&ops, quick_stages};
static const struct handler slow = {&ops, slow_stages};

/* --- requests --- */

static void answered(struct inner *inner)
{
    assert_ptr_equal(inner->owner, &answers);
    answers++;
}

static void last(struct refs *refs)
{
    (void)refs; /* there is one */
    lasts++;
}

static int start(void **state)
{
    static const struct handler_mount mounts[] = {{{"quick", 5}, &quick}, {{"slow", 4}, &slow}};
    (void)bare_open(state);
    inline_executor_init(&executor);
    answers = ends = lasts = 0;
    refs_init(&bare.stream.refs, last);
    bare.stream.executor = &executor.executor;
    bare.service.mounts = mounts;
    bare.service.mount_count = ARRAY_LEN(mounts);
    bare.x.signed_in.principal.name = STR("tick");
    bare_exchange_add(&bare, FIELD_USER_AGENT, STR("Tester/1"));
    bare_exchange_add(&bare, FIELD_IF_MATCH, STR("\"outer\""));
    return 0;
}

static int stop(void **state)
{
    refs_drop(&bare.stream.refs);
    assert_int_equal(lasts, 1); /* nobody holds the outer stream any more */
    return bare_close(state);
}

#define INNER_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

static struct inner *new (const char *method, struct res_path path)
{
    struct inner *inner = inner_new(&bare.x, str_of_c(method), path, false);
    inner->answered = answered;
    inner->owner = &answers;
    return inner;
}

static void check_answer(struct inner *inner, const char *text)
{
    struct buf got = {0};
    struct err err;
    assert_int_equal(inner->stream.response.status, HTTP_OK);
    assert_int_equal(source_pull(inner->stream.response.body, &got, 1000, &err), PULL_DATA);
    check_str("answer", buf_str(&got), text);
    buf_done(&got);
}

/* What stands in the outer request of what is asked is not asked again. */
TEST(inner_asks_as_who_asks)
{
    struct inner *inner = new ("PUT", PATH("quick/a b"));
    inner_begin(inner);
    assert_int_equal(answers, 1);
    check_answer(inner, "PUT /quick/a%20b tick Tester/1 ");
    inner_leave(&inner);
    assert_null(inner);
    assert_int_equal(ends, 1);
}

TEST(inner_has_fields_of_its_own)
{
    struct inner *inner = new ("PUT", PATH("slow"));
    inner_add_field(inner, FIELD_IF_MATCH, STR("\"inner\""));
    inner_begin(inner);
    assert_int_equal(answers, 0);
    (void)inline_executor_run(&executor); /* as many jobs as it takes */
    assert_int_equal(answers, 1);
    check_answer(inner, "PUT /slow tick Tester/1 \"inner\"");
    inner_leave(&inner);
}

TEST(inner_says_why_not)
{
    struct inner *inner = new ("DELETE", PATH("quick"));
    inner_begin(inner);
    assert_int_equal(inner->stream.response.status, HTTP_LOCKED);
    assert_string_equal(inner->x->failure.text, "not now");
    inner_leave(&inner);
    inner = new ("NONE", PATH("quick"));
    inner_begin(inner);
    assert_int_equal(inner->stream.response.status, HTTP_NOT_IMPLEMENTED);
    inner_leave(&inner);
}

TEST(inner_goes_on_when_it_is_left)
{
    struct inner *inner = new ("PUT", PATH("slow"));
    inner_begin(inner);
    inner_leave(&inner);
    assert_int_equal(ends, 0);
    (void)inline_executor_run(&executor); /* as many jobs as it takes */
    assert_int_equal(ends, 1);
    assert_int_equal(answers, 0);
}

TEST(inner_may_be_left_before_it_begins)
{
    struct inner *inner = new ("PUT", PATH("slow"));
    inner_set_body(inner, source_of_text(&inner->arena, STR("body")), 4);
    inner_leave(&inner);
    assert_int_equal(ends, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INNER_TEST(inner_asks_as_who_asks),
        INNER_TEST(inner_has_fields_of_its_own),
        INNER_TEST(inner_says_why_not),
        INNER_TEST(inner_goes_on_when_it_is_left),
        INNER_TEST(inner_may_be_left_before_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
