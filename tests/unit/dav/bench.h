/* tests/unit/dav/bench.h: an exchange over a store in memory, for one test. The clock stands still
 * at BENCH_NOW_S. */
#pragma once

#include "dav/target.h"
#include "support/exchange.h"

enum { BENCH_NOW_S = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

struct bench {
    struct bare_exchange bare;
    struct dav_service dav;
    struct handler_mount mounts[DAV_MOUNTS_MAX];
    struct target target;
    struct exchange *x;
    struct arena *arena;
    struct store *store;
};

extern struct bench bench;

/* cmocka's fixtures. */
int bench_open(void **state);
int bench_close(void **state);
#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

/* An exchange without fields, on `path`; the store stays as it is. */
void bench_next(const char *path);

/* "d/" makes a collection, "f" a file whose content is its path. */
void bench_make(const char *name);

/* A lock that lasts an hour. */
enum { BENCH_SHARED = 1, BENCH_INFINITE = 2 };
void bench_lock(const char *path, const char *token, unsigned flags);

/* The request's If field; NULL: it has none. */
void bench_if(const char *value);

/* The entity tag of a file. From the arena. */
struct str bench_etag(const char *path);

/* `text` with each '@' replaced by `by`. From the arena. */
struct str bench_fill(const char *text, struct str by);

struct res_path path_of(const char *text);
