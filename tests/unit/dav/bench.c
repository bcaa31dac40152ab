#include "bench.h"

#include "base/clock.h"
#include "exchange/if_header.h"
#include "store/memory/memory.h"
#include "support/changes.h"
#include "support/test.h"

struct bench bench;

struct res_path path_of(const char *text)
{
    return (struct res_path){text, strlen(text)};
}

static void bind(const char *path)
{
    bare_exchange_init(&bench.bare);
    bench.x = &bench.bare.x;
    bench.arena = &bench.bare.arena;
    bench.x->path = path_of(path);
    bench.x->method = method_of(METHOD_GET);
    bench.dav = (struct dav_service){.store = bench.store};
    bench.target = (struct target){.store = bench.store, .real = bench.x->path};
    bench.bare.service.mounts = bench.mounts;
    bench.bare.service.mount_count = dav_mount(&bench.dav, NULL, bench.mounts);
    bench.x->handler = handler_find(&bench.bare.service, bench.x->path);
    bench.x->part = &bench.target;
}

int bench_open(void **state)
{
    const struct store_options options = {.limits = &bench.bare.limits};
    struct err err = {0};
    (void)state; /* `bench` is there for all */
    clock_freeze((int64_t)BENCH_NOW_S * 1000);
    bind("");
    assert_true(memory_store_open(&options, &bench.store, &err));
    bind("");
    return 0;
}

int bench_close(void **state)
{
    (void)state; /* likewise */
    bare_exchange_done(&bench.bare);
    store_close(&bench.store);
    clock_freeze(-1);
    return 0;
}

void bench_next(const char *path)
{
    bare_exchange_done(&bench.bare);
    bind(path);
}

static void put(struct res_path path)
{
    static const struct store_commit commit = {0};
    struct store_upload *upload;
    struct store_stat stat;
    assert_int_equal(store_upload(bench.store, path, path.len, &upload), STORE_OK);
    assert_int_equal(sink_write(&upload->sink, path_str(path)), STORE_OK);
    assert_int_equal(do_commit(bench.store, upload, &commit, &stat), STORE_OK);
    store_upload_close(&upload);
}

void bench_make(const char *name)
{
    struct res_path path = path_of(name);
    if (!str_ends(path_str(path), STR("/"))) {
        put(path);
        return;
    }
    path.len--;
    assert_int_equal(do_mkcol(bench.store, path), STORE_OK);
}

void bench_lock(const char *path, const char *token, unsigned flags)
{
    const struct lock lock = {
        .token = str_of_c(token),
        .root = path_of(path),
        .is_exclusive = !(flags & BENCH_SHARED),
        .is_infinite = flags & BENCH_INFINITE,
        .timeout_s = 3600,
        .expires_ms = (BENCH_NOW_S + 3600) * (int64_t)1000,
    };
    assert_int_equal(do_lock(bench.store, &lock), STORE_OK);
}

void bench_if(const char *value)
{
    struct if_header *header = ARENA_NEW(bench.arena, struct if_header);
    bench.x->conditions = NULL;
    if (!value)
        return;
    check_that(value, if_header_parse(str_of_c(value), bench.arena, header));
    bench.x->conditions = header;
}

struct str bench_etag(const char *path)
{
    struct store_stat stat;
    assert_int_equal(store_stat(bench.store, path_of(path), &stat), STORE_OK);
    return etag_of_stat(bench.arena, &stat);
}

struct str bench_fill(const char *text, struct str by)
{
    struct buf filled = {0};
    for (; *text; text++)
        buf_add(&filled, *text == '@' ? by : str_of(text, 1));
    struct str copy = arena_str(bench.arena, buf_str(&filled));
    buf_done(&filled);
    return copy;
}
