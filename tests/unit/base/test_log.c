#include "support/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

static char captured[8192];

/* What log_line() writes to stderr for this text; into `captured`. */
static struct str line_of(enum log_level level, const char *text)
{
    int pipe_fds[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_fds, O_NONBLOCK), 0);
    assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
    log_line(level, "%s", text);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    ssize_t len = read(pipe_fds[0], captured, sizeof(captured));
    close(saved);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return str_of(captured, len > 0 ? (size_t)len : 0);
}

TEST(log_line_names_the_level)
{
    log_set_level(LOG_DEBUG);
    check_str("error", line_of(LOG_ERROR, "a"), "davit: error: a\n");
    check_str("warn", line_of(LOG_WARN, "a"), "davit: warn: a\n");
    check_str("info", line_of(LOG_INFO, "a"), "davit: info: a\n");
    check_str("debug", line_of(LOG_DEBUG, "a"), "davit: debug: a\n");
}

TEST(log_line_is_silent_below_its_level)
{
    log_set_level(LOG_WARN);
    check_str("warn", line_of(LOG_WARN, "a"), "davit: warn: a\n");
    check_str("info", line_of(LOG_INFO, "a"), "");
    assert_true(log_is_on(LOG_ERROR));
    assert_false(log_is_on(LOG_INFO));
}

TEST(log_line_lets_no_control_character_out)
{
    log_set_level(LOG_INFO);
    check_str("newline", line_of(LOG_INFO, "a\ndavit: error: forged\r\033[2J\177\t"),
              "davit: info: a\\x0adavit: error: forged\\x0d\\x1b[2J\\x7f\\x09\n");
    check_str("C1", line_of(LOG_INFO, "\x9b\xc2\x9b"), "davit: info: \\x9b\\u009b\n");
    check_str("direction", line_of(LOG_INFO, "\xe2\x80\xaegpj"), "davit: info: \\u202egpj\n");
    check_str("utf-8", line_of(LOG_INFO, "\xc3\xa4"), "davit: info: \xc3\xa4\n");
}

TEST(log_line_cuts_what_is_too_long_and_still_ends_the_line)
{
    static char text[6000];
    log_set_level(LOG_INFO);
    memset(text, 'x', sizeof(text) - 1);
    struct str line = line_of(LOG_INFO, text);
    assert_true(line.len > 1000 && line.len <= 2048);
    assert_int_equal(line.at[line.len - 1], '\n');
    assert_int_equal(str_index(line, '\n'), line.len - 1);
    assert_int_equal(str_index(line, '\0'), line.len);
}

TEST(tell_prints_lines_that_steer_nothing)
{
    char *told = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&told, &len);
    assert_non_null(to);
    tell(to, "%s\nb\n", "a\x1b[m\xc2\x9b\xe2\x81\xa6\xc3\xa4");
    assert_int_equal(fclose(to), 0);
    check_str("told", str_of(told, len), "a\\x1b[m\\u009b\\u2066\xc3\xa4\nb\n");
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_line_names_the_level),
        cmocka_unit_test(log_line_is_silent_below_its_level),
        cmocka_unit_test(log_line_lets_no_control_character_out),
        cmocka_unit_test(log_line_cuts_what_is_too_long_and_still_ends_the_line),
        cmocka_unit_test(tell_prints_lines_that_steer_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
