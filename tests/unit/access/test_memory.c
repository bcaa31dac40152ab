#include "support/test.h"

#include "access/memory.h"
#include "base/clock.h"

TEST(memory_forgets_after_its_time)
{
    clock_freeze(1000);
    struct access_memory *memory = access_memory_new(4, 500);
    struct sha256 key = access_memory_key(memory, STR("alice:secret"), STR("hash"));
    check_int("none", access_memory_look(memory, &key), MEMORY_NONE);
    access_memory_add(memory, &key);
    check_int("fresh", access_memory_look(memory, &key), MEMORY_FRESH);
    clock_freeze(1499);
    check_int("fresh", access_memory_look(memory, &key), MEMORY_FRESH);
    clock_freeze(1500); /* used or not */
    check_int("old", access_memory_look(memory, &key), MEMORY_OLD);
    check_int("kept", access_memory_count(memory), 1);
    access_memory_free(memory);
    clock_freeze(-1);
}

TEST(memory_knows_what_was_compared_with_what)
{
    struct access_memory *memory = access_memory_new(4, 500);
    struct access_memory *other = access_memory_new(4, 500);
    struct sha256 key = access_memory_key(memory, STR("ab"), STR("c"));
    struct sha256 moved = access_memory_key(memory, STR("a"), STR("bc"));
    struct sha256 changed = access_memory_key(memory, STR("ab"), STR("d"));
    struct sha256 foreign = access_memory_key(other, STR("ab"), STR("c"));
    access_memory_add(memory, &key);
    check_int("moved", access_memory_look(memory, &moved), MEMORY_NONE);
    check_int("changed", access_memory_look(memory, &changed), MEMORY_NONE);
    check_int("foreign", access_memory_look(memory, &foreign), MEMORY_NONE);
    access_memory_free(memory);
    access_memory_free(other);
}

TEST(memory_is_bounded)
{
    struct access_memory *memory = access_memory_new(4, 500);
    for (int i = 0; i < 100; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%d", i);
        struct sha256 key = access_memory_key(memory, str_of_c(text), STR("hash"));
        access_memory_add(memory, &key);
        access_memory_add(memory, &key);
        check_that(text, access_memory_count(memory) <= 4);
    }
    access_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_forgets_after_its_time),
        cmocka_unit_test(memory_knows_what_was_compared_with_what),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
