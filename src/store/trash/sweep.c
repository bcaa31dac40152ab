/* What goes from what is kept: all that has been kept for long enough; the oldest, as long as there
 * is more than there may be; and the oldest until somebody who needs room has it.
 *
 * Names tell when, so nothing has to be remembered over a restart. A pass lists what there is, of
 * much only the oldest that fit into a table, and removes from its beginning; it begins anew when
 * the table was used up. What a member of the trash takes is counted by a walk each time; so after
 * something has been kept the next pass is put off for some time, and longer where the last took
 * long.
 *
 * Each goes under a change of its own, and is looked at again when that has begun. What has no
 * content (a crash came before it, or it has been moved away) goes when it is an hour old: it may
 * just be made.
 *
 * A thread does so. It waits for changes of requests, and no request waits for it. */
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/notice/wait_room.h"
#include "store/silent.h"
#include "store/trash/kept_priv.h"
#include "store/trash/sweep.h"
#include "store/view/usage.h"

enum {
    TABLE_MAX = 4096, /* of what may go, at a time */
    EMPTY_S = 3600,
    DEPTH_MAX = 400,
    SHARE = 10,
    RING_MS = 2000, /* from one pass to the next, of those that are made since more is kept, */
    RESTS = 20,     /* or so many times as long as the last one took */
};

struct thing {
    int64_t us;
    uint64_t bytes;
    struct res_path path; /* of a version, or of a member of the trash, inside */
    bool is_empty;        /* the latter, and there is no content */
};

/* What there is in one trash. */
struct pass {
    struct trash_store *trash;
    struct res_path home; /* the collection */
    struct arena arena;
    struct thing *table; /* the oldest; twice as many fit */
    size_t count;
    uint64_t bytes; /* of all */
    bool is_cut;    /* there are more than are in the table */
};

static int compare(const void *a, const void *b)
{
    int64_t first = ((const struct thing *)a)->us;
    int64_t second = ((const struct thing *)b)->us;
    return first < second ? -1 : first > second;
}

static void cut(struct pass *pass)
{
    if (pass->count)
        qsort(pass->table, pass->count, sizeof(*pass->table), compare);
    if (pass->count <= TABLE_MAX)
        return;
    struct arena arena = {0}; /* of the paths that stay */
    pass->is_cut = true;
    pass->count = TABLE_MAX;
    for (size_t i = 0; i < pass->count; i++)
        pass->table[i].path = path_copy(&arena, pass->table[i].path);
    arena_done(&pass->arena);
    pass->arena = arena;
}

static void add(struct pass *pass, const struct thing *thing)
{
    pass->bytes += thing->bytes;
    if (pass->count == (size_t)2 * TABLE_MAX)
        cut(pass);
    pass->table[pass->count] = *thing;
    pass->table[pass->count++].path = path_copy(&pass->arena, thing->path);
}

static void find_member(struct pass *pass, struct res_path path)
{
    struct store *store = pass->trash->inner;
    struct arena arena = {0};
    struct thing thing = {.path = path};
    struct store_stat stat;
    struct res_path kept = path_join(&arena, path, SPOT_KEPT);
    if (moment_parse(path_name(path), &thing.us)) {
        thing.is_empty = store_stat(store, kept, 0, &stat) == STORE_NOT_FOUND;
        (void)!tree_bytes(store, path, &thing.bytes); /* what cannot be counted counts nothing */
        add(pass, &thing);
    }
    arena_done(&arena);
}

/* The versions in a collection, and below it. */
static void find_versions(struct pass *pass, struct res_path collection, unsigned depth)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    if (depth > DEPTH_MAX || store_list(pass->trash->inner, collection, 0, &cursor) != STORE_OK)
        return;
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        struct arena arena = {0};
        struct thing thing = {.path = path_join(&arena, collection, member.name),
                              .bytes = member.stat.size_bytes};
        if (member.rc == STORE_OK && member.stat.is_collection)
            find_versions(pass, thing.path, depth + 1);
        else if (member.rc == STORE_OK && moment_parse(member.name, &thing.us))
            add(pass, &thing);
        arena_done(&arena);
    }
    store_cursor_close(&cursor);
}

