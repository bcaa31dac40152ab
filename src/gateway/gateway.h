/* gateway/gateway.h: mounts whose trees are other servers'. What the server says of them, and the
 * handler of each. */
#pragma once

#include <stdatomic.h>

#include "base/shared_state.h"
#include "client/client.h"
#include "exchange/handler.h"
#include "gateway/forwarded.h"
#include "gateway/options.h"
#include "gateway/origin/health.h"
#include "gateway/origin/tally.h"
#include "gateway/url_map.h"

/* What changes something goes on a kept connection only where that was idle no longer: most servers
 * keep one for 5 seconds or longer. */
enum { ORIGIN_IDLE_S_MAX = 4 };

/* A mount, or one of the origins of which a mount is the union. Read-only while the server runs. */
struct gateway {
    struct handler handler;
    const struct gateways *all;
    const struct url_place *place;
    struct str name;   /* the origin's, for logs, and people who may know it */
    size_t index;      /* among them, as that of its place */
    struct str label;  /* by which all may know it among those of its mount; empty: it is alone */
    size_t mate_count; /* of a mount: its origins, this one and those behind it; otherwise 0 */
    bool is_partial;   /* a listing may lack what an origin has that is down, if it says so */
    bool is_read_only;
    bool is_active;          /* its pages may run scripts */
    bool passes_credentials; /* the client's */
    bool has_credentials;    /* of its own */
    bool lacks_chunks;       /* the origin must be told how long a body is */
    bool takes_lost;         /* see struct gateway_options */
    unsigned listing_ms;     /* that the listing of the collection above waits for it */
    struct client_options client;
    struct health *health;      /* the things of it that change: whether it is asked, and */
    struct origin_tally *tally; /* what came of it; NULL: nobody asks it, nor counts */
};

/* All of a configuration. */
struct gateways {
    struct gateway *at;
    struct url_map map;
    struct url_place *places; /* of the map */
    size_t count;
    unsigned loop_count;
    struct shared_state *shared;    /* set by the caller; NULL: nothing is remembered */
    struct origin_tallies *tallies; /* likewise; NULL: nothing is counted */
    struct forwarded_name name;
    atomic_uint *transfers; /* under way, from or to an origin of these: the one that changes */
    unsigned transfers_max;
};

/* Room for so many origins, which as many loops use. Memory from the arena. */
void gateways_init(struct gateways *gateways, struct arena *arena, size_t count_max,
                   unsigned loop_count);

struct gateway_origin {
    struct str label;                      /* copied */
    const struct gateway_options *options; /* borrowed, as long as the gateways live */
};

struct gateway_mount {
    struct res_path prefix;
    const struct gateway_origin *origins; /* in the order in which they are looked into */
    size_t origin_count;
    bool is_read_only;
    bool is_active;
    bool is_partial;
};

/* Adds a gateway for each of its origins, and reads the files that their options name. False: `err`
 * says why. */
NODISCARD bool gateways_add(struct gateways *gateways, struct arena *arena,
                            const struct gateway_mount *mount, struct err *err);

struct gateway_options gateway_options_default(void);

/* Whether what is set goes together. */
NODISCARD bool gateway_options_check(const struct gateway_options *options, struct err *err);

/* --- a loop's part --- */

struct gateway_loop;

/* Of the loop with that index. Borrows the gateways, which have tallies. Gives; freed on the loop's
 * thread when no request uses it. */
NODISCARD struct gateway_loop *gateway_loop_new(const struct gateways *gateways, struct loop *loop,
                                                unsigned index);
void gateway_loop_free(struct gateway_loop *loop); /* NULL is fine */

/* By which a gateway is asked on this loop. NULL: `err` says why. */
struct client *gateway_loop_client(struct gateway_loop *loop, const struct gateway *gateway,
                                   struct err *err);

/* What this loop counts of a gateway's origin. */
struct origin_cells *gateway_loop_cells(const struct gateway_loop *loop,
                                        const struct gateway *gateway);

/* Bodies of requests in which no URL stands, so that nothing has to be mapped: clients say the same
 * again and again, and what was read once need not be read each time. Copied; a few are kept. */
bool gateway_loop_knows_plain(const struct gateway_loop *loop, struct str body);
void gateway_loop_keep_plain(struct gateway_loop *loop, struct str body);

/* Whether this is said of the gateway for the first time, on this loop. */
bool gateway_loop_tells(struct gateway_loop *loop, const struct gateway *gateway);

/* Arms it, for as long as somebody who looks waits for origins: seconds; and for as long as a
 * listing waits for that one. */
void gateway_loop_wait(struct gateway_loop *loop, struct deadline *deadline);
void gateway_loop_wait_listing(struct gateway_loop *loop, const struct gateway *gateway,
                               struct deadline *deadline);

/* The same for a second. */
void gateway_loop_tick(struct gateway_loop *loop, struct deadline *deadline);
