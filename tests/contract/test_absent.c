/* Promises 12 and 13: a copy or move that expects nothing at its destination replaces nothing,
 * whoever has put it there, and when. And what has a name but is no resource is never replaced. */
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- by the store's own eyes --- */

static enum store_rc transfer_new(struct fixture *fixture, bool is_move, const char *from,
                                  struct store_visitor *visitor)
{
    struct store_transfer transfer = {path_of(from), PATH("x"), .is_deep = true,
                                      .expects_absent = true};
    return is_move ? do_move(fixture->store, &transfer, visitor)
                   : do_copy(fixture->store, &transfer, visitor);
}

static void p12_p13_what_is_there_stays_where_nothing_is_expected(void **state)
{
    struct fixture *fixture = *state;
    static const char *const sources[] = {"f", "c"};
    MAKE(fixture, "f", "c/", "c/g", "c/d/");
    assert_ok(set_prop(fixture, PATH("c"), "p", "c"));
    for (unsigned i = 0; i < 16; i++) {
        struct recorder *recorder = recorder_new(&fixture->arena);
        if (i & 1)
            MAKE(fixture, "x/", "x/y");
        else
            MAKE(fixture, "x");
        assert_ok(set_prop(fixture, PATH("x"), "q", "x"));
        assert_ok(set_lock(fixture, PATH("x"), "x"));
        const char *before = dump(fixture);
        if (i & 8) /* a move goes member by member then */
            recorder_refuse(recorder, "c/no");
        assert_rc(transfer_new(fixture, i & 2, sources[i / 4 % 2], &recorder->base), STORE_EXISTS);
        assert_string_equal(dump(fixture), before);
        assert_int_equal(recorder->failure_count, 0);
        assert_ok(remove_all(fixture, PATH("x")));
    }
}

static void p12_p13_what_is_expected_to_be_new_is_made(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    MAKE(fixture, "f", "c/", "c/g", "c/d/");
    assert_ok(set_prop(fixture, PATH("c"), "p", "c"));
    for (unsigned i = 0; i < 3; i++) { /* COPY, MOVE, and MOVE member by member */
        assert_ok(transfer_new(fixture, i > 0, "c", &recorder->base));
        assert_string_equal(dump(fixture),
                            i ? "/ {}\nf \"f\" {}\nx/ {p=c }\nx/d/ {}\nx/g \"c/g\" {}\n"
                              : "/ {}\nc/ {p=c }\nc/d/ {}\nc/g \"c/g\" {}\nf \"f\" {}\n"
                                "x/ {p=c }\nx/d/ {}\nx/g \"c/g\" {}\n");
        assert_ok(i ? move_all(fixture, PATH("x"), PATH("c")) : remove_all(fixture, PATH("x")));
        recorder_refuse(recorder, "c/no");
    }
    assert_ok(transfer_new(fixture, false, "f", &recorder->base));
    assert_ok(remove_all(fixture, PATH("x")));
    assert_ok(transfer_new(fixture, true, "f", &recorder->base));
    assert_string_equal(get(fixture, PATH("x")), "f");
}

static void p14_what_may_not_move_stays_beside_what_is_new(void **state)
{
    struct fixture *fixture = *state;
    struct recorder *recorder = recorder_new(&fixture->arena);
    recorder_refuse(recorder, "c/g");
    MAKE(fixture, "c/", "c/g", "c/d/");
    assert_rc(transfer_new(fixture, true, "c", &recorder->base), STORE_PARTIAL);
    assert_string_equal(recorder_failures(recorder, &fixture->arena), "c/g REFUSED 423\n");
    assert_string_equal(dump(fixture), "/ {}\nc/ {}\nc/g \"c/g\" {}\nx/ {}\nx/d/ {}\n");
}

/* --- what another program makes --- */

enum thing { A_FILE, A_DIRECTORY, A_PIPE, A_SOCKET, A_DANGLING_LINK, A_LINK_TO_A_PIPE, THINGS };

static void make_thing(struct fixture *fixture, enum thing thing)
{
    const char *name = fixture_file(fixture, "x");
    int fd;
    switch (thing) {
    case A_FILE:
        fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
        assert_int_equal(write(fd, "theirs", 6), 6);
        assert_int_equal(close(fd), 0);
        break;
    case A_DIRECTORY:
        assert_int_equal(mkdir(name, 0755), 0);
        break;
    case A_PIPE:
        assert_int_equal(mkfifo(name, 0644), 0);
        break;
    case A_SOCKET:
        assert_int_equal(mknod(name, S_IFSOCK | 0644, 0), 0);
        break;
    case A_DANGLING_LINK:
        assert_int_equal(symlink("not-mounted/now", name), 0);
        break;
    case A_LINK_TO_A_PIPE:
        assert_int_equal(symlink("pipe", name), 0);
        break;
    case THINGS:
        BUG("no such thing");
    }
}

static struct stat look_at_x(struct fixture *fixture)
{
    struct stat st;
    assert_int_equal(lstat(fixture_file(fixture, "x"), &st), 0);
    return st;
}

