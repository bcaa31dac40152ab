#include "gateway/union/names.h"

#include "base/buf.h"
#include "support/test.h"

TEST(names_are_known_once_they_were_added)
{
    struct names names = {0};
    assert_true(names_add(&names, STR("a")));
    assert_true(names_add(&names, STR("b")));
    assert_true(names_add(&names, STR("")));
    assert_false(names_add(&names, STR("a")));
    assert_false(names_add(&names, STR("")));
    assert_int_equal(names.count, 3);
    names_done(&names);
    assert_true(names_add(&names, STR("a")));
    names_done(&names);
}

TEST(names_say_beforehand_what_they_take)
{
    enum { COUNT = 20000 };
    struct names names = {0};
    struct buf name = {0};
    size_t bytes = 0;
    for (size_t i = 0; i < 2 * COUNT; i++) {
        size_t room = names.room;
        size_t growth = names_growth(&names);
        buf_clear(&name);
        buf_addf(&name, "name/%zu", i % COUNT);
        assert_int_equal(names_add(&names, buf_str(&name)), i < COUNT);
        assert_int_equal((names.room - room) * sizeof(*names.at), growth);
        bytes += growth;
    }
    assert_int_equal(names.count, COUNT);
    assert_true(bytes <= COUNT * 16 * 4);
    buf_done(&name);
    names_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_known_once_they_were_added),
        cmocka_unit_test(names_say_beforehand_what_they_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
