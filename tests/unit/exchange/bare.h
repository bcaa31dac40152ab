/* tests/unit/exchange/bare.h: an exchange that came over no wire, for one test. */
#pragma once

#include "support/test.h"

#include "support/exchange.h"

extern struct bare_exchange bare;

/* cmocka's fixtures. */
int bare_open(void **state);
int bare_close(void **state);
#define BARE_TEST(test) cmocka_unit_test_setup_teardown(test, bare_open, bare_close)

/* A field of the answer; at == NULL: it is not there. */
struct str answer_field(enum http_field id);
