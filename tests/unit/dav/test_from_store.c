#include "support/test.h"

#include "dav/from_store.h"

TEST(result_of_each_storage_result)
{
    static const struct {
        enum store_rc rc;
        unsigned status;
        enum dav_condition condition;
    } rows[] = {
        {STORE_OK, 0, CONDITION_NONE},
        {STORE_NOT_FOUND, 404, CONDITION_NONE},
        {STORE_NO_PARENT, 409, CONDITION_NONE},
        {STORE_EXISTS, 412, CONDITION_NONE},
        {STORE_IS_COLLECTION, 405, CONDITION_NONE},
        {STORE_DENIED, 403, CONDITION_NONE},
        {STORE_REFUSED, 403, CONDITION_NONE},
        {STORE_NO_SPACE, 507, CONDITION_SUFFICIENT_DISK_SPACE},
        {STORE_READ_ONLY, 403, CONDITION_NONE},
        {STORE_OVER_QUOTA, 507, CONDITION_QUOTA_NOT_EXCEEDED},
        {STORE_NAME_TOO_LONG, 414, CONDITION_NONE},
        {STORE_BUSY, 503, CONDITION_NONE},
        {STORE_TOO_DEEP, 507, CONDITION_NONE},
        {STORE_MOUNT, 403, CONDITION_CANNOT_REMOVE_MOUNT},
        {STORE_UNAVAILABLE, 503, CONDITION_NONE},
        {STORE_UNKNOWN, 500, CONDITION_NONE},
        {STORE_LOCKED, 423, CONDITION_NONE},
        {STORE_BAD_ORIGIN, 502, CONDITION_NONE},
        {STORE_NO_ANSWER, 504, CONDITION_NONE},
        {STORE_LENGTH, 400, CONDITION_NONE},
        {STORE_HASH, 400, CONDITION_NONE},
        {STORE_DONE, 409, CONDITION_NONE},
        {STORE_SAME, 403, CONDITION_NONE},
        {STORE_FAILED, 500, CONDITION_NONE},
        /* not ends of a request: whoever lets them come here has a bug, the client has none */
        {STORE_END, 500, CONDITION_NONE},
        {STORE_PARTIAL, 500, CONDITION_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dav_result result = dav_from_store(rows[i].rc);
        char row[16];
        snprintf(row, sizeof(row), "%d", (int)rows[i].rc);
        check_int(row, result.status, rows[i].status);
        check_int(row, result.condition, rows[i].condition);
        check_int(row, dav_is_fine(result), rows[i].rc == STORE_OK);
        check_that(row, dav_is_fine(result) || result.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_of_each_storage_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
