#include "support/test.h"

#include "base/map.h"

enum { COUNT = 3000 };

struct item {
    struct map_entry entry;
    char key[16];
    bool is_in; /* as it should be */
    bool is_seen;
};

static struct str key_of(struct item *item, size_t i)
{
    int len = snprintf(item->key, sizeof(item->key), "key %zu", i);
    return str_of(item->key, (size_t)len);
}

TEST(map_that_is_empty_finds_and_walks_nothing)
{
    struct map map = {0};
    assert_null(map_find(&map, STR("a")));
    assert_null(map_find(&map, STR_NONE));
    assert_null(map_next(&map, NULL));
    map_done(&map);
}

TEST(map_keys_are_bytes)
{
    static const struct str keys[] = {{NULL, 0},   {"a", 1},  {"A", 1},       {"a\0", 2},
                                      {"a\0b", 3}, {"aa", 2}, {"\xff\xfe", 2}};
    struct map_entry entries[ARRAY_LEN(keys)];
    struct map map = {0};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_null(map_find(&map, keys[i]));
        map_add(&map, &entries[i], keys[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_ptr_equal(map_find(&map, keys[i]), &entries[i]);
    assert_null(map_find(&map, STR("b")));
    map_done(&map);
}

/* Every entry is found exactly when it should be, and a walk gives each of them once. */
static void check_all(const struct map *map, struct item *items)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT; i++) {
        struct map_entry *found = map_find(map, str_of_c(items[i].key));
        assert_ptr_equal(found, items[i].is_in ? &items[i].entry : NULL);
        items[i].is_seen = false;
        count += items[i].is_in;
    }
    assert_int_equal(map->count, count);
    for (struct map_entry *at = map_next(map, NULL); at; at = map_next(map, at)) {
        struct item *item = CONTAINER_OF(at, struct item, entry);
        assert_true(item->is_in && !item->is_seen);
        item->is_seen = true;
        count--;
    }
    assert_int_equal(count, 0);
}

TEST(map_behaves_as_a_set_under_random_changes)
{
    static struct item items[COUNT];
    struct map map = {0};
    struct rng rng = {7};
    for (size_t i = 0; i < COUNT; i++)
        (void)key_of(&items[i], i); /* only for the key it writes */
    for (int turn = 0; turn < 20; turn++) {
        for (int change = 0; change < COUNT / 2; change++) {
            struct item *item = &items[rng_below(&rng, COUNT)];
            if (item->is_in)
                map_remove(&map, &item->entry);
            else
                map_add(&map, &item->entry, str_of_c(item->key));
            item->is_in = !item->is_in;
        }
        check_all(&map, items);
    }
    map_done(&map);
}

TEST(map_walk_lets_the_entry_before_be_removed)
{
    static struct item items[COUNT];
    struct map map = {0};
    for (size_t i = 0; i < COUNT; i++)
        map_add(&map, &items[i].entry, key_of(&items[i], i));
    size_t count = 0;
    struct map_entry *before = NULL;
    for (struct map_entry *at = map_next(&map, NULL); at; at = map_next(&map, at)) {
        if (before)
            map_remove(&map, before);
        before = at;
        count++;
    }
    assert_int_equal(count, COUNT);
    assert_int_equal(map.count, 1);
    map_done(&map);
}

TEST(hash_bytes_depends_on_every_byte_and_on_the_length)
{
    static const char zeros[64];
    unsigned char bytes[40];
    for (size_t len = 0; len < sizeof(zeros); len++)
        assert_int_not_equal(hash_bytes(str_of(zeros, len)), hash_bytes(str_of(zeros, len + 1)));
    for (size_t len = 1; len < sizeof(bytes); len++) {
        memset(bytes, 0, sizeof(bytes));
        uint64_t plain = hash_bytes(str_of((const char *)bytes, len));
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            assert_int_not_equal(hash_bytes(str_of((const char *)bytes, len)), plain);
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        assert_int_equal(hash_bytes(str_of((const char *)bytes, len)), plain);
    }
}

TEST(hash_bytes_ignores_alignment)
{
    static const char text[] = "a text of some length, longer than a word or two";
    char shifted[sizeof(text) + 8];
    uint64_t hash = hash_bytes(STR(text));
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(shifted + shift, text, sizeof(text) - 1);
        assert_int_equal(hash_bytes(str_of(shifted + shift, sizeof(text) - 1)), hash);
    }
}

/* As CPython hashes bytes where PYTHONHASHSEED is 0. */
TEST(hash_bytes_with_a_key_is_siphash_1_3)
{
    static const struct {
        const char *text;
        uint64_t hash;
    } rows[] = {
        {"a", 0x407448d2b89b1813},
        {"abcdefgh", 0x3f7b849c0b8e35ea},
        {"a text of some length, longer than a word or two", 0x8dbfc682b38cb385},
    };
    static const uint64_t zeros[2], other[2] = {0, 1};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = str_of_c(rows[i].text);
        assert_int_equal(hash_bytes_with(zeros, text), rows[i].hash);
        assert_int_not_equal(hash_bytes_with(other, text), rows[i].hash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_that_is_empty_finds_and_walks_nothing),
        cmocka_unit_test(map_keys_are_bytes),
        cmocka_unit_test(map_behaves_as_a_set_under_random_changes),
        cmocka_unit_test(map_walk_lets_the_entry_before_be_removed),
        cmocka_unit_test(hash_bytes_depends_on_every_byte_and_on_the_length),
        cmocka_unit_test(hash_bytes_ignores_alignment),
        cmocka_unit_test(hash_bytes_with_a_key_is_siphash_1_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
