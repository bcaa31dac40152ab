#include "support/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "stream/source.h"
#include "support/scripted.h"

static struct arena arena;

static int forget(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

/* A file without a name that holds `len` of scripted.h's bytes. */
static int file_of(size_t len)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < len; i++) {
        char byte = scripted_byte(i);
        assert_int_equal(write(fd, &byte, 1), 1);
    }
    return fd;
}

/* Pulls until the end, at most `want` at a time. */
static enum pull pull_all(struct source *source, struct buf *into, size_t want)
{
    struct err err = {0};
    enum pull result;
    do {
        result = source_pull(source, into, want, &err);
    } while (result == PULL_DATA);
    return result;
}

TEST(text_source_gives_its_bytes_at_any_want)
{
    static const size_t wants[] = {1, 2, 3, 4, 5, 1000};
    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        struct buf got = {0};
        struct err err;
        struct source *source = source_of_text(&arena, STR("abcd"));
        assert_int_equal(pull_all(source, &got, wants[i]), PULL_END);
        check_str("text", buf_str(&got), "abcd");
        assert_int_equal(source_pull(source, &got, 1, &err), PULL_END); /* and for ever */
        source_close(&source);
        assert_null(source);
        buf_done(&got);
    }
}

TEST(text_source_of_nothing_ends_at_once)
{
    struct buf got = {0};
    struct source *source = source_of_text(&arena, STR_NONE);
    assert_int_equal(pull_all(source, &got, 10), PULL_END);
    assert_int_equal(got.len, 0);
    source_close(&source);
}

TEST(file_source_gives_its_range_only)
{
    static const struct file_range ranges[] = {
        {-1, 0, 100}, {-1, 0, 1}, {-1, 99, 1}, {-1, 10, 50}, {-1, 5, 0}};
    int fd = file_of(100);
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        for (size_t want = 1; want < 120; want += 13) {
            struct buf got = {0};
            struct file_range range = ranges[i];
            range.fd = fd;
            struct source *source = source_of_file(&arena, &range);
            assert_int_equal(pull_all(source, &got, want), PULL_END);
            assert_int_equal(got.len, range.len);
            assert_true(scripted_is(buf_str(&got), range.offset));
            source_close(&source);
            buf_done(&got);
        }
    }
    assert_int_equal(close(fd), 0); /* which closing the source did not do */
}

TEST(file_source_fails_when_the_file_has_become_shorter)
{
    struct buf got = {0};
    struct err err = {0};
    int fd = file_of(10);
    struct source *source = source_of_file(&arena, &(struct file_range){fd, 0, 12});
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_DATA);
    assert_int_equal(got.len, 10);
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_FAIL);
    assert_true(strlen(err.text) > 0);
    source_close(&source);
    buf_done(&got);
    close(fd);
}

TEST(file_source_fails_when_reading_does)
{
    struct buf got = {0};
    struct err err = {0};
    struct source *source = source_of_file(&arena, &(struct file_range){-1, 0, 12});
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_FAIL);
    assert_int_equal(err.code, 9); /* EBADF */
    assert_int_equal(got.len, 0);
    source_close(&source);
    buf_done(&got);
}

TEST(file_source_shows_what_comes_next)
{
    struct buf got = {0};
    struct file_range range;
    int fd = file_of(100);
    struct source *source = source_of_file(&arena, &(struct file_range){fd, 10, 50});
    assert_true(source->ops->peek_file(source, &range));
    assert_true(range.fd == fd && range.offset == 10 && range.len == 50);
    source->ops->skip(source, 7); /* as if sendfile(2) had sent them */
    assert_true(source->ops->peek_file(source, &range));
    assert_true(range.offset == 17 && range.len == 43);
    assert_int_equal(pull_all(source, &got, 1000), PULL_END);
    assert_int_equal(got.len, 43);
    assert_true(scripted_is(buf_str(&got), 17));
    assert_false(source->ops->peek_file(source, &range));
    source_close(&source);
    buf_done(&got);
    close(fd);
}

TEST(parts_come_one_after_the_other)
{
    int fd = file_of(50);
    for (size_t want = 1; want < 30; want += 7) {
        struct buf got = {0};
        struct source *parts[] = {
            source_of_text(&arena, STR("head ")),
            source_of_text(&arena, STR_NONE),
            source_of_file(&arena, &(struct file_range){fd, 0, 50}),
            source_of_text(&arena, STR(" tail")),
        };
        struct source *source = source_of_parts(&arena, parts, ARRAY_LEN(parts));
        assert_int_equal(pull_all(source, &got, want), PULL_END);
        assert_int_equal(got.len, 60);
        check_str("head", str_first(buf_str(&got), 5), "head ");
        assert_true(scripted_is(str_of(got.at + 5, 50), 0));
        check_str("tail", str_from(buf_str(&got), 55), " tail");
        source_close(&source);
        buf_done(&got);
    }
    close(fd);
}

TEST(parts_of_nothing_end_at_once)
{
    struct buf got = {0};
    struct source *source = source_of_parts(&arena, NULL, 0);
    assert_int_equal(pull_all(source, &got, 10), PULL_END);
    source_close(&source);
}

