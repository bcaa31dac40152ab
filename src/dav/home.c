#include "dav/home.h"

#include "dav/target.h"

enum { AGAIN_MAX = 8 };

void home_add(struct home **homes, struct arena *arena, struct store *store, struct res_path path)
{
    struct home *home = ARENA_NEW(arena, struct home);
    home->next = *homes;
    home->store = store;
    home->path = path;
    *homes = home;
}

void homes_find_missing(struct home **homes)
{
    struct home **at = homes;
    struct store_stat stat;
    while (*at) {
        if (store_stat((*at)->store, (*at)->path, 0, &stat) == STORE_NOT_FOUND)
            at = &(*at)->next;
        else
            *at = (*at)->next;
    }
}

static void change_begun(struct store_change *change)
{
    exchange_wake(CONTAINER_OF(change, struct home, change)->x);
}

/* True: it has begun, or will not. */
static bool home_begin(struct exchange *x, struct home *home)
{
    home->x = x;
    home->change.executor = x->stream->executor;
    home->change.begun = change_begun;
    change_add(&home->change, home->path, CLAIM_SELF, true);
    change_add(&home->change, path_parent(home->path), CLAIM_SELF, false);
    return store_begin(home->store, &home->change);
}

enum stage_end homes_make(struct exchange *x)
{
    struct target *target = target_of(x);
    while (target->homes) {
        struct home *home = target->homes;
        if (!home->x && x->is_on_worker)
            return STAGE_RETURNS;
        if (!home->x && !home_begin(x, home))
            return STAGE_WAIT;
        if (!x->is_on_worker)
            return STAGE_BLOCKS;
        enum store_rc rc = home->change.rc;
        if (rc == STORE_OK)
            rc = store_mkcol(&home->change, home->path);
        store_end(&home->change);
        if (rc == STORE_AGAIN && home->again_count++ < AGAIN_MAX)
            home->x = NULL;
        else /* made; or it is not there, and answers say so */
            target->homes = home->next;
    }
    return STAGE_NEXT;
}
