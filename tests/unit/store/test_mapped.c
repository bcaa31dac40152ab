#include "support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/record/mapped.h"

enum { LEN = 65536 };

static int open_nameless(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, LEN), 0);
    return fd;
}

TEST(what_is_written_is_in_the_file)
{
    char got[4];
    struct mapped mapped = {0};
    int fd = open_nameless();
    assert_true(mapped_open(&mapped, fd, LEN));
    assert_true(mapped_write(&mapped, 0, STR("one")));
    assert_true(mapped_write(&mapped, LEN - 3, STR("two")));
    assert_true(mapped_write(&mapped, LEN, STR_NONE));
    mapped_close(&mapped);
    mapped_close(&mapped); /* of nothing */
    assert_int_equal(pread(fd, got, 4, LEN - 3), 3);
    assert_memory_equal(got, "two", 3);
    assert_int_equal(pread(fd, got, 3, 0), 3);
    assert_memory_equal(got, "one", 3);
    close(fd);
}

TEST(a_file_that_was_cut_off_is_an_answer_and_no_signal)
{
    struct mapped mapped = {0};
    int fd = open_nameless();
    assert_true(mapped_open(&mapped, fd, LEN));
    assert_int_equal(ftruncate(fd, 0), 0);
    for (int i = 0; i < 3; i++) /* nor is it one the second time */
        assert_false(mapped_write(&mapped, LEN / 2, STR("lost")));
    assert_int_equal(ftruncate(fd, LEN), 0);
    assert_true(mapped_write(&mapped, LEN / 2, STR("kept")));
    mapped_close(&mapped);
    close(fd);
}

TEST(what_is_not_open_for_both_cannot_be_mapped)
{
    struct mapped mapped = {0};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_false(mapped_open(&mapped, fd, LEN));
    assert_null(mapped.at);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_in_the_file),
        cmocka_unit_test(a_file_that_was_cut_off_is_an_answer_and_no_signal),
        cmocka_unit_test(what_is_not_open_for_both_cannot_be_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