static void assert_x_is(struct fixture *fixture, const struct stat *before)
{
    struct stat now = look_at_x(fixture);
    assert_int_equal(now.st_ino, before->st_ino);
    assert_int_equal(now.st_mode, before->st_mode);
    assert_int_equal(now.st_size, before->st_size);
}

/* Another program, which acts when the store first asks about something. */
struct intruder {
    struct store_visitor base;
    struct fixture *fixture;
    enum thing thing;
    bool goes_member_by_member;
    bool has_acted;
    struct stat made;
};

static struct intruder *intruder_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct intruder, base);
}

static unsigned intrude(struct store_visitor *visitor, struct res_path path)
{
    struct intruder *intruder = intruder_of(visitor);
    (void)path; /* whatever it is */
    if (!intruder->has_acted) {
        intruder->has_acted = true;
        make_thing(intruder->fixture, intruder->thing);
        intruder->made = look_at_x(intruder->fixture);
    }
    return 0;
}

static bool intruder_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    (void)path; /* whatever it is */
    return intruder_of(visitor)->goes_member_by_member;
}

static void intruder_failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                            enum store_rc rc, unsigned reason)
{
    (void)visitor, (void)path, (void)is_collection, (void)rc, (void)reason; /* never */
    fail();
}

static void p12_p13_what_comes_meanwhile_stays(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f", "c/", "c/g", "c/d/");
    assert_ok(set_prop(fixture, PATH("f"), "p", "f"));
    const char *before = dump(fixture);
    make_thing(fixture, A_PIPE);
    assert_int_equal(rename(fixture_file(fixture, "x"), fixture_file(fixture, "pipe")), 0);
    for (unsigned i = 0; i < THINGS * 8; i++) {
        struct intruder intruder = {
            .base = {intrude, intruder_may_refuse, intruder_failed, intrude},
            .fixture = fixture,
            .thing = i % THINGS,
            .goes_member_by_member = i / THINGS & 4,
        };
        assert_rc(transfer_new(fixture, i / THINGS & 1, i / THINGS & 2 ? "c" : "f", &intruder.base),
                  STORE_EXISTS);
        assert_true(intruder.has_acted);
        assert_x_is(fixture, &intruder.made);
        assert_int_equal(remove(fixture_file(fixture, "x")), 0);
        assert_string_equal(dump(fixture), before);
    }
}

/* --- what is no resource --- */

static enum store_rc put_new(struct fixture *fixture)
{
    struct store_commit commit = {.expects_absent = true};
    return put_in(fixture->store, PATH("x"), STR("mine"), &commit);
}

static void p18_what_is_no_resource_is_not_replaced(void **state)
{
    struct fixture *fixture = *state;
    only_for_directories();
    MAKE(fixture, "f", "c/", "c/g");
    const char *before = dump(fixture);
    make_thing(fixture, A_PIPE);
    assert_int_equal(rename(fixture_file(fixture, "x"), fixture_file(fixture, "pipe")), 0);
    for (enum thing thing = A_PIPE; thing < THINGS; thing++) {
        struct recorder *recorder = recorder_new(&fixture->arena);
        make_thing(fixture, thing);
        struct stat made = look_at_x(fixture);
        bool is_link = S_ISLNK(made.st_mode);
        assert_rc(stat_rc(fixture, PATH("x")), is_link ? STORE_ALIAS : STORE_NOT_FOUND);
        assert_rc(put(fixture, PATH("x"), STR("mine")), STORE_DENIED);
        assert_rc(put_new(fixture), STORE_EXISTS);
        assert_rc(mkcol(fixture, PATH("x")), STORE_EXISTS);
        for (unsigned i = 0; i < 4; i++)
            assert_rc(transfer_new(fixture, i & 1, i & 2 ? "c" : "f", &recorder->base),
                      STORE_EXISTS);
        assert_rc(copy_all(fixture, PATH("f"), PATH("x")), STORE_DENIED);
        assert_rc(copy_all(fixture, PATH("c"), PATH("x")), STORE_DENIED);
        assert_rc(move_all(fixture, PATH("f"), PATH("x")), STORE_DENIED);
        assert_rc(move_all(fixture, PATH("c"), PATH("x")), STORE_DENIED);
        recorder_refuse(recorder, "c/no");
        assert_rc(do_move(fixture->store, TRANSFER(PATH("c"), PATH("x")), &recorder->base),
                  STORE_DENIED);
        assert_x_is(fixture, &made);
        assert_int_equal(unlink(fixture_file(fixture, "x")), 0);
        assert_string_equal(dump(fixture), before);
    }
}

int absent_tests(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(p12_p13_what_is_there_stays_where_nothing_is_expected),
        CONTRACT_TEST(p12_p13_what_is_expected_to_be_new_is_made),
        CONTRACT_TEST(p14_what_may_not_move_stays_beside_what_is_new),
        CONTRACT_TEST(p12_p13_what_comes_meanwhile_stays),
        CONTRACT_TEST(p18_what_is_no_resource_is_not_replaced),
    };
    return cmocka_run_group_tests_name("absent", tests, NULL, NULL);
}
