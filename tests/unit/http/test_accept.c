#include "support/test.h"

#include "http/accept.h"

TEST(accept_weight_is_in_thousandths)
{
    static const struct {
        const char *parameters;
        unsigned weight;
    } rows[] = {
        {"", 1000},
        {"q=1", 1000},
        {" q = 0.5 ", 500},
        {"Q=0.001", 1},
        {"q=0", 0},
        {"q=0.000", 0},
        {"level=1;q=0.25", 250},
        {"level=1", 1000},
        {"q=1.000", 1000},
        {"q=1.5", 1000},
        {"q=0.9999", 999},
        {"q=", 0},
        {"q=x", 0},
        {"q=-1", 0},
        {"q=2", 0},
        {"q=0,5", 0},
        {"q=0.5.1", 0},
        {"q=05", 0},
        {"q", 0},
        {";;", 1000},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].parameters, accept_weight(str_of_c(rows[i].parameters)), rows[i].weight);
}

TEST(accept_weight_of_type_is_of_the_type_itself)
{
    static const struct {
        const char *accept;
        unsigned weight;
    } rows[] = {
        {"application/json", 1000},
        {"text/html, Application/JSON ; q=0.5", 500},
        {"application/json;q=0, */*", 0},
        {"*/*", 0},
        {"application/*", 0},
        {"application/json-seq", 0},
        {"", 0},
        {",;,", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].accept,
                  accept_weight_of_type(str_of_c(rows[i].accept), STR("application/json")),
                  rows[i].weight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_weight_is_in_thousandths),
        cmocka_unit_test(accept_weight_of_type_is_of_the_type_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
