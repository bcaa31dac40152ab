#include "store/origin/locks.h"

#include "store/origin/origin_state.h"
#include "support/test.h"

static struct lock_list read(struct arena *arena, const char *xml)
{
    static struct exchange x;
    const struct origin origin = {.x = &x};
    struct lock_list locks;
    locks_of_xml(&origin, arena, str_of_c(xml), PATH("a/b"), &locks);
    return locks;
}

static const char *root_of(struct arena *arena, const struct lock *lock)
{
    return arena_text(arena, path_str(lock->root));
}

#define LOCK(content) "<D:activelock xmlns:D=\"DAV:\">" content "</D:activelock>"
#define TOKEN         "<D:locktoken><D:href> urn:uuid:1 </D:href></D:locktoken>"

TEST(a_lock_is_its_token_and_its_root)
{
    static const struct {
        const char *xml, *token, *root;
        bool is_exclusive;
    } rows[] = {
        {LOCK("<D:lockscope><D:exclusive/></D:lockscope>" TOKEN), "urn:uuid:1", "a/b", true},
        {LOCK("<D:lockscope><D:shared/></D:lockscope>" TOKEN
              "<D:lockroot><D:href>/a/</D:href></D:lockroot>"),
         "urn:uuid:1", "a", false},
        {LOCK(TOKEN "<D:lockroot><D:href>https://dav.example/%C3%A9</D:href></D:lockroot>"),
         "urn:uuid:1", "é", false},
        {LOCK(TOKEN "<D:lockroot><D:href>%zz</D:href></D:lockroot>"), "urn:uuid:1", "a/b", false},
        /* what an owner holds is the owner's */
        {LOCK("<D:owner><D:href>urn:no</D:href><D:exclusive/><D:locktoken><D:href>urn:no</D:href>"
              "</D:locktoken></D:owner>" TOKEN),
         "urn:uuid:1", "a/b", false},
        {LOCK("<D:locktoken><x:href xmlns:x='urn:x'>urn:no</x:href></D:locktoken>"), "", "a/b",
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct lock_list locks = read(&arena, rows[i].xml);
        assert_int_equal(locks.count, 1);
        check_str(rows[i].xml, locks.items[0].token, rows[i].token);
        check_str(rows[i].xml, str_of_c(root_of(&arena, &locks.items[0])), rows[i].root);
        check_int(rows[i].xml, locks.items[0].is_exclusive, rows[i].is_exclusive);
        arena_done(&arena);
    }
}

TEST(several_locks_are_several)
{
    struct arena arena = {0};
    assert_int_equal(read(&arena, LOCK(TOKEN) LOCK(TOKEN) LOCK(TOKEN)).count, 3);
    assert_int_equal(read(&arena, "").count, 0);
    arena_done(&arena);
}

TEST(more_than_anybody_has_are_left_out)
{
    struct arena arena = {0};
    struct buf xml = {0};
    for (int i = 0; i < 1000; i++)
        BUF_ADD(&xml, LOCK(TOKEN));
    assert_int_equal(read(&arena, buf_c(&xml)).count, 64);
    buf_done(&xml);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_its_token_and_its_root),
        cmocka_unit_test(several_locks_are_several),
        cmocka_unit_test(more_than_anybody_has_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
