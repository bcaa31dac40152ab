#include "support/test.h"

#include "http/message.h"

TEST(response_set_replaces_or_adds_a_field)
{
    struct arena arena = {0};
    struct http_stream stream = {.arena = &arena};
    http_response_set(&stream, FIELD_ETAG, STR("\"a\""));
    http_response_set(&stream, FIELD_ETAG, STR("\"b\""));
    assert_int_equal(stream.response.fields.count, 1);
    check_str("etag", http_fields_get(&stream.response.fields, FIELD_ETAG), "\"b\"");
    assert_int_equal(stream.request.fields.count, 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_set_replaces_or_adds_a_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
