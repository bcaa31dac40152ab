#include "support/test.h"

#include <dirent.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/sockets.h"
#include "io/worker.h"

struct fixture {
    struct worker_pool *pool;
    struct loop *loop;
    struct task task;
    struct sockets sockets;
    int ends[2]; /* the first is libcurl's */
};

static void do_nothing(struct task *task)
{
    (void)task;
}

static void open_pair(struct fixture *f)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, f->ends),
                     0);
}

static void set_up(struct fixture *f)
{
    struct err err;
    *f = (struct fixture){.task.run = do_nothing};
    f->pool = worker_pool_new(1, &err);
    f->loop = loop_new(f->pool, &err);
    assert_non_null(f->loop);
    sockets_init(&f->sockets, f->loop, &f->task);
    open_pair(f);
}

static void tear_down(struct fixture *f)
{
    sockets_done(&f->sockets);
    loop_unqueue(&f->task);
    loop_free(f->loop);
    worker_pool_free(f->pool);
    close(f->ends[1]);
}

static bool file_has_line(const char *path, const char *wanted)
{
    char line[256];
    bool has_it = false;
    FILE *file = fopen(path, "r");
    while (file && !has_it && fgets(line, sizeof(line), file))
        has_it = strncmp(line, wanted, strlen(wanted)) == 0;
    if (file)
        (void)fclose(file);
    return has_it;
}

/* What the kernel says of all that this process has of epoll. */
static bool is_watched(int fd)
{
    char wanted[32], path[300];
    bool is_it = false;
    DIR *folder = opendir("/proc/self/fdinfo");
    assert_non_null(folder);
    str_print(wanted, sizeof(wanted), "tfd: %8d ", fd);
    for (struct dirent *entry; (entry = readdir(folder));) {
        str_print(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
        is_it = is_it || file_has_line(path, wanted);
    }
    closedir(folder);
    return is_it;
}

/* Something comes; whether libcurl is to be told. */
static bool comes(struct fixture *f)
{
    curl_socket_t fd;
    int what;
    char c;
    assert_int_equal(write(f->ends[1], "x", 1), 1);
    loop_turn(f->loop, 0);
    bool is_told = sockets_take(&f->sockets, &fd, &what);
    if (is_told) {
        assert_int_equal(fd, f->ends[0]);
        assert_int_equal(what, CURL_CSELECT_IN);
    }
    assert_false(sockets_take(&f->sockets, &fd, &what));
    assert_int_equal(read(f->ends[0], &c, 1), 1);
    return is_told;
}

static void change(struct fixture *f, int what)
{
    assert_int_equal(sockets_changed(NULL, f->ends[0], what, &f->sockets, NULL), 0);
}

TEST(stays_watched_between_requests)
{
    struct fixture f;
    set_up(&f);
    sockets_opened(&f.sockets, f.ends[0]);
    assert_false(is_watched(f.ends[0]));
    for (int i = 0; i < 3; i++) {
        change(&f, CURL_POLL_IN);
        assert_true(comes(&f));
        change(&f, CURL_POLL_REMOVE);
        assert_true(is_watched(f.ends[0]));
    }
    assert_int_equal(sockets_close(&f.sockets, f.ends[0]), 0);
    assert_false(is_watched(f.ends[0]));
    tear_down(&f);
}

TEST(what_comes_while_it_is_idle_ends_the_watch)
{
    struct fixture f;
    set_up(&f);
    sockets_opened(&f.sockets, f.ends[0]);
    change(&f, CURL_POLL_IN);
    change(&f, CURL_POLL_REMOVE);
    assert_false(comes(&f));
    assert_false(is_watched(f.ends[0]));
    change(&f, CURL_POLL_IN);
    assert_true(comes(&f));
    assert_int_equal(sockets_close(&f.sockets, f.ends[0]), 0);
    tear_down(&f);
}

TEST(what_was_noted_is_not_told_any_more)
{
    struct fixture f;
    curl_socket_t fd;
    int what;
    set_up(&f);
    sockets_opened(&f.sockets, f.ends[0]);
    change(&f, CURL_POLL_INOUT);
    loop_turn(f.loop, 0);
    change(&f, CURL_POLL_REMOVE);
    assert_false(sockets_take(&f.sockets, &fd, &what));
    change(&f, CURL_POLL_OUT);
    loop_turn(f.loop, 0);
    assert_true(sockets_take(&f.sockets, &fd, &what));
    assert_int_equal(what, CURL_CSELECT_OUT);
    assert_int_equal(sockets_close(&f.sockets, f.ends[0]), 0);
    tear_down(&f);
}

TEST(number_of_a_closed_socket_may_be_used_again)
{
    struct fixture f;
    set_up(&f);
    for (int i = 0; i < 3; i++) {
        int before = f.ends[0];
        sockets_opened(&f.sockets, f.ends[0]);
        change(&f, CURL_POLL_IN);
        if (i == 1)
            close(f.ends[0]); /* without a word */
        else
            assert_int_equal(sockets_close(&f.sockets, f.ends[0]), 0);
        close(f.ends[1]);
        open_pair(&f);
        assert_int_equal(f.ends[0], before);
    }
    sockets_opened(&f.sockets, f.ends[0]);
    change(&f, CURL_POLL_IN);
    assert_true(comes(&f));
    assert_int_equal(sockets_close(&f.sockets, f.ends[0]), 0);
    tear_down(&f);
}

TEST(other_descriptors_are_forgotten_at_once)
{
    struct fixture f;
    set_up(&f);
    change(&f, CURL_POLL_IN);
    assert_true(comes(&f));
    change(&f, CURL_POLL_REMOVE);
    assert_false(is_watched(f.ends[0]));
    assert_int_equal(f.sockets.known.count, 0);
    change(&f, CURL_POLL_REMOVE); /* nothing is known of it */
    close(f.ends[0]);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_watched_between_requests),
        cmocka_unit_test(what_comes_while_it_is_idle_ends_the_watch),
        cmocka_unit_test(what_was_noted_is_not_told_any_more),
        cmocka_unit_test(number_of_a_closed_socket_may_be_used_again),
        cmocka_unit_test(other_descriptors_are_forgotten_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
