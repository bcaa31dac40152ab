#include "support/test.h"

#include "access/acl/acl.h"

static bool may(const char *text, const char *user, enum access_class class)
{
    struct rules rules;
    struct principal principal = {.name = str_of_c(user)};
    struct acl acl = {.text = str_of_c(text)};
    rules_init(&rules);
    rules_add_member(&rules, STR("staff"), STR("bob"));
    bool grants = acl_grants(&acl, &rules, &principal, class);
    rules_done(&rules);
    return grants;
}

TEST(acl_grants_what_an_entry_grants_and_none_denies)
{
    static const struct {
        const char *text;
        const char *user;
        enum access_class class;
        bool is_granted;
    } rows[] = {
        {"grant read for all\n", "", ACCESS_READ, true},
        {"grant read for all\n", "", ACCESS_WRITE, false},
        {"grant read,write for all\n", "bob", ACCESS_LOCK, true},
        {"grant read for authenticated\n", "", ACCESS_READ, false},
        {"grant read for authenticated\n", "bob", ACCESS_READ, true},
        {"grant read for unauthenticated\n", "bob", ACCESS_READ, false},
        {"grant read for unauthenticated\n", "", ACCESS_READ, true},
        {"grant read for user bob\n", "bob", ACCESS_READ, true},
        {"grant read for user bob\n", "bobby", ACCESS_READ, false},
        {"grant read for user bob\n", "", ACCESS_READ, false},
        {"grant read for user b%20b\n", "b b", ACCESS_READ, true},
        {"grant read for group staff\n", "bob", ACCESS_READ, true},
        {"grant read for group staff\n", "eve", ACCESS_READ, false},
        {"grant read for self\n", "bob", ACCESS_READ, false},
        {"grant read for owner\n", "bob", ACCESS_READ, false},
        {"deny read for user bob\ngrant read for all\n", "bob", ACCESS_READ, false},
        {"grant read for all\ndeny read for user bob\n", "bob", ACCESS_READ, false},
        {"deny write for user bob\ngrant read,write for all\n", "bob", ACCESS_READ, true},
        {"deny write for user bob\ngrant read,write for all\n", "bob", ACCESS_WRITE, false},
        /* a line that cannot be read */
        {"grant read for all\nnonsense\n", "bob", ACCESS_READ, false},
        {"grant fly for all\n", "bob", ACCESS_READ, false},
        {"grant read for user\n", "bob", ACCESS_READ, false},
        {"grant read for all bob\n", "bob", ACCESS_READ, false},
        {"\n", "bob", ACCESS_READ, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_that(rows[i].text,
                   may(rows[i].text, rows[i].user, rows[i].class) == rows[i].is_granted);
}

TEST(acl_must_all_grant_it)
{
    struct principal principal = {.name = STR("bob")};
    struct acl second = {.text = STR("grant read for user eve\n")};
    struct acl first = {STR("grant read for all\n"), &second};
    assert_false(acl_grants(&first, NULL, &principal, ACCESS_READ));
    first.next = NULL;
    assert_true(acl_grants(&first, NULL, &principal, ACCESS_READ));
    assert_true(acl_grants(NULL, NULL, &principal, ACCESS_READ));
}

TEST(acl_is_taken_as_it_was_added)
{
    struct buf text = {0};
    const struct ace added = {true, ACE_READ | ACE_WRITE, ACE_GROUP, STR("the%20staff")};
    struct ace taken;
    acl_add(&text, &added);
    struct str rest = buf_str(&text);
    assert_true(acl_take(&rest, &taken));
    assert_int_equal(rest.len, 0);
    assert_true(taken.is_deny && taken.rights == added.rights && taken.who == ACE_GROUP);
    assert_true(str_eq(taken.name, added.name));
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acl_grants_what_an_entry_grants_and_none_denies),
        cmocka_unit_test(acl_must_all_grant_it),
        cmocka_unit_test(acl_is_taken_as_it_was_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
