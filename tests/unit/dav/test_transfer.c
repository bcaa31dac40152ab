#include "support/test.h"

#include "dav/transfer.h"
#include "fixture.h"

static unsigned find(const char *destination)
{
    static const struct handler other;
    fixture_next("f");
    fixture.mounts[1] = (struct handler_mount){PATH("other"), &other};
    fixture.bare.service.mount_count = 2;
    bare_exchange_add(&fixture.bare, FIELD_DESTINATION, str_of_c(destination));
    enum stage_end end = transfer_find(fixture.x, false);
    return end == STAGE_NEXT ? 0 : fixture.bare.stream.response.status;
}

/* What a store would put there could not be seen. */
TEST(transfer_reaches_nothing_of_another_handler)
{
    fixture_make("f");
    assert_int_equal(find("/g"), 0);
    assert_int_equal(find("/others"), 0);
    assert_int_equal(find("/other"), 403);
    assert_int_equal(find("/other/g"), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(transfer_reaches_nothing_of_another_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
