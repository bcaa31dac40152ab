/* store/resumable/queues.h: one call at a time about one upload. */
#pragma once

#include <pthread.h>

#include "base/map.h"
#include "store/resumable.h"

struct queue;

/* Embedded, zeroed before queues_init(). */
struct queues {
    pthread_mutex_t mutex; /* held for moments */
    struct map map;
};
void queues_init(struct queues *queues);
void queues_done(struct queues *queues); /* nobody waits any more */

enum patience {
    ENTERS_WITH_ROOM, /* not where there are so many calls that one more would only wait */
    ENTERS_ALWAYS
};

/* Waits for its turn. id empty: the owner's own. NULL: ENTERS_WITH_ROOM, and there is none. Gives,
 * to queue_leave(). */
NODISCARD struct queue *queue_enter(struct queues *queues, uint64_t mark, struct str id,
                                    enum patience patience);
void queue_leave(struct queues *queues, struct queue *queue);
