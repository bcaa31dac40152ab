#include "support/test.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "server/privilege.h"

TEST(privilege_of_a_user_that_is_not_there_is_an_error)
{
    struct err err = {0};
    uid_t before = geteuid();
    assert_false(privilege_drop("no-such-user", &err));
    assert_string_equal(err.text, "there is no user 'no-such-user'");
    assert_int_equal(geteuid(), before);
    assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

/* No right may come back, by whatever program is started. */
TEST(privilege_without_a_user_stays_who_it_is)
{
    struct err err = {0};
    uid_t before = geteuid();
    log_set_level(LOG_ERROR); /* it warns root */
    assert_true(privilege_drop(NULL, &err));
    assert_int_equal(geteuid(), before);
    assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(privilege_of_a_user_that_is_not_there_is_an_error),
        cmocka_unit_test(privilege_without_a_user_stays_who_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
