/* gateway/gateway.h: mounts whose trees are other servers'. What the server says of them, and the
 * handler of each. */
#pragma once

#include "client/options.h"
#include "exchange/handler.h"
#include "gateway/options.h"
#include "gateway/url_map.h"

struct gateway_loop;
struct loop;

/* A mount. Read-only while the server runs. */
struct gateway {
    struct handler handler;
    const struct gateway_options *options;
    const struct url_place *place; /* of map->places */
    const struct url_map *map;     /* of all gateways of the server */
    size_t index;                  /* among these */
    bool is_read_only;
    struct client_options client; /* of its clients */
};

/* All of a configuration. */
struct gateways {
    struct gateway *at;
    struct url_place *places;
    struct url_map map;
    size_t count;
};

/* Room for so many. Memory from the arena, which the gateways must not outlive. */
void gateways_init(struct gateways *gateways, struct arena *arena, size_t count_max);

/* Adds the one of a mount, and reads the files that its options name. Borrows options. False: `err`
 * says why. */
NODISCARD bool gateways_add(struct gateways *gateways, struct arena *arena, struct res_path prefix,
                            const struct gateway_options *options, struct err *err);

/* What a loop has of them: the clients by which it asks. Borrows the gateways. Gives; NULL where
 * there are none. Freed on the loop's thread when no request uses it. */
NODISCARD struct gateway_loop *gateway_loop_new(const struct gateways *gateways, struct loop *loop);
void gateway_loop_free(struct gateway_loop *loop);
