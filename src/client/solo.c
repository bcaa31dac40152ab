#include "client/solo.h"

#include "base/mem.h"
#include "base/turn.h"
#include "io/worker.h"

struct solo {
    struct worker_pool *workers;
    struct loop *loop;
    struct client *client;
};

struct solo *solo_new(const struct client_options *options, struct err *err)
{
    struct solo *solo = MEM_NEW(struct solo);
    solo->workers = worker_pool_new(1, err);
    solo->loop = solo->workers ? loop_new(solo->workers, err) : NULL;
    solo->client = solo->loop ? client_new(solo->loop, options, err) : NULL;
    if (solo->client)
        return solo;
    solo_free(solo);
    return NULL;
}

void solo_free(struct solo *solo)
{
    if (!solo)
        return;
    client_free(solo->client);
    if (solo->workers)
        worker_pool_free(solo->workers);
    if (solo->loop)
        loop_turn(solo->loop, 0); /* what the worker has brought back */
    loop_free(solo->loop);
    turn_over();
    mem_free(solo);
}

struct client *solo_client(struct solo *solo)
{
    return solo->client;
}

void solo_turn(struct solo *solo, int64_t wait_ms)
{
    loop_turn(solo->loop, wait_ms);
}
