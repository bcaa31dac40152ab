#include "support/test.h"

#include "bench.h"
#include "dav/transfer.h"

static unsigned find(const char *destination)
{
    static const struct handler other;
    bench_next("f");
    bench.mounts[1] = (struct handler_mount){PATH("other"), &other};
    bench.bare.service.mount_count = 2;
    bare_exchange_add(&bench.bare, FIELD_DESTINATION, str_of_c(destination));
    enum stage_end end = transfer_find(bench.x, false);
    return end == STAGE_NEXT ? 0 : bench.bare.stream.response.status;
}

/* What a store would put there could not be seen. */
TEST(transfer_reaches_nothing_of_another_handler)
{
    bench_make("f");
    assert_int_equal(find("/g"), 0);
    assert_int_equal(find("/others"), 0);
    assert_int_equal(find("/other"), 403);
    assert_int_equal(find("/other/g"), 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(transfer_reaches_nothing_of_another_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
