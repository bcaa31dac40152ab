#include "support/test.h"

#include "http/status.h"

TEST(status_reasons_are_those_of_the_registry)
{
    static const struct {
        unsigned status;
        const char *reason;
    } rows[] = {
        {100, "Continue"},
        {200, "OK"},
        {207, "Multi-Status"},
        {208, "Already Reported"},
        {304, "Not Modified"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {424, "Failed Dependency"},
        {507, "Insufficient Storage"},
        {0, "Unknown"},
        {299, "Unknown"},
        {600, "Unknown"},
        {UINT32_MAX, "Unknown"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].reason, http_reason(rows[i].status), rows[i].reason);
    assert_int_equal(HTTP_MULTI_STATUS, 207);
}

TEST(status_rows_are_in_order_and_named_once)
{
    static const struct {
        unsigned status;
        struct str reason;
    } rows[] = {
#define HTTP_STATUS(code, name, reason, ...) {(code), {(reason), sizeof(reason) - 1}},
#include "http/status.def"
#undef HTTP_STATUS
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_bytes(rows[i].reason.at, http_reason(rows[i].status), rows[i].reason);
        check_that(rows[i].reason.at, rows[i].status >= 100 && rows[i].status < 600);
        check_that(rows[i].reason.at, i == 0 || rows[i - 1].status < rows[i].status);
    }
}

TEST(status_classes)
{
    for (unsigned status = 100; status < 600; status++) {
        assert_int_equal(http_is_success(status), status / 100 == 2);
        assert_int_equal(http_is_error(status), status / 100 >= 4);
        bool is_bodiless = status / 100 == 1 || status == 204 || status == 304;
        assert_int_equal(http_is_bodiless(status), is_bodiless);
    }
}

TEST(status_lines_are_read_also_when_they_are_odd)
{
    static const struct {
        const char *text;
        unsigned status; /* 0: it is none */
        const char *version, *reason;
    } rows[] = {
        {"HTTP/1.1 200 OK", 200, "HTTP/1.1", "OK"},
        {" \n HTTP/1.1  404   Not Found\t", 404, "HTTP/1.1", "Not Found"},
        {"HTTP/2 207", 207, "HTTP/2", ""},
        {"http/1.0 200 ", 200, "http/1.0", ""},
        {"200 OK", 200, "", "OK"},
        {"299", 299, "", ""},
        {"", 0, "", ""},
        {"HTTP/1.1", 0, "", ""},
        {"HTTP/1.1 OK", 0, "", ""},
        {"HTTP/1.1 20", 0, "", ""},
        {"HTTP/1.1 2000 OK", 0, "", ""},
        {"HTTP/1.1 099 Low", 0, "", ""},
        {"+12", 0, "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_status_line line = {0};
        check_int(rows[i].text, http_status_line_parse(str_of_c(rows[i].text), &line),
                  rows[i].status != 0);
        check_int(rows[i].text, line.status, rows[i].status);
        check_str(rows[i].text, line.version, rows[i].version);
        check_str(rows[i].text, line.reason, rows[i].reason);
    }
}

TEST(statuses_are_few_numbers_in_a_row)
{
    static const struct {
        unsigned status;
        const char *name;
    } rows[] = {{200, "200"}, {207, "207"}, {423, "423"}, {299, "2xx"},
                {466, "4xx"}, {0, "none"},  {999, "9xx"}, {4000, "none"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t index = http_status_index(rows[i].status);
        assert_true(index < STATUS_INDEX_COUNT);
        assert_string_equal(http_status_of_index(index), rows[i].name);
    }
    assert_string_equal(http_status_of_index(STATUS_INDEX_SUCCESSES), "2xx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_lines_are_read_also_when_they_are_odd),
        cmocka_unit_test(status_reasons_are_those_of_the_registry),
        cmocka_unit_test(status_rows_are_in_order_and_named_once),
        cmocka_unit_test(status_classes),
        cmocka_unit_test(statuses_are_few_numbers_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
