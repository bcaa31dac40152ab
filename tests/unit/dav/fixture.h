/* tests/unit/dav/fixture.h: an exchange over a store in memory, for one test. The clock stands still
 * at FIXTURE_NOW_S. */
#pragma once

#include "dav/target.h"
#include "support/exchange.h"

enum { FIXTURE_NOW_S = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

struct fixture {
    struct bare_exchange bare;
    struct dav_service dav;
    struct handler_mount mounts[DAV_MOUNTS_MAX];
    struct target target;
    struct exchange *x;
    struct arena *arena;
    struct store *store;
};

extern struct fixture fixture;

/* cmocka's fixtures. */
int fixture_open(void **state);
int fixture_close(void **state);
#define FIXTURE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

/* The same with "d/", "d/file" and "f". */
int fixture_open_files(void **state);
#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_open_files, fixture_close)

/* An exchange without fields, on `path`; the store stays as it is. */
void fixture_next(const char *path);

/* "d/" makes a collection, "f" a file whose content is its path. */
void fixture_make(const char *name);

/* A lock that lasts an hour. */
enum { FIXTURE_SHARED = 1, FIXTURE_INFINITE = 2 };
void fixture_lock(const char *path, const char *token, unsigned flags);

/* The request's If field; NULL: it has none. */
void fixture_if(const char *value);

/* The entity tag of a file. From the arena. */
struct str fixture_etag(const char *path);

/* `text` with each '@' replaced by `by`. From the arena. */
struct str fixture_fill(const char *text, struct str by);

struct res_path path_of(const char *text);
