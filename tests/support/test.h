/* tests/support/test.h: cmocka, and what davit's tests add to it. A check takes a `row`, the text
 * that tells which row of a table it is about; any text will do where there is no table. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef skip /* also a member of struct source_ops */

#include "base/str.h"

/* A test; its name says the behaviour. */
#define TEST(name) static void name(__attribute__((unused)) void **cmocka_state)

#define check_str(row, actual, expected)                                                           \
    check_str_at((row), (actual), str_of_c(expected), __FILE__, __LINE__)
#define check_bytes(row, actual, expected)                                                         \
    check_str_at((row), (actual), (expected), __FILE__, __LINE__)
#define check_int(row, actual, expected)                                                           \
    check_int_at((row), (int64_t)(actual), (int64_t)(expected), __FILE__, __LINE__)
#define check_that(row, claim) check_that_at((row), (claim), #claim, __FILE__, __LINE__)

void check_str_at(const char *row, struct str actual, struct str expected, const char *file,
                  int line);
void check_int_at(const char *row, int64_t actual, int64_t expected, const char *file, int line);
void check_that_at(const char *row, bool holds, const char *claim, const char *file, int line);

/* Whether fn() ends its process with abort(), as assert and BUG() do. Runs it in a child. */
bool aborts(void (*fn)(void));

/* A generator whose numbers are the same in every run. */
struct rng {
    uint64_t at;
};
uint64_t rng_next(struct rng *rng);
/* 0 to below - 1. */
size_t rng_below(struct rng *rng, size_t below);
