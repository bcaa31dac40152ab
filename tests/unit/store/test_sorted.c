#include "store/directory/others/sorted.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { MEMBERS = SORTED_MAX + 1000 };

static int make_directory(char name[64])
{
    bool is_shared = access("/dev/shm", W_OK) == 0; /* where it costs no disk */
    str_print(name, 64, "%s/davit-sorted-XXXXXX", is_shared ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(name));
    return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void make_member(int fd, int number, char name[16])
{
    str_print(name, 16, "%d", number);
    if (number % 1000)
        assert_int_equal(symlinkat("nowhere", fd, name), 0);
    else
        assert_int_equal(mkdirat(fd, name, 0700), 0);
}

static void sorted_reads_each_member_once_and_in_order(void **state)
{
    char directory[64];
    char name[16];
    struct sorted sorted;
    size_t count = 0;
    size_t turns = 0;
    uint64_t last = 0;
    const uint64_t key[2] = {1, 2};
    int fd = make_directory(directory);
    (void)state;
    for (int i = 0; i < MEMBERS; i++) {
        str_print(name, sizeof(name), "%d", i);
        assert_int_equal(mknodat(fd, name, S_IFREG | 0600, 0), 0);
    }
    sorted_init(&sorted, key);
    while (sorted_read(&sorted, fd, 0)) {
        turns++;
        for (size_t i = 0; i < sorted.count; i++, count++) {
            const struct sorted_member *member = &sorted.members[i];
            assert_true(member->order == seen_order(key, sorted_name(&sorted, member)));
            assert_true(member->order > last && member->order <= sorted.until);
            last = member->order;
        }
    }
    assert_int_equal(count, MEMBERS);
    assert_true(turns >= 2);
    sorted_done(&sorted);
    for (int i = 0; i < MEMBERS; i++) {
        str_print(name, sizeof(name), "%d", i);
        assert_int_equal(unlinkat(fd, name, 0), 0);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void sorted_knows_what_a_resource_is(void **state)
{
    static const char raw[] = "\xff\xfe";
    char directory[64];
    char name[16];
    char longest[256];
    struct sorted sorted;
    size_t collections = 0;
    int fd = make_directory(directory);
    (void)state;
    memset(longest, 'x', 255);
    longest[255] = '\0';
    for (int i = 999; i <= 1001; i++)
        make_member(fd, i, name);
    assert_int_equal(mknodat(fd, raw, S_IFREG | 0600, 0), 0);
    assert_int_equal(mknodat(fd, longest, S_IFREG | 0600, 0), 0);
    assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
    assert_int_equal(mkdirat(fd, ".davit", 0700), 0);
    sorted_init(&sorted, (const uint64_t[]){3, 4});
    assert_true(sorted_read(&sorted, fd, 0));
    assert_int_equal(sorted.count, 3);
    for (size_t i = 0; i < sorted.count; i++)
        collections += sorted.members[i].is_collection;
    assert_int_equal(collections, 1);
    assert_false(sorted_read(&sorted, fd, 0));
    sorted_done(&sorted);
    for (const char *const *at = (const char *const[]){"999", "1001", raw, longest, "fifo", NULL};
         *at; at++)
        assert_int_equal(unlinkat(fd, *at, 0), 0);
    assert_int_equal(unlinkat(fd, "1000", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(fd, ".davit", AT_REMOVEDIR), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_reads_each_member_once_and_in_order),
        cmocka_unit_test(sorted_knows_what_a_resource_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
