#include "support/test.h"

#include "base/mem.h"

TEST(mem_new_gives_zeroed_memory_also_for_nothing)
{
    unsigned char *memory = mem_new(100, 3);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(memory[i], 0);
    mem_free(memory);
    static const size_t sizes[][2] = {{0, 0}, {0, 8}, {8, 0}};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        void *none = mem_new(sizes[i][0], sizes[i][1]);
        assert_non_null(none);
        mem_free(none);
    }
}

TEST(mem_resize_keeps_what_fits)
{
    char *memory = mem_resize(NULL, 4);
    memcpy(memory, "abc", 4);
    memory = mem_resize(memory, 4000);
    assert_string_equal(memory, "abc");
    memory = mem_resize(memory, 2);
    assert_int_equal(memory[1], 'b');
    memory = mem_resize(memory, 0);
    assert_non_null(memory);
    mem_free(memory);
}

TEST(mem_free_takes_null)
{
    mem_free(NULL);
}

TEST(mem_copy_text_copies_and_ends_in_nul)
{
    char *copy = mem_copy_text("abcdef", 3);
    assert_string_equal(copy, "abc");
    mem_free(copy);
    copy = mem_copy_text(NULL, 0);
    assert_string_equal(copy, "");
    mem_free(copy);
}

static void report_a_bug(void)
{
    BUG("as it should");
}

TEST(bug_aborts)
{
    assert_true(aborts(report_a_bug));
}

static void narrow_too_much(void)
{
    volatile size_t big = (size_t)UINT32_MAX + 1;
    (void)u32_of_size(big); /* never returns */
}

TEST(checked_narrowing_aborts_on_what_does_not_fit)
{
    assert_int_equal(u32_of_size(UINT32_MAX), UINT32_MAX);
    assert_int_equal(int_of_size(INT32_MAX), INT32_MAX);
    assert_int_equal(i64_of_u64(UINT64_MAX), INT64_MAX);
    assert_int_equal(i64_of_u64(5), 5);
    assert_true(aborts(narrow_too_much));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem_new_gives_zeroed_memory_also_for_nothing),
        cmocka_unit_test(mem_resize_keeps_what_fits),
        cmocka_unit_test(mem_free_takes_null),
        cmocka_unit_test(mem_copy_text_copies_and_ends_in_nul),
        cmocka_unit_test(bug_aborts),
        cmocka_unit_test(checked_narrowing_aborts_on_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