static void find_all(struct pass *pass)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    arena_reset(&pass->arena);
    pass->count = 0;
    pass->bytes = 0;
    pass->is_cut = false;
    if (store_list(pass->trash->inner, pass->home, WANTS_PROPS, &cursor) != STORE_OK)
        return;
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        struct arena arena = {0};
        struct res_path path = path_join(&arena, pass->home, member.name);
        if (str_eq(member.name, SPOT_VERSIONS))
            find_versions(pass, path, 0);
        else if (member.rc == STORE_OK && member.stat.is_collection)
            find_member(pass, path);
        arena_done(&arena);
    }
    store_cursor_close(&cursor);
    cut(pass);
}

/* --- what goes --- */

static void begun(struct store_change *change)
{
    (void)change; /* who waits looks */
}

/* True: it has begun. The room outlives the change. */
static bool begin(struct wait_room *room, struct store *store, struct store_change *change)
{
    change->executor = &room->executor;
    change->begun = begun;
    if (!store_begin(store, change)) {
        while (!change->is_begun && change->rc == STORE_OK)
            wait_room_run(room);
    }
    return change->is_begun;
}

/* The collections of versions that have become empty, up to that of all. */
static void remove_empty(struct wait_room *room, const struct pass *pass, struct res_path path)
{
    struct store *store = pass->trash->inner;
    struct store_visitor silent = silent_visitor();
    while (path.len > pass->home.len + 1 + SPOT_VERSIONS.len) {
        struct store_change change = {0};
        struct store_cursor *cursor = NULL;
        struct store_member member;
        change_add(&change, path, CLAIM_TREE, true);
        bool is_empty = begin(room, store, &change) &&
                        store_list(change.store, path, 0, &cursor) == STORE_OK &&
                        store_cursor_next(cursor, &member) == STORE_END;
        store_cursor_close(&cursor);
        if (is_empty)
            is_empty = store_remove(&change, path, &silent) == STORE_OK;
        store_end(&change);
        if (!is_empty)
            return;
        path = path_parent(path);
    }
}

/* True: it has gone. */
static bool let_go(const struct pass *pass, const struct thing *thing)
{
    struct store_visitor silent = silent_visitor();
    struct store_change change = {0};
    struct wait_room room;
    struct arena arena = {0};
    struct store_stat stat;
    enum store_rc rc = STORE_OK;
    wait_room_init(&room);
    change_add(&change, thing->path, CLAIM_TREE, true);
    bool has_begun = begin(&room, pass->trash->inner, &change);
    bool is_as_seen =
        has_begun &&
        (!thing->is_empty || store_stat(change.store, path_join(&arena, thing->path, SPOT_KEPT), 0,
                                        &stat) == STORE_NOT_FOUND);
    if (is_as_seen)
        rc = store_remove(&change, thing->path, &silent);
    store_end(&change);
    if (path_is_within(thing->path, path_join(&arena, pass->home, SPOT_VERSIONS)))
        remove_empty(&room, pass, path_parent(thing->path));
    wait_room_done(&room);
    arena_done(&arena);
    return is_as_seen && rc == STORE_OK;
}

struct bound {
    int64_t until_us;   /* what was kept before goes */
    uint64_t bytes_max; /* and what makes more than this of all */
};

static bool is_over(const struct pass *pass, const struct bound *bound, const struct thing *thing)
{
    if (thing->is_empty)
        return (clock_wall_us() - thing->us) / 1000000 > EMPTY_S;
    return thing->us < bound->until_us || pass->bytes > bound->bytes_max;
}

/* True: all that had to go has gone, or cannot. */
static bool remove_oldest(struct pass *pass, const struct bound *bound, bool *has_gone_out)
{
    bool has_gone = false;
    for (size_t i = 0; i < pass->count; i++) {
        const struct thing *thing = &pass->table[i];
        if (!is_over(pass, bound, thing) || !let_go(pass, thing))
            continue;
        has_gone = true;
        pass->bytes -= thing->bytes;
    }
    *has_gone_out |= has_gone;
    return !pass->is_cut || !has_gone;
}

static bool sweep_one(struct trash_store *trash, struct res_path home, const struct bound *bound)
{
    struct pass pass = {.trash = trash, .home = home};
    bool has_gone = false;
    pass.table = mem_new((size_t)2 * TABLE_MAX, sizeof(*pass.table));
    do {
        find_all(&pass);
    } while (!remove_oldest(&pass, bound, &has_gone));
    mem_free(pass.table);
    arena_done(&pass.arena);
    return has_gone;
}

