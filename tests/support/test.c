#include "support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

/* Bytes for a person to read. */
static const char *quoted(struct buf *to, struct str bytes)
{
    buf_clear(to);
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (c >= 0x20 && c < 0x7f && c != '\\')
            buf_add_char(to, (char)c);
        else
            buf_addf(to, "\\x%02x", c);
    }
    return buf_c(to);
}

void check_str_at(const char *row, struct str actual, struct str expected, const char *file,
                  int line)
{
    if (str_eq(actual, expected))
        return;
    static struct buf got, wanted; /* static: a failing check does not return to free them */
    print_error("%s:\n  got      '%s'\n  expected '%s'\n", row, quoted(&got, actual),
                quoted(&wanted, expected));
    _fail(file, line);
}

void check_int_at(const char *row, int64_t actual, int64_t expected, const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s: got %lld, expected %lld\n", row, (long long)actual, (long long)expected);
    _fail(file, line);
}

void check_that_at(const char *row, bool holds, const char *claim, const char *file, int line)
{
    if (holds)
        return;
    print_error("%s: not so: %s\n", row, claim);
    _fail(file, line);
}

bool aborts(void (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        int nowhere = open("/dev/null", O_WRONLY);
        (void)!dup2(nowhere, STDERR_FILENO);     /* only noise is at stake */
        (void)!setrlimit(RLIMIT_CORE, &no_core); /* likewise */
        (void)!signal(SIGABRT, SIG_DFL);         /* likewise */
        fn();
        _exit(0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->at += 0x9e3779b97f4a7c15U; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
}

size_t rng_below(struct rng *rng, size_t below)
{
    return (size_t)(rng_next(rng) % below);
}
