/* dav/home.h: collections that are a principal's own (homes): made at his first request. */
#pragma once

#include "exchange/exchange.h"
#include "store/store.h"

/* Of a list. In an exchange's arena. */
struct home {
    struct home *next;
    struct store *store;
    struct res_path path; /* as located; its parent is somebody else's to make */
    struct store_change change;
    unsigned again_count; /* how often others were in the way */
    struct exchange *x;
};

/* Adds one, whether it is there or not. Borrows the path until the arena is reset. */
void home_add(struct home **homes, struct arena *arena, struct store *store, struct res_path path);

/* Takes those from the list that are there. Where the store may be read. */
void homes_find_missing(struct home **homes);

/* A stage: makes the homes of the target, each on a worker, as a change. */
enum stage_end homes_make(struct exchange *x);
