#include "bare.h"

struct bare_exchange bare;

int bare_open(__attribute__((unused)) void **state)
{
    bare_exchange_init(&bare);
    return 0;
}

int bare_close(__attribute__((unused)) void **state)
{
    bare_exchange_done(&bare);
    return 0;
}

struct str answer_field(enum http_field id)
{
    return http_fields_get(&bare.stream.response.fields, id);
}