/* That of each collection so many levels below. */
static void sweep_below(struct trash_store *trash, struct res_path path, unsigned levels,
                        const struct bound *bound)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    struct arena arena = {0};
    if (levels == 0) {
        (void)sweep_one(trash, path_join(&arena, path, trash->options.name), bound);
        arena_done(&arena);
        return;
    }
    if (store_list(trash->inner, path, 0, &cursor) != STORE_OK)
        return;
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        arena_reset(&arena);
        if (member.rc == STORE_OK && member.stat.is_collection)
            sweep_below(trash, path_join(&arena, path, member.name), levels - 1, bound);
    }
    store_cursor_close(&cursor);
    arena_done(&arena);
}

/* A tenth of the file system, where nothing else is said. */
static uint64_t most_bytes(struct trash_store *trash)
{
    struct store_quota quota;
    if (trash->options.keep_bytes)
        return trash->options.keep_bytes;
    return store_quota(trash->inner, PATH_ROOT, &quota) == STORE_OK && quota.is_known
               ? (quota.used_bytes + quota.available_bytes) / SHARE
               : UINT64_MAX;
}

void trash_sweep(struct store *store)
{
    struct trash_store *trash = trash_of(store);
    uint64_t keep_s = u64_min(trash->options.keep_s, INT32_MAX);
    const struct bound bound = {
        .until_us = clock_wall_us() - (int64_t)keep_s * 1000000,
        .bytes_max = most_bytes(trash),
    };
    sweep_below(trash, PATH_ROOT, trash->options.levels, &bound);
}

bool trash_make_room(struct store *store, struct res_path path, uint64_t bytes)
{
    struct trash_store *trash = trash_of(store);
    struct pass pass = {.trash = trash};
    struct arena arena = {0};
    struct spot spot = trash_spot(trash, &arena, path);
    bool has_gone = false;
    if (spot.base.at) {
        pass.home = spot.trash;
        pass.table = mem_new((size_t)2 * TABLE_MAX, sizeof(*pass.table));
        find_all(&pass);
        struct bound bound = {INT64_MIN, pass.bytes > bytes ? pass.bytes - bytes : 0};
        (void)remove_oldest(&pass, &bound, &has_gone); /* more than a table of it would take long */
        mem_free(pass.table);
        arena_done(&pass.arena);
    }
    arena_done(&arena);
    return has_gone;
}

/* --- the thread --- */

/* Waits until it is rung, or the time has come, or the store closes. */
static void wait_until(struct trash_store *trash, int64_t due_ms, bool can_be_rung)
{
    struct timespec until = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
    while (!trash->is_closing && clock_mono_ms() < due_ms && !(can_be_rung && trash->is_rung))
        (void)pthread_cond_clockwait(&trash->rings, &trash->mutex, CLOCK_MONOTONIC, &until);
}

static void *run(void *arg)
{
    struct trash_store *trash = arg;
    pthread_mutex_lock(&trash->mutex);
    while (!trash->is_closing) {
        int64_t begun_ms = clock_mono_ms();
        trash->is_rung = false;
        pthread_mutex_unlock(&trash->mutex);
        trash_sweep(&trash->base);
        pthread_mutex_lock(&trash->mutex);
        int64_t now_ms = clock_mono_ms();
        int64_t rest_ms = RING_MS + RESTS * (now_ms - begun_ms);
        int64_t due_ms = now_ms + trash->options.sweep_ms;
        wait_until(trash, rest_ms < trash->options.sweep_ms ? now_ms + rest_ms : due_ms, false);
        wait_until(trash, due_ms, true);
    }
    pthread_mutex_unlock(&trash->mutex);
    return NULL;
}

void sweeper_ring(struct trash_store *trash)
{
    pthread_mutex_lock(&trash->mutex);
    trash->is_rung = true;
    pthread_cond_signal(&trash->rings);
    pthread_mutex_unlock(&trash->mutex);
}

void sweeper_start_trash(struct trash_store *trash)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loops' affair */
    trash->has_sweeper =
        trash->options.sweep_ms > 0 && pthread_create(&trash->sweeper, NULL, run, trash) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void sweeper_stop_trash(struct trash_store *trash)
{
    pthread_mutex_lock(&trash->mutex);
    trash->is_closing = true;
    pthread_cond_signal(&trash->rings);
    pthread_mutex_unlock(&trash->mutex);
    if (trash->has_sweeper)
        (void)pthread_join(trash->sweeper, NULL); /* it is there */
}
