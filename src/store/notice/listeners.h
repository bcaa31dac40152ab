/* store/notice/listeners.h: who is to be told when something is changed at a path or below it. */
#pragma once

#include <stdatomic.h>

#include "base/executor.h"
#include "base/map.h"
#include "text/path.h"

struct listened_place;

enum listener_state {
    LISTENER_WAITS,
    LISTENER_IS_TOLD, /* his job is on its way */
    LISTENER_KNOWS,   /* and is told nothing more, until he asks for it */
};

/* Embedded in who listens, and stays where it is. He lives on the thread of his executor. */
struct listener {
    struct executor *executor;
    /* On that thread: something was changed, or more. Not again before listener_wait(). */
    void (*heard)(struct listener *listener);

    struct job job; /* what follows is the list's own */
    struct list link;
    struct listened_place *place;
    atomic_int state; /* enum listener_state */
};

/* He is about to look what there is, and wants to hear of what comes after. On his thread, while he
 * listens. */
static inline void listener_wait(struct listener *listener)
{
    int knows = LISTENER_KNOWS;
    (void)atomic_compare_exchange_strong(&listener->state, &knows, LISTENER_WAITS);
}

/* A zeroed one is empty. Its functions are called by one thread at a time. */
struct listeners {
    struct map places;
};

/* Copies the path. */
void listeners_add(struct listeners *listeners, struct listener *listener, struct res_path path);

/* On the listener's thread. True: he is on his way to hear once more, and stays until he has. */
NODISCARD bool listeners_remove(struct listeners *listeners, struct listener *listener);

bool listeners_are_none(const struct listeners *listeners);

/* Tells those whom a change at the path is about; `is_deep`: and all that is below it. None of them
 * is told within this call. */
void listeners_tell(const struct listeners *listeners, struct res_path path, bool is_deep);
