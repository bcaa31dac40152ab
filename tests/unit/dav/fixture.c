#include "fixture.h"

#include "base/clock.h"
#include "exchange/if_header.h"
#include "store/memory/memory.h"
#include "support/changes.h"
#include "support/test.h"

struct fixture fixture;

struct res_path path_of(const char *text)
{
    return (struct res_path){text, strlen(text)};
}

static void bind(const char *path)
{
    bare_exchange_init(&fixture.bare);
    fixture.x = &fixture.bare.x;
    fixture.arena = &fixture.bare.arena;
    fixture.x->path = path_of(path);
    fixture.x->method = method_of(METHOD_GET);
    fixture.dav = (struct dav_service){.store = fixture.store};
    fixture.target = (struct target){.store = fixture.store, .real = fixture.x->path};
    fixture.bare.service.mounts = fixture.mounts;
    fixture.bare.service.mount_count = dav_mount(&fixture.dav, NULL, fixture.mounts);
    fixture.x->handler = handler_find(&fixture.bare.service, fixture.x->path);
    fixture.x->part = &fixture.target;
}

int fixture_open(void **state)
{
    const struct store_options options = {.limits = &fixture.bare.limits};
    struct err err = {0};
    (void)state; /* `fixture` is there for all */
    clock_freeze((int64_t)FIXTURE_NOW_S * 1000);
    bind("");
    assert_true(memory_store_open(&options, &fixture.store, &err));
    bind("");
    return 0;
}

int fixture_open_files(void **state)
{
    (void)!fixture_open(state); /* it asserts */
    fixture_make("d/");
    fixture_make("d/file");
    fixture_make("f");
    return 0;
}

int fixture_close(void **state)
{
    (void)state; /* likewise */
    bare_exchange_done(&fixture.bare);
    store_close(&fixture.store);
    clock_freeze(-1);
    return 0;
}

void fixture_next(const char *path)
{
    bare_exchange_done(&fixture.bare);
    bind(path);
}

static void put(struct res_path path)
{
    static const struct store_commit commit = {0};
    struct store_upload *upload;
    struct store_stat stat;
    assert_int_equal(store_upload(fixture.store, path, path.len, &upload), STORE_OK);
    assert_int_equal(sink_write(&upload->sink, path_str(path)), STORE_OK);
    assert_int_equal(do_commit(fixture.store, upload, &commit, &stat), STORE_OK);
    store_upload_close(&upload);
}

void fixture_make(const char *name)
{
    struct res_path path = path_of(name);
    if (!str_ends(path_str(path), STR("/"))) {
        put(path);
        return;
    }
    path.len--;
    assert_int_equal(do_mkcol(fixture.store, path), STORE_OK);
}

void fixture_lock(const char *path, const char *token, unsigned flags)
{
    const struct lock lock = {
        .token = str_of_c(token),
        .root = path_of(path),
        .is_exclusive = !(flags & FIXTURE_SHARED),
        .is_infinite = flags & FIXTURE_INFINITE,
        .timeout_s = 3600,
        .expires_ms = (FIXTURE_NOW_S + 3600) * (int64_t)1000,
    };
    assert_int_equal(do_lock(fixture.store, &lock), STORE_OK);
}

void fixture_if(const char *value)
{
    struct if_header *header = ARENA_NEW(fixture.arena, struct if_header);
    fixture.x->conditions = NULL;
    if (!value)
        return;
    check_that(value, if_header_parse(str_of_c(value), fixture.arena, header));
    fixture.x->conditions = header;
}

struct str fixture_etag(const char *path)
{
    struct store_stat stat;
    assert_int_equal(store_stat(fixture.store, path_of(path), 0, &stat), STORE_OK);
    return etag_of_stat(fixture.arena, &stat);
}

struct str fixture_fill(const char *text, struct str by)
{
    struct buf filled = {0};
    for (; *text; text++)
        buf_add(&filled, *text == '@' ? by : str_of(text, 1));
    struct str copy = arena_str(fixture.arena, buf_str(&filled));
    buf_done(&filled);
    return copy;
}
