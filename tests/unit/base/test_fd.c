#include "support/test.h"

#include <fcntl.h>

#include "base/fd.h"

static void close_twice(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);
    fd_close(fd);
    fd_close(fd);
}

TEST(fd_close_closes_once)
{
    int fd = open("/", O_PATH | O_CLOEXEC);
    assert_true(fd >= 0);
    fd_close(fd);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    fd_close(-1);
    assert_true(aborts(close_twice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fd_close_closes_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
