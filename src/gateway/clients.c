/* What a loop has of the gateways: by which each is asked, and for how long who asks waits.
 *
 * A client is made when its gateway is first asked on this loop, since most settings have more
 * gateways than a loop has asked. It goes with the settings: the last request that began under them
 * ends it, on the loop's own thread.
 *
 * Deadlines of one length are one queue. That of a second is for those who ask several origins at
 * once, each of which has its own patience: they look at the clock at each tick. Bodies that were
 * found to hold no URL are remembered, for clients ask the same again and again. */
#include "base/map.h"
#include "base/mem.h"
#include "gateway/gateway.h"

enum { PATIENCE_MS = 5000, TICK_MS = 1000, PLAIN_COUNT = 8, PLAIN_BYTES_MAX = 4096 };

struct gateway_loop {
    struct loop *loop;
    unsigned index;
    struct client **clients; /* by the gateways' indices; NULL: it was not asked yet */
    bool *has_told;
    size_t count;
    struct deadline_queue patience; /* of who asks how origins are */
    struct deadline_queue *listing; /* of who lists, by the gateways' indices */
    struct deadline_queue ticks;    /* of who asks what they have */
    struct buf plain[PLAIN_COUNT];  /* bodies without URLs, by their hashes */
};

struct gateway_loop *gateway_loop_new(const struct gateways *gateways, struct loop *loop,
                                      unsigned index)
{
    struct gateway_loop *own = MEM_NEW(struct gateway_loop);
    own->loop = loop;
    own->index = index;
    loop_add_deadlines(loop, &own->patience, PATIENCE_MS);
    loop_add_deadlines(loop, &own->ticks, TICK_MS);
    own->count = gateways->count;
    own->clients = mem_new(own->count + 1, sizeof(struct client *));
    own->has_told = mem_new(own->count + 1, sizeof(bool));
    own->listing = mem_new(own->count + 1, sizeof(struct deadline_queue));
    for (size_t i = 0; i < own->count; i++)
        loop_add_deadlines(loop, &own->listing[i], gateways->at[i].listing_ms);
    return own;
}

void gateway_loop_free(struct gateway_loop *own)
{
    if (!own)
        return;
    loop_remove_deadlines(&own->patience);
    loop_remove_deadlines(&own->ticks);
    for (size_t i = 0; i < own->count; i++) {
        loop_remove_deadlines(&own->listing[i]);
        client_free(own->clients[i]);
    }
    for (size_t i = 0; i < PLAIN_COUNT; i++)
        buf_done(&own->plain[i]);
    mem_free(own->listing);
    mem_free(own->clients);
    mem_free(own->has_told);
    mem_free(own);
}

struct client *gateway_loop_client(struct gateway_loop *own, const struct gateway *gateway,
                                   struct err *err)
{
    struct client **client = &own->clients[gateway->index];
    if (!*client)
        *client = client_new(own->loop, &gateway->client, err);
    return *client;
}

struct origin_cells *gateway_loop_cells(const struct gateway_loop *own,
                                        const struct gateway *gateway)
{
    return origin_tally_cells(gateway->tally, own->index);
}

bool gateway_loop_knows_plain(const struct gateway_loop *own, struct str body)
{
    return body.len && body.len <= PLAIN_BYTES_MAX &&
           str_eq(body, buf_str(&own->plain[hash_bytes(body) % PLAIN_COUNT]));
}

void gateway_loop_keep_plain(struct gateway_loop *own, struct str body)
{
    if (body.len > PLAIN_BYTES_MAX)
        return;
    struct buf *place = &own->plain[hash_bytes(body) % PLAIN_COUNT];
    buf_clear(place);
    buf_add(place, body);
}

bool gateway_loop_tells(struct gateway_loop *own, const struct gateway *gateway)
{
    bool has_told = own->has_told[gateway->index];
    own->has_told[gateway->index] = true;
    return !has_told;
}

void gateway_loop_wait(struct gateway_loop *own, struct deadline *deadline)
{
    deadline_arm(own->loop, &own->patience, deadline);
}

void gateway_loop_wait_listing(struct gateway_loop *own, const struct gateway *gateway,
                               struct deadline *deadline)
{
    deadline_arm(own->loop, &own->listing[gateway->index], deadline);
}

void gateway_loop_tick(struct gateway_loop *own, struct deadline *deadline)
{
    deadline_arm(own->loop, &own->ticks, deadline);
}
