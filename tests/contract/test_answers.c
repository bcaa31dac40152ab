/* Promise 39: answers that are kept. */
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/answers.h"
#include "store/resumable/engine_priv.h"

#define ASKED "0123456789abcdef0123456789abcdef"

static struct answer_found open_as(struct fixture *fixture, const char *owner, const char *name,
                                   const char *asked)
{
    const struct answer_wish which = {PATH("f"), str_of_c(owner), str_of_c(name), str_of_c(asked),
                                      STR("note")};
    struct answer_found found;
    assert_ok(kept_answer_open(fixture->store, &fixture->arena, &which, &found));
    return found;
}

static struct answer_found open_answer(struct fixture *fixture, const char *name)
{
    return open_as(fixture, "alice", name, ASKED);
}

static void check_records(struct fixture *fixture, struct kept_answer *answer, const char *expected)
{
    struct buf said = {0};
    struct str record;
    while (kept_answer_next(answer, &record))
        buf_addf(&said, "%.*s;", STR_ARGS(str_first(record, 10)));
    assert_str(buf_str(&said), expected);
    buf_done(&said);
}

static void add(struct kept_answer *answer, const char *text)
{
    const struct str record = str_of_c(text);
    assert_ok(kept_answer_add(answer, &record, 1));
}

static void p39_answer_from_beginning_to_end(void **state)
{
    struct fixture *fixture = *state;
    struct answer_found found = open_answer(fixture, "1");
    assert_int_equal(found.state, ANSWER_NEW);
    add(found.answer, "a");
    add(found.answer, "b");
    assert_int_equal(open_answer(fixture, "1").state, ANSWER_RUNNING);
    assert_int_equal(open_as(fixture, "alice", "1", "other").state, ANSWER_RUNNING);
    kept_answer_close(&found.answer);

    found = open_answer(fixture, "1");
    assert_int_equal(found.state, ANSWER_CUT_OFF);
    assert_true(found.is_certain);
    assert_str(found.note, "note");
    check_records(fixture, found.answer, "a;b;");
    add(found.answer, "c");
    assert_ok(kept_answer_end(found.answer));
    kept_answer_close(&found.answer);

    found = open_answer(fixture, "1");
    struct answer_found beside = open_answer(fixture, "1");
    assert_int_equal(found.state, ANSWER_WHOLE);
    assert_int_equal(beside.state, ANSWER_WHOLE);
    check_records(fixture, found.answer, "a;b;c;");
    check_records(fixture, beside.answer, "a;b;c;");
    kept_answer_close(&found.answer);
    kept_answer_close(&beside.answer);
}

static void p39_answer_is_of_one_request_and_owner(void **state)
{
    struct fixture *fixture = *state;
    struct answer_found found = open_answer(fixture, "1");
    kept_answer_close(&found.answer);
    assert_int_equal(open_as(fixture, "alice", "1", "another").state, ANSWER_OTHERS);
    found = open_as(fixture, "", "1", "another");
    assert_int_equal(found.state, ANSWER_NEW);
    kept_answer_forget(&found.answer);
    found = open_as(fixture, "", "1", "third");
    assert_int_equal(found.state, ANSWER_NEW);
    kept_answer_close(&found.answer);
}

static void p39_answer_with_long_records(void **state)
{
    struct fixture *fixture = *state;
    static char text[ANSWER_RECORD_BYTES_MAX];
    struct str records[40];
    struct str record;
    size_t count = 0;
    struct answer_found found = open_answer(fixture, "1");
    for (size_t i = 0; i < ARRAY_LEN(records); i++)
        records[i] = str_of(text, sizeof(text) - i);
    assert_ok(kept_answer_add(found.answer, records, ARRAY_LEN(records)));
    assert_ok(kept_answer_end(found.answer));
    kept_answer_close(&found.answer);
    found = open_answer(fixture, "1");
    assert_int_equal(found.state, ANSWER_WHOLE);
    for (; kept_answer_next(found.answer, &record); count++)
        assert_int_equal(record.len, sizeof(text) - count);
    assert_int_equal(count, ARRAY_LEN(records));
    assert_true(kept_answer_bytes(found.answer) > count * (sizeof(text) - count));
    kept_answer_close(&found.answer);
}

/* The only file of the only owner. */
static int open_file(struct fixture *fixture)
{
    struct resumables *of;
    struct buf path = {0};
    assert_ok(store_resumables(fixture->store, PATH("f"), &of));
    buf_addf(&path, "answers/%016llx/", (unsigned long long)owner_mark(STR("alice")));
    /* SHA-256 of "alice", NUL, "1" */
    char room[CONTENT_HASH_BYTES_MAX];
    struct str hash = content_hash_of(CONTENT_SHA256,
                                      str_of("alice\0"
                                             "1",
                                             7),
                                      room);
    for (size_t i = 0; i < 16; i++)
        buf_add_hex(&path, (unsigned char)hash.at[i], 2);
    int fd = openat(of->fd, buf_c(&path), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    buf_done(&path);
    return fd;
}

/* What a crash has cut off, at each byte: a beginning, and it goes on from there. */
static void p39_answer_that_was_cut_off_anywhere(void **state)
{
    struct fixture *fixture = *state;
    struct answer_found found = open_answer(fixture, "1");
    uint64_t first = kept_answer_bytes(found.answer);
    add(found.answer, "a");
    uint64_t second = kept_answer_bytes(found.answer);
    add(found.answer, "b");
    uint64_t last = kept_answer_bytes(found.answer);
    kept_answer_close(&found.answer);
    for (uint64_t at = last; at-- > 0;) {
        int fd = open_file(fixture);
        assert_int_equal(ftruncate(fd, (off_t)at), 0);
        close(fd);
        found = open_answer(fixture, "1");
        assert_int_equal(found.state, at < first ? ANSWER_NEW : ANSWER_CUT_OFF);
        if (at >= first)
            check_records(fixture, found.answer, at >= second ? "a;" : "");
        if (at == second) {
            add(found.answer, "c");
            kept_answer_close(&found.answer);
            found = open_answer(fixture, "1");
            check_records(fixture, found.answer, "a;c;");
        }
        if (at < first)
            kept_answer_forget(&found.answer);
        kept_answer_close(&found.answer);
        if (at < first)
            break;
    }
}

int answer_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p39_answer_from_beginning_to_end),
        CONTRACT_TEST(p39_answer_is_of_one_request_and_owner),
        CONTRACT_TEST(p39_answer_with_long_records),
        CONTRACT_TEST(p39_answer_that_was_cut_off_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
