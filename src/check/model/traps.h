/* check/model/traps.h: where a site goes on for ever. NULL stands for not looking. */
#pragma once

#include "base/buf.h"
#include "check/model/site.h"

struct traps;

/* What a page says, as far as it can be compared with another. */
struct trap_page {
    uint64_t likeness;
    uint32_t words;
};

/* `after`: how many pages of one shape that say nothing new make it suspect. Borrows the site until
 * freed. Gives. */
NODISCARD struct traps *traps_new(struct site *site, unsigned after);
void traps_free(struct traps *traps);

/* A target is about to be fetched for its links. True: it is part of a trap and left out, which is
 * counted. */
bool traps_leave_out(struct traps *traps, uint32_t id);

/* Whether what it says is wanted by traps_note(). */
bool traps_is_watched(struct traps *traps, uint32_t id);

/* One that is watched was read. True: it is to be found out whether there is a page at `probe`
 * (appended), and traps_answer() told with that number. */
bool traps_note(struct traps *traps, uint32_t id, const struct trap_page *page, struct buf *probe,
                uint32_t *number_out);

/* What is there; NULL: nothing that leads on, or it could not be found out. */
void traps_answer(struct traps *traps, uint32_t number, const struct trap_page *page);
