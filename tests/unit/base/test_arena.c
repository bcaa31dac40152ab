#include "support/test.h"

#include "base/arena.h"

TEST(arena_alloc_gives_zeroed_aligned_memory)
{
    struct arena arena = {0};
    for (size_t size = 1; size < 6000; size += 37) {
        unsigned char *memory = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xee, size);
    }
    arena_done(&arena);
}

TEST(arena_alloc_never_hands_out_the_same_bytes_twice)
{
    enum { COUNT = 500 };
    struct arena arena = {0};
    struct rng rng = {1};
    unsigned char *memory[COUNT];
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = 1 + rng_below(&rng, 300);
        memory[i] = arena_alloc(&arena, sizes[i]);
        memset(memory[i], (int)(i & 0xff), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(memory[i][j], i & 0xff);
    }
    arena_done(&arena);
}

TEST(arena_alloc_of_nothing_is_not_null)
{
    struct arena arena = {0};
    void *first = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(arena_alloc(&arena, 0), first); /* nor anybody else's memory */
    arena_done(&arena);
}

TEST(arena_memory_is_zeroed_again_after_a_reset)
{
    struct arena arena = {0};
    for (int turn = 0; turn < 3; turn++) {
        unsigned char *memory = arena_alloc(&arena, 100);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, 100);
        arena_reset(&arena);
    }
    arena_done(&arena);
}

TEST(arena_reset_keeps_one_chunk)
{
    struct arena arena = {0};
    void *first = arena_alloc(&arena, 64);
    (void)!arena_alloc(&arena, 10000); /* only to need more chunks */
    (void)!arena_alloc(&arena, 10000);
    arena_reset(&arena);
    assert_ptr_equal(arena_alloc(&arena, 64), first);
    arena_done(&arena);
}

TEST(arena_that_was_never_used_can_be_reset_and_done)
{
    struct arena arena = {0};
    arena_reset(&arena);
    arena_done(&arena);
    arena_done(&arena);
    assert_null(arena.chunks);
}

TEST(arena_text_copies_and_ends_in_nul)
{
    struct arena arena = {0};
    char bytes[] = "ab\0cd";
    struct str copy = arena_str(&arena, str_of(bytes, 5));
    bytes[0] = 'x';
    check_bytes("copy", copy, str_of("ab\0cd", 5));
    assert_int_equal(copy.at[5], 0);
    assert_string_equal(arena_text(&arena, STR_NONE), "");
    arena_done(&arena);
}

struct note {
    char *log;
    char name;
};

static void write_name(void *arg)
{
    const struct note *note = arg;
    note->log[strlen(note->log)] = note->name;
}

TEST(arena_hooks_run_newest_first_and_once)
{
    struct arena arena = {0};
    char log[16] = "";
    struct note notes[] = {{log, 'a'}, {log, 'b'}, {log, 'c'}};
    for (size_t i = 0; i < ARRAY_LEN(notes); i++)
        arena_on_reset(&arena, write_name, &notes[i]);
    arena_reset(&arena);
    assert_string_equal(log, "cba");
    arena_on_reset(&arena, write_name, &notes[0]);
    arena_done(&arena);
    assert_string_equal(log, "cbaa");
    arena_done(&arena);
    assert_string_equal(log, "cbaa");
}

static void read_memory(void *arg)
{
    const char *text = arg;
    assert_string_equal(text, "still here");
}

TEST(arena_hooks_may_use_the_memory_that_is_about_to_go)
{
    struct arena arena = {0};
    arena_on_reset(&arena, read_memory, arena_text(&arena, STR("still here")));
    (void)!arena_alloc(&arena, 50000); /* only to need more chunks */
    arena_done(&arena);
}

static void ask_for_too_much(void)
{
    struct arena arena = {0};
    (void)!arena_alloc(&arena, SIZE_MAX - 3); /* never returns */
}

TEST(arena_alloc_aborts_on_a_size_that_overflows)
{
    assert_true(aborts(ask_for_too_much));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_alloc_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_alloc_never_hands_out_the_same_bytes_twice),
        cmocka_unit_test(arena_alloc_of_nothing_is_not_null),
        cmocka_unit_test(arena_memory_is_zeroed_again_after_a_reset),
        cmocka_unit_test(arena_reset_keeps_one_chunk),
        cmocka_unit_test(arena_that_was_never_used_can_be_reset_and_done),
        cmocka_unit_test(arena_text_copies_and_ends_in_nul),
        cmocka_unit_test(arena_hooks_run_newest_first_and_once),
        cmocka_unit_test(arena_hooks_may_use_the_memory_that_is_about_to_go),
        cmocka_unit_test(arena_alloc_aborts_on_a_size_that_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
