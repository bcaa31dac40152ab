#include "support/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stream/spool.h"
#include "support/scripted.h"

enum { MEMORY_BYTES = 1000 };

static int dir_fd;

static int open_dir(__attribute__((unused)) void **state)
{
    dir_fd = open(P_tmpdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir_fd < 0;
}

static int close_dir(__attribute__((unused)) void **state)
{
    return close(dir_fd);
}

static void write_bytes(struct spool *spool, size_t len)
{
    uint64_t from = spool_len(spool);
    for (size_t i = 0; i < len; i++)
        buf_add_char(spool_buf(spool), scripted_byte(from + i));
}

static void check_content(struct spool *spool, size_t len, size_t want)
{
    struct arena arena = {0};
    struct buf got = {0};
    struct err err;
    enum pull result;
    struct source *source = spool_source(spool, &arena);
    do {
        result = source_pull(source, &got, want, &err);
    } while (result == PULL_DATA);
    assert_int_equal(result, PULL_END);
    assert_int_equal(spool_len(spool), len);
    assert_int_equal(got.len, len);
    assert_true(scripted_is(buf_str(&got), 0));
    source_close(&source);
    buf_done(&got);
    arena_done(&arena);
}

TEST(spool_keeps_a_short_answer_in_memory)
{
    static const size_t lens[] = {0, 1, MEMORY_BYTES};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct spool spool;
        struct err err;
        spool_init(&spool, dir_fd, MEMORY_BYTES);
        write_bytes(&spool, lens[i]);
        assert_true(spool_settle(&spool, &err));
        assert_int_equal(spool.fd, -1);
        check_content(&spool, lens[i], 77);
        spool_done(&spool);
    }
}

TEST(spool_moves_a_long_answer_to_a_file_without_a_name)
{
    struct spool spool;
    struct err err = {0};
    struct stat stat;
    spool_init(&spool, dir_fd, MEMORY_BYTES);
    write_bytes(&spool, MEMORY_BYTES + 1);
    assert_true(spool_settle(&spool, &err));
    assert_true(spool.fd >= 0);
    assert_int_equal(fstat(spool.fd, &stat), 0);
    assert_int_equal(stat.st_nlink, 0);
    assert_int_equal(stat.st_mode & 0777, 0600);
    check_content(&spool, MEMORY_BYTES + 1, 300);
    spool_done(&spool);
    assert_int_equal(spool.fd, -1);
}

TEST(spool_memory_is_bounded_when_it_is_settled_often)
{
    struct spool spool;
    struct err err;
    size_t len = 0;
    struct rng rng = {4};
    spool_init(&spool, dir_fd, MEMORY_BYTES);
    for (int i = 0; i < 500; i++) {
        size_t piece = rng_below(&rng, 400);
        write_bytes(&spool, piece);
        len += piece;
        assert_true(spool_settle(&spool, &err));
        assert_true(spool_buf(&spool)->len <= MEMORY_BYTES);
        assert_true(spool_buf(&spool)->cap <= (size_t)8 * MEMORY_BYTES);
    }
    assert_true(spool.file_bytes > 0 && spool_buf(&spool)->len > 0); /* both, to be joined */
    check_content(&spool, len, 4096);
    check_content(&spool, len, 1); /* and once more, from the start */
    spool_done(&spool);
}

TEST(spool_settle_says_why_it_fails)
{
    struct spool spool;
    struct err err = {0};
    spool_init(&spool, -1, MEMORY_BYTES);
    write_bytes(&spool, MEMORY_BYTES + 1);
    assert_false(spool_settle(&spool, &err));
    assert_int_equal(err.code, 9); /* EBADF */
    spool_done(&spool);

    spool_init(&spool, dir_fd, MEMORY_BYTES);
    spool.fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    write_bytes(&spool, MEMORY_BYTES + 1);
    assert_false(spool_settle(&spool, &err));
    assert_int_equal(err.code, 28); /* ENOSPC */
    spool_done(&spool);
}

TEST(spool_done_is_safe_twice)
{
    struct spool spool;
    spool_init(&spool, dir_fd, MEMORY_BYTES);
    spool_done(&spool);
    spool_done(&spool);
    assert_int_equal(spool_len(&spool), 0);
}

/* As a listing does: some is written, some is taken, and the file is emptied when it has been read.
 */
TEST(spool_gives_what_is_taken_in_order)
{
    struct spool spool;
    struct err err;
    struct buf got = {0};
    struct stat st;
    uint64_t written = 0;
    spool_init(&spool, dir_fd, MEMORY_BYTES);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < (size_t)(round % 7) * 400 + 1; i++)
            buf_add_char(spool_buf(&spool), scripted_byte(written++));
        assert_true(spool_settle(&spool, &err));
        for (int takes = 0; takes < round % 4 && spool_len(&spool); takes++)
            assert_true(spool_take(&spool, &got, 700, &err));
        assert_int_equal(spool_len(&spool), written - got.len);
    }
    while (spool_len(&spool))
        assert_true(spool_take(&spool, &got, 700, &err));
    assert_int_equal(got.len, written);
    assert_true(scripted_is(buf_str(&got), 0));
    assert_int_equal(fstat(spool.fd, &st), 0);
    assert_int_equal(st.st_size, 0);
    spool_done(&spool);
    buf_done(&got);
}

TEST(spool_gives_its_memory_to_who_has_none)
{
    static const size_t wants[] = {1, 40, 50, 99, 100, SIZE_MAX};
    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        struct spool spool;
        struct buf got = {0};
        struct err err;
        spool_init(&spool, dir_fd, MEMORY_BYTES);
        for (size_t at = 0; at < 100; at++)
            buf_add_char(spool_buf(&spool), scripted_byte(at));
        const char *memory = spool_buf(&spool)->at;
        assert_true(spool_take(&spool, &got, wants[i], &err));
        assert_int_equal(got.len, size_min(wants[i], 100));
        assert_true((got.at == memory) == (wants[i] >= 50)); /* the most of it */
        buf_add_char(spool_buf(&spool), scripted_byte(100));
        assert_true(spool_take(&spool, &got, 101, &err)); /* behind what is there */
        assert_int_equal(got.len, 101);
        assert_true(scripted_is(buf_str(&got), 0));
        spool_done(&spool);
        buf_done(&got);
    }
}

TEST(spool_does_not_keep_the_memory_of_one_long_value)
{
    struct spool spool;
    struct err err;
    spool_init(&spool, dir_fd, MEMORY_BYTES);
    write_bytes(&spool, 100 * MEMORY_BYTES);
    assert_true(spool_settle(&spool, &err));
    assert_int_equal(spool.head.cap, 0);
    check_content(&spool, 100 * MEMORY_BYTES, 999);
    spool_done(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spool_gives_what_is_taken_in_order),
        cmocka_unit_test(spool_gives_its_memory_to_who_has_none),
        cmocka_unit_test(spool_does_not_keep_the_memory_of_one_long_value),
        cmocka_unit_test(spool_keeps_a_short_answer_in_memory),
        cmocka_unit_test(spool_moves_a_long_answer_to_a_file_without_a_name),
        cmocka_unit_test(spool_memory_is_bounded_when_it_is_settled_often),
        cmocka_unit_test(spool_settle_says_why_it_fails),
        cmocka_unit_test(spool_done_is_safe_twice),
    };
    return cmocka_run_group_tests(tests, open_dir, close_dir);
}
