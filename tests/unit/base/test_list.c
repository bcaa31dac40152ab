#include "support/test.h"

#include "base/buf.h"
#include "base/list.h"

struct item {
    struct list link;
    char name;
};

static void init(struct item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        list_init(&items[i].link);
        items[i].name = (char)('a' + i);
    }
}

/* The names in order, and the same backwards, so that both links are looked at. */
static void check_order(const char *row, const struct list *head, const char *names)
{
    struct buf there = {0};
    struct buf back = {0};
    for (const struct list *at = head->next; at != head; at = at->next)
        buf_add_char(&there, ((const struct item *)(const void *)at)->name);
    for (const struct list *at = head->prev; at != head; at = at->prev)
        buf_add_char(&back, ((const struct item *)(const void *)at)->name);
    check_str(row, buf_str(&there), names);
    check_int(row, back.len, there.len);
    for (size_t i = 0; i < back.len; i++)
        check_int(row, back.at[i], there.at[there.len - 1 - i]);
    buf_done(&there);
    buf_done(&back);
}

TEST(list_append_keeps_the_order)
{
    struct list head;
    struct item items[3];
    list_init(&head);
    init(items, 3);
    assert_true(list_is_empty(&head));
    check_order("empty", &head, "");
    for (size_t i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    assert_false(list_is_empty(&head));
    check_order("three", &head, "abc");
}

TEST(list_remove_works_anywhere_and_twice)
{
    struct list head;
    struct item items[3];
    list_init(&head);
    init(items, 3);
    for (size_t i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    check_order("middle", &head, "ac");
    list_remove(&items[1].link);
    check_order("twice", &head, "ac");
    list_remove(&items[2].link);
    list_remove(&items[0].link);
    check_order("all", &head, "");
    list_append(&head, &items[1].link);
    check_order("again", &head, "b");
}

TEST(list_splice_moves_all_behind)
{
    static const struct {
        size_t to, from;
        const char *names;
    } rows[] = {{2, 2, "abcd"}, {0, 3, "abc"}, {3, 0, "abc"}, {0, 0, ""}, {1, 1, "ab"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct list to, from;
        struct item items[4];
        list_init(&to);
        list_init(&from);
        init(items, 4);
        for (size_t j = 0; j < rows[i].to + rows[i].from; j++)
            list_append(j < rows[i].to ? &to : &from, &items[j].link);
        list_splice(&to, &from);
        check_order(rows[i].names, &to, rows[i].names);
        check_order("the other", &from, "");
    }
}

TEST(list_each_survives_the_removal_of_its_item)
{
    struct list head;
    struct item items[4];
    struct buf seen = {0};
    list_init(&head);
    init(items, 4);
    for (size_t i = 0; i < 4; i++)
        list_append(&head, &items[i].link);
    LIST_EACH (&head, link) {
        struct item *item = CONTAINER_OF(link, struct item, link);
        buf_add_char(&seen, item->name);
        if (item->name != 'b')
            list_remove(link);
    }
    check_str("seen", buf_str(&seen), "abcd");
    check_order("left", &head, "b");
    buf_done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_append_keeps_the_order),
        cmocka_unit_test(list_remove_works_anywhere_and_twice),
        cmocka_unit_test(list_splice_moves_all_behind),
        cmocka_unit_test(list_each_survives_the_removal_of_its_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
