/* Names as directories list them; tests/robustness/test_folding.py has file systems for it. */
#include "store/directory/spelling/spell.h"

#include "support/test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

TEST(spell_path_takes_no_name_for_real_that_it_could_not_look_up)
{
    struct arena arena = {0};
    struct res_path real;
    struct rlimit before;
    int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(root_fd >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum store_rc rc = spell_path(NULL, root_fd, &arena, PATH("tmp"), &real);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    check_int("no descriptor is left", rc, STORE_BUSY);
    (void)close(root_fd); /* O_PATH: nothing to lose */
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spell_path_takes_no_name_for_real_that_it_could_not_look_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
