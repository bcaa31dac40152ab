#include "support/test.h"

#include "base/buf.h"
#include "exchange/result.h"

/* RFC 4918 §16, RFC 4331 §6: those that davit answers with. */
TEST(conditions_have_their_status_and_their_element)
{
    static const struct {
        enum dav_condition condition;
        unsigned status;
        const char *xml;
    } rows[] = {
        {CONDITION_LOCK_TOKEN_MATCHES_REQUEST_URI, 409, "<D:lock-token-matches-request-uri/>"},
        {CONDITION_LOCK_TOKEN_SUBMITTED, 423, "<D:lock-token-submitted/>"},
        {CONDITION_NO_CONFLICTING_LOCK, 423, "<D:no-conflicting-lock/>"},
        {CONDITION_NO_EXTERNAL_ENTITIES, 403, "<D:no-external-entities/>"},
        {CONDITION_PROPFIND_FINITE_DEPTH, 403, "<D:propfind-finite-depth/>"},
        {CONDITION_CANNOT_MODIFY_PROTECTED_PROPERTY, 403, "<D:cannot-modify-protected-property/>"},
        {CONDITION_SUFFICIENT_DISK_SPACE, 507, "<D:sufficient-disk-space/>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf xml = {0};
        struct dav_result result = dav_condition(rows[i].condition, "why");
        check_int(rows[i].xml, result.status, rows[i].status);
        check_int(rows[i].xml, result.condition, rows[i].condition);
        check_str(rows[i].xml, str_of_c(result.text), "why");
        dav_condition_add(&xml, &result);
        check_str(rows[i].xml, buf_str(&xml), rows[i].xml);
        buf_done(&xml);
    }
}

TEST(conditions_hold_what_is_in_the_way)
{
    struct buf xml = {0};
    struct dav_result result = dav_condition(CONDITION_NO_CONFLICTING_LOCK, NULL);
    result.condition_xml = STR("<D:href>/a</D:href>");
    dav_condition_add(&xml, &result);
    check_str("hrefs", buf_str(&xml),
              "<D:no-conflicting-lock><D:href>/a</D:href></D:no-conflicting-lock>");
    buf_done(&xml);
}

TEST(result_without_a_condition_adds_nothing)
{
    struct buf xml = {0};
    const struct dav_result plain = dav_error(HTTP_FORBIDDEN, "no");
    dav_condition_add(&xml, &plain);
    assert_int_equal(xml.len, 0);
    assert_false(dav_is_fine(plain));
    assert_true(dav_is_fine(DAV_FINE));
    buf_done(&xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_have_their_status_and_their_element),
        cmocka_unit_test(conditions_hold_what_is_in_the_way),
        cmocka_unit_test(result_without_a_condition_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
