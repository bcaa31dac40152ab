#include "support/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "cli/command.h"

/* A command, with what it has written to standard output and to standard error. */
struct run {
    int status;
    struct buf out;
    struct buf err;
};

static void take(int fd, struct buf *into)
{
    enum { BYTES_MAX = 65536 };
    ssize_t len = pread(fd, buf_reserve(into, BYTES_MAX), BYTES_MAX - 1, 0);
    assert_true(len >= 0);
    into->len = (size_t)len;
    (void)buf_c(into); /* so that it can be searched as text */
    close(fd);
}

static struct run run_serve(const char *const *args)
{
    struct run run = {0};
    char *copies[8];
    int count = 0;
    int saved[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    int fds[2] = {memfd_create("out", MFD_CLOEXEC), memfd_create("err", MFD_CLOEXEC)};
    for (; args[count]; count++)
        copies[count] = strdup(args[count]);
    fflush(stdout);
    (void)!dup2(fds[0], STDOUT_FILENO); /* what is not caught fails the test */
    (void)!dup2(fds[1], STDERR_FILENO);
    run.status = cmd_serve(count, copies);
    fflush(stdout);
    (void)!dup2(saved[0], STDOUT_FILENO);
    (void)!dup2(saved[1], STDERR_FILENO);
    for (int i = 0; i < 2; i++)
        close(saved[i]);
    take(fds[0], &run.out);
    take(fds[1], &run.err);
    while (count > 0)
        free(copies[--count]);
    return run;
}

static void run_done(struct run *run)
{
    buf_done(&run->out);
    buf_done(&run->err);
}

#define SERVE(...) run_serve((const char *const[]){__VA_ARGS__, NULL})

TEST(serve_explains_a_wrong_command_line_in_one_line)
{
    struct run run = SERVE("--lisen", "127.0.0.1:0", ".");
    assert_int_equal(run.status, EXIT_USAGE);
    check_str("out", buf_str(&run.out), "");
    check_str("err", buf_str(&run.err),
              "davit: there is no option '--lisen'; did you mean --listen?\n");
    run_done(&run);
}

/* Each option is there, on a line of its own that fits a terminal's width or nearly. */
TEST(serve_help_lists_the_options)
{
    static const char *const names[] = {
#define SERVE_OPTION(name, letter, argument, set, help) " --" name " ",
#include "server/config/options.def"
#undef SERVE_OPTION
    };
    struct run run = SERVE("--help");
    assert_int_equal(run.status, EXIT_FINE);
    assert_int_equal(run.err.len, 0);
    assert_true(str_starts(buf_str(&run.out), STR("Usage: davit serve [OPTIONS] DIR\n")));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        check_that(names[i], strstr(run.out.at, names[i]));
    run_done(&run);
}

TEST(serve_help_limits_shows_the_limits_as_they_are_set)
{
    struct run run = SERVE("--limit", "head_ms=1234", "--help-limits");
    assert_int_equal(run.status, EXIT_FINE);
    assert_int_equal(run.err.len, 0);
    for (size_t i = 0; i < limit_row_count; i++)
        check_that(limit_rows[i].name, strstr(run.out.at, limit_rows[i].name));
    const char *line = strstr(run.out.at, "head_ms");
    assert_true(line && strstr(line, "1234") < strchr(line, '\n'));
    run_done(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serve_explains_a_wrong_command_line_in_one_line),
        cmocka_unit_test(serve_help_lists_the_options),
        cmocka_unit_test(serve_help_limits_shows_the_limits_as_they_are_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
