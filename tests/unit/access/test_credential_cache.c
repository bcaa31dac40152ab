#include "support/test.h"

#include "access/credential_cache.h"
#include "base/clock.h"

TEST(credential_cache_forgets_after_its_time)
{
    clock_freeze(1000);
    struct credential_cache *cache = credential_cache_new(4, 500);
    struct sha256 key = credential_cache_key(cache, STR("alice:secret"), STR("hash"));
    check_int("none", credential_cache_look(cache, &key), CREDENTIALS_NONE);
    credential_cache_add(cache, &key);
    check_int("fresh", credential_cache_look(cache, &key), CREDENTIALS_FRESH);
    clock_freeze(1499);
    check_int("fresh", credential_cache_look(cache, &key), CREDENTIALS_FRESH);
    clock_freeze(1500); /* used or not */
    check_int("old", credential_cache_look(cache, &key), CREDENTIALS_OLD);
    check_int("kept", credential_cache_count(cache), 1);
    credential_cache_free(cache);
    clock_freeze(-1);
}

TEST(credential_cache_knows_what_was_compared_with_what)
{
    struct credential_cache *cache = credential_cache_new(4, 500);
    struct credential_cache *other = credential_cache_new(4, 500);
    struct sha256 key = credential_cache_key(cache, STR("ab"), STR("c"));
    struct sha256 moved = credential_cache_key(cache, STR("a"), STR("bc"));
    struct sha256 changed = credential_cache_key(cache, STR("ab"), STR("d"));
    struct sha256 foreign = credential_cache_key(other, STR("ab"), STR("c"));
    credential_cache_add(cache, &key);
    check_int("moved", credential_cache_look(cache, &moved), CREDENTIALS_NONE);
    check_int("changed", credential_cache_look(cache, &changed), CREDENTIALS_NONE);
    check_int("foreign", credential_cache_look(cache, &foreign), CREDENTIALS_NONE);
    credential_cache_free(cache);
    credential_cache_free(other);
}

TEST(credential_cache_is_bounded)
{
    struct credential_cache *cache = credential_cache_new(4, 500);
    for (int i = 0; i < 100; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%d", i);
        struct sha256 key = credential_cache_key(cache, str_of_c(text), STR("hash"));
        credential_cache_add(cache, &key);
        credential_cache_add(cache, &key);
        check_that(text, credential_cache_count(cache) <= 4);
    }
    credential_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credential_cache_forgets_after_its_time),
        cmocka_unit_test(credential_cache_knows_what_was_compared_with_what),
        cmocka_unit_test(credential_cache_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