TEST(parts_show_the_file_that_comes_next)
{
    struct buf got = {0};
    struct file_range range;
    struct err err;
    int fd = file_of(50);
    struct source *parts[] = {
        source_of_text(&arena, STR("head")),
        source_of_file(&arena, &(struct file_range){fd, 0, 50}),
        source_of_text(&arena, STR("tail")),
    };
    struct source *source = source_of_parts(&arena, parts, ARRAY_LEN(parts));
    assert_false(source->ops->peek_file(source, &range));
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_DATA);
    assert_int_equal(source_pull(source, &got, 10, &err), PULL_DATA); /* the file's first ten */
    assert_true(source->ops->peek_file(source, &range));
    assert_true(range.offset == 10 && range.len == 40);
    source->ops->skip(source, 40);
    assert_false(source->ops->peek_file(source, &range));
    assert_int_equal(pull_all(source, &got, 100), PULL_END);
    assert_int_equal(got.len, 4 + 10 + 4);
    assert_false(source->ops->peek_file(source, &range));
    source_close(&source);
    buf_done(&got);
    close(fd);
}

TEST(parts_are_each_closed_once)
{
    struct scripted scripted[3];
    struct source *parts[3];
    struct buf got = {0};
    struct err err;
    for (size_t pulls = 0; pulls < 6; pulls++) {
        for (size_t i = 0; i < 3; i++) {
            scripted_init(&scripted[i], "d");
            parts[i] = &scripted[i].base;
        }
        struct source *source = source_of_parts(&arena, parts, 3);
        for (size_t i = 0; i < pulls; i++)
            (void)!source_pull(source, &got, 4, &err); /* however it goes */
        source_close(&source);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(scripted[i].closed, 1);
    }
    buf_done(&got);
}

struct bell {
    struct waker waker;
    size_t rings;
};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct bell, waker)->rings++;
}

TEST(parts_pass_on_waits_wakes_and_failures)
{
    struct scripted scripted;
    struct bell bell = {.waker.ring = ring};
    struct buf got = {0};
    struct err err = {0};
    scripted_init(&scripted, "dwdf");
    struct source *parts[] = {source_of_text(&arena, STR("a")), &scripted.base};
    struct source *source = source_of_parts(&arena, parts, 2);
    source->waker = &bell.waker;
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_DATA);
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_DATA);
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_WAIT);
    assert_int_equal(bell.rings, 0);
    scripted_wake(&scripted);
    assert_int_equal(bell.rings, 1);
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_DATA);
    assert_int_equal(source_pull(source, &got, 100, &err), PULL_FAIL);
    assert_int_equal(err.code, 42);
    source_close(&source);
    buf_done(&got);
}

TEST(source_close_takes_null)
{
    struct source *none = NULL;
    source_close(&none);
    assert_null(none);
}

/* --- the contract --- */

static enum pull give_nothing(struct source *self, struct buf *into, size_t want, struct err *err)
{
    (void)self, (void)into, (void)want, (void)err; /* it only claims to have given something */
    return PULL_DATA;
}

static enum pull give_more(struct source *self, struct buf *into, size_t want, struct err *err)
{
    (void)self, (void)err; /* nothing to say */
    for (size_t i = 0; i <= want; i++)
        buf_add_char(into, 'x');
    return PULL_DATA;
}

static enum pull give_at_the_end(struct source *self, struct buf *into, size_t want,
                                 struct err *err)
{
    (void)self, (void)want, (void)err; /* nothing to say */
    buf_add_char(into, 'x');
    return PULL_END;
}

static void pull_from(enum pull (*pull)(struct source *, struct buf *, size_t, struct err *))
{
    const struct source_ops ops = {.name = "bad", .pull = pull};
    struct source source = {.ops = &ops};
    struct buf got = {0};
    struct err err;
    (void)!source_pull(&source, &got, 4, &err); /* never returns */
}

static void pull_nothing(void)
{
    pull_from(give_nothing);
}

static void pull_more(void)
{
    pull_from(give_more);
}

static void pull_at_the_end(void)
{
    pull_from(give_at_the_end);
}

static void want_nothing(void)
{
    struct buf got = {0};
    struct err err;
    (void)!source_pull(source_of_text(&arena, STR("a")), &got, 0, &err); /* never returns */
}

TEST(source_pull_holds_sources_to_their_promises)
{
    assert_true(aborts(pull_nothing));
    assert_true(aborts(pull_more));
    assert_true(aborts(pull_at_the_end));
    assert_true(aborts(want_nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(text_source_gives_its_bytes_at_any_want, forget),
        cmocka_unit_test_teardown(text_source_of_nothing_ends_at_once, forget),
        cmocka_unit_test_teardown(file_source_gives_its_range_only, forget),
        cmocka_unit_test_teardown(file_source_fails_when_the_file_has_become_shorter, forget),
        cmocka_unit_test_teardown(file_source_fails_when_reading_does, forget),
        cmocka_unit_test_teardown(file_source_shows_what_comes_next, forget),
        cmocka_unit_test_teardown(parts_come_one_after_the_other, forget),
        cmocka_unit_test_teardown(parts_of_nothing_end_at_once, forget),
        cmocka_unit_test_teardown(parts_show_the_file_that_comes_next, forget),
        cmocka_unit_test_teardown(parts_are_each_closed_once, forget),
        cmocka_unit_test_teardown(parts_pass_on_waits_wakes_and_failures, forget),
        cmocka_unit_test(source_close_takes_null),
        cmocka_unit_test(source_pull_holds_sources_to_their_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
