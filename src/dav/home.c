#include "dav/home.h"

#include "dav/exchange.h"

void home_add(struct home **homes, struct arena *arena, struct store *store, struct res_path path)
{
    struct home *home = ARENA_NEW(arena, struct home);
    home->next = *homes;
    home->store = store;
    home->path = path;
    *homes = home;
}

void homes_find_missing(struct exchange *x)
{
    struct home **at = &x->homes;
    struct store_stat stat;
    while (*at) {
        if (store_stat((*at)->store, (*at)->path, &stat) == STORE_NOT_FOUND)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
}

static void claim_granted(struct claim *claim)
{
    struct home *home = CONTAINER_OF(claim, struct home, claim);
    home->has_claim = true;
    exchange_wake(home->x);
}

static bool take_claim(struct exchange *x, struct home *home)
{
    home->x = x;
    home->claim.executor = x->stream->executor;
    home->claim.granted = claim_granted;
    claim_add(&home->claim, home->path, CLAIM_SELF, true);
    claim_add(&home->claim, path_parent(home->path), CLAIM_SELF, false);
    home->has_claim = store_claim(home->store, &home->claim);
    return home->has_claim;
}

enum stage_end homes_make(struct exchange *x)
{
    while (x->homes) {
        struct home *home = x->homes;
        if (!home->has_claim && x->is_on_worker)
            return STAGE_RETURNS;
        if (!home->has_claim && !take_claim(x, home))
            return STAGE_WAIT;
        if (!x->is_on_worker)
            return STAGE_BLOCKS;
        (void)!store_mkcol(home->store, home->path); /* then it is not there, and answers say so */
        store_release(home->store, &home->claim);
        x->homes = home->next;
    }
    return STAGE_NEXT;
}
