#include "bare.h"

#include "exchange/respond.h"

TEST(respond_status_has_no_body)
{
    assert_int_equal(respond_status(&bare.x, HTTP_NO_CONTENT), STAGE_DONE);
    assert_int_equal(bare.stream.response.status, 204);
    assert_null(bare.stream.response.body);
}

TEST(respond_field_copies)
{
    char value[] = "value";
    respond_field(&bare.x, FIELD_ETAG, str_of_c(value));
    value[0] = 'x';
    check_str("etag", answer_field(FIELD_ETAG), "value");
}

/* RFC 4918 §5.2 */
TEST(respond_location_adds_the_slash_that_a_collection_lacks)
{
    static const struct {
        const char *path;
        bool is_collection, has_slash;
        const char *location;
    } rows[] = {
        {"d", true, false, "/d/"}, {"a b/\xc3\xa4", true, false, "/a%20b/%C3%A4/"},
        {"d", true, true, NULL},   {"d", false, false, NULL},
        {"", true, true, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bare_exchange_done(&bare);
        bare_exchange_init(&bare);
        bare.x.path = (struct res_path){rows[i].path, strlen(rows[i].path)};
        bare.x.has_slash = rows[i].has_slash;
        respond_location(&bare.x, rows[i].is_collection);
        check_str(rows[i].path, answer_field(FIELD_CONTENT_LOCATION), rows[i].location);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(respond_status_has_no_body),
        BARE_TEST(respond_field_copies),
        BARE_TEST(respond_location_adds_the_slash_that_a_collection_lacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
