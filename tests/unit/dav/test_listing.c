#include "support/test.h"

#include "dav/listing.h"
#include "fixture.h"
#include "support/executors.h"

enum { MANY = 500 };

static struct inline_executor executor;
static struct listing listing;
static size_t told;
static bool is_slow;
static size_t fails_at; /* that many have been told of by then */

static bool tell(struct listing *self, struct arena *arena, const struct walk_item *item)
{
    assert_ptr_equal(self, &listing);
    assert_non_null(arena_alloc(arena, 16));
    multistatus_member(multistatus_body_ms(self->body), item->path, item->stat.is_collection,
                       HTTP_OK, STR_NONE);
    return told++ != fails_at;
}

static void refuse(struct listing *self, const struct walk_item *item, unsigned status)
{
    multistatus_member(multistatus_body_ms(self->body), item->path, item->stat.is_collection,
                       status, STR_NONE);
}

static bool blocks(const struct listing *self, const struct walk_item *item)
{
    (void)self;
    return is_slow && !path_is_root(item->path);
}

static bool tell_unreachable(struct listing *self, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    (void)arena;
    refuse(self, item, why->status);
    return true;
}

static const struct listing_ops ops = {tell, refuse, tell_unreachable, blocks};

static int open_with_files(void **state)
{
    (void)!fixture_open(state); /* it asserts */
    fixture_make("a");
    fixture_make("d/");
    fixture_make("d/b");
    told = 0;
    is_slow = false;
    fails_at = SIZE_MAX;
    return 0;
}

#define LISTING_TEST(test) cmocka_unit_test_setup_teardown(test, open_with_files, fixture_close)

static void last_ref(struct refs *refs)
{
    (void)refs; /* the fixture ends it */
}

static unsigned ask(enum depth depth)
{
    struct walk_item target = {.path = PATH_ROOT, .real = PATH_ROOT, .stat.is_collection = true};
    inline_executor_init(&executor);
    fixture_next("");
    fixture.bare.stream.executor = &executor.executor;
    refs_init(&fixture.bare.stream.refs, last_ref);
    fixture.bare.service.spool_dir_fd = -1;
    listing = (struct listing){0};
    listing_init(&listing, fixture.x, &ops);
    assert_int_equal(listing_answer(&listing, &target, depth), STAGE_DONE);
    return fixture.bare.stream.response.status;
}

/* Pulls all of the answer; closes it. Where it ends, says so. */
static enum pull pull_all(struct buf *body)
{
    struct http_response *response = &fixture.bare.stream.response;
    struct err err = {0};
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA || pulled == PULL_WAIT) {
        pulled = source_pull(response->body, body, 777, &err);
        if (pulled == PULL_WAIT)
            assert_true(inline_executor_run(&executor) > 0);
    }
    source_close(&response->body);
    (void)inline_executor_run(&executor); /* what was under way */
    return pulled;
}

static size_t count(const struct buf *body, struct str what)
{
    size_t found = 0;
    for (size_t i = 0; i + what.len <= body->len; i++)
        found += memcmp(body->at + i, what.at, what.len) == 0;
    return found;
}

static void check_whole(enum depth depth, size_t items)
{
    struct buf body = {0};
    assert_int_equal(ask(depth), 207);
    assert_int_equal(pull_all(&body), PULL_END);
    assert_int_equal(count(&body, STR("<D:multistatus")), 1);
    assert_int_equal(count(&body, STR("<D:response>")), items);
    assert_true(str_ends(buf_str(&body), STR("</D:multistatus>\n")));
    buf_done(&body);
}

/* What is small is all there before its head leaves. */
TEST(listing_that_is_small_has_its_length)
{
    check_whole(DEPTH_1, 3);
    assert_true(fixture.bare.stream.response.body_bytes != LENGTH_UNKNOWN);
    assert_int_equal(executor.submit_count, 0);
    check_whole(DEPTH_INFINITY, 4);
}

TEST(listing_that_is_long_is_written_while_it_is_sent)
{
    for (size_t i = 0; i < MANY; i++) {
        struct buf name = {0};
        buf_addf(&name, "d/%zu", i);
        fixture_make(buf_c(&name));
        buf_done(&name);
    }
    check_whole(DEPTH_INFINITY, MANY + 4);
    assert_true(fixture.bare.stream.response.body_bytes == LENGTH_UNKNOWN);
    assert_true(executor.submit_count > 0);
}

TEST(listing_goes_on_where_it_may_block)
{
    is_slow = true;
    check_whole(DEPTH_1, 3);
    assert_true(fixture.bare.stream.response.body_bytes == LENGTH_UNKNOWN);
    assert_true(executor.submit_count > 0);
}

/* Without its end, the wire breaks the framing. */
TEST(listing_that_breaks_off_does_not_end)
{
    struct buf body = {0};
    is_slow = true;
    fails_at = 2;
    assert_int_equal(ask(DEPTH_1), 207);
    assert_int_equal(pull_all(&body), PULL_FAIL);
    assert_int_equal(count(&body, STR("</D:multistatus>")), 0);
    buf_done(&body);
    is_slow = false;
    told = 0;
    assert_int_equal(ask(DEPTH_1), 503); /* nothing has been sent */
}

TEST(listing_that_is_not_read_to_its_end_leaves_nothing)
{
    struct buf body = {0};
    struct err err = {0};
    is_slow = true;
    assert_int_equal(ask(DEPTH_1), 207);
    (void)!source_pull(fixture.bare.stream.response.body, &body, 10, &err); /* any */
    source_close(&fixture.bare.stream.response.body);
    (void)inline_executor_run(&executor); /* what was under way */
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTING_TEST(listing_that_is_small_has_its_length),
        LISTING_TEST(listing_that_is_long_is_written_while_it_is_sent),
        LISTING_TEST(listing_goes_on_where_it_may_block),
        LISTING_TEST(listing_that_breaks_off_does_not_end),
        LISTING_TEST(listing_that_is_not_read_to_its_end_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
