/* tests/fuzz/world.h: a store in memory with all of dav above it, and no wire: requests go in as
 * text, answers come out whole. The clock stands still but for WAIT. */
#pragma once

#include "dav/service.h"
#include "http/message.h"
#include "support/executors.h"

struct world {
    struct limits limits;
    struct service service;
    struct dav_service dav;
    struct handler_mount mounts[DAV_MOUNTS_MAX];
    struct inline_executor executor;
    int64_t now_ms;
    struct buf token; /* of the lock that was given last */
    struct buf etag;  /* that was given last */
};

/* An answer, and what it answered. */
struct answer {
    struct str method;
    struct str if_field; /* with what stood for '@' and '$' */
    struct str agent;
    unsigned status;
    struct str body; /* whole; empty, at == NULL: there is none */
    struct str type;
    struct str lock_token;
    struct str allow;
    bool is_whole; /* the body came to its end */
};

/* "a", "d/", "d/b", "d/c/" and "d/c/e" are there; no locks. */
void world_init(struct world *world);
void world_done(struct world *world);

/* One request: "METHOD target", then lines "Name: value", an empty line, the body. In values, '@'
 * stands for the token and '$' for the entity tag that were given last. "WAIT n" lets n seconds
 * pass. False: it is no request. The answer lives in the arena. */
bool world_ask(struct world *world, struct str request, struct arena *arena,
               struct answer *answer_out);

/* All resources, sorted by their paths, and all locks. From the arena. There may be more than
 * WORLD_RESOURCES_MAX: then these are some of them, and it is time to end. */
enum { WORLD_RESOURCES_MAX = 200 };
struct world_resource {
    struct res_path path;
    struct str state; /* everything but its path */
};
struct world_state {
    struct world_resource *resources;
    size_t resource_count;
    struct lock_list locks;
};
void world_look(struct world *world, struct arena *arena, struct world_state *state_out);
