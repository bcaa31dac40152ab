/* What root may open, and what only looks like it. Needs root, and the user nobody. */
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/guarded_open.h"

enum { NOBODY = 65534 };

static char top[] = "/tmp/davit-guarded-XXXXXX";
static char text[256];

static const char *in(const char *name)
{
    (void)snprintf(text, sizeof(text), "%s/%s", top, name);
    return text;
}

static void make_file(const char *name)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void make_dir(const char *name, uid_t owner, mode_t mode)
{
    assert_int_equal(mkdir(in(name), 0700), 0);
    assert_int_equal(chown(in(name), owner, owner), 0);
    assert_int_equal(chmod(in(name), mode), 0);
}

static void make_link(const char *name, const char *to)
{
    assert_int_equal(symlink(to, in(name)), 0);
}

/* 0, or errno. */
static int try(const char *name, enum file_use use)
{
    int fd = guarded_open(in(name), use);
    int code = errno;
    if (fd < 0)
        return code;
    (void)close(fd);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    assert_non_null(mkdtemp(top));
    make_dir("roots", 0, 0700);
    make_dir("theirs", NOBODY, 0755);
    make_dir("shared", 0, 0775);
    make_dir("sticky", 0, 01777);
    make_file("roots/file");
    make_file("theirs/file");
    make_file("shared/file");
    make_file("sticky/file");
    make_file("sticky/theirs");
    assert_int_equal(chown(in("sticky/theirs"), NOBODY, NOBODY), 0);
    make_link("to-file", "roots/../roots/./file");
    make_link("absolute", "to-file");
    make_link("theirs/link", "../roots/file");
    make_link("to-theirs", "theirs/link");
    make_link("loop", "loop");
    assert_int_equal(unlink(in("absolute")), 0);
    char target[256];
    (void)snprintf(target, sizeof(target), "%s/roots/file", top);
    make_link("absolute", target);
    assert_int_equal(mkfifo(in("roots/fifo"), 0600), 0);
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = {
        "roots/file",  "roots/new",     "roots/fifo", "theirs/file", "theirs/link",
        "shared/file", "sticky/theirs", "to-file",    "absolute",    "to-theirs",
        "loop",        "sticky/file",   "sticky/new"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)unlink(in(names[i]));
    static const char *const dirs[] = {"roots", "theirs", "shared", "sticky", ""};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        (void)rmdir(in(dirs[i]));
    return 0;
}

TEST(guarded_open_opens_what_only_root_can_have_put_there)
{
    if (geteuid() != 0)
        _skip(__FILE__, __LINE__);
    check_int("a file", try("roots/file", FILE_READ), 0);
    check_int("by a link", try("to-file", FILE_READ), 0);
    check_int("by an absolute link", try("absolute", FILE_READ), 0);
    check_int("in a sticky directory", try("sticky/file", FILE_APPEND), 0);
    check_int("not there", try("roots/none", FILE_READ), ENOENT);
    check_int("made", try("roots/new", FILE_APPEND), 0);
    check_int("again", try("roots/new", FILE_APPEND), 0);
    check_int("made where others may", try("sticky/new", FILE_APPEND), 0);
}

TEST(guarded_open_refuses_what_others_can_have_put_there)
{
    if (geteuid() != 0)
        _skip(__FILE__, __LINE__);
    check_int("in another's directory", try("theirs/file", FILE_READ), ENOTSUP);
    check_int("through it", try("theirs/link", FILE_READ), ENOTSUP);
    check_int("through a link to it", try("to-theirs", FILE_READ), ENOTSUP);
    check_int("made there", try("theirs/new", FILE_APPEND), ENOTSUP);
    check_int("where a group may write", try("shared/file", FILE_READ), ENOTSUP);
    check_int("another's in a sticky directory", try("sticky/theirs", FILE_APPEND), ENOTSUP);
    check_int("round and round", try("loop", FILE_READ), ELOOP);
    check_int("a directory", try("roots", FILE_READ), ENOTSUP);
    check_int("a FIFO", try("roots/fifo", FILE_READ), ENOTSUP);
    check_int("no name", guarded_open("", FILE_READ), -1);
}

TEST(guarded_is_roots_asks_who_may_write_to_the_file_too)
{
    if (geteuid() != 0)
        _skip(__FILE__, __LINE__);
    check_that("a file", guarded_is_roots(in("roots/file")));
    check_that("by a link", guarded_is_roots(in("to-file")));
    check_that("in another's directory", !guarded_is_roots(in("theirs/file")));
    check_that("not there", !guarded_is_roots(in("roots/none")));
    assert_int_equal(chmod(in("roots/file"), 0620), 0);
    check_that("a group may write", !guarded_is_roots(in("roots/file")));
    assert_int_equal(chmod(in("roots/file"), 0600), 0);
    assert_int_equal(chown(in("roots/file"), NOBODY, 0), 0);
    check_that("another's", !guarded_is_roots(in("roots/file")));
    assert_int_equal(chown(in("roots/file"), 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guarded_open_opens_what_only_root_can_have_put_there),
        cmocka_unit_test(guarded_open_refuses_what_others_can_have_put_there),
        cmocka_unit_test(guarded_is_roots_asks_who_may_write_to_the_file_too),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
